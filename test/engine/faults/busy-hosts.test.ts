/** Hosts that ask for time: Retry-After is kept to, by all downloads of the host, and what it cannot mean is a back-off. */
import { describe, expect, test } from 'vitest';
import { cut, header, redirect, retryAfterDate, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { expectWaits, waitsOf } from '../../support/instants.ts';
import { startOrigin } from '../../support/origin.ts';

const small = content(46, 2 * MiB);
const busy = (code: number, retryAfter: string) => status(code, { headers: [['Retry-After', retryAfter]] });

/** Milliseconds left of a wait for the host; undefined in any other state. */
function hostWait({ download }: Run, rig: Rig): number | undefined {
  const { state } = download;
  return state.type === 'waiting' && state.for === 'host' ? (state.until ?? Number.NaN) - rig.clock.now() : undefined;
}

function expectWithin(actual: number | undefined, low: number, high: number): void {
  expect(actual).toBeGreaterThanOrEqual(low);
  expect(actual).toBeLessThanOrEqual(high);
}

test('F46: a 429 with Retry-After: 7 on the only connection is waited for, uncounted, and named with its time', async () => {
  await using rig = await startRig({ content: small, faults: [{ on: { request: 1 }, answer: busy(429, '7') }] });
  const run = rig.download({ retries: 0 });
  const end = run.end();
  await run.untilState('waiting');
  expectWithin(hostWait(run, rig), 6500, 7000);
  expect(run.code).toBe('E_HTTP_429');
  await end;
  await rig.expectDone(run);
  expectWaits(waitsOf(rig.origin), [7000]);
  expect(rig.origin.requests).toHaveLength(2);
});

test('F46: in the middle of a file too, without losing a byte', async () => {
  await using rig = await startRig({
    content: content(46, 8 * MiB),
    faults: [
      { on: { request: 1 }, answer: cut(MiB, 'fin') },
      { on: { request: 2 }, answer: busy(503, '7') },
    ],
  });
  const run = rig.download({ connections: 1 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expectWaits(waitsOf(rig.origin).slice(1), [7000]);
  expect(rig.origin.requests.map(({ range }) => range?.start)).toEqual([undefined, MiB, MiB]);
});

test('F46: other downloads of the host wait as long, say so, and those of another host do not wait', async () => {
  await using rig = await startRig({ content: small, faults: [{ on: { request: 1 }, answer: busy(429, '7') }] });
  await using other = await startOrigin({ content: small, clock: rig.clock, host: '127.0.0.2' });
  const first = rig.download({}, {}, { name: 'first' });
  const firstEnd = first.end();
  await first.untilState('waiting');
  const second = rig.download({}, {}, { name: 'second' });
  const elsewhere = rig.download({}, { url: other.url() }, { name: 'elsewhere' });
  const secondEnd = second.end();
  await elsewhere.end();
  await rig.expectDone(elsewhere);
  expect(first.download.state.type).toBe('waiting');
  await second.untilState('waiting');
  expect(hostWait(second, rig)).toBeCloseTo(hostWait(first, rig) ?? 0, 0);
  expect(second.code).toBe('E_HTTP_429');
  expect(rig.origin.requests).toHaveLength(1);
  await Promise.all([firstEnd, secondEnd]);
  for (const run of [first, second]) await rig.expectDone(run);
  const [asked, ...later] = rig.origin.requests;
  for (const { at } of later) expect(at - (asked?.at ?? 0)).toBeGreaterThanOrEqual(7000);
});

test('F46: so do those that come to the host by a redirect', async () => {
  await using rig = await startRig({ content: small, faults: [{ on: { request: 1 }, answer: busy(429, '7') }] });
  await using other = await startOrigin({
    clock: rig.clock,
    host: '127.0.0.2',
    content: small,
    faults: [{ on: {}, answer: redirect(302, rig.origin.url()) }],
  });
  const first = rig.download({}, {}, { name: 'first' });
  const firstEnd = first.end();
  await first.untilState('waiting');
  const second = rig.download({}, { url: other.url() }, { name: 'second' });
  const secondEnd = second.end();
  await second.untilState('waiting');
  expect(hostWait(second, rig)).toBeCloseTo(hostWait(first, rig) ?? 0, 0);
  expect([other.requests.length, rig.origin.requests.length]).toEqual([1, 1]);
  await Promise.all([firstEnd, secondEnd]);
  for (const run of [first, second]) await rig.expectDone(run);
});

test('F46: refused again and again, each Retry-After is kept to and none is counted', async () => {
  await using rig = await startRig({
    content: small,
    faults: [{ on: { ranged: false }, times: 12, atLeast: 12, answer: busy(429, '2') }],
  });
  const run = rig.download({ retries: 1 });
  await run.end();
  await rig.expectDone(run);
  expectWaits(waitsOf(rig.origin), Array(12).fill(2000));
});

test('F46: on one connection more it closes the door to new ones while the others go on', async () => {
  await using rig = await startRig({
    content: content(46, 16 * MiB),
    bytesPerSecond: MiB,
    faults: [{ name: 'extra', on: { extra: true }, answer: busy(503, '5') }],
  });
  const run = rig.download({ retries: 0 });
  await run.end();
  await rig.expectDone(run);
  expect(run.states).not.toContain('waiting');
  const [whole, extra] = rig.origin.requests;
  expect(rig.origin.requests.filter(({ at }) => at > (extra?.at ?? 0) && at < (extra?.at ?? 0) + 5000)).toEqual([]);
  expect(whole?.bytesSent).toBeGreaterThan(5 * MiB);
});

describe('F47', () => {
  test('F47: a Retry-After date is measured against the Date of the answer, not against a clock of ours that is an hour wrong', async () => {
    for (const wallOffsetMs of [3_600_000, -3_600_000]) {
      await using rig = await startRig({
        content: small,
        wallOffsetMs,
        faults: [{ on: { request: 1 }, answer: [status(503), retryAfterDate(30_000)] }],
      });
      const run = rig.download({ retries: 0 });
      await run.end();
      await rig.expectDone(run);
      // Dates have whole seconds.
      expectWithin(waitsOf(rig.origin)[0], 29_000, 31_500);
    }
  });

  test('F47: without a Date our own clock has to do', async () => {
    await using rig = await startRig({
      content: small,
      faults: [{ on: { request: 1 }, answer: [status(503), retryAfterDate(30_000), header('Date', undefined)] }],
    });
    const run = rig.download({ retries: 0 });
    await run.end();
    await rig.expectDone(run);
    expectWithin(waitsOf(rig.origin)[0], 29_000, 30_500);
  });

  test('F47: a date in the past is the usual back-off', async () => {
    await using rig = await startRig({
      content: small,
      faults: [{ on: { request: 1 }, answer: [status(503), retryAfterDate(-30_000)] }],
    });
    const run = rig.download();
    await run.end();
    await rig.expectDone(run);
    expectWaits(waitsOf(rig.origin), [1000]);
  });
});

test('F48: a Retry-After of a day is shown, kept to across pause and start, and can be ended by whoever waits', async () => {
  await using rig = await startRig({
    content: small,
    engine: { tickMs: 10_000 },
    faults: [{ on: { request: 1 }, answer: busy(503, '86400') }],
  });
  const run = rig.download();
  void run.end();
  await run.untilState('waiting');
  expectWithin(hostWait(run, rig), 86_399_000, 86_400_000);
  expect(run.code).toBe('E_HTTP_503');
  await new Promise<void>((resolve) => rig.clock.setTimer(resolve, 600_000));
  expect(run.download.state.type).toBe('waiting');
  await run.download.pause();
  expect(run.download.state.type).toBe('paused');
  run.download.start();
  await run.untilState('waiting');
  expectWithin(hostWait(run, rig), 85_700_000, 85_800_000);
  expect(run.code).toBe('E_HTTP_503');
  expect(rig.origin.requests).toHaveLength(1);
});

test('F48: ten minutes are waited for to the second', async () => {
  await using rig = await startRig({
    content: small,
    engine: { tickMs: 10_000 },
    faults: [{ on: { request: 1 }, answer: busy(429, '600') }],
  });
  const run = rig.download({ retries: 0 });
  await run.end();
  await rig.expectDone(run);
  expectWaits(waitsOf(rig.origin), [600_000]);
});

describe.each(['soon', '-5', '1e12', '1000000000000', '7.5', '', '0', '7, 8'])('F49', (value) => {
  test(`F49: Retry-After: ${JSON.stringify(value)} is the usual back-off, counted`, async () => {
    await using rig = await startRig({
      content: small,
      faults: [{ on: { request: [1, 2] }, times: 2, atLeast: 2, answer: busy(429, value) }],
    });
    const run = rig.download({ retries: 2 });
    await run.end();
    await rig.expectDone(run);
    expectWaits(waitsOf(rig.origin), [1000, 2000]);
  });

  test(`F49: Retry-After: ${JSON.stringify(value)} for ever uses the budget up`, async () => {
    await using rig = await startRig({ content: small, faults: [{ on: {}, times: 3, atLeast: 3, answer: busy(429, value) }] });
    const run = rig.download({ retries: 2 });
    await run.end();
    expect(run.code).toBe('E_HTTP_429');
    expect(rig.origin.requests).toHaveLength(3);
  });
});
