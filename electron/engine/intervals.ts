/**
 * Sets of bytes as ascending lists of half-open intervals that neither overlap nor touch. They stay short (a few per
 * connection), whatever the file's size. No function changes an interval, so a copy of a list is a snapshot.
 */
import type { Interval } from '#shared/download';

/** Index of the first interval that ends at or after `position`. */
function firstEndingFrom(list: readonly Interval[], position: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.end ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts `start` up to `end` into `list`, in place. An empty range changes nothing. */
export function add(list: Interval[], start: number, end: number): void {
  if (end <= start) return;
  const first = firstEndingFrom(list, start);
  let after = first;
  const merged = { start, end };
  for (let next = list[after]; next !== undefined && next.start <= end; next = list[after]) {
    merged.start = Math.min(merged.start, next.start);
    merged.end = Math.max(merged.end, next.end);
    after += 1;
  }
  list.splice(first, after - first, merged);
}

/** The parts of `start` up to `end` that are not in `list`. */
export function uncovered(list: readonly Interval[], start: number, end: number): Interval[] {
  const parts: Interval[] = [];
  let from = start;
  for (let index = firstEndingFrom(list, start); from < end; index += 1) {
    const next = list[index];
    const to = Math.min(end, next?.start ?? end);
    if (from < to) parts.push({ start: from, end: to });
    from = Math.max(from, next?.end ?? end);
  }
  return parts;
}

/** What is missing of a file of `size` bytes. */
export const holes = (list: readonly Interval[], size: number): Interval[] => uncovered(list, 0, size);

/** Whether all of `start` up to `end` is in `list`; an empty range always is. */
export function covers(list: readonly Interval[], start: number, end: number): boolean {
  if (end <= start) return true;
  const holder = list[firstEndingFrom(list, end)];
  return holder !== undefined && holder.start <= start;
}

/** How many bytes are in `list`. */
export const sizeOf = (list: readonly Interval[]): number => list.reduce((sum, { start, end }) => sum + end - start, 0);

/** What of `list` lies in both. */
export function intersect(list: readonly Interval[], other: readonly Interval[]): Interval[] {
  const shared: Interval[] = [];
  for (const { start, end } of list) {
    for (let index = firstEndingFrom(other, start + 1); index < other.length; index += 1) {
      const next = other[index];
      if (next === undefined || next.start >= end) break;
      shared.push({ start: Math.max(start, next.start), end: Math.min(end, next.end) });
    }
  }
  return shared;
}

/** What of `list` is not in `other`. */
export const difference = (list: readonly Interval[], other: readonly Interval[]): Interval[] =>
  list.flatMap(({ start, end }) => uncovered(other, start, end));

/** What is in either. */
export function union(list: readonly Interval[], other: readonly Interval[]): Interval[] {
  const all = [...list];
  for (const { start, end } of other) add(all, start, end);
  return all;
}

/** What of `list` lies below `size`. */
export const clipTo = (list: readonly Interval[], size: number): Interval[] => intersect(list, [{ start: 0, end: size }]);
