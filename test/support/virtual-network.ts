/**
 * A download without sockets: connections of given speeds, leases by the engine's own plan and map, time in steps. It is
 * what the plan is tried on thousands of times, so it knows nothing but plan, map and speed.
 */
import { type Lease, RangeMap } from '../../electron/engine/transfer/range-map.ts';
import { isDrip, type LeaseView, type Plan, plan } from '../../electron/engine/transfer/schedule.ts';
import { SpeedMeter } from '../../electron/engine/transfer/speed.ts';
import { ManualClock } from './manual-clock.ts';

/** How a connection behaves from its opening to its end. */
export interface Behaviour {
  readonly bytesPerSecond: number;
  /** From asking to the first byte. */
  readonly startMs: number;
  /** Silent for ever after so many bytes. */
  readonly freezesAfter?: number;
}

export interface NetworkOptions {
  readonly size: number;
  /** For each slot the behaviour of its first connection, its second and so on; the last one goes on. */
  readonly slots: readonly (readonly Behaviour[])[];
  readonly mayHedge?: boolean;
  readonly isFragile?: boolean;
  /** Silence after which a connection is given up. */
  readonly idleMs?: number;
}

interface Slot {
  readonly id: number;
  readonly behaviours: readonly Behaviour[];
  readonly meter: SpeedMeter;
  lease: Lease | undefined;
  connections: number;
  isWarm: boolean;
  isStreaming: boolean;
  lastSpeed: number;
  /** Bytes that came on this connection, as a fraction too: a slow one gives less than a byte a step. */
  received: number;
  begunAt: number;
  lastByteAt: number;
  sleepsUntil: number;
}

const stepMs = 50;
const roundTripMs = 50;
/** A range is free at once when its connection is given up; the slot rests. */
const backOffMs = 1000;

