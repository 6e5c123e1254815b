/**
 * What `transfer.ts` of the engine does with its slots, in virtual time. What decides is the engine's own: the assigner with
 * its plan, the range map, the remedies, the budget, the speed meter. Only the motions are made up here, after the engine's.
 */

import { DownloadError } from '../../../electron/engine/errors.ts';
import { HostGate } from '../../../electron/engine/network/host-gate.ts';
import { TransportError } from '../../../electron/engine/network/trouble.ts';
import { Assigner } from '../../../electron/engine/transfer/assigner.ts';
import { Budget, PROGRESS_BYTES } from '../../../electron/engine/transfer/budget.ts';
import { type Lease, RangeMap } from '../../../electron/engine/transfer/range-map.ts';
import { backOffMs, type Mishap, remedyFor } from '../../../electron/engine/transfer/recovery.ts';
import type { Plan, Situation } from '../../../electron/engine/transfer/schedule.ts';
import type { Network } from './network.ts';
import { SetClock, Slot, type SlotHooks } from './slot.ts';
import { WarmFlows } from './warm.ts';
import { Wire } from './wire.ts';

export const TICK_MS = 250;
const RETRY_MS = 1000;
const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 20_000;
/** The silence allowed to a connection that streamed for a while, and to one that hardly began. */
const IDLE_MS = 6000;
const START_IDLE_MS = 15_000;
const EXTRA_WINDOW_MS = 10_000;
const LEASE_AHEAD_BYTES = 64 * 1024 * 1024;
const address = new URL('http://virtual.test/file');
const evenJitter = (): number => 0.5;

type Loss = 'died' | 'unreachable' | 'stale' | 'silent' | 'refused';

export class VirtualTransfer implements SlotHooks {
  readonly wire: Wire;
  readonly gate: HostGate;
  readonly warm: WarmFlows;
  readonly map: RangeMap;
  readonly slots: Slot[];
  readonly clock = new SetClock();
  /** The download waits as a whole until then. */
  waitsUntil = 0;
  mustAdvance = true;
  requests = 0;
  hedges = 0;
  /** On their way when a connection was cut. */
  cutBytes = 0;
  readonly #network: Network;
  readonly #assigner: Assigner<Slot>;
  /** Slots the gate let in. */
  readonly #admitted: Slot[] = [];
  readonly #failuresAt = new Map<number, number>();
  readonly #budget = new Budget(Number.POSITIVE_INFINITY);
  readonly #tell: (line: string) => void;
  #isIdentified = false;

  constructor(network: Network, rule: (situation: Situation) => Plan, tell: (line: string) => void) {
    this.#network = network;
    this.#tell = tell;
    this.wire = new Wire(network);
    this.gate = new HostGate(this.clock, network.connections);
    this.warm = new WarmFlows(this.wire);
    this.map = new RangeMap(network.sizeBytes);
    this.slots = Array.from({ length: network.connections }, (_, index) => new Slot(index + 1, this.clock, this));
    this.#assigner = this.#newAssigner(rule);
  }

  get now(): number {
    return this.wire.nowMs;
  }

  /** One thing that follows without time passing; false when nothing does. */
  step(): boolean {
    const slot = this.#admitted.shift();
    if (slot) this.#lease(slot);
    else if (this.mustAdvance) this.#advance();
    else return false;
    return true;
  }

  /** What only drips is better fetched by others. */
  dropDrips(): void {
    this.#settleFlows();
    const idle = this.slots.filter((slot) => !slot.isBusy && this.#mayWork(slot));
    for (const slot of this.#assigner.drips(idle)) {
      slot.needsFresh = true;
      slot.sleepsUntil = this.now + RETRY_MS;
      if (slot.lease) this.#stop(slot, slot.lease);
    }
  }

  #newAssigner(rule: (situation: Situation) => Plan): Assigner<Slot> {
    const { map, slots, gate } = this;
    const isIdentified = (): boolean => this.#isIdentified;
    return new Assigner(
      {
        clock: this.clock,
        slots: () => slots,
        gate: () => gate,
        allowed: () => this.#network.connections,
        isLimited: () => false,
        hasWarm: () => this.warm.has,
        largestAnswer: () => Number.POSITIVE_INFINITY,
      },
      {
        map,
        link: { final: address },
        hasWholeToFetch: true,
        get asksRanges() {
          return isIdentified();
        },
        get supportsRanges() {
          return isIdentified();
        },
      },
      rule,
    );
  }

  #advance(): void {
    this.mustAdvance = false;
    if (this.map.isComplete || this.waitsUntil > this.now) return;
    this.#settleFlows();
    for (const slot of [...this.slots].sort((one, other) => other.lastBytesPerSecond - one.lastBytesPerSecond)) {
      if (slot.isBusy || !this.#mayWork(slot) || !this.#assigner.hasWorkFor(slot)) continue;
      slot.isBusy = true;
      this.#turn(slot);
    }
  }

