/** A mistake of Sluice's own is written down, said once, and ends nothing. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { electronProgram, launch } from '../support/electron/launch.ts';
import { startOrigin } from '../support/origin.ts';
import { tempDirectory } from '../support/temp.ts';
import { expectPage, mainScript, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MiB = 1024 * 1024;

test('in the main process: in the log without secrets, one notice, and the download runs on', async () => {
  const source = content(51, 8 * MiB);
  await using origin = await startOrigin({ content: source, bytesPerSecond: MiB });
  await using running = await RunningApp.start();
  const page = await running.page();
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/file.bin') } }] });
  await origin.until(() => origin.bytesSent > MiB);
  const log = running.folder.file('data', 'mistakes.log');
  const logged = (): string[] => readFileSync(log, 'utf8').match(/^\S+Z .*planted.*$/gm) ?? [];
  await running.app.evaluate(() => {
    const plant = () => {
      throw new Error('planted at https://ann:CANARY1@host/file?token=CANARY2');
    };
    for (let time = 0; time < 3; time += 1) setImmediate(plant);
  });
  const notices = page.getByRole('region', { name: 'Notices' });
  await expectPage(notices.getByRole('alert')).toContainText(log);
  await running.app.evaluate(() => void Promise.reject(new TypeError('planted too')));
  await expect.poll(logged).toHaveLength(4);
  await expectPage(notices.getByRole('alert')).toHaveCount(1);
  expect(readFileSync(log, 'utf8')).toContain('planted at https://host/file');
  expect(readFileSync(log, 'utf8')).not.toContain('CANARY');
  expect(statSync(log).mode & 0o777).toBe(0o600);
  await expect
    .poll(() => readFile(running.file('file.bin')).then((bytes) => source.matches(bytes, 0)), { timeout: 30_000 })
    .toBe(true);
  expect(await running.app.quit()).toBe(0);
});

// The real Electron says it in a box that somebody would have to close.
test.skipIf(electronProgram !== undefined)('a start that cannot be says why and ends; what it found is not touched', async () => {
  await using folder = await tempDirectory();
  mkdirSync(folder.file('data'));
  const path = folder.file('data', 'downloads-07.json');
  writeFileSync(path, '{"version": 99, "rows": {}}');
  const env = { HOME: folder.path, XDG_CONFIG_HOME: folder.file('config'), SLUICE_DATA: folder.file('data') };
  const started = launch({ main: mainScript, env });
  const said = await started.then(async (app) => `the app ended with ${await app.ended}: ${app.output}`, String);
  expect(said).toMatch(/ended with 1: Sluice cannot start\n.*newer Sluice \(version 99\)/);
  expect(said).not.toContain('    at ');
  expect(readFileSync(path, 'utf8')).toBe('{"version": 99, "rows": {}}');
});
