/** Which downloads are chosen. The cursor is where the keyboard is, the anchor where a range began. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DownloadId } from '#shared/rows';

export interface SelectionState {
  readonly ids: ReadonlySet<DownloadId>;
  readonly cursor: DownloadId | undefined;
  readonly anchor: DownloadId | undefined;
}

const nothing: SelectionState = { ids: new Set(), cursor: undefined, anchor: undefined };

export const createSelection = (): StoreApi<SelectionState> => createStore<SelectionState>(() => nothing);

export const choose = (id: DownloadId): SelectionState => ({ ids: new Set([id]), cursor: id, anchor: id });

/** Adds or takes away one. */
export function toggle({ ids }: SelectionState, id: DownloadId): SelectionState {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return { ids: next, cursor: id, anchor: id };
}

/** From the anchor to `id`, both included; `range` is what lies between them. */
export function extend(state: SelectionState, id: DownloadId, range: readonly DownloadId[]): SelectionState {
  return { ids: new Set(range), cursor: id, anchor: state.anchor ?? id };
}

/** What is gone is chosen no more. The same object where nothing changed. */
export function keepOnly(state: SelectionState, exists: (id: DownloadId) => boolean): SelectionState {
  const gone = [...state.ids].filter((id) => !exists(id));
  if (gone.length === 0) return state;
  const ids = new Set(state.ids);
  for (const id of gone) ids.delete(id);
  return {
    ids,
    cursor: state.cursor !== undefined && exists(state.cursor) ? state.cursor : undefined,
    anchor: state.anchor !== undefined && exists(state.anchor) ? state.anchor : undefined,
  };
}
