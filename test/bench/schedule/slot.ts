/** What `slot.ts` of the engine is to its transfer, in virtual time: the state of one place of a download for one connection. */
import type { SegmentView } from '#shared/download';
import type { Clock } from '../../../electron/engine/clock.ts';
import type { Permit, Waiter } from '../../../electron/engine/network/host-gate.ts';
import type { Worker } from '../../../electron/engine/transfer/assigner.ts';
import type { Lease } from '../../../electron/engine/transfer/range-map.ts';
import { SpeedMeter } from '../../../electron/engine/transfer/speed.ts';
import type { Flow, Reader } from './wire.ts';

/** A clock that is set, so that a meter can be told of what came since it was asked last. */
export class SetClock implements Clock {
  atMs = 0;
  readonly #timers = new Map<object, { readonly atMs: number; readonly callback: () => void }>();

  now(): number {
    return this.atMs;
  }

  wallNow(): number {
    return this.atMs;
  }

  uptimeNow(): number {
    return this.atMs;
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const key = {};
    this.#timers.set(key, { atMs: this.atMs + delayMs, callback });
    return () => this.#timers.delete(key);
  }

  /** When the next timer is due. */
  get nextAtMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#timers.values()) next = Math.min(next, atMs);
    return next;
  }

  /** Lets happen what is due. */
  ring(): void {
    for (const [key, { atMs, callback }] of [...this.#timers]) if (atMs <= this.atMs && this.#timers.delete(key)) callback();
  }
}

/** Who is told what happens to a slot. */
export interface SlotHooks {
  onPermit(slot: Slot): void;
  hasWarm(): boolean;
  onBytes(slot: Slot, bytes: number): void;
  onConnected(slot: Slot): void;
  onFirstByte(slot: Slot): void;
  onEnough(slot: Slot): void;
  onRefused(slot: Slot): void;
  onDeath(slot: Slot): void;
  onFreeze(slot: Slot): void;
}

export class Slot implements Reader, Waiter, Worker {
  readonly id: number;
  readonly meter: SpeedMeter;
  readonly isHeld = false;
  state: SegmentView['state'] = 'idle';
  lease: Lease | undefined;
  flow: Flow | undefined;
  isBusy = false;
  isProven = false;
  /** This connection gave this slot an answer. */
  hasServed = false;
  needsFresh = false;
  permit: Permit | undefined;
  sleepsUntil = 0;
  leasedAt = 0;
  connectedFrom = 0;
  lastByteAt = Number.NEGATIVE_INFINITY;
  lastBytesPerSecond = 0;
  roundTripMs = 0;
  answerMs = 0;
  askedAt = 0;
  /** When the watch over a frozen connection ends it. */
  silentAt = Number.POSITIVE_INFINITY;
  receivedBytes = 0;
  /** A byte that came in part: cursors count whole ones. */
  #fraction = 0;
  readonly #clock: SetClock;
  readonly #hooks: SlotHooks;

  constructor(id: number, clock: SetClock, hooks: SlotHooks) {
    this.id = id;
    this.#clock = clock;
    this.#hooks = hooks;
    this.meter = new SpeedMeter(clock);
  }

  get isStreaming(): boolean {
    return this.state === 'streaming';
  }

  hasConnectionTo(): boolean {
    return this.flow !== undefined;
  }

  begin(lease: Lease): void {
    this.lease = lease;
    this.leasedAt = this.#clock.atMs;
    this.#fraction = 0;
  }

  /** What is still to come until the end of the lease. */
  get wantedBytes(): number {
    return this.lease === undefined ? 0 : this.lease.end - this.lease.cursor - this.#fraction;
  }

  /**
   * Two calls stand for the hundreds of small reads of a real connection: the meter averages by time, so many windows of one
   * constant speed and one long window leave the same.
   */
  onBytes(bytes: number, fromMs: number): void {
    const nowMs = this.#clock.atMs;
    this.#clock.atMs = fromMs;
    this.meter.add(bytes);
    this.#clock.atMs = nowMs;
    this.meter.add(0);
    this.lastByteAt = nowMs;
    this.receivedBytes += bytes;
    if (this.lease === undefined) return;
    const whole = Math.floor(this.#fraction + bytes);
    this.#fraction += bytes - whole;
    this.lease.cursor = Math.min(this.lease.cursor + whole, this.lease.end);
    this.#hooks.onBytes(this, bytes);
  }

  /** Of the host's permits: all of a download's slots are one owner. */
  get owner(): SlotHooks {
    return this.#hooks;
  }

  onPermit(permit: Permit): void {
    this.permit = permit;
    this.#hooks.onPermit(this);
  }

  isReuse(): boolean {
    return !this.needsFresh && this.#hooks.hasWarm();
  }

  onConnected(): void {
    this.#hooks.onConnected(this);
  }

  onFirstByte(): void {
    this.#hooks.onFirstByte(this);
  }

  onEnough(): void {
    this.#hooks.onEnough(this);
  }

  onRefused(): void {
    this.#hooks.onRefused(this);
  }

  onDeath(): void {
    this.#hooks.onDeath(this);
  }

  onFreeze(): void {
    this.#hooks.onFreeze(this);
  }
}
