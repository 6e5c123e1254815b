/** Whose turn it is: which queued downloads begin now. A pure function of the list. */
import type { Priority } from '#shared/rows';

export interface Waiting {
  readonly id: string;
  readonly order: number;
  readonly priority: Priority;
  readonly linkExpiresAt: number | undefined;
}

export interface Line {
  /** Queued, in any order. */
  readonly queued: readonly Waiting[];
  /** At work, or waiting for something that ends by itself soon. */
  readonly working: number;
  /** Waiting for a person, a disk or a busy host: they take no place, but there are not to be any number of them. */
  readonly stuck: number;
  readonly activeDownloads: number;
  readonly soonestDyingFirst: boolean;
}

/** For each place one stuck download more may be begun beside it, and another one. */
const stuckPerPlace = 3;
const rank: Record<Priority, number> = { high: 0, normal: 1, low: 2 };

export function nextToBegin(line: Line): string[] {
  const { queued, working, stuck, activeDownloads, soonestDyingFirst } = line;
  const places = Math.min(activeDownloads - working, activeDownloads * (1 + stuckPerPlace) - working - stuck);
  if (places <= 0 || queued.length === 0) return [];
  const end = ({ linkExpiresAt }: Waiting): number => linkExpiresAt ?? Number.POSITIVE_INFINITY;
  const before = (a: Waiting, b: Waiting): number => {
    if (soonestDyingFirst && end(a) !== end(b)) return end(a) - end(b);
    return rank[a.priority] - rank[b.priority] || a.order - b.order;
  };
  if (places === 1) return [queued.reduce((best, one) => (before(one, best) < 0 ? one : best)).id];
  return queued
    .toSorted(before)
    .slice(0, places)
    .map(({ id }) => id);
}
