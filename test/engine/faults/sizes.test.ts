/** Files of awkward sizes: beyond what 32 bits count, and too small to share out. */
import { open, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import { add } from '../../../electron/engine/intervals.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { leaveSparsePart, sparseContent } from '../../support/sparse.ts';

const GiB = 1024 * MiB;

/** Ranges across every border that a narrow number would wrap at, at both ends, and here and there. */
function awkwardRanges(size: number): Interval[] {
  const ranges: Interval[] = [];
  for (const border of [0, 2 ** 31, 2 ** 32, 2 ** 33, 2 ** 36, size]) {
    if (border <= size) add(ranges, Math.max(0, border - 5 * KiB), Math.min(size, border + 7 * KiB));
  }
  for (let index = 1; index < 30; index += 1) {
    const start = Math.floor((size * index) / 30 + 12_345 * index);
    add(ranges, start, Math.min(size, start + 1 + 997 * index));
  }
  return ranges;
}

/** Until so much was read to prove it. Turns of the event loop: reading tells nobody. */
async function looksAt(run: Run, bytes: number): Promise<void> {
  while ((run.download.progress().check?.doneBytes ?? 0) < bytes) await new Promise(setImmediate);
}

async function expectRanges(path: string, ranges: readonly Interval[], rig: Rig): Promise<void> {
  await using file = await open(path, 'r');
  for (const { start, end } of ranges) {
    // Some bytes around it too: they must be as they were.
    const from = Math.max(0, start - 512);
    const bytes = Buffer.alloc(Math.min(rig.content.size, end + 512) - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    expect(bytesRead).toBe(bytes.length);
    expect(rig.content.firstDifference(bytes, from)).toBeUndefined();
  }
}

for (const [name, size] of [
  ['2^31 bytes', 2 ** 31],
  ['2^32 bytes', 2 ** 32],
  ['2^32 + 1 bytes', 2 ** 32 + 1],
  ['100 GiB', 100 * GiB],
] as const) {
  test(`F37: what is missing of a file of ${name} is asked for and put exactly where it belongs`, async () => {
    const missing = awkwardRanges(size);
    await using rig = await startRig({ content: sparseContent(7, size, missing) });
    const part = rig.directory.file('file.bin.part');
    const url = rig.origin.url();
    await leaveSparsePart(part, { url, size, etag: '"v1"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' }, missing);

    const run = rig.download({ connections: 8 }, { url });
    run.download.start();
    await run.untilState('verifying');
    // All is there; that it is undamaged too takes a look at all of it: minutes, in which it says how far it is and can be stopped.
    await looksAt(run, 32 * MiB);
    const check = run.download.progress().check;
    expect(check?.totalBytes).toBe(size - missing.reduce((sum, { start, end }) => sum + end - start, 0));
    expect(check?.bytesPerSecond).toBeGreaterThan(0);
    await run.download.pause();
    expect(run.download.state.type).toBe('paused');
    expect(run.download.progress().check).toBeUndefined();
    expect(run.restarts).toBe(0);
    expect(run.download.progress()).toMatchObject({ size, doneBytes: size });
    const asked: Interval[] = [];
    for (const { range } of rig.origin.requests) {
      expect(missing.some(({ start, end }) => range && start <= range.start && range.end <= end)).toBe(true);
      if (range) add(asked, range.start, range.end);
    }
    expect(asked).toEqual(missing);
    expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: size }]);
    expect((await stat(`${part}.ckpt`)).size).toBeLessThanOrEqual(2 * 4 * KiB);
    expect((await stat(part)).size).toBe(size);
    await expectRanges(part, missing, rig);
    // Reading all of it back would take minutes.
    await run.download.remove({ deleteFiles: true });
  });
}

for (const size of [1, 2, 4095, 4096, 4097, MiB, 2 * MiB - 1]) {
  test(`F38: ${size} bytes are fetched by one request on one connection, however many may be had`, async () => {
    await using rig = await startRig({ content: content(8, size), bytesPerSecond: MiB });
    const run = rig.download({ connections: 64 });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests).toHaveLength(1);
    expect(rig.origin.connections).toBe(1);
  });
}

for (const size of [2 * MiB, 2 * MiB + 1, 3 * MiB, 5 * MiB + 3]) {
  test(`F38: ${size} bytes on 64 connections are shared out without an empty or reversed range`, async () => {
    await using rig = await startRig({ content: content(9, size), bytesPerSecond: MiB });
    const run = rig.download({ connections: 64 });
    await run.end();
    await rig.expectDone(run);
    const ranges = rig.origin.requests.slice(1).map(({ headers }) => /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? ''));
    for (const range of ranges) {
      expect(range).not.toBeNull();
      expect(Number(range?.[1])).toBeLessThanOrEqual(Number(range?.[2]));
      expect(Number(range?.[2])).toBeLessThan(size);
    }
    expect(rig.origin.requests.length).toBeLessThanOrEqual(1 + Math.ceil(size / MiB) + 2);
  });
}
