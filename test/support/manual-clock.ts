/** Time that stands still until a test moves it; for units that do no input or output. */
import type { Clock } from '../../electron/engine/clock.ts';
import { TimerQueue } from './timer-queue.ts';

export class ManualClock implements Clock {
  /** The system's clock minus ours, free to jump: what setting the computer's date does. */
  wallOffsetMs: number;
  /** Added to by a test whose computer sleeps while its monotonic clock stands still. */
  asleepMs = 0;
  readonly #timers = new TimerQueue();
  #nowMs = 0;

  constructor(wallStartMs = Date.UTC(2026, 0, 1)) {
    this.wallOffsetMs = wallStartMs;
  }

  now(): number {
    return this.#nowMs;
  }

  wallNow(): number {
    return this.#nowMs + this.wallOffsetMs;
  }

  uptimeNow(): number {
    return this.#nowMs + this.asleepMs;
  }

  setTimer(run: () => void, delayMs: number): () => void {
    return this.#timers.add(this.#nowMs + Math.max(0, delayMs), run);
  }

  /** How many timers wait. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves time on and runs, in order and each at its own instant, what comes due, also what that adds. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers.nextDueMs;
      if (due === undefined || due > end) break;
      this.#nowMs = Math.max(this.#nowMs, due);
      this.#timers.take(due)?.();
    }
    this.#nowMs = end;
  }

  /** As `advance`, but promises get to run on before and after each timer. */
  async advanceSettled(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    for (;;) {
      await new Promise(setImmediate);
      const due = this.#timers.nextDueMs;
      if (due === undefined || due > end) break;
      this.advance(Math.max(0, due - this.#nowMs));
    }
    this.advance(end - this.#nowMs);
  }
}
