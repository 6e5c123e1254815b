/** App and server keep the same files: what one left the other goes on with, and never both at once. */
import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { electronProgram } from '../support/electron/launch.ts';
import { startOrigin } from '../support/origin.ts';
import { runCommand, startServing, untilCall } from '../support/serving.ts';
import { expectPage, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

test('what the app began the server ends, and the app shows it; meanwhile each is refused with the name of who has the folder', async () => {
  const source = content(98, 8 * 1024 * 1024);
  await using origin = await startOrigin({ content: source, bytesPerSecond: 2 * 1024 * 1024 });
  await using running = await RunningApp.start();
  await running.page();
  await running.call('settings.write', { connections: 5 });
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/shared.bin') } }] });
  await origin.until(() => origin.bytesSent > 2 * 1024 * 1024);
  const data = running.folder.file('data');
  const second = await runCommand(['serve', '--port', '0', '--data', data]);
  expect([second.status, second.stderr]).toEqual([1, expect.stringContaining(String(running.app.child.pid))]);
  expect(await running.app.quit()).toBe(0);
  {
    await using server = await startServing(running.folder.path);
    expect((await server.call('settings.read')).connections).toBe(5);
    // The real Electron says it in a box that somebody would have to close.
    if (electronProgram === undefined) {
      const refused = await running.start().then((app) => app.ended.then((code) => `ended with ${code}: ${app.output}`), String);
      expect(refused).toMatch(/ended with 1/);
      expect(refused).toContain(String(server.child.pid));
    }
    await untilCall(server.call, 'history.page', { offset: 0, limit: 10 }, ({ total }) => total === 1);
    server.child.kill('SIGTERM');
    expect(await server.ended()).toBe(0);
  }
  const bytes = await readFile(running.file('shared.bin'));
  expect([bytes.length, source.matches(bytes, 0)]).toEqual([source.size, true]);
  expect(origin.bytesSent).toBeLessThan(source.size * 1.3);
  await running.start();
  await expectPage((await running.page()).getByRole('row', { name: 'shared.bin' }).getByText('Done')).toBeVisible();
});
