/** Disks without room: before the first byte, in the middle, under the record, and file systems that hold no large file. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import { KiB, MiB, type Rig, startRig } from '../../support/fetching.ts';

const passes = (rig: Rig, ms: number): Promise<void> =>
  new Promise((resolve) => {
    rig.clock.setTimer(resolve, ms);
  });

test('F102: what does not fit is not begun: it waits for the disk and goes on by itself once there is room', async () => {
  await using rig = await startRig({ content: content(102, 16 * MiB) });
  rig.disk.spaceOverride = { free: 17 * MiB, total: 100 * MiB };
  const run = rig.download();
  run.download.start();
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ type: 'waiting', for: 'disk', cause: { code: 'E_FS_FULL' } });
  expect(await readdir(rig.directory.path)).toEqual([]);
  expect(rig.engine.openConnections).toBe(0);
  // A fiftieth of the volume is left to others.
  rig.disk.spaceOverride = { free: 18 * MiB, total: 100 * MiB };
  await run.end();
  await rig.expectDone(run);
});

test('F102: two files that fit one by one but not together are not both begun', async () => {
  await using rig = await startRig({ content: content(103, 32 * MiB), bytesPerSecond: MiB });
  rig.disk.spaceOverride = { free: 50 * MiB, total: 100 * MiB };
  const [first, second] = [rig.download({}, {}, { name: 'one.bin' }), rig.download({}, {}, { name: 'two.bin' })];
  first.download.start();
  await first.untilState('active');
  second.download.start();
  await second.untilState('waiting');
  expect(second.code).toBe('E_FS_FULL');
  await first.end();
  // Its bytes are on the disk now, and what they took is no longer promised.
  rig.disk.spaceOverride = { free: 50 * MiB, total: 100 * MiB };
  await second.end();
  await rig.expectDone(first);
  await rig.expectDone(second);
});

test('F102: on another volume nothing is promised to the first', async () => {
  await using rig = await startRig({ content: content(104, 8 * MiB), bytesPerSecond: MiB });
  rig.disk.spaceOverride = { free: 11 * MiB, total: 100 * MiB };
  const first = rig.download({}, {}, { name: 'one.bin' });
  first.download.start();
  await first.untilState('active');
  // /dev/shm is a volume of its own.
  const second = rig.download({}, {}, { name: 'two.bin', directory: '/dev/shm' });
  second.download.start();
  await second.until(() => second.states.some((state) => state === 'active' || state === 'waiting'));
  expect(second.states).toContain('active');
  await second.download.remove({ deleteFiles: true });
  await first.download.remove({ deleteFiles: true });
});

for (const [number, errno] of [
  ['F103', 'ENOSPC'],
  ['F105', 'EDQUOT'],
] as const) {
  test(`${number}: ${errno} in the middle: all that was written is on record, sockets are closed, no request until there is room`, async () => {
    await using rig = await startRig({
      content: content(105, 32 * MiB),
      bytesPerSecond: MiB,
      diskFaults: [
        {
          on: { operation: 'writev', path: /\.part$/, afterBytes: 20 * MiB },
          times: Number.POSITIVE_INFINITY,
          do: { error: errno },
        },
      ],
    });
    const run = rig.download();
    run.download.start();
    await run.untilState('waiting');
    expect(run.code).toBe('E_FS_FULL');
    expect(rig.engine.openConnections).toBe(0);
    expect(rig.disk.openHandles).toBe(0);
    const { doneBytes, receivedBytes } = run.download.progress();
    expect(doneBytes).toBeGreaterThan(18 * MiB);
    // What was on its way when it failed: a batch and a socket's worth a connection.
    expect(receivedBytes - doneBytes).toBeLessThan(8 * MiB);
    const claimed = (await rig.claims('file.bin')).reduce((sum, { start, end }) => sum + end - start, 0);
    expect(claimed).toBe(doneBytes);
    rig.disk.spaceOverride = { free: 10 * MiB };
    const requests = rig.origin.requests.length;
    await passes(rig, 60_000);
    expect(rig.origin.requests.length).toBe(requests);
    expect(run.download.state.type).toBe('waiting');
    rig.disk.heal();
    rig.disk.spaceOverride = {};
    const at = rig.clock.now();
    await run.untilState('active');
    expect(rig.clock.now() - at).toBeLessThan(10_500);
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
    expect(run.download.progress().receivedBytes).toBeLessThan(32 * MiB + 8 * MiB);
  });
}

test('F104: no room for the record: it waits, the last whole record stands, and nothing claimed is fetched again', async () => {
  await using rig = await startRig({
    content: content(106, 48 * MiB),
    bytesPerSecond: MiB,
    diskFaults: [
      { on: { operation: 'writev', path: /\.ckpt$/, from: 4 }, times: Number.POSITIVE_INFINITY, do: { error: 'ENOSPC' } },
    ],
  });
  const run = rig.download();
  run.download.start();
  await run.untilState('waiting');
  expect(run.code).toBe('E_FS_FULL');
  expect(rig.engine.openConnections).toBe(0);
  expect(rig.disk.openHandles).toBe(0);
  const claimed = (await rig.claims('file.bin')).reduce((sum, { start, end }) => sum + end - start, 0);
  expect(claimed).toBeGreaterThan(0);
  rig.disk.heal();
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.bytesSent).toBeLessThan(48 * MiB + (run.receivedBytes - claimed));
});

test('F104: no room for the first record of a new file: nothing is left of it, and it begins once there is room', async () => {
  await using rig = await startRig({
    content: content(107, 8 * MiB),
    diskFaults: [{ on: { operation: 'writev', path: /\.ckpt$/ }, do: { error: 'ENOSPC' } }],
  });
  const run = rig.download();
  run.download.start();
  await run.untilState('waiting');
  expect(await readdir(rig.directory.path)).toEqual([]);
  expect(rig.disk.openHandles).toBe(0);
  await run.end();
  await rig.expectDone(run);
});

test('F106: a file of 4 GiB is not begun on FAT, and the message names the file system, not a full disk', async () => {
  await using rig = await startRig({ content: content(108, 2 ** 32), bytesPerSecond: 64 * KiB });
  rig.disk.spaceOverride = { free: 2 ** 40, total: 2 ** 41, type: 0x4d44 };
  const run = rig.download();
  expect(await run.end()).toMatchObject({
    type: 'failed',
    failure: { code: 'E_FS_LIMIT', message: expect.stringContaining('FAT') },
  });
  expect(await readdir(rig.directory.path)).toEqual([]);
});

for (const operation of ['truncate', 'writev'] as const) {
  test(`F106: EFBIG on ${operation} is the limit of a file system, not a full disk`, async () => {
    await using rig = await startRig({
      content: content(109, 8 * MiB),
      diskFaults: [{ on: { operation, path: /\.part$/ }, times: Number.POSITIVE_INFINITY, do: { error: 'EFBIG' } }],
    });
    const run = rig.download();
    expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_FS_LIMIT' } });
    expect(rig.disk.openHandles).toBe(0);
  });
}
