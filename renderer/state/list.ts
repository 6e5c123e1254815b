/**
 * The page's mirror of the list: a snapshot, then deltas. Revisions rise by one; after a gap, a reload or a lost connection the
 * snapshot is read again, so that every kind of loss heals on the same path.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Counters, Delta, DownloadId, DownloadRow, Totals } from '#shared/rows';
import type { Call } from '../bridge/client.ts';
import { applyDelta, type Floors, putRow } from './list-changes.ts';
import { readFirst, readSnapshot } from './snapshot.ts';

export interface ListState {
  /** The same map all the time, its values replaced: a row that did not change stays the same object. */
  readonly rows: ReadonlyMap<DownloadId, DownloadRow>;
  /** What changes many times a second, apart, so that it does not draw whole rows anew. */
  readonly counters: ReadonlyMap<DownloadId, Counters>;
  /** Rises when a row came, went or changed in more than its counters. */
  readonly shape: number;
  readonly rev: number;
  readonly totals: Totals;
  readonly bytesPerSecond: number;
  readonly isLoaded: boolean;
}

export interface List {
  readonly store: StoreApi<ListState>;
  /** Reads the first rows, to be seen before the feed is open. */
  preview(): Promise<void>;
  receive(delta: Delta): void;
  /** Asks for deltas and reads what was missed. While hidden none are sent. */
  watch(on: boolean): Promise<void>;
}

export const noTotals: Totals = {
  queued: 0,
  running: 0,
  waiting: 0,
  paused: 0,
  failed: 0,
  done: 0,
  historyChanges: 0,
  bytesPerSecond: 0,
};

/** @throws CallError from `preview` and `watch`: what the transport says. */
export function createList(call: Call): List {
  const rows = new Map<DownloadId, DownloadRow>();
  const counters = new Map<DownloadId, Counters>();
  const store = createStore<ListState>(() => ({
    ...{ rows, counters, shape: 0, rev: -1, totals: noTotals, bytesPerSecond: 0, isLoaded: false },
  }));
  let early: Delta[] | undefined;
  let floors: Floors = new Map();
  let floorsUntil = -1;

  const apply = (delta: Delta) => {
    const { shape, rev, totals } = store.getState();
    if (delta.rev <= rev) return;
    if (delta.rev !== rev + 1) return void load().catch(() => undefined);
    const isReshaped = applyDelta({ rows, counters }, delta, delta.rev <= floorsUntil ? floors : undefined);
    store.setState({
      rev: delta.rev,
      shape: isReshaped ? shape + 1 : shape,
      totals: delta.totals ?? totals,
      bytesPerSecond: delta.bytesPerSecond,
    });
  };

  const showFirst = (page: readonly DownloadRow[], totals: Totals) => {
    if (store.getState().isLoaded) return;
    for (const row of page) putRow({ rows, counters }, row);
    store.setState(({ shape }) => ({ shape: shape + 1, totals, isLoaded: true }));
  };

  const load = async () => {
    // One at a time: what comes in meanwhile waits in `early` and is applied on top.
    if (early !== undefined) return;
    early = [];
    try {
      const snapshot = await readSnapshot(call, showFirst);
      rows.clear();
      counters.clear();
      for (const row of snapshot.rows) putRow({ rows, counters }, row);
      floors = snapshot.floors;
      floorsUntil = snapshot.newestRev;
      const { totals } = snapshot;
      store.setState(({ shape }) => ({
        ...{ shape: shape + 1, rev: snapshot.rev, totals, bytesPerSecond: totals.bytesPerSecond, isLoaded: true },
      }));
    } finally {
      const waited = early;
      early = undefined;
      for (const delta of waited) apply(delta);
    }
  };

  return {
    store,
    async preview() {
      const { rows: page, totals } = await readFirst(call);
      showFirst(page, totals);
    },
    receive(delta) {
      if (early === undefined) apply(delta);
      else early.push(delta);
    },
    async watch(on) {
      const { rev } = await call('feed.watch', { on });
      if (on && rev !== store.getState().rev) await load();
    },
  };
}
