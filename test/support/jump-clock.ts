/**
 * Real sockets and files, virtual time. Time passes as real time does, and when nothing happens it jumps to
 * the next timer, so a back-off of a minute costs milliseconds and its instants can be asserted.
 *
 * Nothing happens means: the event loop's own count of input and output (libuv's) and every observed counter
 * stood still over many polls, no file operation or name look-up is pending, and nobody says it is busy. A jump
 * longer than a pacing step also needs a stretch of real quiet, so that what another process is about to send
 * gets its chance on a starved machine.
 */
import type { Clock } from '../../electron/engine/clock.ts';
import { TimerQueue } from './timer-queue.ts';

/** A clock that has to know what goes on beside it before it may jump. */
export interface ObservingClock extends Clock {
  /** Time does not jump while the number changes. Returns what ends the observation. */
  observe(counter: () => number): () => void;
  /** Time does not jump while it says true. Returns what ends it. */
  busy(isBusy: () => boolean): () => void;
}

export interface JumpClockOptions {
  /** Real milliseconds without any activity before a long jump. */
  readonly quietMs?: number;
  /** Jumps up to this length need no quiet but only polls without a result: pacing of rates must be cheap. */
  readonly shortJumpMs?: number;
  /** Polls of the event loop without a result before any jump. */
  readonly polls?: number;
  readonly wallStartMs?: number;
}

const threadPoolKinds = new Set([
  'FSReqPromise',
  'FSReqCallback',
  'GetAddrInfoReqWrap',
  'GetNameInfoReqWrap',
  'FileHandleCloseReq',
]);

function isThreadPoolBusy(): boolean {
  return process.getActiveResourcesInfo().some((kind) => threadPoolKinds.has(kind));
}

export class JumpClock implements ObservingClock, Disposable {
  /** The system's clock minus ours, free to jump: what setting the computer's date does. */
  wallOffsetMs: number;
  readonly #quietMs: number;
  readonly #shortJumpMs: number;
  readonly #polls: number;
  readonly #timers = new TimerQueue();
  readonly #counters = new Set<() => number>();
  readonly #busy = new Set<() => boolean>();
  readonly #startedAt = performance.now();
  #jumpedMs = 0;
  #suspendedMs = 0;
  #activeAt = performance.now();
  #seen = '';
  #idlePolls = 0;
  #immediate: NodeJS.Immediate | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(options: JumpClockOptions = {}) {
    this.#quietMs = options.quietMs ?? 15;
    this.#shortJumpMs = options.shortJumpMs ?? 25;
    this.#polls = options.polls ?? 12;
    this.wallOffsetMs = options.wallStartMs ?? Date.now();
  }

  now(): number {
    return performance.now() - this.#startedAt + this.#jumpedMs;
  }

  wallNow(): number {
    return this.now() + this.wallOffsetMs;
  }

  uptimeNow(): number {
    return this.now() + this.#suspendedMs;
  }

  /** Milliseconds skipped so far. */
  get jumpedMs(): number {
    return this.#jumpedMs;
  }

  /** As if the computer had slept: no timer runs meanwhile, and all that fell due run late. */
  sleep(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** As if it had slept with its monotonic clock stopped, as Linux does. */
  suspend(ms: number): void {
    this.#suspendedMs += ms;
  }

  get pendingTimers(): number {
    return this.#timers.length;
  }

  setTimer(run: () => void, delayMs: number): () => void {
    // Like the event loop, which drops timers of a process that is going away.
    if (this.#isDisposed) return () => {};
    const cancel = this.#timers.add(this.now() + Math.max(0, delayMs), run);
    this.#wake();
    return () => {
      cancel();
      if (this.#timers.length === 0) this.#sleep();
    };
  }

  observe(counter: () => number): () => void {
    this.#counters.add(counter);
    return () => this.#counters.delete(counter);
  }

  busy(isBusy: () => boolean): () => void {
    this.#busy.add(isBusy);
    return () => this.#busy.delete(isBusy);
  }

  /** Leaves no real timer behind; timers set and not yet run never run. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#timers.clear();
    this.#sleep();
  }

  #wake(): void {
    if (this.#immediate !== undefined) return;
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#idlePolls = 0;
    this.#immediate = setImmediate(this.#turn);
  }

  #sleep(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timeout);
    this.#immediate = undefined;
    this.#timeout = undefined;
  }

  /** One turn of the event loop: between two of them lies a poll for input and output. */
  readonly #turn = (): void => {
    this.#immediate = undefined;
    this.#timeout = undefined;
    this.#noteActivity();
    const due = this.#timers.nextDueMs;
    if (due === undefined) return;
    const waitMs = due - this.now();
    if (waitMs > 0 && this.#mayJump(waitMs)) this.#jumpedMs += due - this.now();
    try {
      this.#runDue();
    } finally {
      this.#schedule();
    }
  };

  #noteActivity(): void {
    const { events } = performance.nodeTiming.uvMetricsInfo;
    let seen = `${events}`;
    for (const counter of this.#counters) seen += ` ${counter()}`;
    const isBusy = isThreadPoolBusy() || [...this.#busy].some((each) => each());
    if (seen === this.#seen && !isBusy) {
      this.#idlePolls += 1;
      return;
    }
    this.#seen = seen;
    this.#idlePolls = 0;
    this.#activeAt = performance.now();
  }

  #mayJump(waitMs: number): boolean {
    if (this.#idlePolls < this.#polls) return false;
    return waitMs <= this.#shortJumpMs || performance.now() - this.#activeAt >= this.#quietMs;
  }

  #runDue(): void {
    // Only what is due at this instant: a timer of 0 ms set by a timer waits for the next turn.
    const nowMs = this.now();
    for (let run = this.#timers.take(nowMs); run !== undefined; run = this.#timers.take(nowMs)) {
      this.#idlePolls = 0;
      run();
    }
  }

  #schedule(): void {
    const due = this.#timers.nextDueMs;
    if (due === undefined || this.#immediate !== undefined || this.#timeout !== undefined) return;
    const waitMs = due - this.now();
    const quietLeftMs = this.#quietMs - (performance.now() - this.#activeAt);
    // Polling without pause would take the processor from whoever is to become active.
    if (waitMs > this.#shortJumpMs && quietLeftMs > 1) this.#timeout = setTimeout(this.#turn, Math.min(waitMs, quietLeftMs));
    else this.#immediate = setImmediate(this.#turn);
  }
}
