/** Disks that write little at a time, are interrupted, fail, or take their time. */
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const forEver = Number.POSITIVE_INFINITY;

test('F107: a disk that takes less than it is given gets the rest again, where it belongs', async () => {
  await using rig = await startRig({
    content: content(107, 16 * MiB),
    diskFaults: [{ on: { operation: 'writev', path: /\.part$/ }, times: forEver, do: { shortBytes: 77_777 } }],
  });
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
});

test('F108: interrupted calls are made again, and nobody hears of it', async () => {
  await using rig = await startRig({
    content: content(108, 16 * MiB),
    diskFaults: [
      {
        on: { operation: ['writev', 'datasync', 'truncate'], where: ({ bytes = 0 }) => bytes % 2 === 0 },
        times: 8,
        do: { error: 'EINTR' },
      },
      { on: { operation: 'writev', path: /\.part$/, from: 5 }, times: 3, do: { error: 'EAGAIN' } },
    ],
  });
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(run.events.filter(({ type }) => type === 'noted')).toEqual([]);
});

test('F109: a disk that fails ends the download, claims are what was written, and it goes on from there', async () => {
  await using rig = await startRig({
    content: content(109, 32 * MiB),
    bytesPerSecond: MiB,
    diskFaults: [{ on: { operation: 'writev', path: /\.part$/, afterBytes: 20 * MiB }, times: forEver, do: { error: 'EIO' } }],
  });
  const run = rig.download();
  expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_FS_IO' } });
  expect(rig.disk.openHandles).toBe(0);
  const claimed = (await rig.claims('file.bin')).reduce((sum, { start, end }) => sum + end - start, 0);
  expect(claimed).toBe(run.download.progress().doneBytes);
  rig.disk.heal();
  await run.end();
  await rig.expectDone(run);
  expect(run.download.progress().receivedBytes).toBeLessThan(32 * MiB + 8 * MiB);
});

test('F109: after a sync that failed only what was synced before counts', async () => {
  await using rig = await startRig({
    content: content(110, 64 * MiB),
    bytesPerSecond: MiB / 2,
    diskFaults: [{ on: { operation: 'datasync', path: /\.part$/, nth: 1 }, do: { error: 'EIO' } }],
  });
  const run = rig.download();
  expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_FS_IO' } });
  expect(await rig.claims('file.bin')).toEqual([]);
  await run.end();
  await rig.expectDone(run);
  // What the disk may have lost is said to be lost.
  expect(run.restarts).toBe(1);
});

test('F110: a disk slower than the network slows the reading down: no time-out, no second request, no heap of bytes', async () => {
  const before = process.memoryUsage().rss;
  await using rig = await startRig({
    content: content(111, 128 * MiB),
    diskFaults: [{ on: { operation: 'writev', path: /\.part$/ }, times: forEver, do: { delayMs: 800 } }],
  });
  const run = rig.download();
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  await run.end().finally(() => clearInterval(watch));
  await rig.expectDone(run);
  expect(rig.clock.now()).toBeGreaterThan(10_000);
  expect(rig.origin.requests.length).toBeLessThan(40);
  expect(run.events.filter(({ type }) => type === 'noted')).toEqual([]);
  expect(most - before).toBeLessThan((3 * 8 + 64) * MiB);
}, 60_000);

test('F111: a write that hangs for two minutes keeps nobody else waiting and starts no storm of requests', async () => {
  await using rig = await startRig({
    content: content(112, 16 * MiB),
    bytesPerSecond: MiB,
    diskFaults: [{ on: { operation: 'writev', path: /slow\.bin\.part$/, nth: 5 }, do: { hang: true } }],
  });
  const slow = rig.download({}, { url: rig.origin.url('/slow.bin') });
  const other = rig.download({}, { url: rig.origin.url('/other.bin') });
  slow.download.start();
  await rig.disk.whenHanging();
  await other.end();
  await rig.expectDone(other).catch((error: unknown) => {
    // The other one's part is there, of course.
    if (!String(error).includes('unfinished')) throw error;
  });
  await new Promise<void>((resolve) => {
    rig.clock.setTimer(resolve, 120_000);
  });
  expect(slow.download.state.type).toBe('active');
  expect(rig.origin.requests.filter(({ path }) => path === '/slow.bin').length).toBeLessThan(40);
  rig.disk.release();
  await slow.end();
  await rig.expectDone(slow);
});
