/** Section C of the fault catalogue: links that die while the file is being fetched, and links that live once. */
import { expect, test } from 'vitest';
import { header, html, redirect, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { Change, RequestFault } from '../../support/faults.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { expiringLink } from '../../support/links.ts';
import { type Origin, startOrigin } from '../../support/origin.ts';

const always = Number.POSITIVE_INFINITY;

const visits = (origin: Origin, path: string): number => origin.requests.filter((each) => each.path === path).length;

test('F63: a signed link that expires is resolved anew by one connection for all, again and again', async () => {
  const validMs = 10_000;
  const faults = expiringLink({ path: '/get', signedPath: '/signed', validMs, atLeast: 2 });
  await using rig = await startRig({ content: content(63, 64 * MiB), bytesPerSecond: 0.25 * MiB, faults });
  const run = rig.download({}, { url: rig.origin.url('/get') });
  const startedAt = rig.clock.now();
  await run.end();
  const tookMs = rig.clock.now() - startedAt;
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(8);
  expect(visits(rig.origin, '/get')).toBeLessThanOrEqual(2 + Math.ceil(tookMs / validMs));
  // Single flight: each refusal is followed by a visit of the original within a second, and all use what it learnt.
  const refusals = rig.origin.requests.filter((each) => each.status === 403);
  for (const refusal of refusals) {
    const next = rig.origin.requests.find(({ path, at, n }) => path === '/get' && n > refusal.n && at - refusal.at <= 1000);
    const token = Number(refusal.query.get('token'));
    const isKnownNewer = rig.origin.requests.some((each) => Number(each.query.get('token')) > token && each.n < refusal.n);
    expect(next !== undefined || isKnownNewer, `request ${refusal.n}`).toBe(true);
  }
  expect(refusals.length).toBeLessThanOrEqual(8 * Math.ceil(tookMs / validMs));
  expect(run.states).not.toContain('waiting');
});

/** The original gives a signed link until it dies; whatever is asked after that is refused. */
function dyingLink(diesAfterBytes: number, refusal: Change): RequestFault[] {
  let isDead = false;
  return [
    {
      name: 'dead',
      on: { path: /get|signed/, where: ({ bytesServed }) => (isDead ||= bytesServed >= diesAfterBytes) },
      times: always,
      answer: refusal,
    },
    { name: 'alive', on: { path: '/get', where: () => !isDead }, times: always, answer: redirect(302, '/signed') },
  ];
}

async function untilDead(rig: Rig): Promise<Run> {
  const run = rig.download({}, { url: rig.origin.url('/get') }, { name: 'file.bin' });
  run.download.start();
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ type: 'waiting', for: 'url', cause: { code: 'E_LINK_EXPIRED' } });
  expect(run.download.state).not.toHaveProperty('until');
  return run;
}

test.each([
  ['403', status(403)],
  ['404', status(404)],
  ['410', status(410)],
  ['401', status(401)],
  ['a web page', html()],
] as const)('F64: with the original dead too (%s), what streams finishes, and a new link goes on', async (_what, refusal) => {
  await using rig = await startRig({ content: content(64, 64 * MiB), bytesPerSecond: MiB, faults: dyingLink(20 * MiB, refusal) });
  const run = await untilDead(rig);
  const { doneBytes } = run.download.progress();
  // Eight leases were under way when it died: each was finished. (The body of the first request went on beyond its own.)
  const leases = rig.origin.requests.filter((each) => each.range !== undefined && each.status === 206);
  expect(leases.length).toBeGreaterThanOrEqual(7);
  expect(leases.every(({ outcome }) => outcome === 'complete')).toBe(true);
  expect(doneBytes).toBeGreaterThan(30 * MiB);
  expect(doneBytes).toBeLessThan(64 * MiB);
  const before = rig.origin.requests.length;
  await new Promise<void>((resolve) => rig.clock.setTimer(resolve, 600_000));
  // Nothing is asked while only a person can help.
  expect(rig.origin.requests.length).toBe(before);
  expect(before).toBeLessThanOrEqual(40);
  run.download.setUrl(rig.origin.url('/fresh'));
  await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  const sentAgain = rig.origin.requests.slice(before).filter(({ path }) => path === '/fresh');
  expect(sentAgain.reduce((sum, each) => sum + each.bytesSent, 0)).toBeLessThan(64 * MiB - doneBytes + MiB);
});

