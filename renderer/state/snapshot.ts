/** Reads the whole list page by page, so that the first rows are there before the last are sent. */

import type { DownloadId, DownloadRow, Totals } from '#shared/rows';
import type { Call } from '../bridge/client.ts';

export interface Snapshot {
  readonly rows: readonly DownloadRow[];
  /** Of the oldest page: deltas after it are still to be applied. */
  readonly rev: number;
  /** Of the newest page. */
  readonly newestRev: number;
  /** The revision of the page each row came from. */
  readonly floors: ReadonlyMap<DownloadId, number>;
  readonly totals: Totals;
}

const firstPage = 100;
const nextPages = 2_000;
const wholeList = 10_000;

export const readFirst = (call: Call) => call('downloads.snapshot', { offset: 0, limit: firstPage });

/**
 * Pages overlap by one row. Where the shared row is not the same in both, rows came or went in between and some could be
 * missing: the list is then read in one piece.
 */
export async function readSnapshot(
  call: Call,
  onFirstPage: (rows: readonly DownloadRow[], totals: Totals) => void,
): Promise<Snapshot> {
  const first = await readFirst(call);
  onFirstPage(first.rows, first.totals);
  const rows = [...first.rows];
  const floors = new Map(rows.map(({ id }) => [id, first.rev]));
  let newest = first;
  while (rows.length < newest.total) {
    const page = await call('downloads.snapshot', { offset: rows.length - 1, limit: nextPages });
    if (page.rows[0]?.id !== rows.at(-1)?.id || page.rows.length < 2) return readWhole(call);
    rows.pop();
    for (const row of page.rows) {
      rows.push(row);
      floors.set(row.id, page.rev);
    }
    newest = page;
  }
  return { rows, rev: first.rev, newestRev: newest.rev, floors, totals: newest.totals };
}

async function readWhole(call: Call): Promise<Snapshot> {
  const { rows, rev, totals } = await call('downloads.snapshot', { offset: 0, limit: wholeList });
  return { rows, rev, newestRev: rev, floors: new Map(), totals };
}
