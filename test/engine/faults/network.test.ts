/** Section D of the fault catalogue: servers that do not connect, do not answer, fall silent or drip. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { blackHole } from '../../support/black-hole.ts';
import { closeAfter, delayHead, header, http10, instead, pace, rawHead, redirect, stall, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, type RigOptions, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;

test('F71: a host that never accepts a connection is given up after the retries, each bounded in time', async () => {
  using hole = await blackHole();
  await using rig = await startRig({ content: content(71, MiB) });
  const run = rig.download({ retries: 2 }, { url: `http://127.0.0.1:${hole.port}/file.bin` });
  const begunAt = rig.clock.now();
  await run.end();
  expect(run.code).toBe('E_TIMEOUT');
  expect(run.download.state).toMatchObject({ failure: { message: expect.stringContaining('within 10 s') } });
  const tookMs = rig.clock.now() - begunAt;
  expect(tookMs).toBeGreaterThan(3 * 10_000);
  expect(tookMs).toBeLessThan(60_000);
});

test('F74: a name that cannot be resolved is tried three times over ten seconds, then final', async () => {
  await using rig = await startRig({ content: content(74, MiB) });
  const run = rig.download({}, { url: 'http://no..such..name/file.bin' });
  const begunAt = rig.clock.now();
  await run.end();
  expect(run.code).toBe('E_DNS');
  expect(rig.clock.now() - begunAt).toBeGreaterThanOrEqual(10_000);
});

test('F74: a name that is lost while the file comes is waited for, at no cost to the budget', async () => {
  const file = content(74, 4 * MiB);
  await using rig = await startRig({
    content: file,
    faults: [
      { on: { path: '/start', where: ({ n }) => n !== 4 }, times: always, atLeast: 2, answer: redirect(302, '/file.bin') },
      { on: { path: '/start', request: 4 }, answer: redirect(302, 'http://no..such..name/file.bin') },
      { on: { request: 2 }, answer: stall(MiB) },
      { on: { request: 3 }, answer: status(403) },
    ],
  });
  const run = rig.download({ connections: 1, retries: 1 }, { url: rig.origin.url('/start') }, { name: 'file.bin' });
  const end = run.end();
  await run.until(({ download: { state } }) => state.type === 'waiting' && state.for === 'network');
  expect(run.code).toBe('E_DNS');
  await end;
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
});

test('F76: an answer that never begins is waited for 20 s, then asked for again', async () => {
  await using rig = await startRig({
    content: content(76, MiB),
    faults: [{ on: { request: 1 }, answer: delayHead(Number.POSITIVE_INFINITY) }],
  });
  const run = rig.download();
  const begunAt = rig.clock.now();
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBe(2);
  expect(rig.clock.now() - begunAt).toBeGreaterThanOrEqual(20_000);
  expect(rig.clock.now() - begunAt).toBeLessThan(25_000);
});

test('F77: sixty kilobytes of headers are read', async () => {
  await using rig = await startRig({
    content: content(77, MiB),
    faults: [{ on: {}, times: always, answer: header('X-Padding', 'x'.repeat(60 * KiB)) }],
  });
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
});

test('F77: eighty kilobytes of headers are an error, and nothing is written', async () => {
  await using rig = await startRig({
    content: content(77, MiB),
    faults: [{ on: {}, times: always, answer: header('X-Padding', 'x'.repeat(80 * KiB)) }],
  });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe('E_PROTOCOL');
  expect(rig.origin.requests.length).toBeLessThanOrEqual(2);
  expect(run.download.progress().doneBytes).toBe(0);
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'],
  ['garbage', '\x00\x01\x02\x03\xff\xfe\r\n\r\n'],
  ['HTTP/0.9', '<html>hello</html>'],
])('F78: %s instead of an answer is asked once more, then an error', async (_what, bytes) => {
  await using rig = await startRig({
    content: content(78, MiB),
    faults: [{ on: {}, times: always, atLeast: 2, answer: rawHead(Buffer.from(bytes, 'latin1')) }],
  });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe('E_PROTOCOL');
  expect(rig.origin.requests.length).toBe(2);
  expect(run.download.progress().doneBytes).toBe(0);
});

/** Virtual milliseconds to the proven end, over eight connections of 1 MiB/s. */
async function timeOf(options: Partial<RigOptions>): Promise<number> {
  await using rig = await startRig({ content: content(79, 64 * MiB), bytesPerSecond: MiB, ...options });
  const run = rig.download({ connections: 8 });
  const begunAt = rig.clock.now();
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  return rig.clock.now() - begunAt;
}

test('F79: one of eight connections falls silent: the others take its rest, long before silence is an error', async () => {
  const honestMs = await timeOf({});
  const silentMs = await timeOf({ faults: [{ on: { connection: 3 }, answer: stall(MiB) }] });
  expect(silentMs / honestMs).toBeLessThan(1.3);
});

test('F80: one of eight connections drips: the others take its rest', async () => {
  const honestMs = await timeOf({});
  const drippedMs = await timeOf({ faults: [{ on: { connection: 3 }, answer: pace(1) }] });
  expect(drippedMs / honestMs).toBeLessThan(1.3);
});

