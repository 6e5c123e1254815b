/** The one download whose panel is open. Log and speeds arrive in parts and are put together here. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Detail, DownloadId } from '#shared/rows';
import type { Call } from '../bridge/client.ts';

export const detailTabs = ['segments', 'speed', 'request', 'log', 'file'] as const;
export type DetailTab = (typeof detailTabs)[number];

export interface DetailsState {
  readonly openId: DownloadId | undefined;
  readonly tab: DetailTab;
  /** Undefined until it was read; a finished download has none. */
  readonly detail: Detail | undefined;
}

export interface Details {
  readonly store: StoreApi<DetailsState>;
  open(id: DownloadId, tab?: DetailTab): Promise<void>;
  close(): void;
  receive(detail: Detail): void;
  /** After the connection was lost the application has forgotten what was open. */
  reopen(): Promise<void>;
}

const mostSamples = 20_000;

/** Lines and samples after those that are there; a number that does not fit means they were begun anew. */
export function mergeDetail(known: Detail | undefined, news: Detail): Detail {
  if (known === undefined || known.id !== news.id) return news;
  const lastAt = known.speeds.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
  const newer = news.speeds.filter(([at]) => at > lastAt);
  const kept = news.logFrom - known.logFrom;
  const isJoined = kept >= 0 && kept <= known.log.length;
  return {
    ...news,
    logFrom: isJoined ? known.logFrom : news.logFrom,
    log: isJoined ? [...known.log.slice(0, kept), ...news.log] : news.log,
    speeds: newer.length === 0 ? known.speeds : [...known.speeds, ...newer].slice(-mostSamples),
  };
}

export function createDetails(call: Call): Details {
  const store = createStore<DetailsState>(() => ({ openId: undefined, tab: 'segments', detail: undefined }));

  const forget = (id: DownloadId | undefined) => {
    // Nothing depends on the answer: what is gone or unreachable is closed already.
    if (id !== undefined) call('detail.close', { id }).catch(() => undefined);
  };
  const read = async (id: DownloadId) => {
    const detail = await call('detail.open', { id }).catch(() => undefined);
    if (store.getState().openId === id) store.setState({ detail });
  };

  return {
    store,
    async open(id, tab) {
      const { openId } = store.getState();
      if (tab !== undefined) store.setState({ tab });
      if (openId === id) return;
      store.setState({ openId: id, detail: undefined });
      forget(openId);
      await read(id);
    },
    close() {
      forget(store.getState().openId);
      store.setState({ openId: undefined, detail: undefined });
    },
    receive(news) {
      const { openId, detail } = store.getState();
      if (news.id === openId) store.setState({ detail: mergeDetail(detail, news) });
    },
    async reopen() {
      const { openId } = store.getState();
      if (openId !== undefined) await read(openId);
    },
  };
}
