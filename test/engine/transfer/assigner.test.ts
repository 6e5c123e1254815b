import { expect, test } from 'vitest';
import { Assigner, type Worker } from '../../../electron/engine/transfer/assigner.ts';
import { RangeMap } from '../../../electron/engine/transfer/range-map.ts';
import type { LeaseView } from '../../../electron/engine/transfer/schedule.ts';

const MiB = 1024 * 1024;
const nowMs = 60_000;

function worker(id: number, change: Partial<Worker> = {}): Worker {
  return {
    id,
    lease: undefined,
    state: 'idle',
    isStreaming: change.state === 'streaming' || change.state === 'throttled',
    isBusy: change.lease !== undefined,
    isHeld: false,
    leasedAt: nowMs - 5000,
    lastByteAt: nowMs,
    lastBytesPerSecond: 0,
    roundTripMs: 200,
    answerMs: 200,
    meter: { bytesPerSecond: 3 * MiB, observedMs: 4000 },
    hasConnectionTo: () => true,
    ...change,
  };
}

/** How the plan sees a lease of 8 MiB, when another slot is to be given work. */
function viewOf(change: Partial<Worker>): LeaseView | undefined {
  const map = new RangeMap(64 * MiB);
  const workers = [worker(1, { lease: map.lease(0, 8 * MiB), ...change }), worker(2)];
  let seen: readonly LeaseView[] = [];
  const assigner = new Assigner<Worker>(
    {
      clock: { now: () => nowMs },
      slots: () => workers,
      gate: () => ({ cap: 16, isFragile: false }),
      allowed: () => 2,
      isLimited: () => false,
      hasWarm: () => false,
      largestAnswer: () => Number.POSITIVE_INFINITY,
    },
    { map, asksRanges: true, hasWholeToFetch: true, supportsRanges: true, link: { final: new URL('http://x.test/') } },
    (situation) => {
      seen = situation.leases;
      return { type: 'none' };
    },
  );
  assigner.hasWorkFor(workers[1] as Worker);
  return seen[0];
}

test('a connection that asks for its next range is believed to be as fast as it was, a new one is not known', () => {
  const asking = { state: 'headers', leasedAt: nowMs - 100 } as const;
  expect(viewOf(asking)).toMatchObject({ bytesPerSecond: 3 * MiB, observedMs: 4000, startMs: 200 });
  const fresh = { ...asking, meter: { bytesPerSecond: 0, observedMs: 0 } };
  expect(viewOf(fresh)).toMatchObject({ bytesPerSecond: 0, observedMs: 0 });
  expect(viewOf({ ...asking, state: 'connecting' })).toMatchObject({ bytesPerSecond: 0, observedMs: 0 });
});

test('a stream that fell silent is believed to be silent for as long again; three round trips, or our own pause, are no silence', () => {
  expect(viewOf({ state: 'streaming', lastByteAt: nowMs - 601 })).toMatchObject({ startMs: 601, bytesPerSecond: 3 * MiB });
  expect(viewOf({ state: 'streaming', lastByteAt: nowMs - 600 })).toMatchObject({ startMs: 0 });
  expect(viewOf({ state: 'throttled', lastByteAt: nowMs - 5000 })).toMatchObject({ startMs: 0 });
});
