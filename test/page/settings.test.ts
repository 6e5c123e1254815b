import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Settings } from '#shared/settings';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';
import { expectPage, RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());

const settings = () => running.call('settings.read', {});

async function openSection(page: Page, name: string): Promise<Locator> {
  if (!(await page.getByRole('dialog', { name: 'Settings' }).isVisible())) await page.keyboard.press('Control+,');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('button', { name, exact: true }).click();
  return dialog;
}

/** A control, what is done with it, and what the application is to hold then. */
type Step = readonly [section: string, act: (dialog: Locator) => Promise<unknown>, after: Partial<Settings>];

const fill = (name: string, text: string) => async (dialog: Locator) => {
  const field = dialog.getByRole('textbox', { name, exact: true });
  await field.fill(text);
  await field.blur();
};
const choose = (name: string, value: string) => (dialog: Locator) =>
  dialog.getByRole('combobox', { name, exact: true }).selectOption(value);
const toggle = (name: string) => (dialog: Locator) => dialog.getByRole('switch', { name, exact: true }).dispatchEvent('click');

const folders = 'Folders and categories';
const transfer = 'Connections and limits';
const network = 'Network and proxy';
const notifications = 'Notifications';
const server = 'Server and desktop';
const desktop = { closeToTray: true, startAtLogin: false, watchClipboard: false, keepAwake: true, serverPort: 0 };

test('every setting is kept by the application as soon as it is set', async () => {
  await using opened = await running.open();
  const { page, complaints } = opened;
  const steps: readonly Step[] = [
    [folders, fill('Download folder', running.file('sub')), { directory: running.file('sub') }],
    [folders, fill('Folder for unfinished files', running.file('unfinished')), { stagingDirectory: running.file('unfinished') }],
    [folders, choose('When a file of that name exists', 'skip'), { ifExists: 'skip' }],
    [folders, choose('When a link is in the list already', 'add'), { duplicates: 'add' }],
    [transfer, fill('Connections for each download', '12'), { connections: 12 }],
    [transfer, fill('Downloads at once', '7'), { activeDownloads: 7 }],
    [transfer, fill('Connections to one server', '20'), { connectionsPerHost: 20 }],
    [transfer, fill('Speed limit', '3M'), { limitBytesPerSecond: 3 * 1024 * 1024 }],
    [transfer, fill('Tries after a failure', '4'), { retries: 4 }],
    [transfer, toggle('Links that die soonest first'), { soonestDyingFirst: true }],
    [network, fill('User agent', 'Own/2'), { userAgent: 'Own/2' }],
    [network, toggle("Trust the system's certificates too"), { systemCertificates: true }],
    [network, toggle('Refuse private addresses'), { blockPrivateTargets: true }],
    [network, choose('Proxy', 'manual'), { proxy: { mode: 'manual', url: '', noProxy: [] } }],
    [
      network,
      fill('Address of the proxy', 'http://127.0.0.1:9'),
      { proxy: { mode: 'manual', url: 'http://127.0.0.1:9', noProxy: [] } },
    ],
    [
      network,
      fill('Hosts reached without it', 'localhost example.org'),
      { proxy: { mode: 'manual', url: 'http://127.0.0.1:9', noProxy: ['localhost', 'example.org'] } },
    ],
    [
      notifications,
      toggle('When a download is done'),
      { notifications: { whenDone: false, whenFailed: true, whenAllDone: true } },
    ],
    [server, toggle('Start when you log in'), { desktop: { ...desktop, startAtLogin: true } }],
    [
      server,
      fill('Port of this page for other browsers', '8123'),
      { desktop: { ...desktop, startAtLogin: true, serverPort: 8123 } },
    ],
  ];
  for (const [section, act, after] of steps) {
    const dialog = await openSection(page, section);
    await act(dialog);
    await expect.poll(settings, { message: JSON.stringify(after) }).toMatchObject(after);
  }
  expect(complaints).toEqual([]);
});

test('a number is written when it is left or Enter is pressed, and never half typed', async () => {
  await using opened = await running.open();
  const { page } = opened;
  const written: unknown[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/settings.write')) written.push(request.postDataJSON());
  });
  const before = await settings();
  const dialog = await openSection(page, server);
  const port = dialog.getByRole('textbox', { name: 'Port of this page for other browsers' });
  await port.selectText();
  await port.pressSequentially('8124');
  expect((await settings()).desktop).toEqual(before.desktop);
  await port.press('Enter');
  await expect.poll(async () => (await settings()).desktop.serverPort).toBe(8124);
  await openSection(page, transfer);
  const retries = dialog.getByRole('textbox', { name: 'Tries after a failure' });
  await retries.selectText();
  await retries.pressSequentially('4321');
  await retries.blur();
  // At most a thousand.
  await expectPage(retries).toHaveValue('1000');
  await expect.poll(async () => (await settings()).retries).toBe(1000);
  await retries.fill('');
  await retries.blur();
  await expectPage(retries).toHaveValue('1000');
  expect(written).toEqual([{ desktop: { ...before.desktop, serverPort: 8124 } }, { retries: 1000 }]);
});

