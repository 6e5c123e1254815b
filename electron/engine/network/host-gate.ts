/**
 * What one host has taught us, shared by all downloads from it: how many connections it takes, how fast new ones may come,
 * and until when it wants none at all. Everyone who wants a connection waits here, so that no two downloads learn
 * the same lesson twice.
 */
import type { Clock } from '#engine/clock';
import type { DownloadError } from '#engine/errors';

/** After a refusal the next attempt at one more connection; doubles with each refusal up to the second value. */
const TRIAL_MS = 60_000;
const MAX_TRIAL_MS = 600_000;
/** The first attempt where the host served more before: it may only have been restarted. */
const RETURN_TRIAL_MS = 10_000;
/** Between new connections once the host refused one; doubles up to a few seconds, forgotten after ten quiet minutes. */
const SPACING_MS = 500;
const MAX_SPACING_MS = 8000;
const FORGET_SPACING_MS = 600_000;
const FRAGILE_MS = 24 * 3_600_000;

/** Whoever holds permits (a download), by identity. Who has fewer is served first, so nobody starves. */
export type PermitOwner = object;

/** Who waits for a permit. */
export interface Waiter {
  readonly owner: PermitOwner;
  /** Whether a warm connection would be used: then no spacing is needed. */
  isReuse(): boolean;
  onPermit(permit: Permit): void;
}

/** The right to one connection. */
export interface Permit {
  /** Whether the host serves the connection: how many it serves at once is what it takes. */
  noteServed(isServed: boolean): void;
  release(): void;
}

/** The host asked to be left alone. */
export interface Closure {
  /** Clock milliseconds. */
  readonly until: number;
  readonly cause: DownloadError;
}