test('F80: a small file on a connection that drips is fetched over a second one', async () => {
  await using rig = await startRig({
    content: content(80, 1.5 * MiB),
    bytesPerSecond: MiB,
    faults: [{ on: { connection: 1 }, answer: pace(100) }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.clock.now()).toBeLessThan(60_000);
});

test('F81: a server that is silent for five minutes and comes back is waited for', async () => {
  let silentUntil = Number.POSITIVE_INFINITY;
  await using rig = await startRig({
    content: content(81, 16 * MiB),
    bytesPerSecond: MiB,
    faults: [
      { on: { where: ({ n }) => n <= 8 }, times: always, answer: stall(MiB) },
      { on: { where: ({ n }) => n > 8 && rig.clock.now() < silentUntil }, times: always, answer: instead('silence') },
    ],
  });
  const run = rig.download({ connections: 8, retries: 20 });
  silentUntil = rig.clock.now() + 300_000;
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(rig.clock.now()).toBeGreaterThan(silentUntil);
});

test('F81: one that does not come back is an error, and a new process goes on from what was received', async () => {
  let isBack = false;
  await using rig = await startRig({
    content: content(81, 16 * MiB),
    bytesPerSecond: MiB,
    faults: [
      { on: { where: ({ n }) => n <= 8 }, times: always, answer: stall(MiB) },
      { on: { where: ({ n }) => n > 8 && !isBack }, times: always, answer: instead('silence') },
    ],
  });
  const run = rig.download({ connections: 8, retries: 3 });
  await run.end();
  expect(run.code).toBe('E_TIMEOUT');
  const { doneBytes } = run.download.progress();
  expect(doneBytes).toBeGreaterThanOrEqual(MiB);
  isBack = true;
  await rig.restartEngine();
  const again = rig.download({ connections: 8 });
  await again.end();
  await rig.expectDone(again);
  expect(again.download.progress().resumedBytes).toBe(doneBytes);
});

test('F82: a kept-alive connection that is closed as it is used again costs one request and no word', async () => {
  await using rig = await startRig({
    content: content(82, 256 * KiB),
    faults: [{ on: { request: 2, connection: 1 }, answer: instead('fin') }],
  });
  const first = rig.download({ retries: 0 }, {}, { name: 'first.bin' });
  await first.end();
  const second = rig.download({ retries: 0 }, {}, { name: 'second.bin' });
  const begunAt = rig.clock.now();
  await second.end();
  await rig.expectDone(second);
  expect(rig.origin.requests.length).toBe(3);
  expect(rig.origin.requests[1]?.connection).toBe(1);
  expect(second.events.filter(({ type }) => type === 'noted')).toEqual([]);
  expect(second.states).not.toContain('waiting');
  expect(rig.clock.now() - begunAt).toBeLessThan(1000);
});

test.each([
  ['F83: Connection: close on every answer', closeAfter()],
  ['F84: HTTP/1.0', http10()],
])('%s works, with a new connection for each request', async (_what, answer) => {
  await using rig = await startRig({
    content: content(83, 16 * MiB),
    bytesPerSecond: 4 * MiB,
    faults: [{ on: {}, times: always, atLeast: 4, answer }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(rig.origin.maxStreams).toBe(4);
  const connections = new Set(rig.origin.requests.map(({ connection }) => connection));
  expect(connections.size).toBe(rig.origin.requests.length);
});

test('F90: an interface that is down for a minute is waited for, at no cost to the budget, and left at once when it is back', async () => {
  const script = fileURLToPath(new URL('../../support/interface-down.ts', import.meta.url));
  const { stdout } = await promisify(execFile)('unshare', ['--net', '--map-root-user', process.execPath, script]);
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({ waited: { for: 'network', code: 'E_NETWORK' }, restarts: 0 });
  expect(told.noticedMs).toBeLessThanOrEqual(2000);
  expect(told.resumedMs).toBeLessThanOrEqual(2000);
});

test('F91: after eight hours of sleep nothing is an error: dead connections are left and the file is finished', async () => {
  await using rig = await startRig({
    content: content(91, 32 * MiB),
    bytesPerSecond: MiB,
    faults: [{ on: { where: ({ n }) => n <= 8 }, times: always, atLeast: 8, answer: stall(2 * MiB) }],
  });
  const run = rig.download({ connections: 8, retries: 0 });
  const end = run.end();
  await rig.origin.until(() => rig.origin.bytesSent >= 12 * MiB);
  rig.clock.sleep(8 * 3_600_000);
  await end;
  await rig.expectDone(run);
  expect(run.states).not.toContain('waiting');
  expect(run.restarts).toBe(0);
});

test('F91: a sleep that stops the monotonic clock (Linux) is noticed all the same', async () => {
  await using rig = await startRig({
    content: content(91, 32 * MiB),
    bytesPerSecond: MiB,
    faults: [{ on: { where: ({ n }) => n <= 8 }, times: always, atLeast: 8, answer: stall(2 * MiB) }],
  });
  const run = rig.download({ connections: 8, retries: 0, idleTimeoutMs: 3_600_000 });
  const end = run.end();
  await rig.origin.until(() => rig.origin.bytesSent >= 12 * MiB);
  rig.clock.suspend(8 * 3_600_000);
  await end;
  await rig.expectDone(run);
  expect(run.states).not.toContain('waiting');
});

test('F93: a portal that answers for every host is waited for as a lost network, and nothing of it is written', async () => {
  let isOnline = false;
  await using portal = await startRig({
    content: content(93, MiB),
    faults: [{ on: {}, times: always, answer: status(200, { headers: [['Content-Type', 'text/html']] }) }],
  });
  await using rig = await startRig({
    content: content(93, 16 * MiB),
    bytesPerSecond: MiB,
    faults: [
      { on: { where: ({ n }) => n <= 8 }, times: always, answer: stall(MiB) },
      {
        on: { where: ({ n }) => n > 8 && !isOnline },
        times: always,
        answer: redirect(302, () => portal.origin.url('/login')),
      },
    ],
  });
  const run = rig.download({ connections: 8, retries: 2 });
  const end = run.end();
  await run.until(({ download: { state } }) => state.type === 'waiting' && state.for === 'network');
  const { doneBytes } = run.download.progress();
  expect(run.code).toBe('E_NOT_FILE');
  isOnline = true;
  await end;
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(doneBytes).toBeGreaterThan(0);
});