test('a wrong value is said beside its field, kept in sight and not written', async () => {
  await using opened = await running.open();
  const before = await settings();
  const dialog = await openSection(opened.page, transfer);
  const limit = dialog.getByRole('textbox', { name: 'Speed limit', exact: true });
  await limit.fill('quick');
  await limit.blur();
  await expectPage(limit).toHaveAccessibleDescription(/Write a number/);
  await expectPage(limit).toHaveValue('quick');
  expect(await settings()).toEqual(before);
});

test('categories and hours are made, changed and taken away', async () => {
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openSection(page, folders);
  const names = async () => (await settings()).categories.map(({ name }) => name);
  const first = await names();
  await dialog.getByRole('button', { name: 'New category' }).click();
  const fields = dialog.getByRole('group').last();
  await fields.getByRole('textbox', { name: 'Name', exact: true }).fill('Fonts');
  await fields.getByRole('textbox', { name: 'Extensions' }).fill('.woff2 ttf');
  await fields.getByRole('textbox', { name: 'Extensions' }).blur();
  await expect
    .poll(async () => (await settings()).categories.at(-1))
    .toMatchObject({ name: 'Fonts', extensions: ['woff2', 'ttf'] });
  await dialog.getByRole('button', { name: 'Move Fonts up' }).click();
  await expect.poll(names).toEqual([...first.slice(0, -1), 'Fonts', ...first.slice(-1)]);
  await dialog.getByRole('button', { name: 'Delete Fonts' }).click();
  await expect.poll(names).toEqual(first);

  await openSection(page, 'Schedule');
  await dialog.getByRole('button', { name: 'New time' }).click();
  await expect.poll(async () => (await settings()).schedule.windows.length).toBe(1);
  await dialog.getByRole('textbox', { name: 'From' }).fill('08:30');
  await dialog.getByRole('textbox', { name: 'From' }).blur();
  await dialog.getByRole('checkbox', { name: 'Sun' }).uncheck();
  await expect
    .poll(async () => (await settings()).schedule.windows[0])
    .toMatchObject({ startMinute: 8 * 60 + 30, endMinute: 7 * 60, weekdays: [1, 2, 3, 4, 5, 6] });
  await dialog.getByRole('button', { name: /^Delete 08:30/ }).click();
  await expect.poll(async () => (await settings()).schedule.windows).toEqual([]);
});

test("a category's pattern for names is set here, and its files are called by it", async () => {
  await running.call('settings.write', { proxy: { mode: 'direct', url: '', noProxy: [] }, blockPrivateTargets: false });
  await using origin = await startOrigin({ content: content(2, 1024) });
  await using opened = await running.open();
  const dialog = await openSection(opened.page, folders);
  await expectPage(dialog).toContainText('{stem} for the name without its ending');
  const pattern = dialog.getByRole('group', { name: 'Archives' }).getByRole('textbox', { name: 'File name' });
  await pattern.fill('{stem}-of-{host}{extension}');
  await pattern.blur();
  const archives = async () => (await settings()).categories.find(({ name }) => name === 'Archives');
  await expect.poll(archives).toMatchObject({ fileName: '{stem}-of-{host}{extension}' });
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/tar.zip') } }] });
  await expect.poll(async () => (await running.finished()).map(({ name }) => name)).toContain('tar-of-127.0.0.1.zip');
  await pattern.fill('');
  await pattern.blur();
  await expect.poll(archives).not.toHaveProperty('fileName');
});

test("a category's address patterns are set here when left, choose its files, and stay with it where it is moved", async () => {
  await using origin = await startOrigin({ content: content(3, 1024) });
  await using opened = await running.open();
  const dialog = await openSection(opened.page, folders);
  await expectPage(dialog).toContainText('An address pattern is a part of the address');
  const written: string[] = [];
  opened.page.on('request', (request) => void written.push(request.postData() ?? ''));
  const category = async () => (await settings()).categories.find(({ name }) => name === 'Documents');
  const field = dialog.getByRole('group', { name: 'Documents' }).getByRole('textbox', { name: 'Address patterns' });
  await field.fill('/Books/*,v2  example.org/shelf ');
  expect(await category()).toMatchObject({ patterns: [] });
  await field.blur();
  await expect.poll(category).toMatchObject({ patterns: ['/Books/*,v2', 'example.org/shelf'] });
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/books/one,v2.bin') } }] });
  await expect.poll(async () => (await running.finished()).map(({ category }) => category)).toContain('Documents');

  await dialog.getByRole('button', { name: 'Move Documents up' }).click();
  await expectPage(field).toHaveValue('/Books/*,v2 example.org/shelf');
  await expectPage(dialog.getByRole('group', { name: 'Music' }).getByRole('textbox', { name: 'Address patterns' })).toHaveValue(
    '',
  );

  await field.fill('x'.repeat(1001));
  await field.blur();
  await expectPage(field).toHaveAccessibleDescription(/At most 50, each of at most 1000 characters/);
  expect(await category()).toMatchObject({ patterns: ['/Books/*,v2', 'example.org/shelf'] });
  await field.fill('');
  await field.blur();
  await expect.poll(category).toMatchObject({ patterns: [] });
  // Nor was it sent, to be refused.
  expect(written.filter((text) => text.includes('xxx'))).toEqual([]);
});

