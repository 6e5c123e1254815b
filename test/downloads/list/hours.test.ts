import { describe, expect, test } from 'vitest';
import type { TimeWindow } from '#shared/settings';
import { hoursAt } from '../../../electron/downloads/list/hours.ts';

/** 2026-11-23 is a Monday. */
const at = (day: number, hour: number, minute = 0): number => new Date(2026, 10, day, hour, minute).getTime();
const window = (weekdays: number[], start: number, end: number, limitBytesPerSecond = 0): TimeWindow => ({
  weekdays,
  startMinute: start * 60,
  endMinute: end * 60,
  limitBytesPerSecond,
});
const may = (windows: TimeWindow[], now: number): boolean => hoursAt({ isOn: true, windows }, now).mayRun;

describe('the hours', () => {
  test('off, all may run at all times; on without a window, none', () => {
    expect(hoursAt({ isOn: false, windows: [window([1], 1, 2)] }, at(23, 12))).toMatchObject({ mayRun: true, until: undefined });
    expect(may([], at(23, 12))).toBe(false);
  });

  test('a window is open from its first minute up to its last, on its days', () => {
    const windows = [window([1, 2], 8, 17)];
    expect([at(23, 7, 59), at(23, 8), at(23, 16, 59), at(23, 17), at(25, 12)].map((now) => may(windows, now))).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test('over midnight the morning belongs to the day before', () => {
    const windows = [window([1], 22, 6)];
    expect([at(23, 21), at(23, 23), at(24, 5), at(24, 6), at(23, 5), at(24, 23)].map((now) => may(windows, now))).toEqual([
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
    // From Saturday into Sunday, the end of the week.
    expect(may([window([6], 22, 6)], at(29, 3))).toBe(true);
  });

  test('a whole day ends at its midnight, and the same start and end is all of a day', () => {
    expect(may([window([1], 0, 24)], at(23, 23, 59))).toBe(true);
    expect(may([window([1], 0, 24)], at(24, 0))).toBe(false);
    expect(may([window([1], 8, 8)], at(24, 7, 59))).toBe(true);
  });

  test('where several are open the lowest limit counts, and one without a limit sets none', () => {
    const windows = [window([1], 8, 17, 500), window([1], 12, 13, 200), window([1], 0, 24)];
    const limitAt = (now: number): number => hoursAt({ isOn: true, windows }, now).limitBytesPerSecond;
    expect([limitAt(at(23, 9)), limitAt(at(23, 12)), limitAt(at(23, 18))]).toEqual([500, 200, 0]);
  });
});
