/**
 * What drives the real Electron, driven: Playwright's driver for it, the script that is loaded before the app and the two ends of the
 * debugging protocol are the real ones; the program behind Electron's command line is the stand-in.
 */
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { content } from '../content.ts';
import { startOrigin } from '../origin.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

process.env.ELECTRON_PROGRAM = fileURLToPath(new URL('./program.sh', import.meta.url));
const { expectPage, mainScript, RunningApp } = await import('../../desktop/running-app.ts');
const { launch } = await import('./launch.ts');

test('a download from window to file: pages, the main process, what the desktop holds, a second start, the end', async () => {
  const source = content(95, 8 * 1024 * 1024);
  await using origin = await startOrigin({ content: source, bytesPerSecond: 2 * 1024 * 1024 });
  await using running = await RunningApp.start();
  const page = await running.page();
  await page.evaluate(
    `sluice.call('downloads.add', { orders: [{ request: { url: ${JSON.stringify(origin.url('/a.bin'))} } }] })`,
  );
  await expect.poll(() => running.held('awake')).toEqual(['prevent-app-suspension']);
  await expect.poll(() => running.held('tray')?.toolTip).toMatch(/1 running/);
  await running.app.evaluate((_, id, desk) => desk.trays[0]?.menu?.getMenuItemById(id)?.click(), 'pause-all');
  await expectPage(page.getByRole('row', { name: 'a.bin' }).getByText('Paused')).toBeVisible();
  await expect.poll(() => running.held('awake')).toEqual([]);
  const second = await launch({ main: mainScript, args: [origin.url('/b.bin')], env: running.env }).catch(String);
  expect(second).toMatch(/ended with 0/);
  await expectPage(page.getByRole('dialog', { name: 'Add downloads' })).toBeVisible();
  expect(await running.app.quit()).toBe(0);
  expect(running.held('tray')).toBeUndefined();
});
