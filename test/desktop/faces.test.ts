/** Menus, tray, notifications, the start with the session and the page for other browsers: what each does, seen in page, files and network. */
import { existsSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectRemote } from '#command/remote';
import type { Settings } from '#shared/settings';
import { status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let origin: Origin;
let running: RunningApp;
let page: Page;
let toldBefore = 0;

beforeAll(async () => {
  origin = await startOrigin({
    content: content(71, 200_000),
    faults: [{ on: { path: /^\/gone/ }, times: Number.POSITIVE_INFINITY, answer: status(404) }],
  });
  running = await RunningApp.start({ env: { STAND_IN_LOCALE: 'en-GB' } });
  page = await running.page();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});
beforeEach(() => {
  toldBefore = all().length;
});

const add = (...paths: string[]) =>
  running.call('downloads.add', { orders: paths.map((path) => ({ request: { url: origin.url(path) } })) });
const change = async (desktop: Partial<Settings['desktop']>): Promise<void> => {
  const before = await running.call('settings.read');
  await running.call('settings.write', { desktop: { ...before.desktop, ...desktop } });
};
const menu = (id: string): Promise<void> =>
  running.app.evaluate(({ Menu }, item) => Menu.getApplicationMenu()?.getMenuItemById(item)?.click(), id);
const tray = (id: string): Promise<void> =>
  running.app.evaluate((_, item, desk) => desk.trays[0]?.menu?.getMenuItemById(item)?.click(), id);
/** Whether a person looks at the window. */
const look = (isWatched: boolean): Promise<void> =>
  running.app.evaluate(({ BrowserWindow }, isOn) => {
    const [window] = BrowserWindow.getAllWindows();
    window?.[isOn ? 'show' : 'hide']();
    if (isOn) window?.focus();
  }, isWatched);
const all = () => running.held('notifications') ?? [];
/** Notifications of this test. */
const told = () =>
  all()
    .slice(toldBefore)
    .map(({ title, body }) => `${title}: ${body}`);
const use = (index: number, action?: number): Promise<void> =>
  running.app.evaluate(
    (_, [at, button], desk) => {
      const notification = desk.notifications[at as number];
      if (button === null) notification?.emit('click');
      else notification?.emit('action', { actionIndex: button });
    },
    [toldBefore + index, action ?? null] as const,
  );

describe('notifications', () => {
  test('a finished download is told where nobody looks; its buttons open the file and its folder', async () => {
    await look(false);
    await add('/told.pdf');
    await expect.poll(told).toContain('Download done: told.pdf');
    const index = told().indexOf('Download done: told.pdf');
    await use(index, 0);
    await expect.poll(() => running.opened()).toContain(running.file('told.pdf'));
    const before = running.opened().length;
    await use(index, 1);
    await expect.poll(() => running.opened().slice(before)).toEqual([running.file('').replace(/\/$/, '')]);
  });

  test('a failed one tells its cause, and shows the list', async () => {
    await look(false);
    await add('/gone.bin');
    await expect.poll(told).toEqual([expect.stringMatching(/^Download failed: gone\.bin: .*404/)]);
    await expect.poll(() => running.isShown()).toBe(false);
    await use(0);
    await expect.poll(() => running.isShown()).toBe(true);
    await expectPage(page.getByRole('row', { name: 'gone.bin' })).toBeVisible();
  });

  test('nothing is told to who looks at the list, and many at once are not told one by one', async () => {
    await look(true);
    await add('/seen.bin');
    await expectPage(page.getByRole('row', { name: 'seen.bin' }).getByText('Done')).toBeVisible();
    await look(false);
    const many = Array.from({ length: 12 }, (_, index) => `/many-${index}.bin`);
    await add(...many);
    await expect.poll(() => many.every((path) => existsSync(running.file(path)))).toBe(true);
    await expect.poll(told).toContain('All downloads are done: ');
    expect(told().filter((each) => each.includes('seen'))).toEqual([]);
    expect(told().length).toBeLessThan(12);
  });

  test('a program is opened only after the person was asked, whatever it is called', async () => {
    await look(true);
    const { results } = await add('/photo.jpg.EXE', '/plain.txt');
    const [program, script] = results.map((result) => (result.type === 'added' ? result.id : ''));
    for (const name of ['photo.jpg.EXE', 'plain.txt']) {
      await expectPage(page.getByRole('row', { name }).getByText('Done')).toBeVisible();
    }
    // Whoever may run it has a program before them, under any name.
    await chmod(running.file('plain.txt'), 0o755);
    const open = (id = '', response = 0) => {
      const answered = running.app.evaluate((_, given, desk) => void desk.answers.push({ response: given }), response);
      return answered.then(() => page.evaluate(`sluice.call('file.open', { id: ${JSON.stringify(id)} }).then(({ ok }) => ok)`));
    };
    const before = running.opened();
    expect([await open(program), await open(script)]).toEqual([true, true]);
    expect(running.opened()).toEqual(before);
    const asked = running.held('dialogs')?.map(({ message }) => message);
    expect(asked).toEqual([expect.stringContaining('photo.jpg.EXE'), expect.stringContaining('plain.txt')]);
    expect(await open(program, 1)).toBe(true);
    expect(running.opened().slice(before.length)).toEqual([running.file('photo.jpg.EXE')]);
  });
});

test("a folder is chosen in the system's dialog: the file goes there; given up, the field stays as it was", async () => {
  const chosen = running.folder.file('chosen');
  const answer = (given: { canceled: boolean; filePaths: string[] }) =>
    running.app.evaluate((_, each, desk) => void desk.answers.push(each), given);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Add downloads' });
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/placed.bin'));
  const field = dialog.getByRole('textbox', { name: 'Folder' });
  const choose = dialog.getByRole('button', { name: 'Choose a folder' }).first();
  await field.fill('/typed');
  await answer({ canceled: true, filePaths: [] });
  await choose.click();
  await expect.poll(() => running.app.evaluate((_, __, desk) => desk.answers.length)).toBe(0);
  await expectPage(field).toHaveValue('/typed');
  await answer({ canceled: false, filePaths: [chosen] });
  await choose.click();
  await expectPage(field).toHaveValue(chosen);
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expect.poll(() => existsSync(join(chosen, 'placed.bin'))).toBe(true);
});

describe('menus and tray', () => {
  test("the application's menu leads to the page's dialogs", async () => {
    await menu('settings');
    await expectPage(page.getByRole('dialog', { name: 'Settings' })).toBeVisible();
    await page.keyboard.press('Escape');
    await menu('shortcuts');
    await expectPage(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
    await page.keyboard.press('Escape');
    await running.app.evaluate(({ clipboard }, url) => clipboard.writeText(url), origin.url('/from-menu.bin'));
    await menu('add-copied');
    await expectPage(page.getByRole('textbox', { name: 'Links' })).toHaveValue(/from-menu\.bin/);
    await page.keyboard.press('Escape');
    await menu('open-folder');
    await expect.poll(() => running.opened().at(-1)).toBe(running.file('').replace(/\/$/, ''));
  });

  test('the tray pauses and resumes all', async () => {
    await using slow = await startOrigin({ content: content(72, 4_000_000), bytesPerSecond: 100_000 });
    const states = async () => {
      const { rows } = await running.call('downloads.snapshot', { offset: 0, limit: 100 });
      return rows.filter(({ name }) => name.startsWith('slow')).map(({ state }) => state);
    };
    const orders = ['/slow-1.bin', '/slow-2.bin'].map((path) => ({ request: { url: slow.url(path) } }));
    await running.call('downloads.add', { orders });
    await expect.poll(states).toEqual(['running', 'running']);
    await tray('pause-all');
    await expect.poll(states).toEqual(['paused', 'paused']);
    await slow.until(() => slow.openConnections === 0);
    await tray('resume-all');
    await expect.poll(states).toEqual(['running', 'running']);
    const { rows } = await running.call('downloads.snapshot', { offset: 0, limit: 100 });
    await running.call('downloads.remove', { ids: rows.map(({ id }) => id), deleteFiles: true });
  });

  test('both speak the language that is set, at once', async () => {
    const words = () => [
      running.held('tray')?.menu.find(({ id }) => id === 'quit')?.label,
      running.held('menu')?.find(({ id }) => id === 'settings')?.label,
    ];
    expect(words()).toEqual(['Quit Sluice', 'Settings…']);
    await running.call('settings.write', { language: 'zh-CN' });
    await expect.poll(words).toEqual(['退出 Sluice', '设置…']);
    await running.call('settings.write', { language: 'system' });
  });
});

test('started with the session, if the person wants it: hidden, and by the program that is installed', async () => {
  const entry = running.folder.file('config', 'autostart', 'sluice.desktop');
  expect(existsSync(entry)).toBe(false);
  await change({ startAtLogin: true });
  await expect.poll(() => existsSync(entry)).toBe(true);
  expect(readFileSync(entry, 'utf8')).toMatch(new RegExp(`^Exec="${process.execPath}" --hidden$`, 'm'));
  await change({ startAtLogin: false });
  await expect.poll(() => existsSync(entry)).toBe(false);
});

describe('the page for other browsers', () => {
  const freePort = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const copied = async (): Promise<string> => {
    await tray('copy-address');
    return running.app.evaluate(({ clipboard }) => clipboard.readText());
  };

  test('is off; turned on it is the same list on the same engine, behind its token; off again nobody listens', async () => {
    const port = await freePort();
    await running.app.evaluate(({ clipboard }) => clipboard.writeText('nothing'));
    expect(await copied()).toBe('nothing');
    await change({ serverPort: port });
    await expect.poll(copied).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/#token=\\S{20,}$`));
    const address = new URL(await copied());
    const token = address.hash.slice('#token='.length);
    const call = (name: string, input: unknown, bearer: string) =>
      fetch(new URL(`/api/${name}`, address), {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
        body: JSON.stringify(input),
      });
    expect((await call('session.info', {}, 'wrong')).status).toBe(401);
    const orders = [{ request: { url: origin.url('/from-browser.bin') } }];
    expect((await call('downloads.add', { orders, start: false }, token)).status).toBe(200);
    await expectPage(page.getByRole('row', { name: 'from-browser.bin' })).toBeVisible();
    // Who is not the window reaches neither the clipboard nor the programs of this computer.
    for (const name of ['desktop.clipboard', 'desktop.errands']) {
      expect(await (await call(name, {}, token)).text(), name).toContain('NOT_HERE');
    }
    await change({ serverPort: 0 });
    await expect
      .poll(() =>
        fetch(address).then(
          () => 'there',
          () => 'gone',
        ),
      )
      .toBe('gone');
  });

  test('a port that is taken is said, and nothing else is lost', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    await change({ serverPort: port });
    await expectPage(page.getByRole('region', { name: 'Notices' })).toContainText(`Port ${port} cannot be used`);
    await change({ serverPort: 0 });
    await new Promise((resolve) => other.close(resolve));
    expect((await running.call('session.info')).platform).toBe(process.platform);
  });
});

test("quit from the tray ends it with 0, and leaves no socket for the command's calls", async () => {
  await tray('quit');
  expect(await running.app.ended).toBe(0);
  await expect(connectRemote(running.folder.file('data'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
});
