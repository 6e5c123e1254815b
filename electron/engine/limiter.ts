/**
 * Rate limits as a tree of token buckets: a download's bucket hangs under the one of all downloads, and a byte must be
 * paid for in each bucket on the way up.
 *
 * Readers pay after reading, since nobody knows how much a socket will hand over. While there is enough, they pay at once.
 * Who cannot pay pauses and waits in its bucket with its debt. Then a timer hands out what has accrued: first to the
 * one whose turn it is (weighted fair queuing: a turn moves on by bytes over weight), until its debt is paid, then to the
 * next; so the readers of a slow download resume one after another and not all at once. What is left when all debts are
 * paid goes to the same readers as credit, in the same turns: without it, whoever reads first would take it, whatever
 * its weight. A reader that needs less than its share simply does not wait, and the others get the rest.
 */

import type { Clock } from './clock.ts';
import { Account, type BucketReader, helpingBytes } from './limiter-account.ts';

export type { BucketReader };

const smallestBurstBytes = 64 * 1024;
const burstMs = 100;
const shortestWaitMs = 20;
const longestWaitMs = 250;
/** After a change of rate nobody is silent for longer than this because of what was read before. */
const longestDebtMs = 1000;

export interface BucketOptions {
  /** 0 is no limit. */
  readonly bytesPerSecond?: number;
  /** Share of the parent relative to its other buckets. */
  readonly weight?: number;
  readonly parent?: Bucket;
}

