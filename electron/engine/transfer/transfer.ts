/**
 * The active phase of one download: its slots, what each works on, and what follows when something goes wrong. It begins
 * with what an earlier run had claimed and ends when every byte is on disk, with an error, or stopped.
 *
 * Everything that decides runs in one synchronous turn; waiting happens only in slots, on disk and on the clock.
 */

import type { Clock } from '#engine/clock';
import { type Backlog, BatchWriter } from '#engine/disk/batch-writer';
import type { PartFile } from '#engine/disk/part-file';
import { DownloadError } from '#engine/errors';
import type { PermitOwner } from '#engine/network/host-gate';
import type { Pool } from '#engine/network/pool';
import type { RequestSource } from '#engine/network/request';
import type { ConnectionTarget } from '#engine/network/route';
import { TransportError } from '#engine/network/trouble';
import type { DownloadOptions, EngineOptions } from '#engine/options';
import type { DownloadEvent, NoteValues, SegmentView, WaitingFor } from '#shared/download';
import type { Answer, Identity } from './accept.ts';
import { Assigner } from './assigner.ts';
import { Budget, PROGRESS_BYTES } from './budget.ts';
import { Changeover } from './changeover.ts';
import { Fetcher, type FetcherPorts, type Result } from './fetcher.ts';
import { Knowledge, type KnownBefore } from './knowledge.ts';
import type { Entry, Link } from './link.ts';
import type { Lease, RangeMap } from './range-map.ts';
import { backOffMs, type Mishap, type Remedy, remedyFor } from './recovery.ts';
import { Slot } from './slot.ts';

const EXTRA_WINDOW_MS = 10_000;
const NETWORK_RETRY_MS = 15_000;
/** A file that changes again and again while it is fetched is given up. */
const MAX_RESTARTS = 3;
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
  /** What the request's address leads to was found to be the file that the part is of. */
  onTrusted(source: RequestSource): void;
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

export class Transfer implements PermitOwner {
  readonly map: RangeMap;
  readonly #ports: TransferPorts;
  readonly #options: DownloadOptions;
  readonly #slots: Slot[] = [];
  readonly #writers = new Map<Slot, BatchWriter>();
  readonly #known: Knowledge;
  readonly #fetcher: Fetcher;
  readonly #assigner: Assigner;
  readonly #budget: Budget;
  readonly #changeover: Changeover;
  /** Failures in a row of the bytes at an offset. */
  readonly #failuresAt = new Map<number, number>();
  readonly #ended = Promise.withResolvers<'complete' | 'stopped'>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** The request as it was given last, whether it is taken up or not. */
  #newest: RequestSource;
  #connections: number;
  #limitBytesPerSecond: number;
  #wait: Wait | undefined;
  #isOver = false;
  #isRestarting = false;
  #isFinishing = false;
  #deadLink: DownloadError | undefined;
  #cancelAlarm: (() => void) | undefined;

