/**
 * Fetches one lease over one slot: asks, has the answer judged, and takes the bytes. What the answer says of the file goes
 * into what is known; what follows when it was no good is decided by `transfer.ts`.
 */

import type { Clock } from '#engine/clock';
import type { PartFile } from '#engine/disk/part-file';
import { DownloadError } from '#engine/errors';
import { standsInPlace } from '#engine/naming/page-in-place';
import { TransportError } from '#engine/network/trouble';
import { type Answer, type Identity, isCertainlySame, judge, saysNoRanges, type Verdict } from './accept.ts';
import { compareWindow, windowNear, windowsOf } from './compare.ts';
import type { Knowledge } from './knowledge.ts';
import type { Entry } from './link.ts';
import type { Lease } from './range-map.ts';
import type { Mishap } from './recovery.ts';
import { MIN_SPLIT_BYTES } from './schedule.ts';
import type { Slot } from './slot.ts';

/** How far a stream whose body goes on may run ahead into a hole behind its lease. */
const LEASE_AHEAD_BYTES = 64 * 1024 * 1024;

type WholeVerdict = Extract<Verdict, { type: 'whole' }>;

/** What became of one lease on one slot. */
export type Result =
  | { readonly type: 'filled' }
  | { readonly type: 'stopped' }
  | { readonly type: 'mishap'; readonly mishap: Mishap; readonly url: URL };

export interface FetcherPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly failsOnChange: boolean;
  part(): PartFile;
  /** The first good answer: makes the part. Bytes follow once it resolved. */
  identify(answer: Answer, identity: Identity, url: URL): Promise<void>;
  /** Every good answer. */
  onAnswer(answer: Answer): void;
  /** `newBytes` were received that no earlier stream had brought. False where reading should pause. */
  onBytes(slot: Slot, body: Buffer, position: number, newBytes: number): boolean;
  /** What is on disk and what the address leads to are one file. */
  onTrusted(): void;
  /** Where the original address leads is known now. */
  onResolved(): void;
  note(code: string, message: string): void;
  /** Nobody else is at work. */
  isAlone(slot: Slot): boolean;
  /** Failures in a row of the bytes at an offset. */
  failures(offset: number): number;
  giveUpClaims(cause: DownloadError): Promise<void>;
  settleWriters(): Promise<void>;
  /** A step that changes the part: once begun it is brought to its end before the part is closed. */
  begun<T>(step: Promise<T>): Promise<T>;
}

export class Fetcher {
  /** Body bytes read from sockets, wasted ones too. */
  receivedBytes = 0;
  isLengthVerified = true;
  /** The most this server gives at once. */
  largestAnswer = Number.POSITIVE_INFINITY;
  readonly #ports: FetcherPorts;
  readonly #known: Knowledge;
  /** Where the furthest stream from byte 0 came to. */
  #furthest = 0;
  #shortAnswers = 0;

  constructor(ports: FetcherPorts, known: Knowledge) {
    this.#ports = ports;
    this.#known = known;
  }

