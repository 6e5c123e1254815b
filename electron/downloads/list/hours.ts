/** When downloads may run by themselves, and how fast. */
import type { Settings, TimeWindow } from '#shared/settings';

export interface Hours {
  readonly mayRun: boolean;
  /** 0: no limit but the general one. */
  readonly limitBytesPerSecond: number;
  /** When this may change, in milliseconds since 1970; undefined where nothing is scheduled. */
  readonly until: number | undefined;
}

const minuteMs = 60_000;

function covers({ weekdays, startMinute, endMinute }: TimeWindow, weekday: number, minute: number): boolean {
  if (startMinute < endMinute) return weekdays.includes(weekday) && minute >= startMinute && minute < endMinute;
  // Over midnight: the morning belongs to the day before.
  const isEvening = weekdays.includes(weekday) && minute >= startMinute;
  const isMorning = weekdays.includes((weekday + 6) % 7) && minute < endMinute;
  return isEvening || isMorning;
}

/** By the local time of `now`, milliseconds since 1970. */
export function hoursAt(schedule: Settings['schedule'], now: number): Hours {
  if (!schedule.isOn) return { mayRun: true, limitBytesPerSecond: 0, until: undefined };
  const date = new Date(now);
  const minute = date.getHours() * 60 + date.getMinutes();
  const open = schedule.windows.filter((window) => covers(window, date.getDay(), minute));
  // The next full minute: windows begin and end on one, and clocks are changed.
  const until = now - (now % minuteMs) + minuteMs;
  const limits = open.map(({ limitBytesPerSecond }) => limitBytesPerSecond).filter((limit) => limit > 0);
  return { mayRun: open.length > 0, limitBytesPerSecond: limits.length > 0 ? Math.min(...limits) : 0, until };
}
