/**
 * The one timer for everything periodic: it runs while somebody needs it, and a hundred users cost one wake-up a period,
 * not a hundred.
 */
import type { Clock } from './clock.ts';

/** Longer between two ticks than this: the computer slept, and sockets, names and speeds from before mean nothing. */
const gapMs = 30_000;

export interface TickerHooks {
  /** A callback threw or its promise was rejected; it stays and is called again. */
  onError(error: unknown): void;
  /** More than 30 s passed between two ticks. Called before the callbacks of the late tick. */
  onGap?(ms: number): void;
}

interface Entry {
  readonly callback: () => void | Promise<void>;
  readonly everyMs: number;
  dueAt: number;
  isBusy: boolean;
}

export class Ticker {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #hooks: TickerHooks;
  readonly #entries = new Set<Entry>();
  #cancelTimer: (() => void) | undefined;
  #tickedAt = 0;
  #uptimeAt = 0;
  #nextAt = 0;

  constructor(clock: Clock, periodMs: number, hooks: TickerHooks) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#hooks = hooks;
  }

  /**
   * Calls back every `everyMs`, rounded to whole periods, first after one such time; never again before a returned promise
   * has settled. Returns what removes it.
   */
  add(callback: () => void | Promise<void>, everyMs = this.#periodMs): () => void {
    const now = this.#clock.now();
    const entry: Entry = { callback, everyMs, dueAt: now + everyMs, isBusy: false };
    if (this.#entries.size === 0) this.#start(now);
    this.#entries.add(entry);
    return () => {
      if (this.#entries.delete(entry) && this.#entries.size === 0) this.#stop();
    };
  }

  #start(now: number): void {
    this.#tickedAt = now;
    this.#uptimeAt = this.#clock.uptimeNow();
    this.#nextAt = now;
    this.#arm(now);
  }

  #stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The next instant of the grid, so that late ticks do not add up; instants missed are skipped. */
  #arm(now: number): void {
    const missed = Math.max(Math.floor((now - this.#nextAt) / this.#periodMs), 0);
    this.#nextAt += (missed + 1) * this.#periodMs;
    this.#cancelTimer = this.#clock.setTimer(this.#tick, this.#nextAt - now);
  }

  readonly #tick = (): void => {
    const now = this.#clock.now();
    const uptime = this.#clock.uptimeNow();
    // Asleep, a clock may stand still: then no timer is late, and yet hours have passed.
    const passedMs = Math.max(now - this.#tickedAt, uptime - this.#uptimeAt);
    this.#tickedAt = now;
    this.#uptimeAt = uptime;
    // Before the callbacks, so that nothing they do can stop the clockwork.
    this.#arm(now);
    if (passedMs > gapMs) this.#guard(() => this.#hooks.onGap?.(passedMs));
    for (const entry of this.#entries) {
      // Half a period of tolerance: a timer that fires a hair early must not cost a whole period.
      if (entry.dueAt - now < this.#periodMs / 2 && !entry.isBusy) this.#run(entry, now);
    }
  };

  #run(entry: Entry, now: number): void {
    entry.dueAt += entry.everyMs;
    if (entry.dueAt <= now) entry.dueAt = now + entry.everyMs;
    this.#guard(() => {
      const outcome = entry.callback();
      if (!(outcome instanceof Promise)) return;
      entry.isBusy = true;
      outcome.catch(this.#hooks.onError).finally(() => {
        entry.isBusy = false;
      });
    });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#hooks.onError(error);
    }
  }
}
