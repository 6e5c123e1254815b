/**
 * The active phase of one download: its slots, what each works on, and what follows when something goes wrong. It begins
 * with what an earlier run had claimed and ends when every byte is on disk, with an error, or stopped.
 *
 * Everything that decides runs in one synchronous turn; waiting happens only in slots, on disk and on the clock.
 */
import type { DownloadEvent, SegmentView, WaitingFor } from '#shared/download';
import { type Answer, type Identity, isCertainlySame, judge, saysNoRanges, type Verdict } from './accept.ts';
import { type Backlog, BatchWriter } from './batch-writer.ts';
import { Budget, PROGRESS_BYTES } from './budget.ts';
import type { Clock } from './clock.ts';
import { compareWindow, windowNear, windowsOf } from './compare.ts';
import { DownloadError } from './errors.ts';
import type { HostGate, PermitOwner } from './host-gate.ts';
import { type Entry, Link } from './link.ts';
import type { DownloadOptions, EngineOptions } from './options.ts';
import type { PartFile } from './part-file.ts';
import type { Pool } from './pool.ts';
import type { Lease, RangeMap } from './range-map.ts';
import { backOffMs, type Mishap, type Remedy, remedyFor } from './recovery.ts';
import type { RequestSource } from './request.ts';
import { isDrip, type LeaseView, MIN_SPLIT_BYTES, type Plan, plan, type Situation } from './schedule.ts';
import { Slot } from './slot.ts';
import { TransportError } from './trouble.ts';

const EXTRA_WINDOW_MS = 10_000;
const NETWORK_RETRY_MS = 15_000;
/** A file that changes again and again while it is fetched is given up. */
const MAX_RESTARTS = 3;
const LEASE_AHEAD_BYTES = 64 * 1024 * 1024;
/** A hole this small that two answers in a row did not fill shows a server that cannot count. */
const SLIVER_BYTES = 4096;
const READ_AT_LEAST_EVERY_S = 10;
const SMALLEST_READ_BYTES = 64 * 1024;

export interface TransferPorts {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly backlog: Backlog;
  readonly random: () => number;
  readonly engine: EngineOptions;
  /** Bytes to read from a socket at once, so that a limit is kept evenly. */
  readAtMost(): number;
  /** Counts bytes against the limits; false when the reader has to pause until it is woken. */
  debit(slot: Slot, bytes: number): boolean;
  forgetDebit(slot: Slot): void;
  /** The first good answer: makes the part. Bytes follow once it resolved. */
  identify(answer: Answer, identity: Identity, url: URL): Promise<void>;
  /** Every claim is given up: the part is emptied. Resolves when that is on record. */
  giveUpClaims(cause: DownloadError): Promise<void>;
  part(): PartFile;
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Every good answer. */
  onAnswer(answer: Answer): void;
  onClaim(bytes: number): void;
  emit(event: DownloadEvent): void;
  /** Undefined: it runs. */
  onWait(wait: Wait | undefined): void;
}

export interface Wait {
  readonly for: WaitingFor;
  /** Clock milliseconds; undefined when only an event ends it. */
  readonly until?: number;
  readonly cause: DownloadError;
}

export interface TransferStart {
  readonly source: RequestSource;
  readonly map: RangeMap;
  /** What an earlier run knew. */
  readonly identity?: Identity | undefined;
  /** The claims come from an earlier run, or the link is a new one: compare bytes before trusting its answers. */
  readonly needsProof: boolean;
  /** The claims come from another address: if its file differs, the link is wrong, not the bytes. */
  readonly isNewLink: boolean;
}

/** What became of one lease on one slot. */
type Result =
  | { readonly type: 'filled' }
  | { readonly type: 'stopped' }
  | { readonly type: 'mishap'; readonly mishap: Mishap; readonly url: URL };

export class Transfer implements PermitOwner {
  readonly map: RangeMap;
  /** Body bytes read from sockets, wasted ones too. */
  receivedBytes = 0;
  /** Undefined until a ranged answer proved or refuted it. */
  supportsRanges: boolean | undefined;
  isLengthVerified = true;
  readonly #ports: TransferPorts;
  readonly #options: DownloadOptions;
  readonly #slots: Slot[] = [];
  readonly #writers = new Map<Slot, BatchWriter>();
  readonly #link: Link;
  readonly #budget: Budget;
  /** Failures in a row of the bytes at an offset. */
  readonly #failuresAt = new Map<number, number>();
  readonly #ended = Promise.withResolvers<'complete' | 'stopped'>();
  readonly #underWay = new Set<Promise<unknown>>();
  #source: RequestSource;
  #identity: Identity | undefined;
  #needsProof: boolean;
  #isNewLink = false;
  #connections: number;
  #limitBytesPerSecond: number;
  #wait: Wait | undefined;
  #isOver = false;
  #isRestarting = false;
  /** A ranged request was refused that may have been refused for its range: the next one has none, once a link. */
  #plain: 'not yet' | 'now' | 'asked' = 'not yet';
  #isFinishing = false;
  #restarts = 0;
  /** Where the furthest stream from byte 0 came to. */
  #furthest = 0;
  #shortAnswers = 0;
  #largestAnswer = Number.POSITIVE_INFINITY;
  #deadLink: DownloadError | undefined;
  #cancelAlarm: (() => void) | undefined;

