/** Rows as the application sends them, for the page's stores. */
import type { Counters, DownloadId, DownloadRow } from '#shared/rows';

export const idOf = (number: number): DownloadId => number.toString(16).padStart(16, '0') as DownloadId;

export const countersOf = (number: number, doneBytes = 0, bytesPerSecond = 0, secondsLeft = -1): Counters => [
  ...([idOf(number), doneBytes, bytesPerSecond, 0, secondsLeft, ''] as const),
];

export function rowOf(number: number, part: Partial<DownloadRow> = {}): DownloadRow {
  return {
    id: idOf(number),
    name: `file-${number}.bin`,
    url: `http://example.org/file-${number}.bin`,
    host: 'example.org',
    state: 'queued',
    connections: 8,
    limitBytesPerSecond: 0,
    priority: 'normal',
    order: number,
    category: '',
    directory: '/downloads',
    addedAt: number,
    checksum: 'none',
    counters: countersOf(number),
    ...part,
  };
}
