/** What `host-gate.ts` does for one download, without promises: virtual time has no event loop. Same rules, same numbers. */
const TRIAL_MS = 60_000;
const MAX_TRIAL_MS = 600_000;
const SPACING_MS = 500;
const MAX_SPACING_MS = 8000;
const FORGET_SPACING_MS = 600_000;

export interface Waiter {
  /** A warm connection would be used. */
  isReuse(): boolean;
  /** The permit is there. */
  onPermit(): void;
}

export class Gate {
  cap = Number.POSITIVE_INFINITY;
  readonly #now: () => number;
  readonly #waiters: Waiter[] = [];
  #held = 0;
  #served = 0;
  #mostServed = 0;
  #trialMs = TRIAL_MS;
  #nextTrialAtMs = 0;
  #hasTried = false;
  #spacingMs = 0;
  #lastRefusalAtMs = Number.NEGATIVE_INFINITY;
  #lastOpenedAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  get held(): number {
    return this.#held;
  }

  /** When the first waiter may go, if nothing else happens. */
  get nextAtMs(): number {
    const waiter = this.#waiters[0];
    return waiter === undefined ? Number.POSITIVE_INFINITY : this.#freeAtMs(waiter);
  }

  acquire(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.serve();
  }

  release(wasServed: boolean): void {
    this.#held -= 1;
    if (wasServed) this.#served -= 1;
    this.serve();
  }

  /** As many as now it never served before: one more may be one too many. */
  get isOneMore(): boolean {
    return this.#served > 0 && this.#served >= this.#mostServed;
  }

  get hasServedMore(): boolean {
    return this.#served < this.#mostServed;
  }

  noteServed(): void {
    this.#served += 1;
    this.#mostServed = Math.max(this.#mostServed, this.#served);
    if (this.#served <= this.cap) return;
    if (this.#hasTried) {
      this.#trialMs = TRIAL_MS;
      this.#nextTrialAtMs = this.#now() + TRIAL_MS;
    }
    this.cap = this.#served;
    this.#hasTried = false;
    this.serve();
  }

  refuse(): void {
    const now = this.#now();
    if (this.#hasTried) this.#trialMs = Math.min(this.#trialMs * 2, MAX_TRIAL_MS);
    else this.#space();
    this.#hasTried = false;
    this.cap = Math.max(1, this.#served, Math.min(this.#held, this.#mostServed));
    this.#nextTrialAtMs = now + this.#trialMs;
  }

  #space(): void {
    const now = this.#now();
    if (now - this.#lastRefusalAtMs > FORGET_SPACING_MS) this.#spacingMs = 0;
    const isKnown = this.#spacingMs > 0 && this.#lastOpenedAtMs <= this.#lastRefusalAtMs;
    if (!isKnown) this.#spacingMs = Math.min(Math.max(SPACING_MS, this.#spacingMs * 2), MAX_SPACING_MS);
    this.#lastRefusalAtMs = now;
  }

  /** Lets go whoever may. */
  serve(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      if (this.#freeAtMs(waiter) > this.#now()) return;
      this.#waiters.shift();
      if (this.#held >= this.cap) {
        this.#hasTried = true;
        this.#nextTrialAtMs = this.#now() + this.#trialMs;
      }
      if (!waiter.isReuse()) this.#lastOpenedAtMs = this.#now();
      this.#held += 1;
      waiter.onPermit();
    }
  }

  #freeAtMs(waiter: Waiter): number {
    const now = this.#now();
    let at = 0;
    if (this.#held >= this.cap) at = Math.max(at, this.#nextTrialAtMs);
    if (this.#spacingMs > 0 && now - this.#lastRefusalAtMs < FORGET_SPACING_MS && !waiter.isReuse()) {
      at = Math.max(at, this.#lastOpenedAtMs + this.#spacingMs, this.#lastRefusalAtMs + this.#spacingMs);
    }
    return at;
  }
}
