/** How components reach the stores. */
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import type { DownloadId, DownloadRow } from '#shared/rows';
import type { Settings } from '#shared/settings';
import type { App } from './app.ts';
import type { DetailsState } from './details.ts';
import type { Dialog } from './dialogs.ts';
import type { ListState } from './list.ts';
import type { SelectionState } from './selection.ts';
import type { ViewState } from './view.ts';

export const AppContext = createContext<App | undefined>(undefined);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === undefined) throw new Error('the page is drawn outside of its application');
  return app;
}

export const useList = <T>(selector: (state: ListState) => T): T => useStore(useApp().list.store, selector);
export const useView = <T>(selector: (state: ViewState) => T): T => useStore(useApp().view, selector);
export const useSelection = <T>(selector: (state: SelectionState) => T): T => useStore(useApp().selection, selector);
export const useDetails = <T>(selector: (state: DetailsState) => T): T => useStore(useApp().details.store, selector);
export const useRow = (id: DownloadId): DownloadRow | undefined => useList(({ rows }) => rows.get(id));
export const useDialog = (): Dialog | undefined => useStore(useApp().dialogs, ({ dialog }) => dialog);
export const useSettings = <T>(selector: (settings: Settings | undefined) => T): T =>
  useStore(useApp().settings.store, ({ settings }) => selector(settings));
export const useSession = () => useStore(useApp().settings.store, ({ session }) => session);
export const useConnection = () => useStore(useApp().connection, ({ state }) => state);
