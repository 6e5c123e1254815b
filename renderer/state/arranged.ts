/** The live downloads as they are seen: kept in step with the list and with how it is looked at. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DownloadId } from '#shared/rows';
import type { ListState } from './list.ts';
import { arrange, isLiveSort } from './order.ts';
import type { ViewState } from './view.ts';

export interface Arranged {
  readonly ids: readonly DownloadId[];
}

const liveSortEveryMs = 1_500;

/** `now` is in milliseconds and only rises. */
export function createArranged(list: StoreApi<ListState>, view: StoreApi<ViewState>, now: () => number): StoreApi<Arranged> {
  const make = (before: readonly DownloadId[]) => arrange(list.getState(), view.getState(), before);
  const store = createStore<Arranged>(() => ({ ids: make([]) }));
  let sortedAt = now();

  const renew = () => {
    sortedAt = now();
    const before = store.getState().ids;
    const ids = make(before);
    // The same order as before is the same array: nothing that shows it is drawn anew.
    if (ids.length !== before.length || ids.some((id, index) => id !== before[index])) store.setState({ ids });
  };

  list.subscribe((state, before) => {
    const isStale = isLiveSort(view.getState().sort.by) && now() - sortedAt > liveSortEveryMs;
    if (state.shape !== before.shape || isStale) renew();
  });
  view.subscribe((state, before) => {
    const { filter, category, search, sort } = before;
    if (state.filter !== filter || state.category !== category || state.search !== search || state.sort !== sort) renew();
  });
  return store;
}
