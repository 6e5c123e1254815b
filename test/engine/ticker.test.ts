import { beforeEach, expect, test } from 'vitest';
import { Ticker } from '../../electron/engine/ticker.ts';
import { ManualClock } from '../support/manual-clock.ts';

let clock: ManualClock;
let errors: unknown[];
let gaps: number[];
let ticker: Ticker;

beforeEach(() => {
  clock = new ManualClock();
  errors = [];
  gaps = [];
  ticker = new Ticker(clock, 250, { onError: (error) => errors.push(error), onGap: (ms) => gaps.push(ms) });
});

/** The instants of calls, as milliseconds of the clock. */
function log(): { calls: number[]; callback: () => void } {
  const calls: number[] = [];
  return { calls, callback: () => void calls.push(clock.now()) };
}

test('the timer starts with the first callback and is gone with the last', () => {
  expect(clock.pendingTimers).toBe(0);
  const removeOne = ticker.add(() => {});
  const removeOther = ticker.add(() => {});
  expect(clock.pendingTimers).toBe(1);
  removeOne();
  removeOne();
  expect(clock.pendingTimers).toBe(1);
  removeOther();
  expect(clock.pendingTimers).toBe(0);
  const { calls, callback } = log();
  clock.advance(10_000);
  ticker.add(callback);
  clock.advance(250);
  expect(calls).toEqual([10_250]);
});

test('each callback has its own rhythm in whole periods', () => {
  const fast = log();
  const slow = log();
  ticker.add(fast.callback);
  ticker.add(slow.callback, 1000);
  clock.advance(2000);
  expect(fast.calls).toEqual([250, 500, 750, 1000, 1250, 1500, 1750, 2000]);
  expect(slow.calls).toEqual([1000, 2000]);
});

test('one added between two ticks waits for its whole time, to the nearest tick', () => {
  const other = log();
  const late = log();
  ticker.add(other.callback);
  clock.advance(60);
  ticker.add(late.callback, 500);
  clock.advance(1500);
  expect(late.calls).toEqual([500, 1000, 1500]);
});

test('late ticks do not add up', () => {
  const slow = {
    now: () => clock.now(),
    wallNow: () => 0,
    uptimeNow: () => clock.now(),
    setTimer: (run: () => void, ms: number) => clock.setTimer(run, ms + 7),
  };
  const { calls, callback } = log();
  new Ticker(slow, 250, { onError: () => expect.unreachable() }).add(callback);
  clock.advance(10_100);
  expect(calls).toHaveLength(40);
  expect(calls.at(-1)).toBe(10_007);
});

test('after a callback that took long the grid goes on, and what was missed is not made up for', () => {
  let blockedMs = 0;
  const blocking = {
    now: () => clock.now() + blockedMs,
    wallNow: () => 0,
    uptimeNow: () => clock.now(),
    // Time spent in a callback counts: a timer already due fires at once.
    setTimer: (run: () => void, ms: number) => {
      const dueAt = clock.now() + blockedMs + ms;
      let cancel = (): void => {};
      const poll = (): void => {
        if (clock.now() + blockedMs >= dueAt) run();
        else cancel = clock.setTimer(poll, 1);
      };
      cancel = clock.setTimer(poll, 0);
      return () => cancel();
    },
  };
  const calls: number[] = [];
  new Ticker(blocking, 250, { onError: () => expect.unreachable() }).add(() => {
    calls.push(blocking.now());
    if (calls.length === 1) blockedMs = 900;
  });
  clock.advance(900);
  expect(calls).toEqual([250, 1150, 1500, 1750]);
});

test('a callback may remove itself, remove another and add a third', () => {
  const removed = log();
  const added = log();
  const removeSelf = ticker.add(() => {
    removeSelf();
    removeOther();
    ticker.add(added.callback);
  });
  const removeOther = ticker.add(removed.callback);
  clock.advance(500);
  expect(removed.calls).toEqual([]);
  expect(added.calls).toEqual([500]);
  expect(clock.pendingTimers).toBe(1);
});

test('removing the last from inside leaves no timer', () => {
  const remove = ticker.add(() => remove());
  clock.advance(250);
  expect(clock.pendingTimers).toBe(0);
});

test('one that throws is reported, stays, and does not disturb the others', () => {
  const { calls, callback } = log();
  ticker.add(() => {
    throw new Error('broken');
  });
  ticker.add(callback);
  clock.advance(500);
  expect(calls).toEqual([250, 500]);
  expect(errors).toEqual([new Error('broken'), new Error('broken')]);
});

test('one that is still at work is not called again, and the others go on', async () => {
  const { calls, callback } = log();
  const pending: PromiseWithResolvers<void>[] = [];
  ticker.add(() => {
    const work = Promise.withResolvers<void>();
    pending.push(work);
    return work.promise;
  });
  ticker.add(callback);
  clock.advance(1000);
  expect(pending).toHaveLength(1);
  expect(calls).toHaveLength(4);
  pending[0]?.resolve();
  await clock.advanceSettled(250);
  expect(pending).toHaveLength(2);
  pending[1]?.reject(new Error('failed'));
  await clock.advanceSettled(250);
  expect(errors).toEqual([new Error('failed')]);
  expect(pending).toHaveLength(3);
});

test('the computer slept: the gap is told before the callbacks, and nobody is called twice for it', () => {
  const order: string[] = [];
  let isAsleep = false;
  const sleepy = {
    now: () => clock.now() + (isAsleep ? 28_800_000 : 0),
    wallNow: () => 0,
    uptimeNow: () => clock.now(),
    setTimer: (run: () => void, ms: number) => clock.setTimer(run, ms),
  };
  const own = new Ticker(sleepy, 250, { onError: () => expect.unreachable(), onGap: (ms) => order.push(`gap of ${ms}`) });
  own.add(() => void order.push('tick'));
  clock.advance(250);
  isAsleep = true;
  clock.advance(500);
  expect(order).toEqual(['tick', 'gap of 28800250', 'tick', 'tick']);
});

test('a pause of thirty seconds without callbacks is no gap', () => {
  const remove = ticker.add(() => {});
  clock.advance(250);
  remove();
  clock.advance(100_000);
  ticker.add(() => {});
  clock.advance(1000);
  expect(gaps).toEqual([]);
});

test('the computer slept with its monotonic clock stopped: that is a gap too', () => {
  const { calls, callback } = log();
  ticker.add(callback);
  clock.advance(250);
  clock.asleepMs = 3_600_000;
  clock.advance(500);
  expect([gaps, calls]).toEqual([[3_600_250], [250, 500, 750]]);
});
