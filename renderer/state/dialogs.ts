/** The one dialog that is open, and what it is about. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DownloadId } from '#shared/rows';

export interface DroppedFile {
  readonly name: string;
  readonly text: string;
}

export type Dialog =
  | {
      readonly type: 'add';
      readonly text?: string;
      readonly files?: readonly DroppedFile[];
      /** Another program sent it: no server is asked before the person says so. */
      readonly isForeign?: boolean;
    }
  | { readonly type: 'settings'; readonly section?: string }
  | { readonly type: 'shortcuts' }
  | { readonly type: 'remove'; readonly ids: readonly DownloadId[]; readonly deleteFiles: boolean }
  | { readonly type: 'newLink'; readonly id: DownloadId }
  | { readonly type: 'limits'; readonly ids: readonly DownloadId[] };

export interface DialogState {
  readonly dialog: Dialog | undefined;
}

export const createDialogs = (): StoreApi<DialogState> => createStore<DialogState>(() => ({ dialog: undefined }));
