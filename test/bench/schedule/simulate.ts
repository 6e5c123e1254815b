/**
 * One download over one network under one rule, in virtual time. What decides is real (`plan()`, the speed meter, the range
 * map); slots and their troubles follow `transfer.ts`: the ramp, the tick, a connection cut at the end of a shortened answer,
 * back-offs, the watch over silence, the host's cap.
 */
import { type Lease, RangeMap } from '../../../electron/engine/range-map.ts';
import { isDrip, type Plan, type Situation } from '../../../electron/engine/schedule.ts';
import { Gate } from './gate.ts';
import { describeNetwork, type Network } from './network.ts';
import { SetClock, Slot, type SlotHooks } from './slot.ts';
import { bestOf, isOpenEnded, type Surroundings, situationOf, viewOf } from './situation.ts';
import { WarmFlows } from './warm.ts';
import { Wire } from './wire.ts';

const X = new Set((process.env.X ?? '').split(','));
const TICK_MS = 250;
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** The silence allowed to a connection that streamed for a while, and to one that hardly began. */
const IDLE_MS = 6000;
const START_IDLE_MS = 15_000;
const EXTRA_WINDOW_MS = 10_000;
const LEASE_AHEAD_BYTES = 64 * 1024 * 1024;
const PROGRESS_BYTES = 256 * 1024;
/** Turns without any time passing: a rule that never comes to rest. */
const MAX_TURNS = 10_000;

/** A way to share out the work. */
export interface Rule {
  readonly name: string;
  /** Looks again each tick; else only when something happened. */
  readonly usesTicks: boolean;
  plan(situation: Situation, network: Network): Plan;
}

export interface Run {
  readonly timeMs: number;
  readonly requests: number;
  readonly hedges: number;
  /** Received twice, or on its way when a connection was cut. */
  readonly wastedBytes: number;
}

/** Runs the download to its end. @throws Error when the rule never ends. */
export function simulate(network: Network, rule: Rule, tell?: (line: string) => void): Run {
  return new Simulation(network, rule, tell).run();
}

class Simulation implements SlotHooks {
  readonly #network: Network;
  readonly #rule: Rule;
  readonly #tell: ((line: string) => void) | undefined;
  readonly #clock = new SetClock();
  readonly #wire: Wire;
  readonly #gate: Gate;
  readonly #warm: WarmFlows;
  readonly #map: RangeMap;
  readonly #slots: Slot[];
  /** Slots the gate let in. */
  readonly #admitted: Slot[] = [];
  readonly #failuresAt = new Map<number, number>();
  #isIdentified = false;
  #mustAdvance = true;
  #waitsUntilMs = 0;
  #tickAtMs = 0;
  #requests = 0;
  #hedges = 0;
  #cutBytes = 0;

  constructor(network: Network, rule: Rule, tell: ((line: string) => void) | undefined) {
    this.#network = network;
    this.#rule = rule;
    this.#tell = tell;
    this.#wire = new Wire(network);
    this.#gate = new Gate(() => this.#wire.nowMs);
    this.#warm = new WarmFlows(this.#wire);
    this.#map = new RangeMap(network.sizeBytes);
    this.#slots = Array.from({ length: network.connections }, (_, index) => new Slot(index + 1, this.#clock, this));
  }