  constructor(ports: TransferPorts, options: DownloadOptions, start: TransferStart) {
    this.#ports = ports;
    this.#options = options;
    this.#source = start.source;
    this.map = start.map;
    this.#identity = start.identity;
    this.#needsProof = start.needsProof && start.map.done.length > 0;
    this.#isNewLink = start.isNewLink && this.#needsProof;
    this.#connections = options.connections;
    this.#limitBytesPerSecond = options.limitBytesPerSecond;
    this.#link = new Link(start.source.original);
    this.#budget = new Budget(options.retries);
    if (start.source.method !== 'GET') this.supportsRanges = false;
  }

  /** Resolves when every byte is on disk or `stop` was called. @throws DownloadError. */
  run(): Promise<'complete' | 'stopped'> {
    this.#advance();
    return this.#ended.promise;
  }

  /** Ends all exchanges; resolves when what was received is on disk. */
  async stop(): Promise<void> {
    await this.#windDown();
    this.#ended.resolve('stopped');
  }

  get connections(): number {
    return this.#slots.filter((slot) => slot.address !== undefined).length;
  }

  get bytesPerSecond(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.isBusy ? slot.meter.bytesPerSecond : 0), 0);
  }

  segments(): SegmentView[] {
    const now = this.#ports.clock.now();
    return this.#slots
      .filter((slot) => slot.isBusy || slot.isHeld || slot.sleepsUntil > now)
      .map((slot) => ({
        id: slot.id,
        state: slot.isHeld ? 'held' : slot.sleepsUntil > now ? 'backoff' : slot.state,
        start: slot.lease?.start ?? 0,
        cursor: slot.lease?.cursor ?? 0,
        end: slot.lease === undefined ? 0 : Math.min(slot.lease.end, this.map.limit),
        bytesPerSecond: slot.meter.bytesPerSecond,
        ...(slot.address === undefined ? {} : { address: slot.address }),
        isHedge: slot.lease?.isHedge ?? false,
        ...(slot.sleepsUntil > now ? { resumesInMs: slot.sleepsUntil - now } : {}),
      }));
  }

  /** Called by the engine's one timer. */
  tick(): void {
    const now = this.#ports.clock.now();
    for (const slot of this.#slots) {
      slot.tick(now);
      this.#writers.get(slot)?.flushOld();
    }
    this.#dropDrips(now);
    this.#advance();
  }

  setConnections(connections: number): void {
    this.#connections = connections;
    // Those that would end last are the ones others can help with best.
    const surplus = this.#slots.filter((slot) => slot.isBusy && !slot.isHeld).sort((a, b) => remainingMs(a) - remainingMs(b));
    for (const slot of surplus.slice(this.#allowedByUser())) slot.stop();
    this.#advance();
  }

  setLimit(bytesPerSecond: number): void {
    this.#limitBytesPerSecond = bytesPerSecond;
    this.setConnections(this.#connections);
  }

  /** Running connections take the changed request up: each asks again for the rest of its range. */
  setSource(source: RequestSource): void {
    const isNewLink = source.original.href !== this.#link.original.href;
    // A stream that could only start over goes on as it was asked for; what is asked from now on is asked anew.
    const isLeftAlone = !isNewLink && this.#identity !== undefined && !this.#asksRanges;
    this.#source = source;
    this.#link.replace(source.original);
    if (isNewLink) {
      // Not `map.done`: bytes of the old link may be on their way to the disk. Without a size nothing could go on anyway.
      this.#needsProof = this.#identity?.size !== undefined;
      this.#isNewLink = this.#needsProof;
      this.supportsRanges = source.method === 'GET' ? undefined : false;
      this.#failuresAt.clear();
    }
    for (const slot of this.#slots) {
      slot.needsFresh = true;
      slot.sleepsUntil = 0;
      if (slot.isBusy && !isLeftAlone) slot.stop();
    }
    this.#deadLink = undefined;
    this.#plain = 'not yet';
    this.#clearWait();
    this.#advance();
  }

  hold(id: number): void {
    const slot = this.#slots[id - 1];
    if (slot === undefined || slot.isHeld) return;
    slot.isHeld = true;
    slot.stop();
  }

  release(id: number): void {
    const slot = this.#slots[id - 1];
    if (slot === undefined || !slot.isHeld) return;
    slot.isHeld = false;
    this.#clearWait();
    this.#advance();
  }

  /** The segment goes on over a new connection. */
  restart(id: number): void {
    const slot = this.#slots[id - 1];
    if (slot === undefined) return;
    slot.needsFresh = true;
    slot.sleepsUntil = 0;
    slot.stop();
    this.#advance();
  }

  /** One connection fewer; the others take the segment's range. */
  drop(id: number): void {
    const slot = this.#slots[id - 1];
    if (slot === undefined || !slot.isBusy) return;
    this.#connections = Math.max(1, this.#connections - 1);
    slot.stop();
    this.#advance();
  }

  /** The network or the machine came back: no reason to wait longer. */
  wake(): void {
    this.#deadLink = undefined;
    for (const slot of this.#slots) slot.sleepsUntil = 0;
    this.#clearWait();
    this.#advance();
  }

  #allowedByUser(): number {
    const limit = this.#limitBytesPerSecond;
    // Each socket must be read every few seconds, or servers give up on it.
    const readable =
      limit > 0 ? Math.max(1, Math.floor((limit * READ_AT_LEAST_EVERY_S) / SMALLEST_READ_BYTES)) : Number.POSITIVE_INFINITY;
    return Math.min(this.#connections, readable);
  }

  /** The ramp: one connection more for each that has proven to work. */
  #allowed(): number {
    if (!this.#asksRanges || this.#needsProof) return 1;
    const proven = this.#slots.filter((slot) => slot.isBusy && (slot.isProven || slot.isStreaming)).length;
    return Math.max(1, Math.min(this.#allowedByUser(), 2 * proven));
  }

  /** Gives every idle slot that may work something to do, if there is anything. Called whenever something changed. */
  #advance(): void {
    if (this.#isOver || this.#isRestarting) return;
    if (this.map.isComplete) {
      void this.#finish();
      return;
    }
    const now = this.#ports.clock.now();
    if (this.#wait) {
      if ((this.#wait.until ?? Number.POSITIVE_INFINITY) > now) return;
      this.#clearWait();
    }
    while (this.#slots.length < this.#connections) this.#addSlot();
    // The fastest first: one that dripped must not be the first to get each hole again.
    for (const slot of [...this.#slots].sort((one, other) => other.lastBytesPerSecond - one.lastBytesPerSecond)) {
      if (!slot.isBusy && this.#mayWork(slot) && this.#hasWorkFor(slot)) void this.#work(slot);
    }
    this.#setAlarm();
    this.#noticeStandstill(now);
  }

  /** Nobody works and nobody will by itself: say what is waited for. */
  #noticeStandstill(now: number): void {
    const busy = this.#slots.filter((slot) => slot.isBusy);
    // All wait at the gate of a host that another download was asked to leave alone.
    const closures = busy.flatMap(({ closure }) => closure ?? []).sort((a, b) => a.until - b.until);
    if (closures[0] && closures.length === busy.length) this.#waitFor({ for: 'host', ...closures[0] });
    if (busy.length > 0) return;
    if (this.#slots.some((slot) => slot.sleepsUntil > now && Number.isFinite(slot.sleepsUntil))) return;
    if (this.#deadLink) this.#waitFor({ for: 'url', cause: this.#deadLink });
    else if (this.#slots.some((slot) => slot.isHeld)) {
      this.#waitFor({ for: 'held', cause: new DownloadError('E_INPUT', 'a segment is held') });
    }
  }

  /** Bytes that only drip are better fetched by a slot that is idle and moves more. */
  #dropDrips(now: number): void {
    if (this.supportsRanges !== true || this.#gate(this.#link.final).isFragile) return;
    const idle = this.#slots.filter((slot) => !slot.isBusy && this.#mayWork(slot));
    if (idle.length === 0) return;
    const helperBytesPerSecond = bestOf(idle) || bestOf(this.#slots);
    for (const slot of this.#slots) {
      if (slot.lease === undefined || slot.state !== 'streaming') continue;
      if (!isDrip(this.#leaseView(slot, slot.lease), helperBytesPerSecond)) continue;
      slot.needsFresh = true;
      slot.sleepsUntil = now + this.#options.retryWaitMs;
      slot.stop();
    }
  }

  #addSlot(): void {
    const { clock, pool } = this.#ports;
    const { connectTimeoutMs, headersTimeoutMs, idleTimeoutMs, allowUnsafeRedirects } = this.#options;
    const slot = new Slot(this.#slots.length + 1, {
      clock,
      pool,
      owner: this,
      connectTimeoutMs,
      headersTimeoutMs,
      idleTimeoutMs,
      allowUnsafeRedirects,
      readAtMost: () => this.#ports.readAtMost(),
      debit: (reader, bytes) => this.#ports.debit(reader, bytes),
      forgetDebit: (reader) => this.#ports.forgetDebit(reader),
    });
    const writer = new BatchWriter({
      clock,
      batchBytes: this.#ports.engine.batchBytes,
      backlog: this.#ports.backlog,
      write: (buffers, position) => this.#ports.write(buffers, position),
      missing: (start, end) => this.map.missing(start, end),
      onWritten: (start, end) => {
        this.map.claim(start, end);
        this.#ports.onClaim(end - start);
        if (this.map.isComplete) this.#advance();
      },
      onError: (error) => this.fail(error),
      onRoom: () => slot.wake('disk'),
    });
    this.#slots.push(slot);
    this.#writers.set(slot, writer);
  }

  #mayWork(slot: Slot): boolean {
    // One refusal of a fresh link is enough: each slot would only be refused the same way.
    if (this.#isOver || this.#isRestarting || this.#wait || this.#deadLink || slot.isHeld) return false;
    if (slot.sleepsUntil > this.#ports.clock.now() || !this.#link.mayEnter(slot)) return false;
    // One that works already need not step back for those that wait at the host's gate.
    const isRival = (other: Slot): boolean => other !== slot && other.isBusy && !(slot.isBusy && other.state === 'gated');
    return this.#slots.filter(isRival).length < this.#allowed();
  }

  #hasWorkFor(slot: Slot): boolean {
    if (slot.lease !== undefined) return true;
    if (!this.#asksRanges) return this.#hasWholeToFetch && !this.#slots.some((other) => other.isBusy);
    return plan(this.#situation(slot)).type !== 'none';
  }

  /** One slot at work: lease after lease until there is nothing left for it. */
  async #work(slot: Slot): Promise<void> {
    slot.isBusy = true;
    try {
      while (this.#mayWork(slot)) {
        const entry = this.#link.enter(slot);
        if (entry === undefined) break;
        await slot.admit(entry.url, this.#source);
        if (!this.#mayWork(slot)) break;
        // The link may have died while this slot waited at the host's gate.
        if (this.#link.enter(slot)?.url !== entry.url) continue;
        const lease = this.#leaseFor(slot);
        if (lease === undefined) break;
        slot.lease = lease;
        const result = await this.#fetch(slot, entry);
        this.#conclude(slot, entry, result);
        if (this.#ports.pool.shouldYield(this.#source.target(this.#link.final), this)) slot.release();
      }
    } catch (error) {
      if (!(error instanceof TransportError && error.kind === 'aborted')) this.fail(error);
    } finally {
      slot.release();
      slot.isBusy = false;
      slot.state = 'idle';
      this.#link.leave(slot);
      this.#advance();
    }
  }

  #leaseFor(slot: Slot): Lease | undefined {
    if (slot.lease !== undefined) return slot.lease;
    if (!this.#asksRanges) {
      const isTaken = this.#slots.some((other) => other !== slot && other.lease !== undefined);
      return isTaken || !this.#hasWholeToFetch ? undefined : this.map.lease(0, this.map.limit);
    }
    let decision = plan(this.#situation(slot));
    if (decision.type === 'split') {
      const victim = this.#slots[decision.victim - 1]?.lease;
      if (victim === undefined) return undefined;
      const wasOpenEnded = victim.bodyEnd > victim.end || victim.bodyEnd === decision.end;
      victim.end = decision.at;
      // Beyond the victim's share of a fresh stream lies the rest of the file: it is leased in order.
      if (wasOpenEnded) decision = plan(this.#situation(slot));
      if (decision.type === 'split') return this.map.lease(decision.at, decision.end);
    }
    return this.#carryOut(decision);
  }

  #carryOut(decision: Plan): Lease | undefined {
    switch (decision.type) {
      case 'none':
        return undefined;
      case 'lease':
        return this.map.lease(decision.start, Math.min(decision.end, decision.start + this.#largestAnswer));
      case 'split':
        return this.map.lease(decision.at, decision.end);
      case 'hedge': {
        const victim = this.#slots[decision.victim - 1]?.lease;
        if (victim) victim.isHedged = true;
        return this.map.lease(decision.start, decision.end, true);
      }
    }
  }

  #situation(helper: Slot): Situation {
    const leases: LeaseView[] = [];
    let isHedging = false;
    for (const slot of this.#slots) {
      if (slot === helper || slot.lease === undefined) continue;
      isHedging ||= slot.lease.isHedge;
      leases.push(this.#leaseView(slot, slot.lease));
    }
    const gate = this.#gate(this.#link.final);
    return {
      holes: this.map.holes(),
      leases,
      helperBytesPerSecond: helper.lastBytesPerSecond,
      bestBytesPerSecond: bestOf(this.#slots),
      helperStartMs: helper.hasConnectionTo(this.#link.final) ? this.#roundTripMs() : 3 * this.#roundTripMs(),
      connections: Math.min(this.#allowedByUser(), gate.cap),
      isFragile: gate.isFragile,
      mayHedge: !isHedging && this.#limitBytesPerSecond === 0,
    };
  }

  #leaseView(slot: Slot, lease: Lease): LeaseView {
    const { clock } = this.#ports;
    const expectedMs = slot.isStreaming ? 0 : 3 * this.#roundTripMs();
    const waitedMs = slot.isStreaming ? 0 : clock.now() - slot.leasedAt;
    const isLate = waitedMs > Math.max(3 * expectedMs, 1000);
    return {
      id: slot.id,
      cursor: lease.cursor,
      end: Math.min(lease.end, this.map.limit),
      bytesPerSecond: slot.isStreaming ? slot.meter.bytesPerSecond : 0,
      observedMs: slot.isStreaming ? slot.meter.observedMs : isLate ? waitedMs : 0,
      startMs: isLate ? 0 : expectedMs,
      isOpenEnded: lease.bodyEnd >= this.map.limit && lease.start === 0,
      isFixed: slot.isHeld || lease.isHedge || lease.isHedged,
    };
  }

  #gate(url: URL): HostGate {
    return this.#ports.pool.gate(this.#source.target(url));
  }

  #roundTripMs(): number {
    const known = this.#slots.map((slot) => slot.roundTripMs).filter((ms) => ms > 0);
    return known.length === 0 ? 50 : Math.min(...known);
  }

  async #fetch(slot: Slot, entry: Entry): Promise<Result> {
    slot.leasedAt = this.#ports.clock.now();
    const from = await this.#settleDoubt(slot, entry);
    if (!(from instanceof URL)) return from;
    const { cursor, end } = leaseOf(slot);
    const range = this.#asksRanges ? { start: cursor, end } : undefined;
    let skip = 0;
    let url = from;
    let mishap: Mishap | undefined;
    const outcome = await slot.ask({
      source: this.#source,
      from,
      range,
      isFresh: slot.needsFresh,
      onAnswer: async (answer, answered) => {
        url = answered;
        const identity = this.#identity && { ...this.#identity, ...slot.trusted };
        const verdict = judge({ ...(range ? { range } : {}), ...(identity ? { identity } : {}) }, answer);
        mishap = await this.#begun(this.#weigh(slot, verdict, answer, answered));
        if (mishap) return 'refuse';
        if (verdict.type === 'part') skip = verdict.skip;
        // What was posted may have led to an answer that only the form itself leads to again.
        if (this.#source.method === 'GET') this.#link.resolved(answered);
        this.#ports.onAnswer(answer);
        // Others may have waited for what the original leads to.
        if (entry.isFresh) queueMicrotask(() => this.#advance());
        return 'read';
      },
      onBytes: (bytes) => {
        this.receivedBytes += bytes.length;
        const body = skip === 0 ? bytes : bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - body.length;
        return this.#take(slot, leaseOf(slot), body);
      },
    });
    if (mishap) return { type: 'mishap', mishap, url };
    if (outcome.type === 'trouble') return troubled(outcome, url);
    const { lease } = slot;
    if (lease === undefined) return { type: 'stopped' };
    if (this.map.size === undefined && outcome.type === 'ended') {
      this.isLengthVerified = outcome.isProven;
      this.map.size = lease.cursor;
      lease.end = lease.cursor;
    }
    if (lease.isFilled) return { type: 'filled' };
    const error = new TransportError('cut', 'E_NETWORK', `the server ended its answer ${lease.end - lease.cursor} bytes early`);
    return { type: 'mishap', mishap: { type: 'transport', error, hadAnswer: true }, url };
  }

  /** Takes body bytes for the lease. */
  #take(slot: Slot, lease: Lease, bytes: Buffer): 'more' | 'last' | 'enough' {
    this.#link.hasDelivered = true;
    if (lease.end - lease.cursor <= bytes.length && lease.bodyEnd > lease.end) this.map.extend(lease, LEASE_AHEAD_BYTES);
    const body = bytes.length > lease.end - lease.cursor ? bytes.subarray(0, lease.end - lease.cursor) : bytes;
    const position = lease.cursor;
    lease.cursor += body.length;
    this.#budget.received(this.#newBytes(lease, position));
    if (body.length > 0 && !this.#writers.get(slot)?.push(body, position)) slot.pause('disk');
    if (!lease.isFilled) return 'more';
    return lease.bodyEnd > lease.end ? 'enough' : 'last';
  }

  /** A stream that had to begin again repeats what an earlier one brought: progress is only what lies beyond. */
  #newBytes(lease: Lease, from: number): number {
    if (lease.start > 0) return lease.cursor - from;
    const before = Math.max(from, this.#furthest);
    this.#furthest = Math.max(this.#furthest, lease.cursor);
    return Math.max(0, lease.cursor - before);
  }

  /** Compares bytes on disk with the server's where they are in doubt. Returns where to go on: at the server that was compared. */
  async #settleDoubt(slot: Slot, entry: Entry): Promise<Result | URL> {
    const identity = this.#identity;
    if (identity === undefined || (!this.#needsProof && !slot.isWary) || this.#plain === 'now') return entry.url;
    // What came from another link or server is still on its way to the disk: it is what has to be compared.
    if (this.#needsProof) await this.#settleWriters();
    const near = windowNear(this.map.done, leaseOf(slot).cursor);
    const windows = this.#needsProof ? windowsOf(this.map.done, this.#ports.random) : near ? [near] : [];
    // Another address may well have tags and dates of its own: its size and bytes decide.
    const { isWebPage, size } = identity;
    const known = this.#isNewLink ? { isWebPage, ...(size === undefined ? {} : { size }) } : identity;
    let url = entry.url;
    for (const window of windows) {
      const comparison = await compareWindow(slot, url, this.#source, this.#ports.part(), known, window);
      // An original address may lead to another server each time.
      url = comparison.url;
      if (comparison.type === 'mishap') {
        const { mishap } = comparison;
        return mishap.type === 'transport' ? troubled(mishap, url) : { type: 'mishap', mishap, url };
      }
      slot.trusted = validatorsOf(comparison.told);
    }
    if (windows.length === 0) return url;
    if (this.#needsProof) {
      // These bytes and this answer belong together: from here on its validators are the file's.
      this.#identity = {
        isWebPage,
        ...(size === undefined ? {} : { size }),
        ...slot.trusted,
      };
      this.#needsProof = false;
      this.#isNewLink = false;
      slot.trusted = undefined;
    } else {
      this.#ports.emit({
        type: 'noted',
        code: 'validators-differ',
        message: 'servers disagree about the version of the file; its bytes are the same',
      });
    }
    return url;
  }

  /** Takes a verdict on an answer up. Undefined: read the body. */
  async #weigh(slot: Slot, verdict: Verdict, answer: Answer, url: URL): Promise<Mishap | undefined> {
    const lease = leaseOf(slot);
    switch (verdict.type) {
      case 'part':
        this.supportsRanges = true;
        this.#needsProof = false;
        this.#isNewLink = false;
        slot.isWary = slot.trusted !== undefined;
        if (verdict.end < lease.end) this.#noteShortAnswer(verdict.end - lease.cursor);
        lease.end = Math.min(lease.end, verdict.end);
        lease.bodyEnd = verdict.bodyEnd;
        return undefined;
      case 'whole': {
        const mishap = await this.#weighWhole(slot, verdict.identity, answer, url);
        if (this.#plain === 'now' && mishap === undefined) this.supportsRanges = false;
        return mishap;
      }
      case 'nothing-left': {
        const error = new DownloadError('E_HTTP_416', 'the server says the file ends before a byte it had announced');
        return { type: 'refused', as: 'wrong-range', error, answer };
      }
      case 'refused':
        return { type: 'refused', as: verdict.as, error: verdict.error, answer };
    }
  }

  async #weighWhole(slot: Slot, identity: Identity, answer: Answer, url: URL): Promise<Mishap | undefined> {
    if (this.#asksRanges) {
      const error = new DownloadError(
        'E_NO_RANGE_RESUME',
        'the server does not serve parts of the file: it can only be fetched from the start',
      );
      const isAlone = !this.#slots.some((other) => other !== slot && other.lease !== undefined);
      // A server that served parts before may only have blundered once.
      const isBlunder = this.supportsRanges === true && this.#failures(leaseOf(slot).cursor) === 0;
      if (!isAlone || isBlunder || this.#options.onChange === 'fail' || this.#isNewLink) {
        return { type: 'refused', as: isBlunder ? 'wrong-range' : 'no-range', error, answer };
      }
      // This very body is the file from its start: use it instead of asking once more.
      await this.#giveUpClaims(error);
      this.supportsRanges = false;
      slot.lease = this.map.lease(0, Number.POSITIVE_INFINITY);
    } else if (this.map.done.length > 0) {
      // A plain stream was cut and begins again. What it gave may only stay if this one is of the same file for certain.
      if (isCertainlySame(this.#identity, identity)) {
        leaseOf(slot).bodyEnd = this.map.limit;
        return undefined;
      }
      const error = new DownloadError(
        'E_NO_RANGE_RESUME',
        'the server cannot go on where it stopped: it sends the file from its start again',
      );
      if (this.#options.onChange === 'fail') return { type: 'refused', as: 'changed', error, answer };
      await this.#giveUpClaims(error);
      slot.lease = this.map.lease(0, Number.POSITIVE_INFINITY);
    }
    // The first word on ranges; where there is none a second connection finds out (RFC 9110 section 14.3). One plain
    // stream is of one version by nature: the way out where parts prove to be of several, or are labelled wrong.
    if (saysNoRanges(answer) || this.#restarts > 1) this.supportsRanges = false;
    const lease = leaseOf(slot);
    this.#identity = identity;
    this.map.size = identity.size;
    lease.end = this.map.limit;
    lease.bodyEnd = this.map.limit;
    await this.#ports.identify(answer, identity, url);
    return undefined;
  }

  /** Whether the next request names a range. */
  get #asksRanges(): boolean {
    if (this.supportsRanges === false || this.#plain === 'now') return false;
    return this.#identity !== undefined && this.map.size !== undefined;
  }

  /** For one plain stream: something was not received yet. What only waits to be written is not asked for again. */
  get #hasWholeToFetch(): boolean {
    return this.map.size === undefined || this.map.holes().length > 0;
  }

  /** A server that never gives more than so much at once is asked for no more. */
  #noteShortAnswer(bytes: number): void {
    this.#shortAnswers += 1;
    if (this.#shortAnswers >= 2) this.#largestAnswer = Math.max(bytes, MIN_SPLIT_BYTES);
  }

  /** What follows when a slot is through with its lease, whatever the reason. */
  #conclude(slot: Slot, entry: Entry, result: Result): void {
    const { lease } = slot;
    // Taken away meanwhile, by a restart from the beginning.
    if (lease === undefined) return;
    slot.lastBytesPerSecond = slot.meter.bytesPerSecond;
    this.#writers.get(slot)?.flush();
    if (result.type === 'stopped' && slot.isHeld) return;
    slot.lease = undefined;
    this.map.close(lease);
    this.#settleHedge(lease);
    if (result.type === 'filled') {
      slot.isProven = true;
      this.#failuresAt.delete(lease.start);
    } else if (result.type === 'mishap') {
      this.#remedy(slot, lease, entry, result.mishap, result.url);
    }
    if (this.map.size === 0 && !this.#isOver) this.#advance();
  }

  /** The same bytes were asked for twice: who has them all ends the other. */
  #settleHedge(lease: Lease): void {
    if (!lease.isHedge && !lease.isHedged) return;
    for (const other of this.#slots) {
      if (other.lease === undefined || other.lease === lease || (!other.lease.isHedge && !other.lease.isHedged)) continue;
      if (lease.isFilled && lease.end >= other.lease.end) other.stop();
      else other.lease.isHedged = false;
    }
  }

  #failures(offset: number): number {
    return this.#failuresAt.get(offset) ?? 0;
  }

  #remedy(slot: Slot, lease: Lease, entry: Entry, mishap: Mishap, url: URL): void {
    const { clock } = this.#ports;
    const now = clock.now();
    const others = this.#slots.filter((other) => other !== slot && other.isBusy && other.lease !== undefined);
    const failures = lease.cursor - lease.start >= PROGRESS_BYTES ? 0 : this.#failures(lease.start);
    const remedy = remedyFor(mishap, {
      isExtra: others.some((other) => other.isStreaming || now - other.lastByteAt < EXTRA_WINDOW_MS),
      isOneMore: this.#gate(url).isOneMore,
      hasDelivered: this.#link.hasDelivered,
      hasLogin: this.#source.carriesLogin(url),
      hasClaims: this.map.done.length > 0,
      isResolved: url.href !== this.#link.original.href,
      isFresh: entry.isFresh,
      hasProvenRange: this.supportsRanges === true,
      isProvenConnection: slot.hasServed,
      mayAskPlain: this.#asksRanges && this.supportsRanges === undefined && this.#plain === 'not yet' && !this.#isNewLink,
      failures,
      wallNow: clock.wallNow(),
      proxy: this.#source.target(url).proxy,
    });
    if (this.#plain === 'now' && mishap.type === 'refused') this.#plain = 'asked';
    const cause = mishap.error;
    const isSliver = this.#asksRanges && failures >= 1 && this.#sliverAt(lease.cursor);
    if (remedy.type !== 'again' && remedy.type !== 'cap') this.#noteFailure(lease, failures);
    if (isSliver && remedy.type === 'back-off') {
      this.#giveUpRanges(cause);
      return;
    }
    switch (remedy.type) {
      case 'again':
        slot.needsFresh = true;
        return;
      case 'cap': {
        const gate = this.#gate(url);
        slot.isProven = false;
        slot.discard();
        gate.refuse();
        if (remedy.waitMs !== undefined) gate.closeFor(remedy.waitMs, cause);
        if (remedy.isFragile) gate.markFragile();
        this.#note(
          'host-capped',
          `${url.host} takes ${gate.cap} connection${gate.cap === 1 ? '' : 's'} at once: ${cause.message}`,
        );
        return;
      }
      case 'back-off':
        this.#backOff(slot, remedy, cause, failures);
        return;
      case 'host': {
        const waitMs = remedy.waitMs ?? backOffMs(this.#budget.failures, this.#options.retryWaitMs, this.#ports.random);
        if (remedy.isCounted && !this.#spend(slot, cause)) return;
        this.#gate(url).closeFor(waitMs, cause);
        this.#waitFor({ for: 'host', until: now + waitMs, cause });
        return;
      }
      case 'network':
        this.#sleep(slot, NETWORK_RETRY_MS, { for: 'network', until: now + NETWORK_RETRY_MS, cause });
        return;
      case 'resolve':
        this.#link.invalidate(entry.url);
        slot.needsFresh = true;
        this.#note(
          'link-resolved-anew',
          `${url.host} refused the address it had redirected to (${cause.message}): asking the original again`,
        );
        return;
      case 'new-link':
        this.#deadLink = remedy.error;
        return;
      case 'no-range':
        this.#giveUpRanges(cause);
        return;
      case 'ask-plain':
        this.#plain = 'now';
        return;
      case 'compare':
        slot.isWary = true;
        slot.trusted = undefined;
        if (this.map.done.length === 0) this.#sleep(slot, 500, { for: 'retry', until: now + 500, cause });
        else if (failures >= 3) void this.#changed(cause);
        return;
      case 'changed':
        void this.#changed(remedy.error);
        return;
      case 'fail':
        this.fail(remedy.error);
        return;
    }
  }

  /** Failures belong to the bytes, not to the slot: the next lease that begins there knows of them. */
  #noteFailure(lease: Lease, failures: number): void {
    this.#failuresAt.delete(lease.start);
    this.#failuresAt.set(lease.cursor, failures + 1);
  }

  /** A hole so small that a server which counts right would have filled it. */
  #sliverAt(offset: number): boolean {
    const hole = this.map.holes().find(({ start, end }) => start <= offset && offset < end);
    return hole !== undefined && hole.end - hole.start < SLIVER_BYTES;
  }

  #backOff(slot: Slot, remedy: Extract<Remedy, { type: 'back-off' }>, cause: DownloadError, failures: number): void {
    slot.isProven = false;
    slot.needsFresh = true;
    if (remedy.isCounted && !this.#spend(slot, cause)) return;
    const { clock, random } = this.#ports;
    const tries = remedy.isCounted ? Math.max(failures, this.#budget.failures - 1) : failures;
    const waitMs = remedy.waitMs ?? backOffMs(tries, this.#options.retryWaitMs, random);
    if (this.map.size === undefined && this.#identity !== undefined) {
      // Nothing tells where such a stream could go on.
      void this.#restart(cause).then(() => this.#waitFor({ for: 'retry', until: clock.now() + waitMs, cause }));
      return;
    }
    this.#sleep(slot, waitMs, { for: 'retry', until: clock.now() + waitMs, cause });
  }

  /** The slot sleeps; if it was the only one at work, the download waits. */
  #sleep(slot: Slot, waitMs: number, wait: Wait): void {
    if (this.#slots.some((other) => other !== slot && other.isBusy && other.lease !== undefined)) {
      slot.sleepsUntil = this.#ports.clock.now() + waitMs;
    } else if (waitMs > 0) {
      this.#waitFor(wait);
    }
  }

  /** False when the budget is used up: the download has failed then. */
  #spend(slot: Slot, cause: DownloadError): boolean {
    if (this.#budget.spend(slot.leasedAt, this.#ports.clock.now())) return true;
    const isCrumbs = this.#budget.hasCrumbs && cause instanceof TransportError && cause.kind === 'cut';
    this.fail(
      isCrumbs
        ? new DownloadError('E_NO_PROGRESS', `no progress in ${this.#budget.failures} tries; the last: ${cause.message}`, cause)
        : cause,
    );
    return false;
  }

  /** This address serves no ranges. A plain stream that is under way is left alone to finish; else it starts over. */
  #giveUpRanges(cause: DownloadError): void {
    this.supportsRanges = false;
    const whole = this.#slots.find(({ lease }) => lease !== undefined && lease.start === 0 && lease.bodyEnd >= this.map.limit);
    if (whole?.lease === undefined) {
      void this.#changed(new DownloadError('E_NO_RANGE_RESUME', `the file cannot be resumed: ${cause.message}`, cause));
      return;
    }
    for (const slot of this.#slots) if (slot !== whole) slot.stop();
    whole.lease.end = this.map.limit;
    this.#note('no-ranges', 'the server does not serve parts of the file: one connection fetches all of it');
  }

  /** What is on disk is of no use any more. */
  async #changed(cause: DownloadError): Promise<void> {
    if (this.#isNewLink) {
      // A wrong link proves nothing against our bytes.
      this.#deadLink = cause;
      this.#advance();
      return;
    }
    if (this.#isOver || this.#isRestarting) return;
    this.#restarts += 1;
    if (this.#options.onChange === 'fail' || this.#restarts > MAX_RESTARTS) this.fail(cause);
    else await this.#restart(cause);
  }

  async #restart(cause: DownloadError): Promise<void> {
    if (this.#isOver || this.#isRestarting) return;
    try {
      await this.#begun(this.#giveUpClaims(cause));
      this.#advance();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stops every exchange but the one that is being judged and forgets all that was fetched, on record first. */
  async #giveUpClaims(cause: DownloadError): Promise<void> {
    this.#isRestarting = true;
    for (const slot of this.#slots) {
      if (slot.isBeingJudged) continue;
      slot.stop();
    }
    await this.#settleWriters();
    for (const slot of this.#slots) slot.lease = undefined;
    await this.#ports.giveUpClaims(cause);
    this.map.clear();
    this.#identity = undefined;
    this.#needsProof = false;
    this.#failuresAt.clear();
    this.#isRestarting = false;
  }

  async #settleWriters(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.settle()));
  }

  async #finish(): Promise<void> {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    await this.#windDown();
    this.#ended.resolve('complete');
  }

  /** Ends the transfer with `error`; what was received is written first. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    const known = error instanceof DownloadError ? error : new DownloadError('E_INTERNAL', String(error), error);
    void this.#windDown().then(() => this.#ended.reject(known));
  }

  async #windDown(): Promise<void> {
    this.#isOver = true;
    this.#cancelAlarm?.();
    for (const slot of this.#slots) slot.stop();
    await Promise.allSettled(this.#underWay);
    await this.#settleWriters();
  }

  /** A step that changes the part: once begun it is brought to its end before the part is closed. */
  async #begun<T>(step: Promise<T>): Promise<T> {
    this.#underWay.add(step);
    try {
      return await step;
    } finally {
      this.#underWay.delete(step);
    }
  }

  #waitFor(wait: Wait): void {
    if (this.#isOver) return;
    this.#wait = wait;
    this.#ports.onWait(wait);
    this.#setAlarm();
  }

  #clearWait(): void {
    if (this.#wait === undefined) return;
    this.#wait = undefined;
    this.#ports.onWait(undefined);
  }

  /** One timer for whatever sleeps next. */
  #setAlarm(): void {
    this.#cancelAlarm?.();
    const { clock } = this.#ports;
    const now = clock.now();
    const times = this.#slots.filter((slot) => !slot.isBusy && slot.sleepsUntil > now).map((slot) => slot.sleepsUntil);
    if (this.#wait?.until !== undefined) times.push(this.#wait.until);
    const next = Math.min(...times);
    this.#cancelAlarm = Number.isFinite(next) ? clock.setTimer(() => this.#advance(), Math.max(0, next - now)) : undefined;
  }

  #note(code: string, message: string): void {
    this.#ports.emit({ type: 'noted', code, message });
  }
}

/** The lease of a slot at work. */
function leaseOf(slot: Slot): Lease {
  if (slot.lease === undefined) throw new Error(`slot ${slot.id} works without a lease`);
  return slot.lease;
}

function troubled(trouble: { readonly error: DownloadError; readonly hadAnswer: boolean }, url: URL): Result {
  const { error, hadAnswer } = trouble;
  if (error instanceof TransportError && error.kind === 'aborted') return { type: 'stopped' };
  return { type: 'mishap', mishap: { type: 'transport', error, hadAnswer }, url };
}

function validatorsOf({ etag, lastModified }: Identity): Pick<Identity, 'etag' | 'lastModified'> {
  return { ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) };
}

const bestOf = (slots: readonly Slot[]): number => Math.max(0, ...slots.map((slot) => slot.lastBytesPerSecond));

function remainingMs(slot: Slot): number {
  if (slot.lease === undefined) return Number.POSITIVE_INFINITY;
  return (slot.lease.end - slot.lease.cursor) / Math.max(1, slot.meter.bytesPerSecond);
}
