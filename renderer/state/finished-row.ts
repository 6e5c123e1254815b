/** A finished download, drawn like the others. */
import type { Counters, DownloadRow, HistoryRow } from '#shared/rows';

const made = new WeakMap<HistoryRow, DownloadRow>();

const directoryOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'), 0));

/** The same row for the same finished download. */
export function finishedRow(history: HistoryRow): DownloadRow {
  const known = made.get(history);
  if (known !== undefined) return known;
  const { path, ...shared } = history;
  const counters: Counters = [history.id, history.size, 0, 0, -1, ''];
  const row: DownloadRow = {
    ...shared,
    ...{ state: 'done', connections: 0, limitBytesPerSecond: 0, priority: 'normal', order: 0 },
    directory: directoryOf(path),
    counters,
  };
  made.set(history, row);
  return row;
}
