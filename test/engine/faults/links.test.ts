/** Section C of the fault catalogue: links that die while the file is being fetched, and links that live once. */
import { expect, test } from 'vitest';
import { html, redirect, status } from '../../support/changes.ts';
import { type Content, content } from '../../support/content.ts';
import type { Change, RequestFault } from '../../support/faults.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { expiringLink } from '../../support/links.ts';
import { type Origin, startOrigin } from '../../support/origin.ts';

const always = Number.POSITIVE_INFINITY;

const passes = (rig: Rig, ms: number): Promise<void> => new Promise((resolve) => void rig.clock.setTimer(resolve, ms));

const visits = (origin: Origin, path: string): number => origin.requests.filter((each) => each.path === path).length;

test.each([
  ['403', status(403)],
  ['a web page', html()],
] as const)(
  'F63: a signed link that expires (%s) is resolved anew by one connection for all, again and again',
  async (_what, refusal) => {
    const validMs = 6000;
    const faults = expiringLink({ path: '/get', signedPath: '/signed', validMs, refusal, atLeast: 2 });
    await using rig = await startRig({ content: content(63, 40 * MiB), bytesPerSecond: 0.25 * MiB, faults });
    const run = rig.download({}, { url: rig.origin.url('/get') });
    const startedAt = rig.clock.now();
    await run.end();
    const tookMs = rig.clock.now() - startedAt;
    await rig.expectDone(run);
    expect(rig.origin.maxStreams).toBe(8);
    expect(visits(rig.origin, '/get')).toBeLessThanOrEqual(2 + Math.ceil(tookMs / validMs));
    // Single flight: each refusal is followed by a visit of the original within a second, and all use what it learnt.
    const refusals = rig.origin.requests.filter(({ path, range, status: code }) => path === '/signed' && range && code !== 206);
    for (const refusal of refusals) {
      const next = rig.origin.requests.find(({ path, at, n }) => path === '/get' && n > refusal.n && at - refusal.at <= 1000);
      const token = Number(refusal.query.get('token'));
      const isKnownNewer = rig.origin.requests.some((each) => Number(each.query.get('token')) > token && each.n < refusal.n);
      expect(next !== undefined || isKnownNewer, `request ${refusal.n}`).toBe(true);
    }
    expect(refusals.length).toBeLessThanOrEqual(8 * Math.ceil(tookMs / validMs));
    expect(run.states).not.toContain('waiting');
  },
);

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
  const run = rig.download({ connections: 4 }, { url: rig.origin.url('/get') }, { name: 'file.bin' });
  run.download.start();
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ type: 'waiting', for: 'url', cause: { code: 'E_LINK_EXPIRED' } });
  expect(run.download.state).not.toHaveProperty('until');
  // The last bytes are on their way to the disk.
  await passes(rig, 1000);
  return run;
}

test.each([
  ['403', status(403)],
  ['404', status(404)],
  ['410', status(410)],
  ['401', status(401)],
  ['a web page', html()],
] as const)('F64: with the original dead too (%s), what streams finishes, and a new link goes on', async (_what, refusal) => {
  await using rig = await startRig({ content: content(64, 40 * MiB), bytesPerSecond: MiB, faults: dyingLink(8 * MiB, refusal) });
  const run = await untilDead(rig);
  const { doneBytes } = run.download.progress();
  // Four leases were under way when it died: each was finished. (The body of the first request went on beyond its own.)
  const leases = rig.origin.requests.filter((each) => each.range !== undefined && each.status === 206);
  expect(leases.length).toBeGreaterThanOrEqual(3);
  expect(leases.every(({ outcome }) => outcome === 'complete')).toBe(true);
  expect(doneBytes).toBeGreaterThan(12 * MiB);
  expect(doneBytes).toBeLessThan(40 * MiB);
  const before = rig.origin.requests.length;
  await passes(rig, 600_000);
  // Nothing is asked while only a person can help.
  expect(rig.origin.requests.length).toBe(before);
  expect(before).toBeLessThanOrEqual(20);
  run.download.setUrl(rig.origin.url('/fresh'));
  await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  const sentAgain = rig.origin.requests.slice(before).filter(({ path }) => path === '/fresh');
  expect(sentAgain.reduce((sum, each) => sum + each.bytesSent, 0)).toBeLessThan(40 * MiB - doneBytes + MiB);
});