export class Bucket {
  /** Share of the parent relative to its other buckets; may change at any time. */
  weight: number;
  /** When it is this bucket's turn in its parent. */
  turn = 0;
  readonly #clock: Clock;
  readonly #parent: Bucket | undefined;
  readonly #children = new Set<Bucket>();
  readonly #accounts = new Map<BucketReader, Account>();
  readonly #waiting = new Set<Account | Bucket>();
  #rate = 0;
  #level = 0;
  #filledAt = 0;
  /** The turn served last. Newcomers start here: who was away has no claim on the past. */
  #currentTurn = 0;
  /** Somebody waited at the last round: until one finds nobody, only the timer fills, so that no one overtakes. */
  #isContended = false;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, options: BucketOptions = {}) {
    this.#clock = clock;
    this.weight = options.weight ?? 1;
    this.#parent = options.parent;
    this.#rate = options.bytesPerSecond ?? 0;
    this.#filledAt = clock.now();
  }

  /** 0 is no limit. */
  get bytesPerSecond(): number {
    return this.#rate;
  }

  /** A new rate holds from the next byte on, whatever was saved up or owed under the old one. */
  set bytesPerSecond(rate: number) {
    if (rate === this.#rate) return;
    const now = this.#clock.now();
    this.#fill(now);
    const before = this.#rate;
    this.#rate = rate;
    this.#filledAt = now;
    this.#level = before > 0 && rate > 0 ? Math.max((this.#level * rate) / before, (-rate * longestDebtMs) / 1000) : 0;
    if (rate > 0) this.#forgive();
    this.#releaseUnlimited();
    if (this.#waiting.size > 0) this.#arm();
  }

  /** Something on the way up has a limit. */
  get isLimited(): boolean {
    return this.#rate > 0 || (this.#parent?.isLimited ?? false);
  }

  /** Pays for bytes just read. False: the reader has been paused and will be resumed when they are paid. */
  debit(reader: BucketReader, bytes: number): boolean {
    if (!this.isLimited) return true;
    const account = this.#accounts.get(reader) ?? this.#admit(reader);
    account.credit -= bytes;
    if (this.#waiting.has(account)) {
      account.turn += bytes / reader.weight;
      return false;
    }
    if (account.credit < 0) account.credit += this.#take(-account.credit);
    if (account.credit >= 0) return true;
    account.turn = Math.max(account.turn, this.#currentTurn) - account.credit / reader.weight;
    this.#enqueue(account);
    reader.pause();
    return false;
  }

  /** The reader is gone: what it owes stays owed, what it had in advance goes back. */
  forget(reader: BucketReader): void {
    const account = this.#accounts.get(reader);
    if (account === undefined) return;
    this.#accounts.delete(reader);
    this.#leave(account);
    this.#giveBack(account.credit);
    this.#part();
  }

  /** Forgets its readers, which are not resumed, and keeps no timer. */
  close(): void {
    for (const reader of [...this.#accounts.keys()]) this.forget(reader);
    this.#disarm();
  }

  /** A bucket is in the tree while it has accounts, so that thousands of idle downloads cost a round nothing. */
  #admit(reader: BucketReader): Account {
    const account = new Account(reader);
    this.#accounts.set(reader, account);
    this.#join();
    return account;
  }

  #join(): void {
    if (this.#parent === undefined) return;
    this.#parent.#children.add(this);
    this.#parent.#join();
  }

  #part(): void {
    if (this.#parent === undefined || this.#accounts.size + this.#children.size > 0) return;
    this.#isContended = false;
    this.#parent.#children.delete(this);
    this.#parent.#part();
  }

  #burst(): number {
    return Math.max(smallestBurstBytes, (this.#rate * burstMs) / 1000);
  }

  #fill(now: number): void {
    const accrued = (this.#rate * (now - this.#filledAt)) / 1000;
    this.#level = Math.min(this.#level + accrued, this.#burst());
    this.#filledAt = now;
  }

  /** Up to `bytes` at once, of what those who wait could not take. */
  #take(bytes: number): number {
    let most = bytes;
    if (this.#rate > 0) {
      if (!this.#isContended) this.#fill(this.#clock.now());
      most = Math.min(bytes, Math.max(this.#level, 0));
    }
    const taken = this.#parent ? this.#parent.#take(most) : most;
    if (this.#rate > 0) this.#level -= taken;
    return taken;
  }

  #giveBack(bytes: number): void {
    if (this.#rate > 0) this.#level = Math.min(this.#level + bytes, this.#burst());
    if (this.#parent) this.#parent.#giveBack(bytes);
  }

  #enqueue(share: Account | Bucket): void {
    this.#waiting.add(share);
    this.#isContended = true;
    if (this.#parent && !this.#parent.#waiting.has(this)) {
      this.turn = Math.max(this.turn, this.#parent.#currentTurn);
      this.#parent.#enqueue(this);
    }
    this.#arm();
  }

  #leave(share: Account | Bucket): void {
    if (this.#waiting.delete(share) && this.#waiting.size === 0 && this.#parent) this.#parent.#leave(this);
  }

  /** The timer belongs to the root, which serves the whole tree. */
  #arm(): void {
    if (this.#parent) {
      this.#parent.#arm();
      return;
    }
    const now = this.#clock.now();
    const dueAt = now + this.#waitMs();
    if (dueAt >= this.#timerAt) return;
    this.#disarm();
    this.#timerAt = dueAt;
    this.#cancelTimer = this.#clock.setTimer(this.#round, dueAt - now);
  }

  #disarm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  /** Until the fastest bucket somebody waits in has a helping. */
  #waitMs(): number {
    const ownMs = this.#rate > 0 ? Math.max((helpingBytes * 1000) / this.#rate, shortestWaitMs) : longestWaitMs;
    let waitMs = Math.min(ownMs, longestWaitMs);
    for (const share of this.#waiting) if (share instanceof Bucket) waitMs = Math.min(waitMs, share.#waitMs());
    return waitMs;
  }

  readonly #round = (): void => {
    this.#disarm();
    this.#open(this.#clock.now());
    while (this.serve(Number.POSITIVE_INFINITY) > 0);
    const ready = this.#takeReady();
    if (this.#isContended) this.#arm();
    // Last, because a reader may read, and pay, while it is being resumed.
    for (const account of ready) account.reader.resume();
  };

  /** Fills the tree for a round. */
  #open(now: number): void {
    this.#fill(now);
    this.#isContended = this.#waiting.size > 0;
    for (const child of this.#children) child.#open(now);
  }

  /** Gives something to whoever's turn it is, and tells how much; 0 when nobody waits or nothing is left. */
  serve(mostBytes: number): number {
    const most = this.#rate > 0 ? Math.min(mostBytes, this.#level) : mostBytes;
    const next = most > 0 ? this.#next() : undefined;
    if (next === undefined) return 0;
    this.#currentTurn = Math.max(this.#currentTurn, next.turn);
    const given = next.serve(most);
    if (this.#rate > 0) this.#level -= given;
    this.turn += given / this.weight;
    return given;
  }

  #next(): Account | Bucket | undefined {
    let next: Account | Bucket | undefined;
    for (const share of this.#waiting) {
      const isServable = share instanceof Account || share.#isServable;
      if (isServable && (next === undefined || share.turn < next.turn)) next = share;
    }
    return next;
  }

  get #isServable(): boolean {
    return (this.#rate === 0 || this.#level > 0) && this.#next() !== undefined;
  }

  #takeReady(): Account[] {
    const ready: Account[] = [];
    for (const share of [...this.#waiting]) {
      if (share instanceof Bucket) ready.push(...share.#takeReady());
      else if (share.credit >= 0) {
        this.#leave(share);
        ready.push(share);
      }
    }
    return ready;
  }

  *#accountsBelow(): Generator<Account> {
    yield* this.#accounts.values();
    for (const child of this.#children) yield* child.#accountsBelow();
  }

  /** Takes back what was paid in advance at the old rate, and shortens debts to what the new one pays in a second. */
  #forgive(): void {
    let owed = 0;
    for (const { credit } of this.#accountsBelow()) owed -= Math.min(credit, 0);
    const factor = Math.min((this.#rate * longestDebtMs) / 1000 / owed, 1);
    for (const account of this.#accountsBelow()) account.credit = Math.min(account.credit, 0) * factor;
  }

  /** Whoever waits though nothing limits it any more goes on. */
  #releaseUnlimited(): void {
    for (const child of this.#children) child.#releaseUnlimited();
    if (this.isLimited) return;
    for (const account of this.#accounts.values()) {
      account.credit = 0;
      if (!this.#waiting.has(account)) continue;
      this.#leave(account);
      account.reader.resume();
    }
  }
}
