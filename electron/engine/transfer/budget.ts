/**
 * How much failing a download may do: failures in a row without 256 KiB of new bytes. Connections that fail together
 * (a router restarts, eight are cut) count once: a failure counts only if its request began after the last one counted.
 */
export const PROGRESS_BYTES = 256 * 1024;

export class Budget {
  readonly #limit: number;
  #failures = 0;
  #newBytes = 0;
  #hasCrumbs = false;
  #lastCountedAt = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counted failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Some bytes came since the last reset, but too few new ones to count as progress. */
  get hasCrumbs(): boolean {
    return this.#hasCrumbs;
  }

  /** Bytes came; `newBytes` of them, none perhaps, had not come before. */
  received(newBytes: number): void {
    this.#newBytes += newBytes;
    this.#hasCrumbs = this.#newBytes < PROGRESS_BYTES;
    if (this.#hasCrumbs) return;
    this.#newBytes = 0;
    this.#failures = 0;
  }

  /** Somebody changed what is asked: what failed before says nothing of it. */
  renew(): void {
    this.#failures = 0;
    this.#newBytes = 0;
    this.#hasCrumbs = false;
  }

  /** Counts a failure of a request begun at `begunAt`; false when the budget is used up. */
  spend(begunAt: number, now: number): boolean {
    if (begunAt < this.#lastCountedAt) return true;
    this.#failures += 1;
    this.#lastCountedAt = now;
    return this.#failures <= this.#limit;
  }
}
