/** Which downloads are seen, and in what order. */
import type { Counters, DownloadId, DownloadRow } from '#shared/rows';
import type { Sort, SortKey, ViewState } from './view.ts';

type Looks = Pick<ViewState, 'filter' | 'category' | 'search' | 'sort'>;
interface Mirrored {
  readonly rows: ReadonlyMap<DownloadId, DownloadRow>;
  readonly counters: ReadonlyMap<DownloadId, Counters>;
}

const stateRank = { running: 0, waiting: 1, queued: 2, paused: 3, failed: 4, done: 5 } as const;

/** Orders whose keys change with every delta: they are sorted anew now and then, not on each. */
export const isLiveSort = (by: SortKey): boolean => by === 'progress' || by === 'speed' || by === 'left';

/** A row is an object for as long as it does not change, so what is derived from it can hang on it. */
const nameKeys = new WeakMap<DownloadRow, string>();
const searchTexts = new WeakMap<DownloadRow, string>();

function remember<T>(memo: WeakMap<DownloadRow, T>, row: DownloadRow, make: (row: DownloadRow) => T): T {
  const known = memo.get(row);
  if (known !== undefined) return known;
  const made = make(row);
  memo.set(row, made);
  return made;
}

/** `part 9` before `part 10`, and letters whatever their case. A plain comparison of such keys is many times faster than a collator. */
export const toNameKey = (name: string): string => name.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, '0'));

const nameKeyOf = (row: DownloadRow) => remember(nameKeys, row, ({ name }) => toNameKey(name));
const searchTextOf = (row: DownloadRow) => remember(searchTexts, row, ({ name, url }) => `${name} ${url}`.toLowerCase());

function keyOf(by: SortKey, row: DownloadRow, counters: Counters): string | number {
  const [, doneBytes, bytesPerSecond, , secondsLeft] = counters;
  switch (by) {
    case 'order':
      return row.order;
    case 'name':
      return nameKeyOf(row);
    case 'status':
      return stateRank[row.state];
    case 'progress':
      return row.size ? doneBytes / row.size : 0;
    case 'size':
      return row.size ?? -1;
    case 'speed':
      return bytesPerSecond;
    case 'left':
      return secondsLeft < 0 ? Number.MAX_VALUE : secondsLeft;
    case 'host':
      return row.host;
    case 'added':
      return row.addedAt;
    case 'category':
      return row.category.toLowerCase();
    case 'connections':
      return row.connections;
  }
}

/** Every word of the search must be found. */
export const toWords = (search: string): string[] => search.toLowerCase().split(/\s+/).filter(Boolean);

function isSeen(row: DownloadRow, { filter, category }: Looks, words: readonly string[]): boolean {
  if (filter !== 'all' && row.state !== filter) return false;
  if (category !== undefined && row.category !== category) return false;
  return words.length === 0 || words.every((word) => searchTextOf(row).includes(word));
}

/** Sorts by key, ties by place in the queue. `before` is the last result: what is nearly sorted is sorted fast. */
export function arrange({ rows, counters }: Mirrored, looks: Looks, before: readonly DownloadId[]): DownloadId[] {
  const words = toWords(looks.search);
  const keyed: { id: DownloadId; key: string | number; order: number }[] = [];
  const taken = new Set<DownloadId>();
  const take = (id: DownloadId) => {
    const row = rows.get(id);
    if (row === undefined || taken.has(id)) return;
    taken.add(id);
    if (!isSeen(row, looks, words)) return;
    keyed.push({ id, key: keyOf(looks.sort.by, row, counters.get(id) ?? row.counters), order: row.order });
  };
  for (const id of before) take(id);
  for (const id of rows.keys()) take(id);
  const way = directionOf(looks.sort);
  keyed.sort((a, b) => (a.key < b.key ? -way : a.key > b.key ? way : a.order - b.order));
  return keyed.map(({ id }) => id);
}

const directionOf = ({ isDescending }: Sort): 1 | -1 => (isDescending ? -1 : 1);