  #mayWork(slot: Slot): boolean {
    if (this.waitsUntil > this.now || slot.sleepsUntil > this.now || this.map.isComplete) return false;
    let rivals = 0;
    let proven = 0;
    for (const other of this.slots) {
      if (!other.isBusy) continue;
      if (other.isProven || other.isStreaming) proven += 1;
      if (other !== slot && !(slot.isBusy && other.state === 'gated')) rivals += 1;
    }
    return rivals < (this.#isIdentified ? Math.max(1, Math.min(this.#network.connections, 2 * proven)) : 1);
  }

  /** The slot is free: admit it to the host, where it has no connection. */
  #turn(slot: Slot): void {
    if (!this.#mayWork(slot)) this.#rest(slot);
    else if (slot.flow !== undefined && !slot.needsFresh) this.#lease(slot);
    else {
      this.#release(slot);
      slot.state = 'gated';
      this.gate.enter(slot);
    }
  }

  #lease(slot: Slot): void {
    this.#settleFlows();
    const lease = this.#mayWork(slot) ? this.#assigner.leaseFor(slot) : undefined;
    // A split shortens what its victim is to bring.
    for (const { flow, lease: theirs, wantedBytes } of this.slots) if (flow && theirs) flow.wantedBytes = wantedBytes;
    if (lease === undefined) {
      this.#rest(slot);
      return;
    }
    if (lease.isHedge) this.hedges += 1;
    slot.begin(lease);
    this.#say(slot, `${lease.isHedge ? 'hedges' : 'leases'} ${mebibytes(lease.start)} to ${mebibytes(lease.end)}`);
    if (slot.flow === undefined) {
      slot.meter.reset();
      slot.hasServed = false;
      if (!slot.needsFresh) slot.flow = this.warm.take(slot);
    }
    if (slot.flow) this.#ask(slot);
    else {
      slot.connectedFrom = this.now;
      slot.state = 'connecting';
      this.warm.makeRoom(this.gate.cap - this.gate.heldInAll);
      slot.flow = this.wire.open(slot);
    }
  }

  #ask(slot: Slot): void {
    const { flow } = atWork(slot);
    this.requests += 1;
    slot.state = 'headers';
    slot.askedAt = this.now;
    this.wire.ask(flow, slot.wantedBytes);
    if (flow.isFrozen) this.onFreeze(slot);
  }

  hasWarm(): boolean {
    return this.warm.has;
  }

  onPermit(slot: Slot): void {
    this.#admitted.push(slot);
  }

  onBytes(_slot: Slot, bytes: number): void {
    this.#budget.received(bytes);
  }

  onConnected(slot: Slot): void {
    slot.needsFresh = false;
    slot.roundTripMs = this.now - slot.connectedFrom;
    this.#ask(slot);
  }

  onFirstByte(slot: Slot): void {
    slot.state = 'streaming';
    slot.answerMs = this.now - slot.askedAt;
    slot.hasServed = true;
    slot.permit?.noteServed(true);
    this.#isIdentified = true;
    this.mustAdvance = true;
  }

  onEnough(slot: Slot): void {
    const { flow, lease } = atWork(slot);
    lease.cursor = lease.end;
    if (lease.bodyEnd > lease.end) {
      this.map.extend(lease, LEASE_AHEAD_BYTES);
      flow.wantedBytes = lease.end - lease.cursor;
      if (flow.wantedBytes > 0) return;
      this.#cut(slot);
    } else this.wire.rest(flow);
    this.#say(slot, `has all up to ${mebibytes(lease.end)}`);
    slot.isProven = true;
    this.#failuresAt.delete(lease.start);
    this.#conclude(slot, lease);
    this.#turn(slot);
  }

  onRefused(slot: Slot): void {
    this.lose(slot, 'refused');
  }

  onDeath(slot: Slot): void {
    const isStale = slot.state === 'headers' && !slot.hasServed && slot.flow?.hasServed === true;
    // Between two leases: the next one finds no connection.
    if (slot.lease) this.lose(slot, isStale ? 'stale' : slot.state === 'connecting' ? 'unreachable' : 'died');
    else this.#release(slot);
  }

  onFreeze(slot: Slot): void {
    const idleMs = slot.flow?.phase === 'streaming' && this.now - slot.leasedAt > 1000 ? IDLE_MS : START_IDLE_MS;
    const patienceMs = slot.state === 'streaming' ? idleMs : slot.state === 'headers' ? HEADERS_TIMEOUT_MS : CONNECT_TIMEOUT_MS;
    this.#say(slot, 'freezes');
    slot.silentAt = nextTick(this.now + patienceMs);
  }

  /** The connection is gone, or has to go; `recovery.ts` says what follows. */
  lose(slot: Slot, how: Loss): void {
    const { lease } = atWork(slot);
    this.#say(slot, how);
    const hadAnswer = slot.state === 'streaming';
    const { hasServed: isProvenConnection, leasedAt } = slot;
    this.#release(slot);
    const failures = lease.cursor - lease.start >= PROGRESS_BYTES ? 0 : (this.#failuresAt.get(lease.start) ?? 0);
    this.#conclude(slot, lease);
    const others = this.slots.filter((other) => other !== slot && other.isBusy && other.lease);
    const remedy = remedyFor(mishapOf(how, hadAnswer), {
      isExtra: others.some((other) => other.isStreaming || this.now - other.lastByteAt < EXTRA_WINDOW_MS),
      isOneMore: this.gate.isOneMore,
      hasServedMore: this.gate.hasServedMore,
      hasDelivered: this.#isIdentified,
      hasLogin: false,
      hasClaims: this.map.done.length > 0,
      isResolved: false,
      isFresh: !this.#isIdentified,
      hasProvenRange: this.#isIdentified,
      isProvenConnection,
      mayAskPlain: false,
      failures,
      isElsewhere: false,
      hasRestarted: false,
      wallNow: 0,
    });
    if (remedy.type === 'again') slot.needsFresh = true;
    else {
      slot.isProven = false;
      if (remedy.type === 'cap') {
        if (!this.gate.refuse(remedy.isGuess)) slot.needsFresh = true;
      } else if (remedy.type === 'back-off' || remedy.type === 'host') {
        this.#failuresAt.delete(lease.start);
        this.#failuresAt.set(lease.cursor, failures + 1);
        this.#backOff(slot, remedy, failures, leasedAt, others.length > 0 && remedy.type === 'back-off');
      } else throw new Error(`no network asks for ${remedy.type}`);
    }
    this.#turn(slot);
  }

  #backOff(
    slot: Slot,
    remedy: { readonly waitMs?: number; readonly isCounted: boolean },
    failures: number,
    leasedAt: number,
    isAlone: boolean,
  ): void {
    slot.needsFresh = true;
    if (remedy.isCounted) this.#budget.spend(leasedAt, this.now);
    const tries = remedy.isCounted ? Math.max(failures, this.#budget.failures - 1) : failures;
    const until = this.now + (remedy.waitMs ?? backOffMs(tries, RETRY_MS, evenJitter));
    if (isAlone) slot.sleepsUntil = until;
    else this.waitsUntil = until;
  }

  #conclude(slot: Slot, lease: Lease): void {
    slot.silentAt = Number.POSITIVE_INFINITY;
    slot.lastBytesPerSecond = slot.meter.bytesPerSecond;
    slot.lease = undefined;
    const { isFilled, end } = lease;
    this.map.close(lease);
    this.map.claim(lease.start, lease.cursor);
    if (!lease.isHedge && !lease.isHedged) return;
    for (const other of this.slots) {
      if (other.lease === undefined || (!other.lease.isHedge && !other.lease.isHedged)) continue;
      if (isFilled && end >= other.lease.end) this.#stop(other, other.lease);
      else other.lease.isHedged = false;
    }
  }

  /** Somebody else was first, or is better. */
  #stop(slot: Slot, lease: Lease): void {
    this.#cut(slot);
    this.#conclude(slot, lease);
    this.#turn(slot);
  }

  /** Ends a body that goes on: what is on its way comes for nothing. */
  #cut(slot: Slot): void {
    if (slot.flow) this.cutBytes += (slot.flow.speed * slot.flow.roundTripMs) / 1000;
    this.#release(slot);
  }

  /** Gives connection and permit back; warm if the last answer was read to its end. */
  #release(slot: Slot): void {
    const { flow } = slot;
    slot.flow = undefined;
    if (flow) {
      if (flow.phase === 'idle' && flow.reader !== undefined && flow.hasServed && !slot.needsFresh) this.warm.keep(flow);
      else this.wire.close(flow);
    }
    slot.hasServed = false;
    const { permit } = slot;
    slot.permit = undefined;
    permit?.release();
  }

  /** Nothing to do for now. */
  #rest(slot: Slot): void {
    this.#release(slot);
    slot.isBusy = false;
    slot.state = 'idle';
    this.mustAdvance = true;
  }

  /** Cursors and meters as of now. */
  #settleFlows(): void {
    for (const { flow } of this.slots) if (flow) this.wire.settle(flow);
  }

  #say(slot: Slot, what: string): void {
    this.#tell(`${(this.now / 1000).toFixed(3).padStart(9)} s  slot ${slot.id} ${what}`);
  }
}

/** The next instant at which the engine's timer looks. */
export const nextTick = (atMs: number): number => (Math.floor(atMs / TICK_MS) + 1) * TICK_MS;

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(2);

function atWork(slot: Slot): { readonly flow: NonNullable<Slot['flow']>; readonly lease: Lease } {
  const { flow, lease } = slot;
  if (flow === undefined || lease === undefined) throw new Error(`slot ${slot.id} is not at work`);
  return { flow, lease };
}

function mishapOf(how: Loss, hadAnswer: boolean): Mishap {
  if (how === 'refused') {
    const error = new DownloadError('E_HTTP_503', 'the server is busy');
    return { type: 'refused', as: 'status', error, answer: { status: 503, headers: {} } };
  }
  const kind = how === 'died' ? 'cut' : how;
  return { type: 'transport', error: new TransportError(kind, 'E_NETWORK', `the connection ${how}`), hadAnswer };
}
