/** Hosts that take only so many connections: refusing one more is news about the host, never a failure of the bytes. */
import { describe, expect, test } from 'vitest';
import { html, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { AcceptFate, Change, Fault } from '../../support/faults.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { expectWaits } from '../../support/instants.ts';

const always = Number.POSITIVE_INFINITY;
const answering = (answer: Change): Fault => ({ on: { streamsOver: 2 }, times: always, answer });
const accepting = (accept: AcceptFate): Fault => ({ on: { connectionsOver: 2 }, times: always, accept });

/** The instants, in the clock's milliseconds, at which a refusal lowered the host's cap. */
function capsOf(rig: Rig, run: Run): number[] {
  const instants: number[] = [];
  run.download.subscribe((event) => {
    if (event.type === 'noted' && event.code === 'host-capped') instants.push(rig.clock.now());
  });
  return instants;
}

/** How connections beyond two are refused; `isLong`: the file takes long enough for a trial. */
describe.each([
  { number: 'F39', by: 'a 503', fault: answering(status(503)), afterMs: 0, isLong: true },
  { number: 'F40', by: 'a 403', fault: answering(status(403)), afterMs: 0, isLong: false },
  { number: 'F41', by: 'a 429', fault: answering(status(429)), afterMs: 0, isLong: false },
  { number: 'F42', by: 'ECONNREFUSED', fault: accepting('refused'), afterMs: 0, isLong: false },
  { number: 'F43', by: 'RST right after connecting', fault: accepting('rst'), afterMs: 0, isLong: true },
  { number: 'F44', by: 'silence until the header time-out', fault: accepting('silence'), afterMs: 20_000, isLong: true },
  { number: 'F45', by: 'a web page', fault: answering(html()), afterMs: 0, isLong: false },
])('$number', ({ number, by, fault, afterMs, isLong }) => {
  test(`${number}: connections beyond two that meet ${by} cap the host at two, uncounted`, async () => {
    await using rig = await startRig({
      content: content(39, 20 * MiB),
      // Two connections need 107 s: room for a trial after a minute and its time-out; or 10 s.
      bytesPerSecond: isLong ? 96 * KiB : MiB,
      faults: [fault],
    });
    // Without any retry a single counted failure would be the end.
    const run = rig.download({ retries: 0 });
    const caps = capsOf(rig, run);
    await run.end();
    await rig.expectDone(run);
    // A web page is an answer like any other to the origin.
    if (number !== 'F45') expect(rig.origin.maxStreams).toBe(2);
    // Two at the ramp's third step, and one as a trial.
    expect(caps).toHaveLength(isLong ? 3 : 2);
    const [first = 0, second = 0, third = 0] = caps;
    expect(first - afterMs).toBeLessThan(2000);
    expect(second - first).toBeLessThan(500);
    if (isLong) expectWaits([third - second - afterMs], [60_000]);
    expect(rig.origin.requests.length).toBeLessThanOrEqual(16);
    expect(run.restarts).toBe(0);
  });
});

test.each(['rst', 'fin'] as const)(
  'F43: one connection lost on its way (%s) while the ramp goes on is chance, not the host: all come',
  async (accept) => {
    await using rig = await startRig({
      content: content(43, 20 * MiB),
      bytesPerSecond: 256 * KiB,
      faults: [{ name: 'lost', on: { connectionsOver: 2 }, times: 1, accept }],
    });
    const run = rig.download({ retries: 0 });
    const end = run.end();
    await rig.origin.until(() => rig.origin.streams === 8);
    expect(rig.clock.now()).toBeLessThan(5000);
    await end;
    await rig.expectDone(run);
    expect(run.notes('host-capped')).toBe(0);
  },
);

test('F39: refused trials come after one minute, then two', async () => {
  await using rig = await startRig({
    content: content(39, 30 * MiB),
    bytesPerSecond: 64 * KiB,
    faults: [answering(status(503))],
  });
  const run = rig.download({ retries: 0, connections: 3 });
  const caps = capsOf(rig, run);
  await run.end();
  await rig.expectDone(run);
  const waits = caps.slice(1).map((instant, index) => Math.round((instant - (caps[index] ?? 0)) / 1000));
  expect(waits).toEqual([60, 120]);
});

test('F39: a trial that is served raises the cap by one', async () => {
  await using rig = await startRig({
    content: content(39, 20 * MiB),
    bytesPerSecond: 128 * KiB,
    faults: [{ on: { streamsOver: 2 }, times: 2, answer: status(503) }],
  });
  const run = rig.download({ retries: 0 });
  const caps = capsOf(rig, run);
  await run.end();
  await rig.expectDone(run);
  expect(caps).toHaveLength(2);
  expect(rig.origin.maxStreams).toBe(3);
});

test('F39: two downloads share what the host takes, and what one learnt the other need not try', async () => {
  await using rig = await startRig({
    content: content(39, 16 * MiB),
    bytesPerSecond: 256 * KiB,
    faults: [{ name: 'full', on: { streamsOver: 4 }, times: always, answer: status(503) }],
  });
  const runs = [rig.download({ retries: 0 }, {}, { name: 'a' }), rig.download({ retries: 0 }, {}, { name: 'b' })];
  const together = Promise.all(runs.map((run) => run.end()));
  await rig.origin.until(() => rig.origin.firedTimes('full') > 0 && rig.origin.streams === 4);
  expect(runs.map((run) => run.download.progress().connections).sort()).not.toContain(0);
  await together;
  for (const run of runs) await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(4);
  expect(rig.origin.firedTimes('full')).toBeLessThanOrEqual(4);
});

test('F39: four downloads from a host that takes one connection are fetched one after another', async () => {
  await using rig = await startRig({
    content: content(39, 3 * MiB),
    bytesPerSecond: 64 * KiB,
    faults: [{ name: 'full', on: { streamsOver: 1 }, times: always, answer: status(503) }],
  });
  // One failure may count: the first one's, before anything is known of the others.
  const runs = ['a', 'b', 'c', 'd'].map((name) => rig.download({ retries: 1 }, {}, { name }));
  await Promise.all(runs.map((run) => run.end()));
  for (const run of runs) await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(1);
  expect(rig.origin.firedTimes('full')).toBeLessThanOrEqual(10);
});

test('F39: a file that is always refused fails alone and does not cost another its connections', async () => {
  await using rig = await startRig({
    content: content(39, 28 * MiB),
    bytesPerSecond: 64 * KiB,
    faults: [{ name: 'broken', on: { path: '/broken' }, times: always, answer: status(503) }],
  });
  const good = rig.download({ connections: 4 });
  const fetched = good.end();
  await rig.origin.until(() => rig.origin.streams === 4);
  const broken = rig.download({ retries: 2 }, { url: rig.origin.url('/broken') });
  await broken.end();
  expect(broken.code).toBe('E_HTTP_503');
  expect(rig.origin.firedTimes('broken')).toBeLessThanOrEqual(5);
  expect(good.download.state.type).toBe('active');
  expect(good.download.progress().connections).toBeGreaterThanOrEqual(3);
  await fetched;
  await rig.expectDone(good);
});

test('F59: a host that refuses more than two new connections a second is met twice at most, then approached slowly', async () => {
  await using rig = await startRig({
    content: content(59, 24 * MiB),
    bytesPerSecond: 128 * KiB,
    faults: [{ name: 'too fast', on: { connectionsPerSecondOver: 2 }, times: always, answer: status(503) }],
  });
  const run = rig.download({ retries: 0 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.firedTimes('too fast')).toBeLessThanOrEqual(2);
  // One more after a minute.
  expect(rig.origin.maxStreams).toBe(3);
});

test('F42: a server that is gone altogether for five seconds is no cap: all connections come back', async () => {
  await using rig = await startRig({ content: content(42, 32 * MiB), bytesPerSecond: 512 * KiB });
  const run = rig.download({ retries: 4 });
  const end = run.end();
  await rig.origin.until(() => rig.origin.streams === 8);
  rig.origin.stopListening();
  rig.origin.dropConnections('rst');
  await new Promise<void>((resolve) => rig.clock.setTimer(resolve, 5000));
  await rig.origin.startListening();
  const backAt = rig.clock.now();
  await rig.origin.until(() => rig.origin.streams === 8);
  expect(rig.clock.now() - backAt).toBeLessThan(6000);
  await end;
  await rig.expectDone(run);
  expect(run.notes('host-capped')).toBe(0);
  expect(run.restarts).toBe(0);
});
