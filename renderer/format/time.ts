/** Times and spans in the page's language. */
export type Language = 'en' | 'zh-CN';

const units: Record<Language, readonly [second: string, minute: string, hour: string, day: string]> = {
  en: [' s', ' min', ' h', ' d'],
  'zh-CN': [' 秒', ' 分', ' 小时', ' 天'],
};

/** The two units that matter: `8 s`, `2 min 05 s`, `3 h 12 min`, `4 d 6 h`. Empty where it is not known. */
export function spanText(seconds: number, language: Language): string {
  if (seconds < 0 || !Number.isFinite(seconds)) return '';
  const [second, minute, hour, day] = units[language];
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}${second}`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}${minute} ${String(whole % 60).padStart(2, '0')}${second}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}${hour} ${String(minutes % 60).padStart(2, '0')}${minute}`;
  return `${Math.floor(hours / 24)}${day} ${hours % 24}${hour}`;
}

// A formatter costs a thousand times what using it does.
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(language: Language, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${name}`;
  const known = formatters.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat(language, options);
  formatters.set(key, made);
  return made;
}

const clock = { hour: '2-digit', minute: '2-digit', hour12: false } as const;

/** Of today the time, of this year day and time, of before the date. */
export function whenText(at: number, now: number, language: Language): string {
  const date = new Date(at);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return formatter(language, 'time', clock).format(date);
  if (date.getFullYear() === today.getFullYear())
    return formatter(language, 'day', { month: 'short', day: 'numeric', ...clock }).format(date);
  return formatter(language, 'date', { year: 'numeric', month: 'short', day: 'numeric' }).format(date);
}

/** To the second, for a log. */
export const clockText = (at: number, language: Language): string =>
  formatter(language, 'log', { ...clock, second: '2-digit' }).format(at);

/** All of it, for what is shown on its own. */
export const dateText = (at: number, language: Language): string =>
  formatter(language, 'full', { dateStyle: 'medium', timeStyle: 'short' }).format(at);

/** `08:30` of the minutes of a day. */
export const minuteText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Reads `8:30` and `24:00`. Undefined for anything else. */
export function parseMinute(text: string): number | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (match === null) return undefined;
  const minute = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minute <= 1440 ? minute : undefined;
}