export class VirtualNetwork {
  readonly map: RangeMap;
  readonly #options: NetworkOptions;
  readonly #clock = new ManualClock();
  readonly #slots: Slot[];
  requests = 0;
  hedges = 0;
  /** Connections given up for their silence. */
  silences = 0;
  /** Connections given up because they only dripped. */
  drips = 0;
  receivedBytes = 0;
  maxHedges = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.map = new RangeMap(options.size);
    this.#slots = options.slots.map((behaviours, index) => ({
      id: index + 1,
      behaviours,
      meter: new SpeedMeter(this.#clock),
      lease: undefined,
      connections: 0,
      isWarm: false,
      isStreaming: false,
      lastSpeed: 0,
      received: 0,
      begunAt: 0,
      lastByteAt: 0,
      sleepsUntil: 0,
    }));
    const [first] = this.#slots;
    if (first && options.size > 0) this.#begin(first, this.map.lease(0, options.size));
  }

  get ms(): number {
    return this.#clock.now();
  }

  /** Goes on until all is there; false if that took longer than allowed. */
  run(withinMs: number): boolean {
    while (!this.map.isComplete && this.ms < withinMs) {
      // The first answer has to come, or to be given up, before anybody may help.
      if (this.receivedBytes > 0 || this.silences > 0) for (const slot of this.#idle()) this.#employ(slot);
      this.#clock.advance(stepMs);
      this.#dropDrips();
      for (const slot of this.#slots) this.#move(slot);
      this.maxHedges = Math.max(this.maxHedges, this.#slots.filter(({ lease }) => lease?.isHedge).length);
    }
    return this.map.isComplete;
  }

  /** Slots with nothing to do, the fastest first. */
  #idle(): Slot[] {
    return this.#slots
      .filter((slot) => slot.lease === undefined && slot.sleepsUntil <= this.ms)
      .sort((one, other) => other.lastSpeed - one.lastSpeed);
  }

  get #bestSpeed(): number {
    return Math.max(...this.#slots.map(({ lastSpeed }) => lastSpeed));
  }

  #employ(slot: Slot): void {
    const { mayHedge = true, isFragile = false } = this.#options;
    const decision = plan({
      holes: this.map.holes(),
      leases: this.#slots.flatMap((other) =>
        other === slot || other.lease === undefined ? [] : [this.#view(other, other.lease)],
      ),
      helperBytesPerSecond: slot.lastSpeed,
      bestBytesPerSecond: this.#bestSpeed,
      helperStartMs: slot.isWarm ? roundTripMs : 3 * roundTripMs,
      roundTripMs,
      connections: this.#slots.length,
      isFragile,
      mayHedge: mayHedge && !this.#slots.some(({ lease }) => lease?.isHedge),
    });
    const lease = this.#leaseBy(decision);
    if (lease) this.#begin(slot, lease);
  }

  #dropDrips(): void {
    if (this.#options.isFragile) return;
    const [fastest] = this.#idle();
    if (fastest === undefined) return;
    const helperBytesPerSecond = fastest.lastSpeed || this.#bestSpeed;
    for (const slot of this.#slots) {
      const { lease } = slot;
      if (lease === undefined || !slot.isStreaming || !isDrip(this.#view(slot, lease), helperBytesPerSecond)) continue;
      this.drips += 1;
      slot.sleepsUntil = this.ms + backOffMs;
      this.#end(slot, lease, false);
    }
  }

  #leaseBy(decision: Plan): Lease | undefined {
    switch (decision.type) {
      case 'none':
        return undefined;
      case 'lease':
        return this.map.lease(decision.start, decision.end);
      case 'split': {
        const victim = this.#leaseOf(decision.victim);
        if (decision.at <= victim.cursor || decision.at >= victim.end || decision.end !== victim.end) {
          throw new Error(`split at ${decision.at} of ${victim.cursor}-${victim.end}`);
        }
        victim.end = decision.at;
        return this.map.lease(decision.at, decision.end);
      }
      case 'hedge': {
        this.#leaseOf(decision.victim).isHedged = true;
        this.hedges += 1;
        return this.map.lease(decision.start, decision.end, true);
      }
    }
  }

  #leaseOf(id: number): Lease {
    const lease = this.#slots[id - 1]?.lease;
    if (lease === undefined) throw new Error(`slot ${id} has no lease`);
    return lease;
  }

  #view(slot: Slot, lease: Lease): LeaseView {
    const waitedMs = slot.isStreaming ? 0 : this.ms - slot.begunAt;
    const isLate = waitedMs > 1000;
    return {
      id: slot.id,
      cursor: lease.cursor,
      end: lease.end,
      bytesPerSecond: slot.isStreaming ? slot.meter.bytesPerSecond : 0,
      observedMs: slot.isStreaming ? slot.meter.observedMs : isLate ? waitedMs : 0,
      startMs: slot.isStreaming || isLate ? 0 : 3 * roundTripMs,
      isOpenEnded: lease.start === 0 && lease.bodyEnd >= this.#options.size,
      isFixed: lease.isHedge || lease.isHedged,
    };
  }

  #begin(slot: Slot, lease: Lease): void {
    if (lease.end <= lease.start) throw new Error(`an empty lease, ${lease.start}-${lease.end}`);
    if (!Number.isSafeInteger(lease.start) || !Number.isSafeInteger(lease.end)) throw new Error(`${lease.start}-${lease.end}`);
    this.requests += 1;
    if (!slot.isWarm) {
      slot.connections += 1;
      slot.meter.reset();
      slot.received = 0;
    }
    slot.lease = lease;
    slot.isStreaming = false;
    slot.begunAt = this.ms;
    slot.lastByteAt = this.ms;
  }

  #move(slot: Slot): void {
    const { lease } = slot;
    if (lease === undefined) return;
    const behaviour = slot.behaviours[Math.min(slot.connections, slot.behaviours.length) - 1];
    if (behaviour === undefined) throw new Error('a slot without behaviour');
    const { bytesPerSecond, startMs, freezesAfter = Number.POSITIVE_INFINITY } = behaviour;
    if (this.ms - slot.begunAt > startMs) {
      const before = slot.received;
      slot.received = Math.min(before + (bytesPerSecond * stepMs) / 1000, freezesAfter);
      const bytes = Math.min(Math.floor(slot.received) - Math.floor(before), lease.end - lease.cursor);
      if (bytes > 0) this.#take(slot, lease, bytes);
    }
    if (lease.cursor >= lease.end) this.#end(slot, lease, lease.end === lease.bodyEnd);
    else if (this.ms - slot.lastByteAt >= (this.#options.idleMs ?? 15_000)) {
      this.silences += 1;
      slot.sleepsUntil = this.ms + backOffMs;
      this.#end(slot, lease, false);
    }
  }

  #take(slot: Slot, lease: Lease, bytes: number): void {
    slot.isStreaming = true;
    slot.lastByteAt = this.ms;
    slot.meter.add(bytes);
    this.receivedBytes += bytes;
    this.map.claim(lease.cursor, lease.cursor + bytes);
    lease.cursor += bytes;
  }

  #end(slot: Slot, lease: Lease, isWarm: boolean): void {
    slot.lastSpeed = slot.meter.bytesPerSecond;
    slot.lease = undefined;
    slot.isWarm = isWarm;
    const isFilled = lease.cursor >= lease.end;
    this.map.close(lease);
    if (!lease.isHedge && !lease.isHedged) return;
    for (const twin of this.#slots) {
      if (twin.lease === undefined || (!twin.lease.isHedge && !twin.lease.isHedged)) continue;
      if (isFilled) this.#end(twin, twin.lease, false);
      else twin.lease.isHedged = false;
    }
  }
}
