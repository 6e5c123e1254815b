/** How the list is looked at: filter, search, order, columns. Remembered by this browser, not by the application. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { RowState } from '#shared/rows';

export const columnIds = [
  'name',
  'status',
  'progress',
  'size',
  'speed',
  'left',
  'host',
  'added',
  'category',
  'connections',
] as const;
export type ColumnId = (typeof columnIds)[number];

/** What `order` sorts by is the queue itself. */
export type SortKey = ColumnId | 'order';
export interface Sort {
  readonly by: SortKey;
  readonly isDescending: boolean;
}

export type Filter = 'all' | RowState;

export interface Column {
  readonly id: ColumnId;
  readonly widthPx: number;
  readonly isShown: boolean;
}

export interface ViewState {
  readonly filter: Filter;
  /** Undefined: all. */
  readonly category: string | undefined;
  readonly search: string;
  readonly sort: Sort;
  readonly columns: readonly Column[];
  readonly panelHeightPx: number;
  /** The details follow the selection. */
  readonly isPanelOpen: boolean;
}

/** Where a browser keeps a word or two. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

const shownFirst: Record<ColumnId, readonly [widthPx: number, isShown: boolean]> = {
  name: [280, true],
  status: [96, true],
  progress: [160, true],
  size: [86, true],
  speed: [96, true],
  left: [98, true],
  host: [140, true],
  added: [84, true],
  category: [110, false],
  connections: [100, false],
};

export const narrowestColumnPx = 64;
export const widestColumnPx = 900;

const firstColumns: readonly Column[] = columnIds.map((id) => ({ id, widthPx: shownFirst[id][0], isShown: shownFirst[id][1] }));

export const firstView: ViewState = {
  filter: 'all',
  category: undefined,
  search: '',
  sort: { by: 'order', isDescending: false },
  columns: firstColumns,
  panelHeightPx: 320,
  isPanelOpen: true,
};

const key = 'sluice.view';
const kept = ['columns', 'sort', 'panelHeightPx', 'isPanelOpen'] as const;

/** What was remembered by an older page may lack columns or know others. */
function remembered(memory: Memory): Partial<ViewState> {
  try {
    const { columns, sort, panelHeightPx, isPanelOpen } = JSON.parse(memory.get(key) ?? '{}') as Partial<ViewState>;
    const known = (columns ?? []).filter(({ id, widthPx }) => columnIds.includes(id) && Number.isFinite(widthPx));
    const missing = firstColumns.filter(({ id }) => !known.some((column) => column.id === id));
    return {
      columns: [...known, ...missing],
      ...(sort !== undefined && (sort.by === 'order' || columnIds.includes(sort.by)) ? { sort } : {}),
      isPanelOpen: isPanelOpen !== false,
      ...(Number.isFinite(panelHeightPx) ? { panelHeightPx: Number(panelHeightPx) } : {}),
    };
  } catch {
    return {};
  }
}

export function createView(memory: Memory): StoreApi<ViewState> {
  const store = createStore<ViewState>(() => ({ ...firstView, ...remembered(memory) }));
  store.subscribe((state, before) => {
    const isKept = kept.every((name) => state[name] === before[name]);
    if (!isKept) memory.set(key, JSON.stringify(Object.fromEntries(kept.map((name) => [name, state[name]]))));
  });
  return store;
}

export function withColumn(columns: readonly Column[], id: ColumnId, change: Partial<Column>): readonly Column[] {
  return columns.map((column) => (column.id === id ? { ...column, ...change } : column));
}

export const clampWidth = (widthPx: number): number => Math.round(Math.min(widestColumnPx, Math.max(narrowestColumnPx, widthPx)));

/** A click on a column's head: ascending, descending, then the queue's own order again. */
export function nextSort(sort: Sort, by: ColumnId): Sort {
  if (sort.by !== by) return { by, isDescending: false };
  return sort.isDescending ? { by: 'order', isDescending: false } : { by, isDescending: true };
}