export class HostGate {
  readonly #clock: Clock;
  #limit: number;
  readonly #waiters: Waiter[] = [];
  readonly #held = new Map<PermitOwner, number>();
  #heldInAll = 0;
  #served = 0;
  #mostServed = 0;
  #cap = Number.POSITIVE_INFINITY;
  #trialMs = TRIAL_MS;
  #nextTrialAt = 0;
  #hasTried = false;
  /** A connection was lost before it was served, and the host has not served one more than ever since. */
  #isSuspect = false;
  #spacingMs = 0;
  #lastRefusalAt = Number.NEGATIVE_INFINITY;
  #lastOpenedAt = Number.NEGATIVE_INFINITY;
  #closure: Closure | undefined;
  #fragileUntil = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  set limit(limit: number) {
    this.#limit = limit;
    this.#serve();
  }

  /** Connections the host takes, as far as known. */
  get cap(): number {
    return Math.min(this.#cap, this.#limit);
  }

  /** No new connection before its end; undefined where there is none. */
  get closure(): Closure | undefined {
    return this.#closure && this.#closure.until > this.#clock.now() ? this.#closure : undefined;
  }

  /**
   * The host serves connections, and never served one more at once: refusing it says nothing about what was asked. One it
   * refuses although it served as many before is not one too many, but has a trouble of its own.
   */
  get isOneMore(): boolean {
    return this.#served > 0 && this.#served >= this.#mostServed;
  }

  /** It served more connections at once than it does now. */
  get hasServedMore(): boolean {
    return this.#served < this.#mostServed;
  }

  /** The host's links die on extra requests: no splitting for the sake of speed. */
  get isFragile(): boolean {
    return this.#clock.now() < this.#fragileUntil;
  }

  held(owner: PermitOwner): number {
    return this.#held.get(owner) ?? 0;
  }

  get heldInAll(): number {
    return this.#heldInAll;
  }

  /** Waits for a permit, see `Waiter`. @throws the signal's reason when aborted. */
  acquire(owner: PermitOwner, isReuse: () => boolean, signal: AbortSignal): Promise<Permit> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      let isServed = false;
      let leave = (): void => {};
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      const onPermit = (permit: Permit): void => {
        isServed = true;
        signal.removeEventListener('abort', onAbort);
        resolve(permit);
      };
      leave = this.enter({ owner, isReuse, onPermit });
      if (!isServed) signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Gives the waiter a permit as soon as there is one for it, at once perhaps. Returns what ends its waiting. */
  enter(waiter: Waiter): () => void {
    this.#waiters.push(waiter);
    this.#serve();
    return () => {
      const index = this.#waiters.indexOf(waiter);
      if (index >= 0) this.#waiters.splice(index, 1);
      if (this.#waiters.length === 0) this.#stopTimer();
    };
  }

  /** True when somebody without any connection waits for one and `owner` has several: give one up at the next chance. */
  shouldYield(owner: PermitOwner): boolean {
    return (
      this.held(owner) > 1 &&
      this.#heldInAll >= this.cap &&
      this.#waiters.some((waiter) => waiter.owner !== owner && this.held(waiter.owner) === 0)
    );
  }

  /**
   * The host refused one connection more: as many as it serves now it takes, and those that are on their way, as far as it
   * ever served as many. Without them a host that cuts connections would seem to take ever fewer. `isGuess`: it said nothing,
   * the connection was lost. Once, while no cap is known, that may be chance: false then, and nothing is learnt.
   */
  refuse(isGuess = false): boolean {
    if (isGuess && !this.#isSuspect && this.#cap === Number.POSITIVE_INFINITY) {
      this.#isSuspect = true;
      return false;
    }
    // A trial that failed says how many it takes, not how fast they may come.
    if (this.#hasTried) this.#trialMs = Math.min(this.#trialMs * 2, MAX_TRIAL_MS);
    else this.space();
    this.#hasTried = false;
    this.#cap = Math.max(1, this.#served, Math.min(this.#heldInAll, this.#mostServed));
    const isFirst = this.#trialMs === TRIAL_MS;
    this.#nextTrialAt = this.#clock.now() + (isFirst && this.#cap < this.#mostServed ? RETURN_TRIAL_MS : this.#trialMs);
    return true;
  }

  /** New connections come slower from now on. */
  space(): void {
    const now = this.#clock.now();
    if (now - this.#lastRefusalAt > FORGET_SPACING_MS) this.#spacingMs = 0;
    // Several that were under way at once are one lesson.
    const isKnown = this.#spacingMs > 0 && this.#lastOpenedAt <= this.#lastRefusalAt;
    if (!isKnown) this.#spacingMs = Math.min(Math.max(SPACING_MS, this.#spacingMs * 2), MAX_SPACING_MS);
    this.#lastRefusalAt = now;
  }

  /** The host asks to be left alone for a while. */
  closeFor(waitMs: number, cause: DownloadError): void {
    const until = this.#clock.now() + waitMs;
    if (this.#closure === undefined || this.#closure.until < until) this.#closure = { until, cause };
  }

  markFragile(): void {
    this.#fragileUntil = this.#clock.now() + FRAGILE_MS;
  }

  /** The network is another one now: what was learnt may not hold. */
  forget(): void {
    this.#cap = Number.POSITIVE_INFINITY;
    this.#mostServed = this.#served;
    this.#isSuspect = false;
    this.#spacingMs = 0;
    this.#closure = undefined;
    this.#serve();
  }

  /** Looks again whether somebody may go; call when something outside changed. */
  #serve(): void {
    this.#stopTimer();
    while (this.#waiters.length > 0) {
      const index = this.#mostDeserving();
      const waiter = this.#waiters[index];
      if (waiter === undefined) return;
      const at = this.#freeAt(waiter);
      if (at > this.#clock.now()) {
        if (at < Number.POSITIVE_INFINITY) this.#cancelTimer = this.#clock.setTimer(() => this.#serve(), at - this.#clock.now());
        return;
      }
      this.#waiters.splice(index, 1);
      waiter.onPermit(this.#permit(waiter));
    }
  }

  /** Fewest connections first, then longest waiting. */
  #mostDeserving(): number {
    let best = 0;
    for (let index = 1; index < this.#waiters.length; index += 1) {
      const candidate = this.#waiters[index] as Waiter;
      if (this.held(candidate.owner) < this.held((this.#waiters[best] as Waiter).owner)) best = index;
    }
    return best;
  }

  /** When the waiter may go; infinity if only a release can tell. */
  #freeAt(waiter: Waiter): number {
    const now = this.#clock.now();
    if (this.#heldInAll >= this.#limit) return Number.POSITIVE_INFINITY;
    let at = this.#closure?.until ?? 0;
    if (this.#heldInAll >= this.#cap) {
      at = Math.max(at, this.#nextTrialAt);
    }
    if (this.#spacingMs > 0 && now - this.#lastRefusalAt < FORGET_SPACING_MS && !waiter.isReuse()) {
      at = Math.max(at, this.#lastOpenedAt + this.#spacingMs, this.#lastRefusalAt + this.#spacingMs);
    }
    return at;
  }

  #permit(waiter: Waiter): Permit {
    const { owner } = waiter;
    if (this.#heldInAll >= this.#cap) {
      // A trial: the cap rises when it is served, so that nobody else follows before that is known.
      this.#hasTried = true;
      this.#nextTrialAt = this.#clock.now() + this.#trialMs;
    }
    if (!waiter.isReuse()) this.#lastOpenedAt = this.#clock.now();
    this.#held.set(owner, this.held(owner) + 1);
    this.#heldInAll += 1;
    let isReleased = false;
    let isServed = false;
    const noteServed = (now: boolean): void => {
      if (isReleased || now === isServed) return;
      isServed = now;
      this.#served += now ? 1 : -1;
      if (this.#served > this.#mostServed) this.#isSuspect = false;
      this.#mostServed = Math.max(this.#mostServed, this.#served);
      if (this.#served > this.#cap) this.#raiseCap();
    };
    return {
      noteServed,
      release: () => {
        if (isReleased) return;
        noteServed(false);
        isReleased = true;
        this.#heldInAll -= 1;
        const left = this.held(owner) - 1;
        if (left > 0) this.#held.set(owner, left);
        else this.#held.delete(owner);
        this.#serve();
      },
    };
  }

  /** More are served than the cap says. */
  #raiseCap(): void {
    // After a trial that went well the next may follow as soon as the first did; at once up to what the host served before.
    if (this.#hasTried) {
      this.#trialMs = TRIAL_MS;
      this.#nextTrialAt = this.#served < this.#mostServed ? 0 : this.#clock.now() + TRIAL_MS;
    }
    this.#cap = this.#served;
    this.#hasTried = false;
    this.#serve();
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
