/** Light or dark: what the person chose, else what the system says. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Settings } from '#shared/settings';

export type Scheme = 'light' | 'dark';
export type ThemeChoice = Settings['appearance']['theme'];

interface Ports {
  /** What the system prefers, now and whenever it changes. */
  onSystem(listener: (isDark: boolean) => void): void;
  /** Puts the scheme on the document. Called before anything is drawn in it, because canvases ask the document for colours. */
  apply(scheme: Scheme): void;
}

export interface Schemes {
  readonly store: StoreApi<{ readonly scheme: Scheme }>;
  choose(choice: ThemeChoice): void;
}

export function createSchemes({ onSystem, apply }: Ports): Schemes {
  const store = createStore<{ readonly scheme: Scheme }>(() => ({ scheme: 'light' }));
  let choice: ThemeChoice = 'system';
  let isSystemDark = false;
  const renew = () => {
    const scheme = choice === 'system' ? (isSystemDark ? 'dark' : 'light') : choice;
    apply(scheme);
    if (scheme !== store.getState().scheme) store.setState({ scheme });
  };
  onSystem((isDark) => {
    isSystemDark = isDark;
    renew();
  });
  return {
    store,
    choose(next) {
      choice = next;
      renew();
    },
  };
}
