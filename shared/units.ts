/** Bytes, speeds and times as people write and read them. K, M and G are powers of 1024 everywhere. */

const factors = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** Reads `500`, `300K`, `1.5M`, `2G`, in either case. Undefined for anything else, and for what is no safe integer. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMG]?)$/i.exec(text.trim());
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * factors[(match[2] ?? '').toUpperCase() as keyof typeof factors]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Reads seconds, `3` or `0.5`, as whole milliseconds. Undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  if (!/^\d+(?:\.\d+)?$/.test(text.trim())) return undefined;
  const milliseconds = Math.round(Number(text) * 1000);
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `812 B`, `1.5 MiB`: three or four digits, so that a column of them stays narrow. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would print as 1024.0, so the step up comes before the rounding does.
  while (value >= (unit === 0 ? 1024 : 1023.95) && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${byteUnits[unit]}`;
}

/** `25.1 MiB/s`. */
export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

/** `8 s`, `2 min 05 s`, `3 h 12 min`, `4 d 6 h`: the two units that matter. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How much is there, rounded down: 100 % is said only of all of it. Undefined where the size is unknown. */
export function percentOf(doneBytes: number, size: number | undefined): number | undefined {
  if (size === undefined) return undefined;
  if (size === 0) return 100;
  return Math.min(doneBytes < size ? 99 : 100, Math.floor((doneBytes / size) * 100));
}
