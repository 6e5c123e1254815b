/** The places of the list from top to bottom: live downloads, then under one roof with them the finished ones. */
import type { DownloadId } from '#shared/rows';
import type { HistoryState } from './history.ts';
import type { Filter } from './view.ts';

export interface Items {
  readonly live: readonly DownloadId[];
  /** A line that says where the finished ones begin. */
  readonly hasHeading: boolean;
  readonly finished: number;
  readonly count: number;
}

export type Item =
  | { readonly type: 'live'; readonly id: DownloadId }
  | { readonly type: 'heading' }
  | { readonly type: 'finished'; readonly place: number };

export function toItems(filter: Filter, live: readonly DownloadId[], historyTotal: number): Items {
  const finished = filter === 'all' || filter === 'done' ? historyTotal : 0;
  const hasHeading = filter === 'all' && finished > 0 && live.length > 0;
  return { live, hasHeading, finished, count: live.length + (hasHeading ? 1 : 0) + finished };
}

export function itemAt({ live, hasHeading, finished }: Items, index: number): Item | undefined {
  const id = live[index];
  if (id !== undefined) return { type: 'live', id };
  if (index < 0) return undefined;
  const place = index - live.length - (hasHeading ? 1 : 0);
  if (place < 0) return { type: 'heading' };
  return place < finished ? { type: 'finished', place } : undefined;
}

/** Undefined for the heading and for what is not read yet. */
export function idAt(items: Items, history: Pick<HistoryState, 'rows'>, index: number): DownloadId | undefined {
  const item = itemAt(items, index);
  if (item?.type === 'live') return item.id;
  return item?.type === 'finished' ? history.rows.get(item.place)?.id : undefined;
}

export function indexOf(items: Items, history: Pick<HistoryState, 'rows'>, id: DownloadId | undefined): number {
  if (id === undefined) return -1;
  const live = items.live.indexOf(id);
  if (live >= 0) return live;
  for (const [place, row] of history.rows) {
    if (row.id === id && place < items.finished) return items.live.length + (items.hasHeading ? 1 : 0) + place;
  }
  return -1;
}

/** The places of the finished ones that lie in [start, end) of all. */
export function finishedPlaces(
  { live, hasHeading, finished }: Items,
  start: number,
  end: number,
): { start: number; end: number } {
  const before = live.length + (hasHeading ? 1 : 0);
  return { start: Math.max(0, start - before), end: Math.min(finished, Math.max(0, end - before)) };
}