  run(): Run {
    let turns = 0;
    let turnsAtMs = 0;
    for (;;) {
      this.#settleTurn();
      if (this.#map.isComplete) break;
      const nextAtMs = this.#nextAtMs();
      if (!Number.isFinite(nextAtMs)) throw new Error(`nothing will ever happen: ${describeNetwork(this.#network)}`);
      turns = nextAtMs > turnsAtMs ? 0 : turns + 1;
      turnsAtMs = nextAtMs;
      if (turns > MAX_TURNS) throw new Error(`no rest at ${nextAtMs} ms: ${describeNetwork(this.#network)}`);
      this.#happen(nextAtMs);
    }
    const receivedBytes = this.#slots.reduce((sum, slot) => sum + slot.receivedBytes, 0);
    return {
      timeMs: this.#wire.nowMs,
      requests: this.#requests,
      hedges: this.#hedges,
      wastedBytes: Math.max(0, Math.round(receivedBytes - this.#network.sizeBytes)) + Math.round(this.#cutBytes),
    };
  }

  #nextAtMs(): number {
    const now = this.#wire.nowMs;
    let next = Math.min(this.#wire.nextAtMs, this.#gate.nextAtMs, this.#warm.nextAtMs);
    let isTicking = false;
    for (const slot of this.#slots) {
      if (slot.sleepsUntilMs > now) next = Math.min(next, slot.sleepsUntilMs);
      else if (!slot.isBusy) isTicking = true;
      next = Math.min(next, slot.silentAtMs);
    }
    if (this.#waitsUntilMs > now) return Math.min(next, this.#waitsUntilMs);
    this.#tickAtMs = isTicking && this.#rule.usesTicks ? nextTick(now) : Number.POSITIVE_INFINITY;
    return Math.min(next, this.#tickAtMs);
  }

  #happen(atMs: number): void {
    const before = this.#wire.nowMs;
    this.#clock.atMs = Math.max(before, atMs);
    this.#wire.advanceTo(atMs);
    this.#warm.sweep();
    this.#gate.serve();
    for (const slot of this.#slots) {
      if (slot.silentAtMs <= atMs) this.#lose(slot, 'silent');
      if (slot.sleepsUntilMs > before && slot.sleepsUntilMs <= atMs) this.#mustAdvance = true;
    }
    if (this.#tickAtMs <= atMs) this.#dropDrips();
    if (this.#tickAtMs <= atMs || this.#waitsUntilMs > before || !this.#rule.usesTicks) this.#mustAdvance = true;
  }

  /** All that follows without time passing. */
  #settleTurn(): void {
    for (let turns = 0; turns < MAX_TURNS; turns += 1) {
      const slot = this.#admitted.shift();
      if (slot) this.#lease(slot);
      else if (this.#mustAdvance) this.#advance();
      else return;
    }
    throw new Error(`no rest at ${this.#wire.nowMs} ms: ${describeNetwork(this.#network)}`);
  }

  #advance(): void {
    this.#mustAdvance = false;
    if (this.#map.isComplete || this.#waitsUntilMs > this.#wire.nowMs) return;
    for (const slot of this.#slots) {
      if (slot.isBusy || !this.#mayWork(slot) || !this.#hasWorkFor(slot)) continue;
      slot.isBusy = true;
      this.#turn(slot);
    }
  }

  /** What only drips is better fetched by others. */
  #dropDrips(): void {
    const idle = this.#slots.filter((slot) => !slot.isBusy && this.#mayWork(slot));
    if (idle.length === 0) return;
    const best = bestOf(idle) || bestOf(this.#slots);
    for (const slot of this.#slots) {
      if (slot.lease === undefined || !slot.isStreaming) continue;
      if (!isDrip(viewOf(slot, slot.lease, this.#around), best)) continue;
      slot.needsFresh = true;
      slot.sleepsUntilMs = this.#wire.nowMs + RETRY_MS;
      this.#stop(slot, slot.lease);
    }
  }

  #mayWork(slot: Slot): boolean {
    const now = this.#wire.nowMs;
    if (this.#waitsUntilMs > now || slot.sleepsUntilMs > now || this.#map.isComplete) return false;
    let rivals = 0;
    let proven = 0;
    for (const other of this.#slots) {
      if (!other.isBusy) continue;
      if (other.isProven || other.isStreaming) proven += 1;
      if (X.has("late") && other.lease && (other.state === 'connecting' || other.state === 'headers') && now - other.leasedAtMs > 1000 && viewOf(other, other.lease, this.#around).startMs === 0) continue;
      if (other !== slot && !(slot.isBusy && other.state === 'gated')) rivals += 1;
    }
    return rivals < (this.#isIdentified ? Math.max(1, Math.min(this.#network.connections, 2 * proven)) : 1);
  }

  #hasWorkFor(slot: Slot): boolean {
    if (!this.#isIdentified) return !this.#slots.some((other) => other.isBusy);
    return this.#rule.plan(this.#situation(slot), this.#network).type !== 'none';
  }

  /** The slot is free: admit it to the host, where it has no connection. */
  #turn(slot: Slot): void {
    if (!this.#mayWork(slot)) this.#rest(slot);
    else if (slot.flow !== undefined && !slot.needsFresh) this.#lease(slot);
    else {
      this.#release(slot);
      slot.state = 'gated';
      this.#gate.acquire(slot);
    }
  }

  onPermit(slot: Slot): void {
    slot.hasPermit = true;
    this.#admitted.push(slot);
  }

  hasWarm(): boolean {
    return this.#warm.has;
  }

  #lease(slot: Slot): void {
    const lease = this.#mayWork(slot) ? this.#leaseFor(slot) : undefined;
    if (lease === undefined) {
      this.#rest(slot);
      return;
    }
    slot.lease = lease;
    slot.leasedAtMs = this.#wire.nowMs;
    this.#say(slot, `${lease.isHedge ? 'hedges' : 'leases'} ${mebibytes(lease.start)} to ${mebibytes(lease.end)}`);
    if (slot.flow === undefined) {
      slot.meter.reset();
      if (!slot.needsFresh) slot.flow = this.#warm.take(slot);
    }
    if (slot.flow) this.#ask(slot);
    else {
      slot.hasServed = false;
      slot.connectedFromMs = this.#wire.nowMs;
      slot.state = 'connecting';
      this.#warm.makeRoom(this.#gate.cap - this.#gate.held);
      slot.flow = this.#wire.open(slot);
    }
  }

  #leaseFor(slot: Slot): Lease | undefined {
    const map = this.#map;
    if (!this.#isIdentified) {
      return this.#slots.some((other) => other.lease !== undefined) ? undefined : map.lease(0, map.limit);
    }
    let decision = this.#rule.plan(this.#situation(slot), this.#network);
    if (decision.type === 'split') {
      const { victim: id, at, end } = decision;
      const victim = this.#slots[id - 1];
      if (victim?.lease === undefined || victim.flow === undefined) throw new Error(`slot ${id} has nothing to give`);
      const wasOpenEnded = X.has('open') ? isOpenEnded(victim.lease, map.limit) : victim.lease.bodyEnd > victim.lease.end || victim.lease.bodyEnd === end;
      this.#say(slot, `splits ${id} at ${mebibytes(at)} of ${mebibytes(victim.lease.cursor)} to ${mebibytes(end)}`);
      victim.lease.end = at;
      victim.flow.wantedBytes = at - victim.lease.cursor;
      if (wasOpenEnded) decision = this.#rule.plan(this.#situation(slot), this.#network);
    }
    switch (decision.type) {
      case 'none':
        return undefined;
      case 'lease':
        return map.lease(decision.start, decision.end);
      case 'split':
        return map.lease(decision.at, decision.end);
      case 'hedge': {
        const victim = this.#slots[decision.victim - 1];
        if (victim?.lease) victim.lease.isHedged = true;
        this.#hedges += 1;
        return map.lease(decision.start, decision.end, true);
      }
    }
  }

  #situation(helper: Slot): Situation {
    for (const { flow } of this.#slots) if (flow) this.#wire.settle(flow);
    return situationOf(helper, this.#around);
  }

  get #around(): Surroundings {
    return {
      nowMs: this.#wire.nowMs,
      map: this.#map,
      slots: this.#slots,
      connections: Math.min(this.#network.connections, this.#gate.cap),
      hasWarm: this.#warm.has,
    };
  }

  #ask(slot: Slot): void {
    const { flow, lease } = slot;
    if (flow === undefined || lease === undefined) throw new Error(`slot ${slot.id} has nothing to ask for`);
    this.#requests += 1;
    slot.state = 'headers';
    slot.askedAtMs = this.#wire.nowMs;
    this.#wire.ask(flow, lease.end - lease.cursor);
    if (flow.isFrozen) this.onFreeze(slot);
  }

  onConnected(slot: Slot): void {
    slot.needsFresh = false;
    slot.roundTripMs = this.#wire.nowMs - slot.connectedFromMs;
    this.#ask(slot);
  }

  onFirstByte(slot: Slot): void {
    slot.state = 'streaming';
    slot.answerMs = this.#wire.nowMs - slot.askedAtMs;
    if (!slot.hasServed) this.#gate.noteServed();
    slot.hasServed = true;
    this.#isIdentified = true;
    if (X.has('ramp')) this.#mustAdvance = true;
  }

  onEnough(slot: Slot): void {
    const { flow, lease } = slot;
    if (flow === undefined || lease === undefined) throw new Error(`slot ${slot.id} reads nothing`);
    lease.cursor = lease.end;
    if (lease.bodyEnd > lease.end) {
      this.#map.extend(lease, LEASE_AHEAD_BYTES);
      flow.wantedBytes = lease.end - lease.cursor;
      if (flow.wantedBytes > 0) return;
      this.#cut(slot);
    } else this.#wire.rest(flow);
    this.#say(slot, `has all up to ${mebibytes(lease.end)}`);
    slot.isProven = true;
    this.#failuresAt.delete(lease.start);
    this.#conclude(slot, lease);
    this.#turn(slot);
  }

  onRefused(slot: Slot): void {
    this.#lose(slot, 'refused');
  }

  onDeath(slot: Slot): void {
    // Between two leases: the next one finds no connection.
    if (slot.lease) this.#lose(slot, 'died');
    else this.#release(slot);
  }

  onFreeze(slot: Slot): void {
    const now = this.#wire.nowMs;
    const { flow } = slot;
    const idleMs = flow?.phase === 'streaming' && now - slot.leasedAtMs > 1000 ? IDLE_MS : START_IDLE_MS;
    const patienceMs =
      slot.state === 'streaming' ? idleMs : slot.state === 'headers' ? HEADERS_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    this.#say(slot, 'freezes');
    slot.silentAtMs = nextTick(now + patienceMs);
  }

  /** The connection is gone, or has to go. What follows is what `recovery.ts` says. */
  #lose(slot: Slot, how: 'died' | 'silent' | 'refused'): void {
    const { lease } = slot;
    if (lease === undefined) throw new Error(`slot ${slot.id} has nothing to lose`);
    this.#say(slot, how);
    const hadAnswer = slot.state === 'streaming';
    const wasWarm = slot.state === 'headers' && slot.flow?.hasServed === true;
    const { hasServed: hadServed } = slot;
    this.#release(slot);
    const wasOneMore = this.#gate.isOneMore;
    const start = lease.start;
    const failures = this.#failuresAt.get(start) ?? 0;
    this.#conclude(slot, lease);
    slot.needsFresh = true;
    const now = this.#wire.nowMs;
    const others = this.#slots.filter((other) => other !== slot && other.isBusy && other.lease);
    const isExtra = others.some((other) => other.isStreaming || now - other.lastByteAtMs < EXTRA_WINDOW_MS);
    if (how === 'died' && wasWarm) {
      // A warm connection that dies as it is used: at once, on another one.
    } else if (X.has('soft') && how !== 'refused' && !hadAnswer && !hadServed && isExtra && wasOneMore && failures === 0) {
      this.#failuresAt.set(start, 1);
      slot.isProven = false;
      slot.sleepsUntilMs = now + RETRY_MS;
    } else if (how === 'refused' || ((X.has('one') ? wasOneMore : isExtra || wasOneMore) && !hadAnswer && !hadServed)) {
      slot.isProven = false;
      this.#gate.refuse();
    } else {
      slot.isProven = false;
      this.#failuresAt.delete(start);
      this.#failuresAt.set(lease.cursor, lease.cursor - start >= PROGRESS_BYTES ? 1 : failures + 1);
      const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** failures);
      if (others.length > 0) slot.sleepsUntilMs = now + waitMs;
      else this.#waitsUntilMs = now + waitMs;
    }
    this.#turn(slot);
  }

  #conclude(slot: Slot, lease: Lease): void {
    slot.silentAtMs = Number.POSITIVE_INFINITY;
    slot.lastBytesPerSecond = slot.meter.bytesPerSecond;
    slot.lease = undefined;
    const isFilled = lease.cursor >= lease.end;
    const { end } = lease;
    lease.cursor = Math.floor(lease.cursor);
    this.#map.close(lease);
    this.#map.claim(lease.start, lease.cursor);
    if (!lease.isHedge && !lease.isHedged) return;
    for (const other of this.#slots) {
      if (other.lease === undefined || (!other.lease.isHedge && !other.lease.isHedged)) continue;
      if (isFilled && end >= other.lease.end) this.#stop(other, other.lease);
      else other.lease.isHedged = false;
    }
  }

  /** Somebody else was first. */
  #stop(slot: Slot, lease: Lease): void {
    this.#cut(slot);
    this.#conclude(slot, lease);
    this.#turn(slot);
  }

  /** Ends a body that goes on: what is on its way comes for nothing. */
  #cut(slot: Slot): void {
    if (slot.flow) this.#cutBytes += (slot.flow.speed * slot.flow.roundTripMs) / 1000;
    this.#release(slot);
  }

  /** Gives connection and permit back; warm if the last answer was read to its end. */
  #release(slot: Slot): void {
    const { flow } = slot;
    slot.flow = undefined;
    if (flow) {
      if (flow.phase === 'idle' && flow.reader !== undefined && !slot.needsFresh) this.#warm.keep(flow);
      else this.#wire.close(flow);
    }
    if (!slot.hasPermit) return;
    slot.hasPermit = false;
    this.#gate.release(slot.hasServed);
    slot.hasServed = false;
  }

  /** Nothing to do for now. */
  #rest(slot: Slot): void {
    this.#release(slot);
    slot.isBusy = false;
    slot.state = 'idle';
    this.#mustAdvance = true;
  }

  #say(slot: Slot, what: string): void {
    this.#tell?.(`${(this.#wire.nowMs / 1000).toFixed(3).padStart(9)} s  slot ${slot.id} ${what}`);
  }
}

const nextTick = (atMs: number): number => (Math.floor(atMs / TICK_MS) + 1) * TICK_MS;

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(2);
