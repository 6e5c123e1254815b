/** The finished downloads: read page by page as they come into sight, and again when something of them changed. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Result, Sent } from '#shared/contract';
import type { DownloadId, HistoryRow } from '#shared/rows';
import type { Call } from '../bridge/client.ts';

export type HistoryLook = Omit<Sent<'history.page'>, 'offset' | 'limit'>;

export interface HistoryState {
  readonly total: number;
  /** By place; holes are not read yet. */
  readonly rows: ReadonlyMap<number, HistoryRow>;
  readonly byId: ReadonlyMap<DownloadId, HistoryRow>;
  readonly isLoaded: boolean;
}

export interface History {
  readonly store: StoreApi<HistoryState>;
  /** Looks at it otherwise. What is shown stays until the new first page is there. */
  look(look: HistoryLook): Promise<void>;
  refresh(): Promise<void>;
  /** Reads what is missing of places [start, end). */
  need(start: number, end: number): Promise<void>;
  /** The ids of places [start, end), read if they have to be. */
  ids(start: number, end: number): Promise<DownloadId[]>;
}

const pageSize = 100;
const largePage = 1_000;

export function createHistory(call: Call): History {
  const store = createStore<HistoryState>(() => ({ total: 0, rows: new Map(), byId: new Map(), isLoaded: false }));
  let look: HistoryLook = { sort: 'finishedAt', descending: true };
  let generation = 0;
  const asked = new Set<number>();

  const put = (offset: number, page: Result<'history.page'>, isFresh: boolean) => {
    const { rows: known, byId: knownIds } = store.getState();
    const rows = new Map(isFresh ? [] : known);
    const byId = new Map(isFresh ? [] : knownIds);
    page.rows.forEach((row, index) => {
      rows.set(offset + index, row);
      byId.set(row.id, row);
    });
    store.setState({ total: page.total, rows, byId, isLoaded: true });
  };

  /** An answer to a question of an earlier generation is about another list. */
  const read = async (offset: number, limit: number, isFresh: boolean) => {
    const mine = generation;
    const page = await call('history.page', { ...look, offset, limit });
    if (mine === generation) put(offset, page, isFresh);
  };

  const refresh = async () => {
    generation += 1;
    asked.clear();
    asked.add(0);
    await read(0, pageSize, true);
  };

  const need = async (start: number, end: number) => {
    const last = Math.min(end, store.getState().total);
    const reads: Promise<void>[] = [];
    for (let page = Math.floor(start / pageSize); page * pageSize < last; page++) {
      if (asked.has(page)) continue;
      asked.add(page);
      reads.push(read(page * pageSize, pageSize, false));
    }
    await Promise.all(reads);
  };

  return {
    store,
    refresh,
    need,
    async look(next) {
      const isSame = JSON.stringify(next) === JSON.stringify(look);
      look = next;
      if (!isSame || !store.getState().isLoaded) await refresh();
    },
    async ids(start, end) {
      const ids: DownloadId[] = [];
      for (let offset = start; offset < end; offset += largePage) {
        const limit = Math.min(largePage, end - offset);
        const { rows } = await call('history.page', { ...look, offset, limit });
        for (const { id } of rows) ids.push(id);
        if (rows.length < limit) break;
      }
      return ids;
    },
  };
}
