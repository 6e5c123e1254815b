/** A file's progress as a picture of 64 cells: what a row draws. */
import type { Interval } from '#shared/download';

const count = 64;

/** Each cell a byte of how much of it is there, in base64. Empty where the size is unknown. */
export function cellsOf(done: readonly Interval[], size: number | undefined): string {
  if (size === undefined || size === 0) return '';
  const cells = Buffer.alloc(count);
  const width = size / count;
  const filled = new Float64Array(count);
  for (const { start, end } of done) {
    for (let index = Math.floor(start / width); index < count && index * width < end; index += 1) {
      const covered = Math.min(end, (index + 1) * width) - Math.max(start, index * width);
      if (covered > 0) filled[index] = (filled[index] ?? 0) + covered;
    }
  }
  // Full only where nothing is missing: a cell that is nearly there must not look done.
  for (const [index, bytes] of filled.entries()) cells[index] = bytes >= width - 0.5 ? 255 : Math.floor((bytes / width) * 254);
  return cells.toString('base64');
}
