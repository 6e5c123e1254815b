/** The window comes and goes; downloads do not notice. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { chromium, type Page } from '@playwright/test';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { electronProgram, launch } from '../support/electron/launch.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, mainScript, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MiB = 1024 * 1024;
const source = content(31, 12 * MiB);

/** An app that downloads a file slowly, for `atLeastMs`. */
async function downloading(atLeastMs = 4000): Promise<{ running: RunningApp; origin: Origin; page: Page }> {
  const origin = await startOrigin({ content: source, bytesPerSecond: source.size / 8 / (atLeastMs / 1000) });
  onTestFinished(() => origin[Symbol.asyncDispose]());
  const running = await RunningApp.start();
  onTestFinished(() => running[Symbol.asyncDispose]());
  const page = await running.page();
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/slow.bin') } }] });
  await origin.until(() => origin.bytesSent > MiB);
  return { running, origin, page };
}

/** The download was whole and right, and nothing of it was asked for twice. */
async function expectArrived(running: RunningApp, origin: Origin): Promise<void> {
  await expect
    .poll(() => readFile(running.file('slow.bin')).then((bytes) => source.matches(bytes, 0) && bytes.length), { timeout: 30_000 })
    .toBe(source.size);
  expect(origin.bytesSent).toBeLessThan(source.size * 1.1);
}

const closeWindow = (running: RunningApp): Promise<void> =>
  running.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
const expectShown = (running: RunningApp, isShown: boolean): Promise<void> => expect.poll(() => running.isShown()).toBe(isShown);
const openFromTray = (running: RunningApp): Promise<void> =>
  running.app.evaluate((_, __, desk) => desk.trays[0]?.menu?.getMenuItemById('open')?.click());

/** Processes of pages, as the system knows them. */
async function pageProcesses(running: RunningApp): Promise<number[]> {
  const browser = await chromium.connectOverCDP(running.app.endpoint);
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await browser.close();
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

test('it opens with the size it was left with, and never outside of the screen', async () => {
  await using running = await RunningApp.start();
  await running.page();
  await running.app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: 120, y: 60, width: 900, height: 640 }),
  );
  expect(await running.app.quit()).toBe(0);
  const stored = JSON.parse(readFileSync(running.folder.file('data', 'window.json'), 'utf8'));
  expect(stored).toMatchObject({ bounds: { x: 120, y: 60, width: 900, height: 640 }, isMaximized: false });
  await running.start();
  const page = await running.page();
  expect(await page.evaluate('outerWidth')).toBe(900);
  expect(await page.evaluate('outerHeight')).toBe(640);
});

describe('closed to the tray', () => {
  test('it is hidden, the download goes on, and the tray brings the same page back', async () => {
    const { running, origin, page } = await downloading();
    await page.evaluate('window.wasHere = true');
    await closeWindow(running);
    await expectShown(running, false);
    await expectArrived(running, origin);
    await openFromTray(running);
    await expectShown(running, true);
    expect(await (await running.page()).evaluate('window.wasHere')).toBe(true);
    await expectPage((await running.page()).getByRole('row', { name: 'slow.bin' }).getByText('Done')).toBeVisible();
  });

  test('what came meanwhile is in the list when it is shown again', async () => {
    await using origin = await startOrigin({ content: content(32, 1000) });
    await using running = await RunningApp.start();
    const page = await running.page();
    const add = (path: string) =>
      running.call('downloads.add', { orders: [{ request: { url: origin.url(path) } }], start: false });
    await add('/before.bin');
    await expectPage(page.getByRole('row', { name: 'before.bin' })).toBeVisible();
    await closeWindow(running);
    await expectShown(running, false);
    await add('/meanwhile.bin');
    await openFromTray(running);
    await expectPage(page.getByRole('row', { name: 'meanwhile.bin' })).toBeVisible();
  });

  // The processes are asked of the stand-in's Chromium.
  test.skipIf(electronProgram !== undefined)(
    "for long its page's process ends, while the download goes on; shown again it has the whole list",
    async () => {
      const { running, origin, page } = await downloading(6000);
      const before = await pageProcesses(running);
      const gone = page.waitForEvent('close');
      await closeWindow(running);
      expect(await running.app.evaluate((_, __, desk) => desk.endLongTimers())).toBe(1);
      await gone;
      await expect
        .poll(async () => (await pageProcesses(running)).filter((id) => before.includes(id)).length)
        .toBeLessThan(before.length);
      const sentBefore = origin.bytesSent;
      await origin.until(() => origin.bytesSent > sentBefore);
      await openFromTray(running);
      await expectPage((await running.page()).getByRole('row', { name: 'slow.bin' })).toBeVisible();
      await expectArrived(running, origin);
    },
  );

  test('shown in time its page stays', async () => {
    await using running = await RunningApp.start();
    const page = await running.page();
    await closeWindow(running);
    await openFromTray(running);
    expect(await running.app.evaluate((_, __, desk) => desk.endLongTimers())).toBe(0);
    await expectPage(page.getByRole('button', { name: 'Add', exact: true })).toBeVisible();
  });

  test('not where the person wants it closed: then Sluice quits', async () => {
    await using running = await RunningApp.start();
    await running.page();
    const { desktop } = await running.call('settings.read');
    await running.call('settings.write', { desktop: { ...desktop, closeToTray: false } });
    await closeWindow(running);
    expect(await running.app.ended).toBe(0);
  });
});

describe("its page's process crashes", () => {
  /** Resolves once the window it was in is gone. */
  async function crash(running: RunningApp, page: Page): Promise<void> {
    const gone = new Promise((resolve) => page.once('close', resolve));
    await running.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer());
    await gone;
  }

  test('no download stops; the window is there again and says so', async () => {
    const { running, origin, page } = await downloading();
    await crash(running, page);
    const again = await running.page();
    await expectPage(again.getByRole('region', { name: 'Notices' })).toContainText('had to be opened anew');
    await expectPage(again.getByRole('row', { name: 'slow.bin' })).toBeVisible();
    await expectArrived(running, origin);
  });

  test('again and again: it is left closed, the download goes on, and the tray still opens it', async () => {
    const { running, origin } = await downloading(8000);
    for (let time = 1; time <= 3; time += 1) await crash(running, await running.page());
    await expect.poll(() => running.app.windows().length).toBe(0);
    await expectArrived(running, origin);
    await openFromTray(running);
    await expectPage((await running.page()).getByRole('region', { name: 'Notices' })).toContainText('fails again and again');
  });
});

describe('a second start', () => {
  const startAgain = (running: RunningApp, ...args: string[]): Promise<string> =>
    launch({ main: mainScript, args, env: running.env }).then(() => 'runs', String);

  test('without links shows the window of the first, which began hidden', async () => {
    await using running = await RunningApp.start({ args: ['--hidden'] });
    await running.call('session.info');
    expect(running.app.windows()).toEqual([]);
    expect(await startAgain(running)).toMatch(/ended with 0/);
    await running.page();
    await expectShown(running, true);
    await running.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.minimize());
    await expectShown(running, false);
    expect(await startAgain(running)).toMatch(/ended with 0/);
    await expectShown(running, true);
  });
});