test.each([
  ['of another size', content(99, 39 * MiB), undefined],
  ['of the same size, without validators', content(99, 40 * MiB), undefined],
  ['of the same size and ETag', content(99, 40 * MiB), '"v1"'],
])('F64: a new link that leads to a file %s is refused, and the right one still goes on', async (_what, wrong, etag) => {
  const resource = { content: wrong, contentType: 'application/octet-stream', acceptRanges: true, headers: [], etag };
  await using rig = await startRig({
    content: content(64, 40 * MiB),
    bytesPerSecond: MiB,
    faults: dyingLink(8 * MiB, status(403)),
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
    content: content(64, 40 * MiB),
    bytesPerSecond: MiB,
    faults: dyingLink(8 * MiB, status(404)),
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

/** Each mirror streams to one connection and sends a further one on to the next mirror, the last one to the first. */
async function startMirrors(rig: Rig, options: readonly { host: string; content?: Content }[]): Promise<Origin[]> {
  const mirrors: Origin[] = [];
  for (const [index, { host, content: own = rig.content }] of options.entries()) {
    const onward = redirect(302, () => mirrors[(index + 1) % options.length]?.url() ?? '');
    const faults = [{ on: { streamsOver: 1 }, times: always, answer: onward }];
    mirrors.push(await startOrigin({ content: own, etag: `"${host}"`, bytesPerSecond: MiB, host, clock: rig.clock, faults }));
  }
  return mirrors;
}

const toFirst = (mirrors: () => readonly Origin[]): RequestFault => ({
  on: {},
  times: always,
  answer: redirect(302, () => mirrors()[0]?.url() ?? ''),
});

test('F69: connections led to mirrors with other ETags go on where bytes at their own edge are equal', async () => {
  let mirrors: Origin[] = [];
  await using rig = await startRig({ content: content(69, 32 * MiB), faults: [toFirst(() => mirrors)] });
  await using stack = new AsyncDisposableStack();
  mirrors = await startMirrors(rig, [{ host: '127.0.0.2' }, { host: '127.0.0.3' }, { host: '127.0.0.4' }]);
  for (const mirror of mirrors) stack.use(mirror);
  const run = rig.download({ connections: 3 });
  await run.end();
  await rig.expectDone(run);
  expect(mirrors.every(({ bytesSent }) => bytesSent > 4 * MiB)).toBe(true);
  expect(run.notes('validators-differ')).toBeGreaterThanOrEqual(2);
  expect(run.restarts).toBe(0);
  const compared = mirrors
    .flatMap(({ requests }) => requests)
    .filter(({ range, status: code }) => {
      return code === 206 && range !== undefined && range.end - range.start <= 16 * KiB;
    });
  const asked = rig.origin.requests.length + mirrors.reduce((sum, { requests }) => sum + requests.length, 0);
  expect(compared.length).toBeLessThanOrEqual(20);
  expect(asked).toBeLessThanOrEqual(60);
});

test('F69: a mirror that holds another file under another ETag gives not one byte', async () => {
  let mirrors: Origin[] = [];
  await using rig = await startRig({ content: content(69, 32 * MiB), faults: [toFirst(() => mirrors)] });
  await using stack = new AsyncDisposableStack();
  mirrors = await startMirrors(rig, [{ host: '127.0.0.2' }, { host: '127.0.0.3', content: content(70, 32 * MiB) }]);
  stack.use(mirrors[0] as Origin);
  // The one that is wrong may never have two streams.
  stack.defer(() => mirrors[1]?.[Symbol.asyncDispose]().catch(() => {}));
  const run = rig.download({ connections: 4, onChange: 'fail' });
  await run.end();
  expect(run.code).toBe('E_REMOTE_CHANGED');
  expect(mirrors[1]?.requests.length).toBeGreaterThan(0);
  expect(run.restarts).toBe(0);
  // What is claimed is checked against the source when the rig is disposed.
  expect((await rig.claims('file.bin')).length).toBeGreaterThan(0);
});