  async fetch(slot: Slot, entry: Entry): Promise<Result> {
    const known = this.#known;
    const { link } = entry;
    slot.leasedAt = this.#ports.clock.now();
    const from = await this.#settleDoubt(slot, entry);
    if (!(from instanceof URL)) return from;
    const { cursor, end } = leaseOf(slot);
    const range = known.asksRanges ? { start: cursor, end } : undefined;
    let skip = 0;
    let url = from;
    let mishap: Mishap | undefined;
    const outcome = await slot.ask({
      source: link.source,
      from,
      range,
      isFresh: slot.needsFresh,
      onAnswer: async (answer, answered) => {
        url = answered;
        const identity = known.identity && { ...known.identity, ...slot.trusted };
        const wantsNoPage = standsInPlace(known.name, link.original, answered);
        const verdict = judge({ ...(range ? { range } : {}), ...(identity ? { identity } : {}), wantsNoPage }, answer);
        mishap = await this.#ports.begun(this.#weigh(slot, entry, verdict, answer, answered));
        if (mishap) return 'refuse';
        if (verdict.type === 'part') skip = verdict.skip;
        // What was posted may have led to an answer that only the form itself leads to again.
        if (link.source.method === 'GET') link.resolved(answered);
        const codings = verdict.type === 'whole' ? verdict.codings : [];
        // A digest is of what was sent (RFC 9530 section 3), not of what it unpacks to.
        if (codings.length === 0) this.#ports.onAnswer(answer);
        // Others may have waited for what the original leads to.
        if (entry.isFresh) queueMicrotask(() => this.#ports.onResolved());
        return { codings };
      },
      onBytes: (bytes) => {
        this.receivedBytes += bytes.length;
        const body = skip === 0 ? bytes : bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - body.length;
        link.hasDelivered = true;
        return this.#take(slot, leaseOf(slot), body);
      },
    });
    if (mishap) return { type: 'mishap', mishap, url };
    if (outcome.type === 'trouble') return troubled(outcome, url);
    const { lease } = slot;
    if (lease === undefined) return { type: 'stopped' };
    if (known.map.size === undefined && outcome.type === 'ended') {
      this.isLengthVerified = outcome.isProven;
      known.map.size = lease.cursor;
      lease.end = lease.cursor;
    }
    if (lease.isFilled) return { type: 'filled' };
    const error = new TransportError('cut', 'E_NETWORK', `the server ended its answer ${lease.end - lease.cursor} bytes early`);
    return { type: 'mishap', mishap: { type: 'transport', error, hadAnswer: true }, url };
  }

  /** Takes body bytes for the lease. */
  #take(slot: Slot, lease: Lease, bytes: Buffer): 'more' | 'last' | 'enough' {
    const known = this.#known;
    if (lease.end - lease.cursor <= bytes.length && lease.bodyEnd > lease.end) known.map.extend(lease, LEASE_AHEAD_BYTES);
    const body = bytes.length > lease.end - lease.cursor ? bytes.subarray(0, lease.end - lease.cursor) : bytes;
    const position = lease.cursor;
    lease.cursor += body.length;
    const newBytes = this.#newBytes(lease, position);
    if (body.length > 0 && !this.#ports.onBytes(slot, body, position, newBytes)) slot.pause('disk');
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
    const known = this.#known;
    const identity = known.identity;
    if (identity === undefined || (!known.needsProof && !slot.isWary) || known.plain === 'now') return entry.url;
    // What came from another link or server is still on its way to the disk: it is what has to be compared.
    if (known.needsProof) await this.#ports.settleWriters();
    const near = windowNear(known.map.done, leaseOf(slot).cursor);
    const windows = known.needsProof ? windowsOf(known.map.done, this.#ports.random) : near ? [near] : [];
    // Another address may well have tags and dates of its own: its size and bytes decide.
    const { isWebPage, size } = identity;
    const compared = known.isNewLink ? { isWebPage, ...(size === undefined ? {} : { size }) } : identity;
    let url = entry.url;
    for (const window of windows) {
      const comparison = await compareWindow(slot, url, entry.link.source, this.#ports.part(), compared, window);
      // An original address may lead to another server each time.
      url = comparison.url;
      if (comparison.type === 'mishap') {
        const { mishap } = comparison;
        return mishap.type === 'transport' ? troubled(mishap, url) : { type: 'mishap', mishap, url };
      }
      slot.trusted = validatorsOf(comparison.told);
    }
    if (windows.length === 0) return url;
    if (known.needsProof) {
      // These bytes and this answer belong together: from here on its validators are the file's.
      known.identity = {
        isWebPage,
        ...(size === undefined ? {} : { size }),
        ...slot.trusted,
      };
      this.#trust();
      slot.trusted = undefined;
    } else {
      this.#ports.note('validators-differ', 'servers disagree about the version of the file; its bytes are the same');
    }
    return url;
  }

  /** What is on disk and what the address leads to are one file. */
  #trust(): void {
    const known = this.#known;
    if (known.isNewLink) this.#ports.note('link-proven', 'the new link leads to the same file');
    known.needsProof = false;
    known.isNewLink = false;
    this.#ports.onTrusted();
  }

  /** Takes a verdict on an answer up. Undefined: read the body. */
  async #weigh(slot: Slot, entry: Entry, verdict: Verdict, answer: Answer, url: URL): Promise<Mishap | undefined> {
    const known = this.#known;
    const lease = leaseOf(slot);
    switch (verdict.type) {
      case 'part':
        known.supportsRanges = true;
        this.#trust();
        slot.isWary = slot.trusted !== undefined;
        if (verdict.end < lease.end) this.#noteShortAnswer(verdict.end - lease.cursor);
        lease.end = Math.min(lease.end, verdict.end);
        lease.bodyEnd = verdict.bodyEnd;
        return undefined;
      case 'whole': {
        const mishap = await this.#weighWhole(slot, entry, verdict, answer, url);
        if (known.plain === 'now' && mishap === undefined) known.supportsRanges = false;
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

  async #weighWhole(
    slot: Slot,
    entry: Entry,
    { identity, codings }: WholeVerdict,
    answer: Answer,
    url: URL,
  ): Promise<Mishap | undefined> {
    const known = this.#known;
    // Bytes are not given up for a change: it may be wrong.
    const mayGiveUp = !this.#ports.failsOnChange && entry.link !== known.candidate;
    if (known.asksRanges) {
      const error = new DownloadError(
        'E_NO_RANGE_RESUME',
        'the server does not serve parts of the file: it can only be fetched from the start',
      );
      const isAlone = this.#ports.isAlone(slot);
      // A server that served parts before may only have blundered once.
      const isBlunder = known.supportsRanges === true && this.#ports.failures(leaseOf(slot).cursor) === 0;
      if (!isAlone || isBlunder || !mayGiveUp || known.isNewLink) {
        return { type: 'refused', as: isBlunder ? 'wrong-range' : 'no-range', error, answer };
      }
      // This very body is the file from its start: use it instead of asking once more.
      await this.#ports.giveUpClaims(error);
      known.supportsRanges = false;
      slot.lease = known.map.lease(0, Number.POSITIVE_INFINITY);
    } else if (known.map.done.length > 0) {
      // A plain stream was cut and begins again. What it gave may only stay if this one is of the same file for certain.
      if (isCertainlySame(known.identity, identity)) {
        leaseOf(slot).bodyEnd = known.map.limit;
        return undefined;
      }
      const error = new DownloadError(
        'E_NO_RANGE_RESUME',
        'the server cannot go on where it stopped: it sends the file from its start again',
      );
      if (this.#ports.failsOnChange) return { type: 'refused', as: 'changed', error, answer };
      await this.#ports.giveUpClaims(error);
      slot.lease = known.map.lease(0, Number.POSITIVE_INFINITY);
    }
    // The first word on ranges; where there is none a second connection finds out (RFC 9110 section 14.3). One plain
    // stream is of one version by nature: the way out where parts prove to be of several, or are labelled wrong.
    if (saysNoRanges(answer) || known.restarts > 1 || codings.length > 0) known.supportsRanges = false;
    const lease = leaseOf(slot);
    known.identity = identity;
    known.map.size = identity.size;
    lease.end = known.map.limit;
    lease.bodyEnd = known.map.limit;
    await this.#ports.identify(answer, identity, url);
    return undefined;
  }

  /** A server that never gives more than so much at once is asked for no more. */
  #noteShortAnswer(bytes: number): void {
    this.#shortAnswers += 1;
    if (this.#shortAnswers >= 2) this.largestAnswer = Math.max(bytes, MIN_SPLIT_BYTES);
  }
}

/** The lease of a slot at work. */
export function leaseOf(slot: Slot): Lease {
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
