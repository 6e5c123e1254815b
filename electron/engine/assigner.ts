/** Gives slots their leases: looks at who works on what, asks `schedule.ts` what is best, and carries it out on the map. */
import type { Clock } from './clock.ts';
import type { HostGate } from './host-gate.ts';
import type { Knowledge } from './knowledge.ts';
import type { Lease } from './range-map.ts';
import { isDrip, type LeaseView, type Plan, plan, type Situation } from './schedule.ts';
import type { Slot } from './slot.ts';

/** Believed of a server nothing is known of yet. */
const USUAL_ROUND_TRIP_MS = 50;
/** A connection costs so many round trips before its first byte (TCP, TLS, the request), a warm one only the request's. */
const COLD_ROUND_TRIPS = 3;
/** A start that takes longer than this, and than three times what was expected, may never come. */
const LATE_MS = 1000;

export interface AssignerPorts {
  readonly clock: Clock;
  slots(): readonly Slot[];
  gate(): HostGate;
  /** Connections the user allows. */
  allowed(): number;
  isLimited(): boolean;
  /** The most the server gives at once. */
  largestAnswer(): number;
}

export class Assigner {
  readonly #ports: AssignerPorts;
  readonly #known: Knowledge;

  constructor(ports: AssignerPorts, known: Knowledge) {
    this.#ports = ports;
    this.#known = known;
  }

  hasWorkFor(slot: Slot): boolean {
    if (slot.lease !== undefined) return true;
    const { asksRanges, hasWholeToFetch } = this.#known;
    if (!asksRanges) {
      // A held slot keeps its lease without being busy.
      const isTaken = this.#ports.slots().some((other) => other !== slot && (other.isBusy || other.lease !== undefined));
      return hasWholeToFetch && !isTaken;
    }
    return plan(this.#situation(slot)).type !== 'none';
  }

  /** A lease for `slot`, on record in the map; undefined where there is nothing worth its while. */
  leaseFor(slot: Slot): Lease | undefined {
    if (slot.lease !== undefined) return slot.lease;
    const { map, asksRanges, hasWholeToFetch } = this.#known;
    if (!asksRanges) {
      const isTaken = this.#ports.slots().some((other) => other !== slot && other.lease !== undefined);
      return isTaken || !hasWholeToFetch ? undefined : map.lease(0, map.limit);
    }
    let decision = plan(this.#situation(slot));
    if (decision.type === 'split') {
      const victim = this.#leaseOf(decision.victim);
      if (victim === undefined) return undefined;
      const wasOpenEnded = victim.bodyEnd > victim.end || victim.bodyEnd === decision.end;
      victim.end = decision.at;
      // Beyond the victim's share of a fresh stream lies the rest of the file: it is leased in order.
      if (wasOpenEnded) decision = plan(this.#situation(slot));
    }
    return this.#carryOut(decision);
  }

  /** Slots whose bytes only drip and are better fetched by one of `idle`, which moves more. */
  drips(idle: readonly Slot[]): Slot[] {
    if (this.#known.supportsRanges !== true || idle.length === 0 || this.#ports.gate().isFragile) return [];
    const slots = this.#ports.slots();
    const helperBytesPerSecond = bestOf(idle) || bestOf(slots);
    return slots.filter(
      (slot) =>
        slot.lease !== undefined && slot.state === 'streaming' && isDrip(this.#view(slot, slot.lease), helperBytesPerSecond),
    );
  }

  #carryOut(decision: Plan): Lease | undefined {
    const { map } = this.#known;
    switch (decision.type) {
      case 'none':
        return undefined;
      case 'lease':
        return map.lease(decision.start, Math.min(decision.end, decision.start + this.#ports.largestAnswer()));
      case 'split':
        return map.lease(decision.at, decision.end);
      case 'hedge': {
        const victim = this.#leaseOf(decision.victim);
        if (victim) victim.isHedged = true;
        return map.lease(decision.start, decision.end, true);
      }
    }
  }

  #leaseOf(id: number): Lease | undefined {
    return this.#ports.slots()[id - 1]?.lease;
  }

  #situation(helper: Slot): Situation {
    const leases: LeaseView[] = [];
    let isHedging = false;
    for (const slot of this.#ports.slots()) {
      if (slot === helper || slot.lease === undefined) continue;
      isHedging ||= slot.lease.isHedge;
      leases.push(this.#view(slot, slot.lease));
    }
    const gate = this.#ports.gate();
    const { map, link } = this.#known;
    return {
      holes: map.holes(),
      leases,
      helperBytesPerSecond: helper.lastBytesPerSecond,
      bestBytesPerSecond: bestOf(this.#ports.slots()),
      helperStartMs: this.#roundTripMs() * (helper.hasConnectionTo(link.final) ? 1 : COLD_ROUND_TRIPS),
      connections: Math.min(this.#ports.allowed(), gate.cap),
      isFragile: gate.isFragile,
      mayHedge: !isHedging && !this.#ports.isLimited(),
    };
  }

  #view(slot: Slot, lease: Lease): LeaseView {
    const expectedMs = slot.isStreaming ? 0 : COLD_ROUND_TRIPS * this.#roundTripMs();
    const waitedMs = slot.isStreaming ? 0 : this.#ports.clock.now() - slot.leasedAt;
    const isLate = waitedMs > Math.max(3 * expectedMs, LATE_MS);
    const { limit } = this.#known.map;
    return {
      id: slot.id,
      cursor: lease.cursor,
      end: Math.min(lease.end, limit),
      bytesPerSecond: slot.isStreaming ? slot.meter.bytesPerSecond : 0,
      observedMs: slot.isStreaming ? slot.meter.observedMs : isLate ? waitedMs : 0,
      startMs: isLate ? 0 : expectedMs,
      isOpenEnded: lease.bodyEnd >= limit && lease.start === 0,
      isFixed: slot.isHeld || lease.isHedge || lease.isHedged,
    };
  }

  #roundTripMs(): number {
    const measured = this.#ports.slots().flatMap(({ roundTripMs }) => (roundTripMs > 0 ? [roundTripMs] : []));
    return measured.length === 0 ? USUAL_ROUND_TRIP_MS : Math.min(...measured);
  }
}

const bestOf = (slots: readonly Slot[]): number => Math.max(0, ...slots.map((slot) => slot.lastBytesPerSecond));
