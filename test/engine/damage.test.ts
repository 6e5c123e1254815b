/** What happens to an unfinished file between two runs of the program. */
import { open, rm, stat, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { content } from '../support/content.ts';
import { MiB, type Rig, type Run, startRig } from '../support/fetching.ts';

/** A download paused after about `bytes`, and the process gone. */
async function interrupted(rig: Rig, bytes: number): Promise<number> {
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > bytes);
  await run.download.pause();
  await rig.restartEngine();
  return run.download.progress().doneBytes;
}

async function flipByte(path: string, position: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, position);
  await file.write(Buffer.from([(byte[0] as number) ^ 0x10]), 0, 1, position);
}

const damages = (run: Run): string[] =>
  run.events.flatMap((event) => (event.type === 'restarted' && event.failure.code === 'E_FS_IO' ? [event.failure.message] : []));

test('damage inside what was fetched is found before done, and only it is fetched again', async () => {
  await using rig = await startRig({ content: content(31, 48 * MiB), bytesPerSecond: 2 * MiB });
  const kept = await interrupted(rig, 24 * MiB);
  await flipByte(rig.directory.file('file.bin.part'), 1000);
  const before = rig.origin.bytesSent;
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(damages(run)).toHaveLength(1);
  expect(rig.origin.bytesSent - before).toBeLessThan(48 * MiB - kept + 6 * MiB);
});

test('damage found when all else is there is fetched before the file is called done', async () => {
  await using rig = await startRig({ content: content(32, 8 * MiB), bytesPerSecond: 4 * MiB });
  await interrupted(rig, 6 * MiB);
  await flipByte(rig.directory.file('file.bin.part'), 10);
  const run = rig.download({ connections: 16 });
  await run.end();
  await rig.expectDone(run);
  expect(damages(run)).toHaveLength(1);
});

test('a part cut short loses what was cut off and no more', async () => {
  await using rig = await startRig({ content: content(33, 32 * MiB), bytesPerSecond: 2 * MiB });
  await interrupted(rig, 20 * MiB);
  await truncate(rig.directory.file('file.bin.part'), 3 * MiB);
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(run.notes('claims-dropped')).toBe(1);
});

test('without its sums nothing of a part is trusted', async () => {
  await using rig = await startRig({ content: content(34, 16 * MiB), bytesPerSecond: 2 * MiB });
  await interrupted(rig, 8 * MiB);
  await rm(rig.directory.file('file.bin.part.sums'));
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(run.download.progress().resumedBytes).toBe(0);
  expect(run.notes('claims-dropped')).toBe(1);
});

test('of a part that is as it was left nothing is said', async () => {
  await using rig = await startRig({ content: content(36, 16 * MiB), bytesPerSecond: 2 * MiB });
  await interrupted(rig, 8 * MiB);
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(run.events.filter(({ type }) => type === 'noted' || type === 'restarted')).toEqual([]);
});

test('nothing but the finished file is left in the folder', async () => {
  await using rig = await startRig({ content: content(35, 16 * MiB), bytesPerSecond: 2 * MiB });
  await interrupted(rig, 8 * MiB);
  await stat(rig.directory.file('file.bin.part.sums'));
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(await rig.disk.list(rig.directory.path)).toEqual(['file.bin']);
});