test.each([
  ['of another size', content(99, 60 * MiB), undefined],
  ['of the same size, without validators', content(99, 64 * MiB), undefined],
  ['of the same size and ETag', content(99, 64 * MiB), '"v1"'],
])('F64: a new link that leads to a file %s is refused, and the right one still goes on', async (_what, wrong, etag) => {
  const resource = { content: wrong, contentType: 'application/octet-stream', acceptRanges: true, headers: [], etag };
  await using rig = await startRig({
    content: content(64, 64 * MiB),
    bytesPerSecond: MiB,
    faults: dyingLink(20 * MiB, status(403)),
    resources: { '/wrong': resource },
  });
  const run = await untilDead(rig);
  const before = run.download.progress().done;
  const askedBefore = rig.origin.requests.length;
  run.download.setUrl(rig.origin.url('/wrong'));
  await run.until(({ download }) => download.state.type !== 'waiting');
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ for: 'url', cause: { code: 'E_REMOTE_CHANGED' } });
  expect(run.download.progress().done).toEqual(before);
  expect(run.restarts).toBe(0);
  expect(rig.origin.requests.length - askedBefore).toBeLessThanOrEqual(3);
  run.download.setUrl(rig.origin.url('/right'));
  await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
  await rig.expectDone(run);
});

test('F64: the wait for a link outlives the process', async () => {
  await using rig = await startRig({
    content: content(64, 64 * MiB),
    bytesPerSecond: MiB,
    faults: dyingLink(20 * MiB, status(404)),
  });
  const first = await untilDead(rig);
  const { doneBytes } = first.download.progress();
  await rig.restartEngine();
  const second = rig.download({}, { url: rig.origin.url('/fresh') }, { name: 'file.bin' });
  await second.end();
  await rig.expectDone(second);
  expect(second.download.progress().resumedBytes).toBe(doneBytes);
});

test.each([404, 403, 410])('F65: a link that lives once gives its file on the first connection (%i)', async (code) => {
  const faults = [{ on: { from: 2 }, times: always, answer: status(code) }];
  await using rig = await startRig({ content: content(65, 32 * MiB), bytesPerSecond: MiB, faults });
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(3);
  expect(rig.origin.requests[0]?.outcome).toBe('complete');
  expect(run.restarts).toBe(0);
});

test('F65: the host of such links is asked no more than once for the next ones', async () => {
  const used = new Set<string>();
  const isUsed = ({ path }: { path: string }): boolean => used.size === used.add(path).size;
  const faults = [{ on: { where: isUsed }, times: always, answer: status(404) }];
  await using rig = await startRig({ content: content(65, 16 * MiB), bytesPerSecond: MiB, faults });
  for (const path of ['/a.bin', '/b.bin', '/c.bin']) {
    const before = rig.origin.requests.length;
    const run = rig.download({}, { url: rig.origin.url(path) });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.length - before).toBeLessThanOrEqual(path === '/a.bin' ? 3 : 1);
  }
});

test('F69: mirrors behind one address that disagree about the ETag are compared by bytes, each at its own edge', async () => {
  const hosts = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
  const mirrors: Origin[] = [];
  let next = 0;
  const turn: Change = redirect(302, () => mirrors[next++ % mirrors.length]?.url() ?? '');
  await using rig = await startRig({ content: content(69, 32 * MiB), faults: [{ on: {}, times: always, answer: turn }] });
  await using stack = new AsyncDisposableStack();
  for (const host of hosts) {
    // Each serves one connection, so that the next is sent on to another mirror.
    const faults = [{ on: { streamsOver: 1 }, times: always, answer: status(403) }];
    const headers = { content: rig.content, etag: `"${host}"`, bytesPerSecond: MiB };
    mirrors.push(stack.use(await startOrigin({ ...headers, host, clock: rig.clock, faults })));
  }
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(mirrors.map(({ maxStreams }) => maxStreams)).toEqual([1, 1, 1]);
  expect(mirrors.every(({ bytesSent }) => bytesSent > 4 * MiB)).toBe(true);
  expect(run.notes('validators-differ')).toBeGreaterThanOrEqual(2);
  expect(run.restarts).toBe(0);
  const asked = rig.origin.requests.length + mirrors.reduce((sum, each) => sum + each.requests.length, 0);
  expect(asked).toBeLessThanOrEqual(60);
});

test('F69: a mirror that holds another file under another ETag gives not one byte', async () => {
  const mirrors: Origin[] = [];
  let next = 0;
  const turn: Change = redirect(302, () => mirrors[next++ % mirrors.length]?.url() ?? '');
  await using rig = await startRig({ content: content(69, 16 * MiB), faults: [{ on: {}, times: always, answer: turn }] });
  const limit = { on: { streamsOver: 1 }, times: always, answer: status(403) };
  const pace = { clock: rig.clock, bytesPerSecond: MiB };
  await using good = await startOrigin({ ...pace, content: rig.content, host: '127.0.0.2', faults: [limit] });
  const poisoned = { on: {}, times: always, answer: header('X-Wrong', '1') };
  await using bad = await startOrigin({
    ...pace,
    content: content(70, 16 * MiB),
    etag: '"b"',
    host: '127.0.0.3',
    faults: [poisoned],
  });
  mirrors.push(good, bad);
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(bad.requests.length).toBeGreaterThan(0);
  expect(run.restarts).toBe(0);
});
