/** What `slot.ts` of the engine is to its transfer, in virtual time: the state of one place of a download for one connection. */
import type { Clock } from '../../../electron/engine/clock.ts';
import type { Lease } from '../../../electron/engine/range-map.ts';
import { SpeedMeter } from '../../../electron/engine/speed.ts';
import type { Waiter } from './gate.ts';
import type { Flow, Reader } from './wire.ts';

/** A clock that is set, so that a meter can be told of what came since it was asked last. */
export class SetClock implements Clock {
  atMs = 0;

  now(): number {
    return this.atMs;
  }

  wallNow(): number {
    return this.atMs;
  }

  setTimer(): () => void {
    throw new Error('nothing waits on this clock');
  }
}

export interface SlotHooks {
  onPermit(slot: Slot): void;
  hasWarm(): boolean;
  onConnected(slot: Slot): void;
  onFirstByte(slot: Slot): void;
  onEnough(slot: Slot): void;
  onRefused(slot: Slot): void;
  onDeath(slot: Slot): void;
  onFreeze(slot: Slot): void;
}

export class Slot implements Reader, Waiter {
  readonly id: number;
  readonly meter: SpeedMeter;
  state: 'idle' | 'gated' | 'connecting' | 'headers' | 'streaming' = 'idle';
  lease: Lease | undefined;
  flow: Flow | undefined;
  isBusy = false;
  isProven = false;
  /** This connection gave this slot an answer. */
  hasServed = false;
  needsFresh = false;
  hasPermit = false;
  sleepsUntilMs = 0;
  leasedAtMs = 0;
  askedAtMs = 0;
  answerMs = 0;
  connectedFromMs = 0;
  lastByteAtMs = Number.NEGATIVE_INFINITY;
  lastBytesPerSecond = 0;
  /** What the last connection cost. */
  roundTripMs = 0;
  /** When the watch over a frozen connection ends it. */
  silentAtMs = Number.POSITIVE_INFINITY;
  receivedBytes = 0;
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
    this.lastByteAtMs = nowMs;
    this.receivedBytes += bytes;
    if (this.lease) this.lease.cursor = Math.min(this.lease.cursor + bytes, this.lease.end);
  }

  onPermit(): void {
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
