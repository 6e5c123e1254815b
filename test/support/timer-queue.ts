/** Timers in the order they come due; equals in the order they were set, as the event loop does. */
interface Entry {
  readonly dueMs: number;
  readonly run: () => void;
}

export class TimerQueue {
  readonly #entries: Entry[] = [];

  get length(): number {
    return this.#entries.length;
  }

  get nextDueMs(): number | undefined {
    return this.#entries[0]?.dueMs;
  }

  /** Returns what cancels it. */
  add(dueMs: number, run: () => void): () => void {
    const entry = { dueMs, run };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.dueMs ?? 0) <= dueMs) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    return () => {
      const index = this.#entries.indexOf(entry);
      if (index >= 0) this.#entries.splice(index, 1);
    };
  }

  /** Takes the first one out if it is due at `nowMs`. */
  take(nowMs: number): (() => void) | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.#entries.shift();
    return first.run;
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
