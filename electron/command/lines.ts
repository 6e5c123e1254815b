/** What is said of a download, in words: for the lines of a log and the lines that stay above the live display. */
import { type DownloadRow, type Outcome, safeUrl } from '#downloads';
import type { CheckProgress, DownloadEvent, DownloadProgress, DownloadState } from '#shared/download';
import { formatBytes, formatDuration, formatRate, percentOf } from '#shared/units';
import { printable } from './printable.ts';

/** The file's name, or its address while the name is not known. */
export const labelOf = (row: DownloadRow): string => printable(row.name ?? safeUrl(row.order.request.url));

export function identifiedText(event: Extract<DownloadEvent, { type: 'identified' }>): string {
  const size = event.size === undefined ? 'size unknown' : formatBytes(event.size);
  return event.resumedBytes > 0 ? `${size}, going on from ${formatBytes(event.resumedBytes)}` : size;
}

/** Undefined for states that need no line of their own. `nowMs` is on the scale of `until`. */
export function stateText(state: DownloadState, nowMs: number): string | undefined {
  if (state.type !== 'waiting') return undefined;
  const time = state.until === undefined ? '' : ` ${formatDuration(state.until - nowMs)}`;
  return `waiting${time}: ${printable(state.cause.message)}`;
}

/** `45 %, 2.1 GiB of 4.7 GiB, 25.0 MiB/s, 1 min 46 s left`. */
export function progressText(progress: DownloadProgress): string {
  const { size, doneBytes, bytesPerSecond, check } = progress;
  if (check !== undefined && check.totalBytes > 0) return checkText(check);
  const percent = percentOf(doneBytes, size);
  const amount = size === undefined ? formatBytes(doneBytes) : `${percent} %, ${formatBytes(doneBytes)} of ${formatBytes(size)}`;
  const left = timeLeft(progress);
  return `${amount}, ${formatRate(bytesPerSecond)}${left === undefined ? '' : `, ${left} left`}`;
}

/** `checking, 45 % of 4.7 GiB, 1.0 GiB/s`. */
function checkText({ doneBytes, totalBytes, bytesPerSecond }: CheckProgress): string {
  return `checking, ${percentOf(doneBytes, totalBytes)} % of ${formatBytes(totalBytes)}, ${formatRate(bytesPerSecond)}`;
}

export function timeLeft({ size, doneBytes, bytesPerSecond, check }: DownloadProgress): string | undefined {
  if (check !== undefined && check.totalBytes > 0 && check.bytesPerSecond > 0) {
    return formatDuration(((check.totalBytes - check.doneBytes) / check.bytesPerSecond) * 1000);
  }
  if (size === undefined || bytesPerSecond <= 0) return undefined;
  return formatDuration(((size - doneBytes) / bytesPerSecond) * 1000);
}

/** Undefined for what is told elsewhere: a failure on stderr, a stop once for all. */
export function outcomeText(outcome: Outcome): string | undefined {
  switch (outcome.type) {
    case 'done':
      return `done, ${formatBytes(outcome.size)}${outcome.lengthVerified ? '' : ' (the server did not tell the size)'}: ${printable(outcome.path)}`;
    case 'already-there':
      return `already there, ${formatBytes(outcome.size)}: ${printable(outcome.path)}`;
    case 'skipped':
      return `skipped, another file has the name: ${printable(outcome.path)}`;
    case 'failed':
    case 'stopped':
      return undefined;
  }
}
