import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';
import { expectPage, RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const MiB = 1024 * 1024;
let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());
beforeEach(() => running.clear());

const stateOf = async (name: string) => (await running.rows()).find((row) => row.name === name)?.state;

test('the token leaves the address bar, and the cookie that replaces it outlives a reload', async () => {
  await using opened = await running.open();
  expect(opened.page.url()).toBe(running.address);
  await opened.page.reload();
  await expectPage(opened.page.getByRole('button', { name: 'Add', exact: true })).toBeVisible();
  await opened.page.context().clearCookies();
  await opened.page.reload();
  await expectPage(opened.page.getByRole('textbox', { name: 'Token' })).toBeVisible();
});

test('three links from a pattern are added, seen to arrive, and are right', async () => {
  const source = content(3, 24 * MiB);
  await using origin = await startOrigin({ content: source, bytesPerSecond: MiB });
  await using opened = await running.open();
  const { page, complaints } = opened;
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Add downloads' });
  await dialog.getByRole('textbox', { name: 'Links' }).fill(`look at ${origin.url('/part-[1-3].bin')} please`);
  await expectPage(dialog.getByText('3 downloads found')).toBeVisible();
  await expectPage(dialog.getByText('24.0 MiB').first()).toBeVisible();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog).toBeHidden();
  const grid = page.getByRole('grid', { name: 'Downloads' });
  for (const name of ['part-1.bin', 'part-2.bin', 'part-3.bin']) await expectPage(grid.getByRole('row', { name })).toBeVisible();
  await grid.getByRole('row', { name: 'part-1.bin' }).click();
  await expectPage(page.getByRole('tab', { name: 'Segments' })).toBeVisible();
  await expectPage(page.getByRole('table', { name: 'Connections' })).toBeVisible();
  await expectPage(grid.getByRole('row', { name: 'part-1.bin' }).getByText('Done')).toBeVisible({ timeout: 60_000 });
  await expectPage(grid.getByText('Done')).toHaveCount(3, { timeout: 60_000 });
  expect(source.matches(await readFile(running.file('part-2.bin')), 0)).toBe(true);
  expect((await running.call('history.page', { offset: 0, limit: 10 })).total).toBe(3);
  expect(complaints).toEqual([]);
});

test('pause and resume do what they say', async () => {
  await using origin = await startOrigin({ content: content(4, 64 * MiB), bytesPerSecond: MiB });
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/slow.bin') } }] });
  await using opened = await running.open();
  const { page } = opened;
  const row = page.getByRole('row', { name: 'slow.bin' });
  await expectPage(row.getByText('Running')).toBeVisible();
  await row.click();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expectPage(row.getByText('Paused')).toBeVisible();
  await expect.poll(() => stateOf('slow.bin')).toBe('paused');
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expectPage(row.getByText('Running')).toBeVisible();
  // By keyboard too: a click on a row leaves the keys with the list.
  await row.click();
  await page.keyboard.press('Space');
  await expectPage(row.getByText('Paused')).toBeVisible();
  await running.clear();
});

test('a cookie edited while the download runs reaches the server, and no byte is lost', async () => {
  const source = content(5, 24 * MiB);
  // Slow until it is edited, so that it is still running then; the answers after that are quick.
  let bytesPerSecond = MiB / 8;
  await using origin = await startOrigin({ content: source, bytesPerSecond: () => bytesPerSecond });
  const request = { url: origin.url('/private.bin'), cookies: [{ name: 'sid', value: 'old' }] };
  await running.call('downloads.add', { orders: [{ request, connections: 2 }] });
  await using opened = await running.open();
  const { page, complaints } = opened;
  await page.getByRole('row', { name: 'private.bin' }).click();
  await page.getByRole('tab', { name: 'Request' }).click();
  const value = page.getByRole('textbox', { name: 'Value of cookie 1' });
  await expectPage(value).toHaveAttribute('placeholder', /kept/);
  await value.fill('new-value');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  bytesPerSecond = 16 * MiB;
  await expectPage(page.getByText('Saved; running connections take it up')).toBeVisible();
  await expectPage(page.getByRole('region', { name: 'What will be sent' })).toContainText('Cookie: sid=');
  await expectPage(page.getByRole('region', { name: 'What will be sent' })).not.toContainText('new-value');
  await origin.until(() => origin.requests.some(({ headers }) => headers.cookie === 'sid=new-value'));
  const [row] = await running.rows();
  const read = await running.call('request.read', { id: row?.id as never, reveal: true });
  expect(read.request.cookies).toEqual([{ name: 'sid', value: 'new-value' }]);
  await expect.poll(async () => (await running.call('history.page', { offset: 0, limit: 1 })).total, { timeout: 60_000 }).toBe(1);
  expect(source.matches(await readFile(running.file('private.bin')), 0)).toBe(true);
  expect(complaints).toEqual([]);
});

