/** Pause and resume, at every moment of a download's life. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { delayHead, redirect } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { KiB, MiB, type Rig, startRig } from '../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;

const passes = (rig: Rig, ms: number): Promise<void> => new Promise((resolve) => void rig.clock.setTimer(resolve, ms));

test('F130: eight streams are closed at once, and all that was received is on record', async () => {
  await using rig = await startRig({ content: content(130, 64 * MiB), bytesPerSecond: MiB });
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 20 * MiB);
  const paused = run.download.pause();
  expect(run.download.progress().connections).toBe(0);
  await rig.origin.until(() => rig.origin.streams === 0);
  await paused;
  expect(run.states.slice(-2)).toEqual(['pausing', 'paused']);
  const { doneBytes, done, connections, segments } = run.download.progress();
  expect(run.download.progress().receivedBytes - doneBytes).toBeLessThan(64 * KiB);
  expect({ connections, segments }).toEqual({ connections: 0, segments: [] });
  expect(await rig.claims('file.bin')).toEqual(done);
  await passes(rig, 60_000);
  expect(rig.origin.streams).toBe(0);
  await run.end();
  await rig.expectDone(run);
  expect(run.download.progress().resumedBytes).toBe(doneBytes);
});

test('F131: a hundred quick rounds lose nothing and leave nothing', async () => {
  await using rig = await startRig({ content: content(131, 32 * MiB), bytesPerSecond: 0.5 * MiB });
  const run = rig.download();
  for (let round = 0; round < 100; round += 1) {
    const before = rig.origin.requests.length;
    run.download.start();
    if (round % 4 === 1) await rig.origin.until(() => rig.origin.requests.length > before);
    if (round % 4 === 2) await run.until(({ download }) => download.state.type !== 'probing');
    if (round % 4 === 3) await rig.origin.until(() => rig.origin.streams >= 2);
    await run.download.pause();
    expect(run.download.state.type).toBe('paused');
  }
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(800);
});

test('F131: resuming from within the news of the pause works, again and again', async () => {
  await using rig = await startRig({ content: content(131, 16 * MiB), bytesPerSecond: MiB });
  const run = rig.download();
  let rounds = 0;
  run.download.subscribe((event) => {
    if (event.type !== 'state' || event.state.type !== 'paused' || rounds >= 5) return;
    rounds += 1;
    run.download.start();
  });
  run.download.start();
  while (rounds < 5) {
    const before = rig.origin.bytesSent;
    await rig.origin.until(() => rig.origin.bytesSent > before + MiB);
    await run.download.pause();
  }
  await run.untilState('done');
  await rig.expectDone(run);
});

test('F130: a pause before the first answer leaves nothing behind', async () => {
  const faults = [{ on: {}, answer: delayHead(10_000) }];
  await using rig = await startRig({ content: content(130, 8 * MiB), faults });
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.requests.length === 1);
  await run.download.pause();
  expect(run.download.state.type).toBe('paused');
  expect(await readdir(rig.directory.path)).toEqual([]);
  await run.end();
  await rig.expectDone(run);
});

test('F130: a pause between two hops is kept', async () => {
  const faults = [{ on: { path: '/start' }, times: always, answer: [redirect(302, '/file.bin'), delayHead(500)] }];
  await using rig = await startRig({ content: content(130, 8 * MiB), faults });
  const run = rig.download({}, { url: rig.origin.url('/start') });
  run.download.start();
  await rig.origin.until(() => rig.origin.requests.length === 1);
  await run.download.pause();
  await passes(rig, 5000);
  expect(rig.origin.requests.length).toBe(1);
  await run.end();
  await rig.expectDone(run);
});

test('F130: a pause during the check of the sum is carried out, and the check made again', async () => {
  const source = content(130, 32 * MiB);
  await using rig = await startRig({ content: source });
  const run = rig.download({ checksum: { algorithm: 'sha-256', hex: await source.sha256() } });
  run.download.start();
  await run.untilState('verifying');
  await run.download.pause();
  // What had gone out before the last byte came may still arrive.
  await passes(rig, 1000);
  const requests = rig.origin.requests.length;
  expect(run.download.state.type).toBe('paused');
  expect(run.download.progress().doneBytes).toBe(32 * MiB);
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBe(requests);
});

test('an engine that closes pauses what was paused and resumed before', async () => {
  await using rig = await startRig({ content: content(130, 16 * MiB), bytesPerSecond: MiB });
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > MiB);
  await run.download.pause();
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 3 * MiB);
  await rig.engine.close();
  expect(run.download.state.type).toBe('paused');
  expect(rig.engine.openConnections).toBe(0);
});

test('F130: a pause while the part is being made waits for it, and leaves no handle and no file of nobody', async () => {
  const diskFaults = [{ on: { operation: 'open', path: /\.part$/ }, do: { delayMs: 2000 } }] as const;
  await using rig = await startRig({ content: content(130, 8 * MiB), bytesPerSecond: MiB, diskFaults });
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 0);
  await run.download.pause();
  expect(run.download.state.type).toBe('paused');
  expect(rig.disk.openHandles).toBe(0);
  expect(await readdir(rig.directory.path)).toEqual([]);
  await passes(rig, 10_000);
  expect(rig.disk.openHandles).toBe(0);
  await run.end();
  await rig.expectDone(run);
});

test('F130: a pause during the last rename comes too late: it is done', async () => {
  const diskFaults = [{ on: { operation: 'link' }, do: { delayMs: 2000 } }] as const;
  await using rig = await startRig({ content: content(130, 8 * MiB), diskFaults });
  const run = rig.download();
  run.download.start();
  await run.untilState('finalizing');
  await run.download.pause();
  await rig.expectDone(run);
  expect(run.states).not.toContain('pausing');
});

test.each(['hold', 'restart', 'link', 'request'] as const)(
  'whatever happens while the part is being made (%s), there is one part',
  async (what) => {
    const diskFaults = [{ on: { operation: 'open', path: /\.part$/ }, do: { delayMs: 2000 } }] as const;
    await using rig = await startRig({ content: content(130, 8 * MiB), bytesPerSecond: MiB, diskFaults });
    const run = rig.download();
    run.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 0);
    await passes(rig, 100);
    if (what === 'hold') run.download.hold(1);
    if (what === 'restart') run.download.restart(1);
    if (what === 'link') run.download.setUrl(rig.origin.url('/new.bin'));
    if (what === 'request') run.download.setRequest({ cookie: 'a=1' });
    await passes(rig, 5000);
    if (what === 'hold') run.download.release(1);
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
  },
);
