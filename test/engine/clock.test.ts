import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../electron/engine/clock.ts';

const dayMs = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('a timer of months runs when it is due and not before', () => {
  const instants: number[] = [];
  const startMs = Date.now();
  systemClock.setTimer(() => void instants.push(Date.now() - startMs), 100 * dayMs);
  vi.advanceTimersByTime(100 * dayMs - 1);
  expect(instants).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(instants).toEqual([100 * dayMs]);
  expect(vi.getTimerCount()).toBe(0);
});

test('it can be cancelled at any time', () => {
  const cancel = systemClock.setTimer(() => expect.fail('it was cancelled'), 100 * dayMs);
  vi.advanceTimersByTime(60 * dayMs);
  cancel();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60 * dayMs);
});
