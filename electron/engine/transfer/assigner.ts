/** Gives slots their leases: looks at who works on what, asks `schedule.ts` what is best, and carries it out on the map. */
import type { Clock } from '#engine/clock';
import type { HostGate } from '#engine/network/host-gate';
import type { Knowledge } from './knowledge.ts';
import type { Link } from './link.ts';
import type { Lease } from './range-map.ts';
import { isDrip, type LeaseView, type Plan, plan, type Situation } from './schedule.ts';
import type { Slot } from './slot.ts';
import type { SpeedMeter } from './speed.ts';

/** Believed of a server nothing is known of yet. */
const USUAL_ROUND_TRIP_MS = 50;
/** What a new connection may send at first; doubled each round trip (RFC 6928). */
const FIRST_WINDOW_BYTES = 14_600;
/** A stream silent for longer than this, and than three times the server's answer takes, has not merely hiccuped. */
const SILENT_MS = 300;
/** A start that takes longer than this, and than three times what was expected, may never come. */
const LATE_MS = 1000;

/** What of a slot matters to who gives it work. */
export interface Worker
  extends Pick<
    Slot,
    | 'id'
    | 'state'
    | 'isStreaming'
    | 'isBusy'
    | 'isHeld'
    | 'leasedAt'
    | 'lastByteAt'
    | 'lastBytesPerSecond'
    | 'roundTripMs'
    | 'answerMs'
  > {
  lease: Lease | undefined;
  readonly meter: Pick<SpeedMeter, 'bytesPerSecond' | 'observedMs'>;
  hasConnectionTo(url: URL): boolean;
}

/** What of the file matters. */
export interface KnownFile extends Pick<Knowledge, 'map' | 'asksRanges' | 'hasWholeToFetch' | 'supportsRanges'> {
  readonly link: Pick<Link, 'final'>;
}

export interface AssignerPorts<W extends Worker> {
  readonly clock: Pick<Clock, 'now'>;
  slots(): readonly W[];
  gate(): Pick<HostGate, 'cap' | 'isFragile'>;
  /** Connections the user allows. */
  allowed(): number;
  isLimited(): boolean;
  /** A connection to the file's host waits to be used. */
  hasWarm(): boolean;
  /** The most the server gives at once. */
  largestAnswer(): number;
}

export class Assigner<W extends Worker = Slot> {
  readonly #ports: AssignerPorts<W>;
  readonly #known: KnownFile;
  readonly #plan: typeof plan;

  /** `rule` decides; only comparisons put another one in its place. */
  constructor(ports: AssignerPorts<W>, known: KnownFile, rule = plan) {
    this.#ports = ports;
    this.#known = known;
    this.#plan = rule;
  }

  /** `slot` undefined: one that is yet to be made. */
  hasWorkFor(slot: W | undefined): boolean {
    if (slot?.lease !== undefined) return true;
    const { asksRanges, hasWholeToFetch } = this.#known;
    if (!asksRanges) {
      // A held slot keeps its lease without being busy.
      const isTaken = this.#ports.slots().some((other) => other !== slot && (other.isBusy || other.lease !== undefined));
      return hasWholeToFetch && !isTaken;
    }
    return this.#plan(this.#situation(slot)).type !== 'none';
  }

  /** A lease for `slot`, on record in the map; undefined where there is nothing worth its while. */
  leaseFor(slot: W): Lease | undefined {
    if (slot.lease !== undefined) return slot.lease;
    const { map, asksRanges, hasWholeToFetch } = this.#known;
    if (!asksRanges) {
      const isTaken = this.#ports.slots().some((other) => other !== slot && other.lease !== undefined);
      return isTaken || !hasWholeToFetch ? undefined : map.lease(0, map.limit);
    }
    let decision = this.#plan(this.#situation(slot));
    if (decision.type === 'split') {
      const victim = this.#leaseOf(decision.victim);
      if (victim === undefined) return undefined;
      victim.end = decision.at;
      // Beyond the victim's share of a fresh stream lies the rest of the file: it is leased in order.
      const next = this.#isFreshStream(victim) ? this.#plan(this.#situation(slot)) : undefined;
      if (next?.type === 'lease') decision = next;
    }
    return this.#carryOut(decision);
  }