test('a failed probe does not keep a link from being added; its row says the cause and the cure', async () => {
  await using origin = await startOrigin({});
  await using opened = await running.open();
  const { page } = opened;
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog', { name: 'Add downloads' });
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/gone.zip'));
  await expectPage(dialog.getByText('it can be added all the same')).toBeVisible();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  const row = page.getByRole('row', { name: 'gone.zip' });
  await expectPage(row.getByText('Failed')).toBeVisible();
  await row.getByRole('button', { name: 'New link' }).click();
  const link = page.getByRole('dialog', { name: 'New link for gone.zip' });
  await link.getByRole('textbox').fill('nonsense');
  await link.getByRole('button', { name: 'Use this link' }).click();
  await expectPage(link.getByText('begins with http://')).toBeVisible();
  await expectPage(link.getByRole('textbox')).toHaveValue('nonsense');
});

test('sorts, searches and filters', async () => {
  const names = ['b-2.zip', 'a-10.zip', 'a-9.zip'];
  const orders = names.map((name) => ({ request: { url: `http://127.0.0.1:9/${name}` } }));
  await running.call('downloads.add', { orders, start: false });
  await using opened = await running.open();
  const { page } = opened;
  const shown = async () => {
    const rows = await page.getByRole('grid', { name: 'Downloads' }).getByRole('row').all();
    const labels = await Promise.all(rows.map((row) => row.getAttribute('aria-label')));
    return labels.filter((label) => label !== null);
  };
  await expectPage(page.getByRole('row', { name: 'b-2.zip' })).toBeVisible();
  await page.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  await expect.poll(shown).toEqual(['a-9.zip', 'a-10.zip', 'b-2.zip']);
  await expectPage(page.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'ascending');
  await page.getByRole('searchbox', { name: 'Search' }).fill('a- 10');
  await expect.poll(shown).toEqual(['a-10.zip']);
  await page.getByRole('searchbox', { name: 'Search' }).press('Escape');
  await page.getByRole('button', { name: /^Failed/ }).click();
  await expectPage(page.getByRole('heading', { name: 'Nothing here fits' })).toBeVisible();
  await page.getByRole('button', { name: 'Show all downloads' }).click();
  await expectPage(page.getByRole('row', { name: 'b-2.zip' })).toBeVisible();
});

test('a thousand are selected and removed', async () => {
  const orders = Array.from({ length: 1_000 }, (_, index) => ({ request: { url: `http://127.0.0.1:9/n-${index}.bin` } }));
  await running.call('downloads.add', { orders, start: false });
  await using opened = await running.open();
  const { page, complaints } = opened;
  const grid = page.getByRole('grid', { name: 'Downloads' });
  await grid.getByRole('row', { name: 'n-0.bin', exact: true }).click();
  // The first rows are there before the last.
  await expectPage(grid).toHaveAttribute('aria-rowcount', '1001');
  await grid.press('ControlOrMeta+a');
  await expectPage(page.getByText('1000 selected')).toBeVisible();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove from list' }).click();
  await expectPage(page.getByRole('heading', { name: 'Nothing is being downloaded' })).toBeVisible({ timeout: 30_000 });
  expect(await running.rows()).toEqual([]);
  expect(complaints).toEqual([]);
});

test('language, theme and density are settings of the application, and are seen at once', async () => {
  await using opened = await running.open({ colorScheme: 'light' });
  const { page } = opened;
  await page.getByRole('button', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('searchbox', { name: 'Search settings' }).fill('theme');
  await dialog.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
  await expectPage(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await dialog.getByRole('searchbox', { name: 'Search settings' }).fill('');
  await dialog.getByRole('button', { name: 'Appearance and language' }).click();
  await dialog.getByRole('combobox', { name: 'Language' }).selectOption('zh-CN');
  await expectPage(page.getByRole('dialog', { name: '设置' })).toBeVisible();
  await expectPage(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
  await page.getByRole('combobox', { name: '行距' }).selectOption('compact');
  await expect
    .poll(async () => (await running.call('settings.read', {})).appearance)
    .toEqual({ theme: 'dark', density: 'compact' });
  expect((await running.call('settings.read', {})).language).toBe('zh-CN');
  await running.call('settings.write', { language: 'system', appearance: { theme: 'system', density: 'comfortable' } });
  await expectPage(page.getByRole('dialog', { name: 'Settings' })).toBeVisible();
});

test('a lost server is said, and the page heals when it is back', async () => {
  await running.call('downloads.add', { orders: [{ request: { url: 'http://127.0.0.1:9/kept.bin' } }], start: false });
  await using opened = await running.open();
  const { page } = opened;
  await expectPage(page.getByRole('row', { name: 'kept.bin' })).toBeVisible();
  await running.stopServer();
  await expectPage(page.getByText('The connection to Sluice is lost')).toBeVisible();
  await expectPage(page.getByRole('row', { name: 'kept.bin' })).toBeVisible();
  await running.startServer();
  await running.call('downloads.add', { orders: [{ request: { url: 'http://127.0.0.1:9/new.bin' } }], start: false });
  await expectPage(page.getByText('The connection to Sluice is lost')).toBeHidden({ timeout: 30_000 });
  await expectPage(page.getByRole('row', { name: 'new.bin' })).toBeVisible();
});
