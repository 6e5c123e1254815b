/** Sizes and speeds as a person reads them: powers of 1024, and said so. */
import { formatBytes, formatRate } from '#shared/units';

/** What is not known yet. */
export const unknown = '—';

export const sizeText = (bytes: number | undefined): string => (bytes === undefined ? unknown : formatBytes(bytes));

/** `16.0 – 32.0 MiB`: a unit is written once where both have it. */
export function rangeText(start: number, end: number): string {
  const [from, to] = [sizeText(start), sizeText(end)];
  const unit = / \S+$/.exec(to)?.[0] ?? '';
  return `${from.endsWith(unit) ? from.slice(0, from.length - unit.length) : from} – ${to}`;
}

/** A speed of nothing is left empty: a column of zeros hides the few that matter. */
export const speedText = (bytesPerSecond: number): string => (bytesPerSecond > 0 ? formatRate(bytesPerSecond) : '');

/** `512K` for what a person types back; empty for no limit. */
export function limitText(bytesPerSecond: number): string {
  if (bytesPerSecond === 0) return '';
  for (const [unit, factor] of [
    ['G', 1024 ** 3],
    ['M', 1024 ** 2],
    ['K', 1024],
  ] as const) {
    if (bytesPerSecond % (factor / 4) === 0 && bytesPerSecond >= factor) return `${bytesPerSecond / factor}${unit}`;
  }
  return String(bytesPerSecond);
}
