/** How news from the application changes the mirror of its list. Pure but for the two maps it is given. */
import type { Counters, Delta, DownloadId, DownloadRow } from '#shared/rows';

export interface Mirror {
  readonly rows: Map<DownloadId, DownloadRow>;
  readonly counters: Map<DownloadId, Counters>;
}

/** Revisions below which a row is newer than a delta: rows of a list that was read page by page. */
export type Floors = ReadonlyMap<DownloadId, number>;

const noFloors: Floors = new Map();

export function putRow(mirror: Mirror, row: DownloadRow): void {
  mirror.rows.set(row.id, row);
  mirror.counters.set(row.id, row.counters);
}

function dropRow({ rows, counters }: Mirror, id: DownloadId): boolean {
  counters.delete(id);
  return rows.delete(id);
}

/** @returns whether more than counters changed. */
export function applyDelta(mirror: Mirror, delta: Delta, floors: Floors = noFloors): boolean {
  const isOld = (id: DownloadId) => (floors.get(id) ?? 0) >= delta.rev;
  let isReshaped = false;
  for (const row of delta.upsert) {
    if (isOld(row.id)) continue;
    putRow(mirror, row);
    isReshaped = true;
  }
  for (const counters of delta.counters) {
    const [id] = counters;
    if (!isOld(id) && mirror.rows.has(id)) mirror.counters.set(id, counters);
  }
  for (const id of delta.remove) {
    if (!isOld(id) && dropRow(mirror, id)) isReshaped = true;
  }
  return isReshaped;
}
