/** What a bucket (`limiter.ts`) keeps about one reader. */

/** What one turn gives a reader without debts. Small, so that weights hold within one round of the timer. */
export const helpingBytes = 16 * 1024;

/** Whoever reads bytes. Both calls may come repeatedly and may come while the reader is paused for other reasons. */
export interface BucketReader {
  /** Share of the bucket relative to its other readers. */
  readonly weight: number;
  pause(): void;
  resume(): void;
}

/** A reader's account: below 0 it is in debt, above it has been paid in advance. */
export class Account {
  readonly reader: BucketReader;
  credit = 0;
  /** The lowest turn among those who wait is served first. */
  turn = 0;

  constructor(reader: BucketReader) {
    this.reader = reader;
  }

  /** Takes what it may; the turn of a debt was settled when it began to wait. */
  serve(mostBytes: number): number {
    const given = Math.min(mostBytes, this.credit < 0 ? -this.credit : helpingBytes);
    if (this.credit >= 0) this.turn += given / this.reader.weight;
    this.credit += given;
    return given;
  }
}