test('the login of a proxy and the secrets of profiles are masked until they are asked for, and stay what they were', async () => {
  const url = 'http://eve:PLANTED@127.0.0.1:9';
  const profile = { name: 'Planted', hosts: ['planted.example'], cookie: 'sid=PLANTED', proxy: url };
  await running.call('settings.write', { proxy: { mode: 'manual', url, noProxy: [] } });
  await running.call('profiles.write', { profiles: [profile] });
  await using opened = await running.open();
  const dialog = await openSection(opened.page, network);
  const address = dialog.getByRole('textbox', { name: 'Address of the proxy' });
  await expectPage(address).toHaveValue('http://•••@127.0.0.1:9');
  await dialog.getByRole('button', { name: 'Show secrets' }).click();
  await expectPage(address).toHaveValue(url);
  await address.blur();
  await openSection(opened.page, 'Request profiles');
  const cookie = dialog.getByRole('textbox', { name: 'Cookie', exact: true });
  const proxy = dialog.getByRole('textbox', { name: 'Proxy', exact: true });
  await expectPage(cookie).toHaveValue('•••');
  await expectPage(proxy).toHaveValue('•••');
  // Saved as they are shown, they stay.
  await dialog.getByRole('textbox', { name: 'Hosts', exact: true }).fill('planted.example *.planted.example');
  await dialog.getByRole('button', { name: 'Save profiles' }).click();
  const profiles = () => running.call('profiles.read', { reveal: true });
  await expect.poll(profiles).toEqual([{ ...profile, hosts: ['planted.example', '*.planted.example'] }]);
  await dialog.getByRole('button', { name: 'Show secrets' }).click();
  await expectPage(cookie).toHaveValue('sid=PLANTED');
  await expectPage(proxy).toHaveValue(url);
  expect((await running.call('settings.read', { reveal: true })).proxy.url).toBe(url);
  await running.call('profiles.write', { profiles: [] });
  await running.call('settings.write', { proxy: { mode: 'direct', url: '', noProxy: [] } });
});

test('a request profile is sent to its hosts', async () => {
  await running.call('settings.write', {
    proxy: { mode: 'direct', url: '', noProxy: [] },
    blockPrivateTargets: false,
    limitBytesPerSecond: 0,
  });
  await using origin = await startOrigin({ content: content(1, 1024) });
  await using opened = await running.open();
  const dialog = await openSection(opened.page, 'Request profiles');
  await dialog.getByRole('button', { name: 'New profile' }).click();
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Loopback');
  await dialog.getByRole('textbox', { name: 'Hosts', exact: true }).fill('127.0.0.1');
  await dialog.getByRole('textbox', { name: 'Headers, one a line' }).fill('X-Profile: yes');
  await dialog.getByRole('textbox', { name: 'Hosts that may be told too' }).fill('cdn.example.org *.example.net');
  await dialog.getByRole('switch', { name: 'Accept any certificate' }).dispatchEvent('click');
  await dialog.getByRole('button', { name: 'Save profiles' }).click();
  await expect.poll(async () => (await running.call('profiles.read', {})).map(({ name }) => name)).toEqual(['Loopback']);
  expect((await running.call('profiles.read', {}))[0]).toMatchObject({
    ...{ trustedHosts: ['cdn.example.org', '*.example.net'], insecure: true },
  });
  await dialog.getByRole('textbox', { name: 'Which profile fits an address?' }).fill(origin.url());
  await dialog.getByRole('button', { name: 'Try' }).click();
  const { profile, reason } = await running.call('profiles.test', { url: origin.url() });
  expect(profile).toBe('Loopback');
  await expectPage(dialog.getByText(reason)).toBeVisible();
  await running.call('downloads.add', { orders: [{ request: { url: origin.url() } }] });
  await origin.until(() => origin.requests.some(({ headers }) => headers['x-profile'] === 'yes'));
});
