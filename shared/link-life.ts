/** Whether a download will outlive its link. */
import type { DownloadRow } from './rows.ts';

export interface LinkLife {
  /** Milliseconds until the link dies; 0 or less where it has. */
  readonly diesInMs: number;
  /** Milliseconds the download still takes at its present speed; absent where that is not known. */
  readonly needsMs?: number;
  /** It dies before the download is through. */
  readonly isTooShort: boolean;
}

/** Undefined where the link has no known end, or its end does not matter any more. `now` in milliseconds since 1970. */
export function linkLifeOf(
  { state, linkExpiresAt, counters }: Pick<DownloadRow, 'state' | 'linkExpiresAt' | 'counters'>,
  now: number,
): LinkLife | undefined {
  if (linkExpiresAt === undefined || state === 'done') return undefined;
  const diesInMs = linkExpiresAt - now;
  const secondsLeft = counters[4];
  const needsMs = state === 'running' && secondsLeft >= 0 ? secondsLeft * 1000 : undefined;
  return { diesInMs, ...(needsMs !== undefined && { needsMs }), isTooShort: diesInMs <= 0 || (needsMs ?? 0) > diesInMs };
}