  constructor(ports: TransferPorts, options: DownloadOptions, before: KnownBefore) {
    this.#ports = ports;
    this.#options = options;
    this.#known = new Knowledge(before);
    this.#newest = before.source;
    this.#changeover = new Changeover(this.#known, this.#slots);
    this.map = before.map;
    this.#connections = options.connections;
    this.#limitBytesPerSecond = options.limitBytesPerSecond;
    this.#budget = new Budget(options.retries);
    this.#fetcher = this.#newFetcher();
    this.#assigner = new Assigner(
      {
        clock: ports.clock,
        slots: () => this.#slots,
        gate: () => ports.pool.gate(targetOf(this.#known.link)),
        allowed: () => this.#allowedByUser(),
        isLimited: () => this.#limitBytesPerSecond > 0,
        hasWarm: () => ports.pool.hasWarm(targetOf(this.#known.link)),
        largestAnswer: () => this.#fetcher.largestAnswer,
      },
      this.#known,
    );
  }

  /** Body bytes read from sockets, wasted ones too. */
  get receivedBytes(): number {
    return this.#fetcher.receivedBytes;
  }

  /** Undefined until an answer proved or refuted it. */
  get supportsRanges(): boolean | undefined {
    return this.#known.supportsRanges;
  }

  /** False where only the end of a connection told where the file ends. */
  get isLengthVerified(): boolean {
    return this.#fetcher.isLengthVerified;
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

  /**
   * Connections that receive take the changed request up one by one: each asks again for the rest of its range. What a new
   * link leads to has to be compared first: they all end then.
   */
  setSource(source: RequestSource): void {
    const { identity, asksRanges, needsProof, link } = this.#known;
    const isSameAddress = source.original.href === link.original.href;
    if (isSameAddress && asksRanges && !needsProof && this.#slots.some(({ isStreaming }) => isStreaming)) {
      this.#budget.renew();
      this.#deadLink = undefined;
      this.#changeover.begin(source);
      this.#newest = (this.#known.candidate ?? link).source;
      this.#advance();
      return;
    }
    this.#newest = source;
    const isNewLink = this.#known.replaceSource(source);
    // A stream that could only start over goes on as it was asked for; what is asked from now on is asked anew.
    const isLeftAlone = !isNewLink && identity !== undefined && !asksRanges;
    this.#budget.renew();
    this.#failuresAt.clear();
    for (const slot of this.#slots) {
      slot.sleepsUntil = 0;
      if (slot.isBusy && !isLeftAlone) slot.stop();
    }
    this.#deadLink = undefined;
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

  /** One connection fewer; the others take the segment's range. @returns how many connections are left. */
  drop(id: number): number {
    const slot = this.#slots[id - 1];
    if (slot?.isBusy) {
      this.#connections = Math.max(1, this.#connections - 1);
      slot.stop();
      this.#advance();
    }
    return this.#connections;
  }

  /** The network or the machine came back: no reason to wait longer. */
  wake(): void {
    this.#deadLink = undefined;
    for (const slot of this.#slots) {
      slot.sleepsUntil = 0;
      // What leads to nowhere since would only be found out by its silence. A stream that could not go on is given the chance.
      slot.needsFresh = true;
      if (slot.isBusy && this.#known.asksRanges) slot.stop();
      else slot.forgiveSilence();
    }
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
    if (!this.#known.asksRanges || this.#known.needsProof) return 1;
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
    if (this.#mayEmploy) this.#employ(now);
    this.#changeover.moveOn(now);
    this.#setAlarm();
    this.#noticeStandstill(now);
  }

  /** Fewer work than may. */
  get #mayEmploy(): boolean {
    if (this.#isHalted) return false;
    let busy = 0;
    for (const slot of this.#slots) if (slot.isBusy) busy += 1;
    return busy < this.#allowed();
  }

  #employ(now: number): void {
    // The fastest first: one that dripped must not be the first to get each hole again.
    for (const slot of [...this.#slots].sort((one, other) => other.lastBytesPerSecond - one.lastBytesPerSecond)) {
      if (!slot.isBusy) this.#putToWork(slot);
    }
    // Made when there is work for it: most files are small.
    const isSpare = (slot: Slot): boolean => !slot.isBusy && !slot.isHeld && slot.sleepsUntil <= now;
    while (this.#slots.length < this.#connections && !this.#slots.some(isSpare) && this.#assigner.hasWorkFor(undefined)) {
      this.#putToWork(this.#addSlot());
    }
  }

  /** If it may work and there is anything for it. */
  #putToWork(slot: Slot): void {
    if (this.#mayWork(slot) && this.#assigner.hasWorkFor(slot)) void this.#work(slot);
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
    const helpers: (Slot | undefined)[] = this.#slots.filter((slot) => !slot.isBusy && this.#mayWork(slot));
    if (this.#slots.length < this.#connections && this.#mayEmploy) helpers.push(undefined);
    for (const slot of this.#assigner.drips(helpers)) {
      slot.needsFresh = true;
      slot.sleepsUntil = now + this.#options.retryWaitMs;
      slot.stop();
    }
  }

  #newFetcher(): Fetcher {
    const { clock, random } = this.#ports;
    const ports: FetcherPorts = {
      clock,
      random,
      failsOnChange: this.#options.onChange === 'fail',
      part: () => this.#ports.part(),
      identify: (answer, identity, url) => this.#ports.identify(answer, identity, url),
      onAnswer: (answer) => this.#ports.onAnswer(answer),
      onBytes: (slot, body, position, newBytes) => {
        this.#budget.received(newBytes);
        return this.#writers.get(slot)?.push(body, position) ?? true;
      },
      onResolved: () => this.#advance(),
      onTrusted: () => this.#ports.onTrusted(this.#known.link.source),
      note: (code, message) => this.#note(code, message),
      isAlone: (slot) => !this.#slots.some((other) => other !== slot && other.lease !== undefined),
      failures: (offset) => this.#failures(offset),
      giveUpClaims: (cause) => this.#giveUpClaims(cause),
      settleWriters: () => this.#settleWriters(),
      begun: (step) => this.#begun(step),
    };
    return new Fetcher(ports, this.#known);
  }

  #addSlot(): Slot {
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
      // The ramp takes its next step at once: a round trip for each doubling, not a tick of the timer.
      onFlow: () => {
        this.#receives(slot);
        this.#advance();
      },
      onExchanged: (exchange, source) => this.#ports.emit({ type: 'exchanged', exchange, isCurrent: source === this.#newest }),
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
    return slot;
  }

  /** Nobody is to begin anything. */
  get #isHalted(): boolean {
    // One refusal of a fresh link is enough: each slot would only be refused the same way.
    return this.#isOver || this.#isRestarting || this.#wait !== undefined || this.#deadLink !== undefined;
  }

  #mayWork(slot: Slot): boolean {
    if (this.#isHalted || slot.isHeld) return false;
    if (slot.sleepsUntil > this.#ports.clock.now() || !this.#changeover.linkOf(slot).mayEnter(slot)) return false;
    // One that works already need not step back for those that wait at the host's gate.
    const isRival = (other: Slot): boolean => other !== slot && other.isBusy && !(slot.isBusy && other.state === 'gated');
    return this.#slots.filter(isRival).length < this.#allowed();
  }

  /** One slot at work: lease after lease until there is nothing left for it. */
  async #work(slot: Slot): Promise<void> {
    slot.isBusy = true;
    try {
      while (this.#mayWork(slot)) {
        slot.begin();
        const link = this.#changeover.linkOf(slot);
        const entry = link.enter(slot);
        if (entry === undefined) break;
        // Another request may have another way there, or be served by another.
        if (slot.link !== undefined && slot.link !== link) slot.needsFresh = true;
        slot.link = link;
        await slot.admit(entry.url, link.source);
        if (!this.#mayWork(slot)) break;
        // The link may have died, or been changed, while this slot waited at the host's gate.
        if (this.#changeover.linkOf(slot).enter(slot)?.url !== entry.url) continue;
        const lease = this.#assigner.leaseFor(slot);
        if (lease === undefined) break;
        slot.lease = lease;
        const result = await this.#fetcher.fetch(slot, entry);
        this.#conclude(slot, entry, result);
        if (this.#ports.pool.shouldYield(targetOf(link), this)) slot.release();
      }
    } catch (error) {
      if (!(error instanceof TransportError && error.kind === 'aborted')) this.fail(error);
    } finally {
      slot.release();
      slot.isBusy = false;
      slot.state = 'idle';
      this.#known.link.leave(slot);
      this.#known.candidate?.leave(slot);
      this.#advance();
    }
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
      this.#receives(slot);
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

  /** What `slot` asked for works. */
  #receives(slot: Slot): void {
    if (this.#changeover.received(slot)) this.#deadLink = undefined;
  }

  #failures(offset: number): number {
    return this.#failuresAt.get(offset) ?? 0;
  }

  #remedy(slot: Slot, lease: Lease, entry: Entry, mishap: Mishap, url: URL): void {
    const { clock } = this.#ports;
    const { link } = entry;
    if (this.#changeover.isRefused(link, mishap)) {
      this.#ports.emit({ type: 'edit-refused', failure: mishap.error.failure });
      return;
    }
    const gate = this.#ports.pool.gate(link.source.target(url));
    const now = clock.now();
    const others = this.#slots.filter((other) => other !== slot && other.isBusy && other.lease !== undefined);
    const failures = lease.cursor - lease.start >= PROGRESS_BYTES ? 0 : this.#failures(lease.start);
    const remedy = remedyFor(mishap, {
      isExtra: others.some((other) => other.isStreaming || now - other.lastByteAt < EXTRA_WINDOW_MS),
      isOneMore: gate.isOneMore,
      hasServedMore: gate.hasServedMore,
      hasDelivered: link.hasDelivered,
      hasLogin: link.source.carriesLogin(url),
      hasClaims: this.map.done.length > 0,
      isResolved: url.href !== link.original.href,
      isFresh: entry.isFresh,
      hasProvenRange: this.#known.supportsRanges === true,
      isProvenConnection: slot.hasServed,
      mayAskPlain:
        this.#known.asksRanges &&
        this.#known.supportsRanges === undefined &&
        this.#known.plain === 'not yet' &&
        !this.#known.isNewLink,
      failures,
      isElsewhere: url.origin !== link.original.origin && url.origin !== link.final.origin,
      hasRestarted: this.#known.restarts > 0,
      wallNow: clock.wallNow(),
      proxy: link.source.target(url).proxy,
    });
    if (this.#known.plain === 'now' && mishap.type === 'refused') this.#known.plain = 'asked';
    const cause = mishap.error;
    const isSliver = this.#known.asksRanges && failures >= 1 && this.#sliverAt(lease.cursor);
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
        slot.isProven = false;
        slot.discard();
        if (!gate.refuse(remedy.isGuess)) {
          slot.needsFresh = true;
          return;
        }
        if (remedy.waitMs !== undefined) gate.closeFor(remedy.waitMs, cause);
        if (remedy.isFragile) gate.markFragile();
        this.#note(
          'host-capped',
          `${url.host} takes ${gate.cap} connection${gate.cap === 1 ? '' : 's'} at once: ${cause.message}`,
          { host: url.host, most: gate.cap, cause: cause.failure },
        );
        return;
      }
      case 'back-off':
        this.#backOff(slot, remedy, cause, failures, lease.cursor > lease.start);
        return;
      case 'host': {
        const waitMs = remedy.waitMs ?? backOffMs(this.#budget.failures, this.#options.retryWaitMs, this.#ports.random);
        if (remedy.isCounted && !this.#spend(slot, cause)) return;
        gate.closeFor(waitMs, cause);
        this.#waitFor({ for: 'host', until: now + waitMs, cause });
        return;
      }
      case 'network':
        this.#sleep(slot, NETWORK_RETRY_MS, { for: 'network', until: now + NETWORK_RETRY_MS, cause });
        return;
      case 'resolve':
        link.invalidate(entry.url);
        slot.needsFresh = true;
        this.#note(
          'link-resolved-anew',
          `${url.host} refused the address it had redirected to (${cause.message}): asking the original again`,
          { host: url.host, cause: cause.failure },
        );
        return;
      case 'new-link':
        // A change that is being tried is the better one then.
        if (this.#changeover.adopt()) return;
        this.#deadLink = remedy.error;
        return;
      case 'no-range':
        this.#giveUpRanges(cause);
        return;
      case 'ask-plain':
        this.#known.plain = 'now';
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

  #backOff(
    slot: Slot,
    remedy: Extract<Remedy, { type: 'back-off' }>,
    cause: DownloadError,
    failures: number,
    hasReceived: boolean,
  ): void {
    slot.isProven = false;
    slot.needsFresh = true;
    if (remedy.isCounted && !this.#spend(slot, cause)) return;
    const { clock, random } = this.#ports;
    const tries = remedy.isCounted ? Math.max(failures, this.#budget.failures - 1) : failures;
    const waitMs = remedy.waitMs ?? backOffMs(tries, this.#options.retryWaitMs, random);
    if (this.map.size === undefined && this.#known.identity !== undefined) {
      // Nothing tells where such a stream could go on.
      if (this.#options.onChange === 'fail' && hasReceived) {
        this.fail(new DownloadError('E_NO_RANGE_RESUME', `the server cannot go on where it stopped: ${cause.message}`, cause));
        return;
      }
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
    this.#known.supportsRanges = false;
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
    if (this.#known.isNewLink) {
      // A wrong link proves nothing against our bytes.
      this.#deadLink = cause;
      this.#advance();
      return;
    }
    if (this.#isOver || this.#isRestarting) return;
    this.#known.restarts += 1;
    if (this.#options.onChange === 'fail' || this.#known.restarts > MAX_RESTARTS) this.fail(cause);
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
    this.#known.forgetFile();
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
    for (const slot of this.#slots) if (slot.isBusy) slot.stop();
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

  #note(code: string, message: string, values?: NoteValues): void {
    this.#ports.emit({ type: 'noted', code, message, ...(values && { values }) });
  }
}

const targetOf = ({ source, final }: Link): ConnectionTarget => source.target(final);

function remainingMs(slot: Slot): number {
  if (slot.lease === undefined) return Number.POSITIVE_INFINITY;
  return (slot.lease.end - slot.lease.cursor) / Math.max(1, slot.meter.bytesPerSecond);
}