  /** Slots whose bytes only drip and are better fetched by one of `helpers`, which moves more; undefined: as in `hasWorkFor`. */
  drips(helpers: readonly (W | undefined)[]): W[] {
    if (this.#known.supportsRanges !== true || helpers.length === 0 || this.#ports.gate().isFragile) return [];
    const slots = this.#ports.slots();
    const helperBytesPerSecond = bestOf(helpers.filter((slot) => slot !== undefined)) || bestOf(slots);
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

  #situation(helper: W | undefined): Situation {
    const leases: LeaseView[] = [];
    let isHedging = false;
    for (const slot of this.#ports.slots()) {
      if (slot === helper || slot.lease === undefined) continue;
      isHedging ||= slot.lease.isHedge;
      leases.push(this.#view(slot, slot.lease));
    }
    const gate = this.#ports.gate();
    const { map, link } = this.#known;
    const helperBytesPerSecond = helper?.lastBytesPerSecond ?? 0;
    const isWarm = helper?.hasConnectionTo(link.final) || this.#ports.hasWarm();
    return {
      holes: map.holes(),
      leases,
      helperBytesPerSecond,
      bestBytesPerSecond: bestOf(this.#ports.slots()),
      helperStartMs: this.#startMs(isWarm, helperBytesPerSecond),
      roundTripMs: this.#answerMs(),
      connections: Math.min(this.#ports.allowed(), gate.cap),
      isFragile: gate.isFragile,
      mayHedge: !isHedging && !this.#ports.isLimited(),
    };
  }

  #view(slot: W, lease: Lease): LeaseView {
    const now = this.#ports.clock.now();
    const expectedMs = slot.isStreaming ? this.#silentMs(slot, now) : this.#startMs(slot.state === 'headers', 0);
    const waitedMs = slot.isStreaming ? 0 : now - slot.leasedAt;
    // A connection that served before has the speed it had: its meter begins anew with a new one.
    const isKnown = slot.isStreaming || (slot.state === 'headers' && slot.meter.observedMs > 0);
    const isLate = waitedMs > Math.max(3 * expectedMs, LATE_MS);
    const { limit } = this.#known.map;
    return {
      id: slot.id,
      cursor: lease.cursor,
      end: Math.min(lease.end, limit),
      bytesPerSecond: isKnown ? slot.meter.bytesPerSecond : 0,
      observedMs: isKnown ? slot.meter.observedMs : isLate ? waitedMs : 0,
      startMs: isLate ? 0 : expectedMs,
      isOpenEnded: this.#isFreshStream(lease),
      isFixed: slot.isHeld || lease.isHedge || lease.isHedged,
    };
  }

  /** Who has been silent for long is believed to be silent for as long again. */
  #silentMs(slot: W, now: number): number {
    const silentMs = slot.state === 'streaming' ? now - slot.lastByteAt : 0;
    return silentMs > Math.max(3 * this.#answerMs(), SILENT_MS) ? silentMs : 0;
  }

  /** Its body is the whole file: what a split takes from it is no share of a lease, but all the rest. */
  #isFreshStream({ start, bodyEnd }: Lease): boolean {
    return start === 0 && bodyEnd >= this.#known.map.limit;
  }

  /** What a start costs: the answer's time; on a new connection its own too, and the round trips until it is at `speed`. */
  #startMs(isWarm: boolean, speed: number): number {
    const answerMs = this.#answerMs();
    if (isWarm) return answerMs;
    const doublings = Math.log2((speed * answerMs) / 1000 / FIRST_WINDOW_BYTES);
    return this.#connectMs() + answerMs * Math.max(1, doublings || 0);
  }

  #connectMs(): number {
    return leastOf(this.#ports.slots().map(({ roundTripMs }) => roundTripMs)) ?? USUAL_ROUND_TRIP_MS;
  }

  #answerMs(): number {
    return leastOf(this.#ports.slots().map(({ answerMs }) => answerMs)) ?? this.#connectMs();
  }
}

/** The least that was measured. */
function leastOf(values: readonly number[]): number | undefined {
  const known = values.filter((value) => value > 0);
  return known.length === 0 ? undefined : Math.min(...known);
}

const bestOf = (slots: readonly Worker[]): number => Math.max(0, ...slots.map((slot) => slot.lastBytesPerSecond));
