/**
 * How long a command without a person behind it lets a download wait. A full disk or a dead link ends only when someone
 * acts; a busy host or a lost network may end by itself, so it gets `maxWaitMs`. A retry is bounded by its own count.
 */
import type { DownloadState } from '#shared/download';

export type WaitingState = Extract<DownloadState, { type: 'waiting' }>;

export type Patience =
  | { readonly type: 'stay' }
  | { readonly type: 'give-up' }
  /** Stay for now and decide again. */
  | { readonly type: 'look-again'; readonly inMs: number };

/** `waitedMs`: how long host or network have kept it waiting since it last received a byte. */
export function patienceWith(waiting: WaitingState, waitedMs: number, nowMs: number, maxWaitMs: number): Patience {
  switch (waiting.for) {
    case 'retry':
    case 'held':
      return { type: 'stay' };
    case 'disk':
    case 'url':
      return { type: 'give-up' };
    case 'host':
    case 'network': {
      const leftMs = maxWaitMs - waitedMs;
      const isTooLong = waiting.until !== undefined && waiting.until - nowMs > leftMs;
      return leftMs <= 0 || isTooLong ? { type: 'give-up' } : { type: 'look-again', inMs: leftMs };
    }
  }
}
