/** What a person should see once, in a corner, by itself gone after a while. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DownloadId } from '#shared/rows';

export interface NoticeView {
  readonly key: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly code: string;
  readonly message: string;
  readonly id?: DownloadId | undefined;
}

export interface Notices {
  readonly store: StoreApi<{ readonly shown: readonly NoticeView[] }>;
  show(notice: Omit<NoticeView, 'key'>): void;
  dismiss(key: number): void;
}

const mostShown = 4;

export function createNotices(): Notices {
  const store = createStore<{ readonly shown: readonly NoticeView[] }>(() => ({ shown: [] }));
  let lastKey = 0;
  return {
    store,
    show(notice) {
      lastKey += 1;
      const shown = store.getState().shown.filter(({ code, message }) => code !== notice.code || message !== notice.message);
      store.setState({ shown: [...shown, { ...notice, key: lastKey }].slice(-mostShown) });
    },
    dismiss: (key) => store.setState(({ shown }) => ({ shown: shown.filter((notice) => notice.key !== key) })),
  };
}
