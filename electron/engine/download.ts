/**
 * One download from a person's point of view: its states, its commands, what it tells.
 *
 *   queued → probing → active ⇄ waiting → … → verifying → finalizing → done
 *               └─────────┴────────┴────────────┴→ pausing → paused → (start) → probing
 *               └─────────┴────────┴────────────┴→ failed → (start) → probing          skipped: the file is there already
 *
 * A run begins with what the disk holds, never with what memory believes: after a pause, a failure and a crash alike.
 */
import { join } from 'node:path';
import type {
  Checksum,
  DownloadEvent,
  DownloadProgress,
  DownloadRequest,
  DownloadState,
  DownloadTarget,
  Interval,
} from '#shared/download';
import type { Answer, Identity } from './accept.ts';
import type { Backlog } from './batch-writer.ts';
import { type Digest, hashFile, parseDigestHeaders } from './checksum.ts';
import type { Clock } from './clock.ts';
import { toDiskError } from './disk-errors.ts';
import { DownloadError, safeUrl } from './errors.ts';
import type { FileIo } from './file-io.ts';
import { nameFor, safeName } from './filename.ts';
import { header } from './http-headers.ts';
import type { LeftParts } from './left-parts.ts';
import { Bucket, type BucketReader } from './limiter.ts';
import type { NameRegistry } from './names-taken.ts';
import { checkDownloadOptions, type DownloadOptions, type EngineOptions } from './options.ts';
import type { Pool } from './pool.ts';
import { RangeMap } from './range-map.ts';
import { RequestSource } from './request.ts';
import type { Slot } from './slot.ts';
import { type Found, type Left, type PartPorts, StoredPart } from './stored-part.ts';
import type { Ticker } from './ticker.ts';
import { Transfer, type Wait } from './transfer.ts';

const DISK_RETRY_MS = 10_000;
const LIMITED_READ_BYTES = 16 * 1024;

/** What all downloads of an engine share. */
export interface EngineServices {
  readonly clock: Clock;
  readonly io: FileIo;
  readonly random: () => number;
  readonly options: EngineOptions;
  readonly pool: Pool;
  readonly ticker: Ticker;
  readonly backlog: Backlog;
  readonly bucket: Bucket;
  readonly names: NameRegistry;
  readonly left: LeftParts;
  /** Those that are not over: each enters and leaves by itself. */
  readonly downloads: Set<Download>;
  bootId(): Promise<string | undefined>;
}

export interface DownloadHooks {
  /**
   * The file has its final name, durably, and the traces of the part are still there: the moment to record it as done, since
   * a kill before loses nothing and a kill after is recognised. Must not throw.
   */
  onPlaced(path: string): Promise<void>;
}

/** The target is there and `ifExists` is `skip`: not a failure, but the end. It travels like one. */
class AlreadyThere extends DownloadError {
  readonly path: string;

  constructor(path: string) {
    super('E_INPUT', `${path} is there already`);
    this.path = path;
  }
}

export class Download {
  readonly #services: EngineServices;
  readonly #hooks: DownloadHooks;
  readonly #target: DownloadTarget;
  readonly #listeners = new Set<(event: DownloadEvent) => void>();
  readonly #bucket: Bucket;
  readonly #readers = new Map<Slot, BucketReader>();
  #options: DownloadOptions;
  #source: RequestSource;
  #state: DownloadState = { type: 'queued' };
  #finished = Promise.withResolvers<DownloadState>();
  #run: Promise<void> | undefined;
  #transfer: Transfer | undefined;
  #stored: StoredPart | undefined;
  #map = new RangeMap(undefined);
  #identity: Identity | undefined;
  /** Aborted when what an earlier run left is of no interest any more. */
  #auditing: AbortController | undefined;
  #digest: Digest | undefined;
  #finalUrl: URL;
  #resumedBytes = 0;
  /** Of the runs before this one. */
  #receivedBytes = 0;
  /** Set while the user's pause is being carried out. */
  #pausing: AbortController | undefined;
  #cancelRetry: (() => void) | undefined;
  #isRemoved = false;
  /** The name of the part that the run before this one left. */
  #keptName: string | undefined;

  /** @throws DownloadError E_INPUT. */
  constructor(
    services: EngineServices,
    request: DownloadRequest,
    target: DownloadTarget,
    options: Partial<DownloadOptions>,
    hooks: Partial<DownloadHooks> = {},
  ) {
    this.#services = services;
    this.#hooks = { onPlaced: async () => {}, ...hooks };
    this.#source = new RequestSource(request);
    this.#finalUrl = this.#source.original;
    // Once and for all, so that what is looked for, made and put in place is one name, inside the folder.
    this.#target = target.name === undefined ? target : { ...target, name: safeName(target.name) };
    this.#options = checkDownloadOptions(options);
    const { limitBytesPerSecond: bytesPerSecond, weight } = this.#options;
    this.#bucket = new Bucket(services.clock, { bytesPerSecond, weight, parent: services.bucket });
    services.downloads.add(this);
  }

  get state(): DownloadState {
    return this.#state;
  }

  get request(): DownloadRequest {
    return this.#source.given;
  }

  /** Returns what ends the subscription. A listener that throws disturbs nobody. */
  subscribe(listener: (event: DownloadEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From queued, paused or failed; does nothing in any other state. */
  start(): void {
    if (this.#isRemoved || !['queued', 'paused', 'failed'].includes(this.#state.type)) return;
    if (this.#state.type !== 'queued') this.#finished = Promise.withResolvers();
    this.#begin();
  }

  /** Resolves once paused, with every received byte on disk and on record; or at once where the download is over. */
  async pause(): Promise<void> {
    if (this.#state.type === 'queued' || (this.#state.type === 'waiting' && this.#run === undefined)) {
      this.#cancelRetry?.();
      this.#end({ type: 'paused' });
      return;
    }
    if (this.#run === undefined) return;
    if (this.#pausing === undefined) {
      this.#pausing = new AbortController();
      // What is nearly through is brought to its end: it needs no network.
      if (this.#state.type !== 'finalizing') this.#setState({ type: 'pausing' });
      this.#pausing.abort();
      void this.#transfer?.stop();
    }
    await this.#run;
  }

  /** Resolves at done, skipped, paused or failed. */
  finished(): Promise<DownloadState> {
    return this.#finished.promise;
  }

  progress(): DownloadProgress {
    const transfer = this.#transfer;
    const size = this.#map.size ?? this.#identity?.size;
    return {
      ...(size === undefined ? {} : { size }),
      doneBytes: this.#map.doneBytes,
      resumedBytes: this.#resumedBytes,
      receivedBytes: this.#receivedBytes + (transfer?.receivedBytes ?? 0),
      bytesPerSecond: transfer?.bytesPerSecond ?? 0,
      connections: transfer?.connections ?? 0,
      segments: transfer?.segments() ?? [],
      done: [...this.#map.done],
    };
  }

  setLimit(bytesPerSecond: number): void {
    this.#options = checkDownloadOptions({ ...this.#options, limitBytesPerSecond: bytesPerSecond });
    this.#bucket.bytesPerSecond = bytesPerSecond;
    this.#transfer?.setLimit(bytesPerSecond);
  }

  /** @throws DownloadError E_INPUT outside 1-64. */
  setConnections(connections: number): void {
    this.#options = checkDownloadOptions({ ...this.#options, connections });
    this.#transfer?.setConnections(connections);
  }

  /** A new link for the same file: compared with the bytes on disk before anything of it is trusted. */
  setUrl(url: string): void {
    this.#setSource({ ...this.request, url });
  }

  /** Headers, cookie, login and the like; running connections take it up at once, without losing a byte. */
  setRequest(change: Partial<Omit<DownloadRequest, 'url'>>): void {
    this.#setSource({ ...this.request, ...change });
  }

  hold(segment: number): void {
    this.#transfer?.hold(segment);
  }

  release(segment: number): void {
    this.#transfer?.release(segment);
  }

  restart(segment: number): void {
    this.#transfer?.restart(segment);
  }

  drop(segment: number): void {
    this.#transfer?.drop(segment);
  }

  /** The network or the machine came back. */
  wake(): void {
    this.#transfer?.wake();
  }

  /** Ends it for good; with `deleteFiles` nothing of an unfinished download stays. */
  async remove(options: { readonly deleteFiles: boolean }): Promise<void> {
    this.#isRemoved = true;
    await this.pause();
    this.#bucket.close();
    if (!options.deleteFiles || this.#state.type === 'done') return;
    const left = await this.#findPart(await this.#partPorts());
    if (left?.type === 'part') await left.stored.close(false);
  }

  /** Removes what a kill between the last steps of a finished run left behind. Makes no request. */
  async tidy(): Promise<void> {
    const left = await this.#findPart(await this.#partPorts());
    if (left?.type !== 'part') return;
    const { stored } = left;
    if (await stored.isPlaced()) await stored.finish(undefined, this.#hooks.onPlaced);
    else await stored.close(true);
  }

  #setSource(request: DownloadRequest): void {
    this.#source = this.#source.with(request);
    if (this.#transfer) this.#transfer.setSource(this.#source);
    else if (this.#state.type === 'waiting') this.#retryNow();
  }

  #begin(): void {
    this.#services.downloads.add(this);
    this.#setState({ type: 'probing' });
    this.#run = this.#carryOut();
  }

  /** One run, from what the disk holds to an end. Never throws. */
  async #carryOut(): Promise<void> {
    const removeTick = this.#services.ticker.add(() => this.#tick());
    let end: DownloadState;
    try {
      end = await this.#fetchAndFinish();
    } catch (error) {
      end = await this.#afterFailure(error);
    } finally {
      this.#auditing = undefined;
      removeTick();
      this.#receivedBytes += this.#transfer?.receivedBytes ?? 0;
      this.#transfer = undefined;
      this.#stored = undefined;
      for (const reader of this.#readers.values()) this.#bucket.forget(reader);
      this.#readers.clear();
      // Before the news of the end: whoever hears it may start the next run at once.
      this.#run = undefined;
      this.#pausing = undefined;
    }
    if (end.type === 'waiting') {
      this.#setState(end);
      this.#cancelRetry = this.#services.clock.setTimer(() => this.#retryNow(), DISK_RETRY_MS);
    } else {
      this.#end(end);
    }
  }

  async #fetchAndFinish(): Promise<DownloadState> {
    const ports = await this.#partPorts();
    await this.#checkNamedTarget();
    const left = await this.#findPart(ports);
    if (left?.type === 'placed') {
      this.#map = new RangeMap(left.size, [{ start: 0, end: left.size }]);
      this.#resumedBytes = left.size;
      return { type: 'done', path: left.path, size: left.size, lengthVerified: true };
    }
    this.#stored = left?.stored;
    this.#map = new RangeMap(left?.found.identity.size, left?.found.claims ?? []);
    this.#identity = left?.found.identity;
    this.#resumedBytes = this.#map.doneBytes;
    if (left) {
      left.stored.keep(() => this.#map.done);
      this.#tellIdentified();
    }
    this.#throwIfPausing();
    const audited = this.#startAudit();
    let transfer = this.#newTransfer(left?.found);
    for (;;) {
      if ((await transfer.run()) === 'stopped') return await this.#park();
      this.#setState({ type: 'verifying' });
      await audited;
      this.#throwIfPausing();
      if (this.#map.isComplete) break;
      // The audit found damage when everything else was there.
      transfer = this.#newTransfer({
        claims: this.#map.done,
        identity: this.#identity ?? { isWebPage: false },
        isOtherAddress: false,
      });
    }
    const stored = this.#part();
    await stored.sync();
    await this.#verify(stored);
    this.#throwIfPausing();
    this.#setState({ type: 'finalizing' });
    const path = await stored.finish(this.#identity?.lastModified, this.#hooks.onPlaced);
    return { type: 'done', path, size: this.#map.doneBytes, lengthVerified: transfer.isLengthVerified };
  }

  /** Has what an earlier run left looked at in the background; resolves when that is over. */
  async #startAudit(): Promise<void> {
    const auditing = new AbortController();
    const onDamage = ({ start, end }: Interval): readonly Interval[] => {
      const message = `bytes ${start}-${end - 1} were damaged since they were fetched: they are fetched again`;
      this.#emit({ type: 'restarted', failure: { code: 'E_FS_IO', message } });
      this.#map.unclaim(start, end);
      return this.#map.done;
    };
    this.#auditing = auditing;
    try {
      await this.#stored?.audit(onDamage, auditing.signal);
    } catch (error) {
      if (!auditing.signal.aborted) this.#transfer?.fail(error);
    }
  }

  /** What an earlier run left; one of this object by its name, since its address may have changed meanwhile. */
  #findPart(ports: PartPorts): Promise<Left | undefined> {
    const target = this.#keptName === undefined ? this.#target : { ...this.#target, name: this.#keptName };
    return StoredPart.find(ports, target, this.#source.original);
  }

  #newTransfer(found: Found | undefined): Transfer {
    const { clock, pool, backlog, random, options } = this.#services;
    const hasStrongTag = found?.identity.etag !== undefined && !/^W\//i.test(found.identity.etag);
    this.#transfer = new Transfer(
      {
        clock,
        pool,
        backlog,
        random,
        engine: options,
        readAtMost: () => (this.#bucket.isLimited ? LIMITED_READ_BYTES : Number.POSITIVE_INFINITY),
        debit: (slot, bytes) => this.#bucket.debit(this.#readerOf(slot), bytes),
        forgetDebit: (slot) => this.#bucket.forget(this.#readerOf(slot)),
        identify: (answer, identity, url) => this.#identify(answer, identity, url),
        giveUpClaims: (cause) => this.#giveUpClaims(cause),
        part: () => this.#part().file,
        write: (buffers, position) => this.#part().write(buffers, position),
        onAnswer: (answer) => {
          this.#digest ??= parseDigestHeaders(answer.headers, answer.status);
        },
        onClaim: (bytes) => this.#stored?.noteWritten(bytes),
        emit: (event) => this.#emit(event),
        onWait: (wait) => this.#onWait(wait),
      },
      this.#options,
      {
        source: this.#source,
        map: this.#map,
        ...(found ? { identity: found.identity } : {}),
        needsProof: found !== undefined && (found.isOtherAddress || !hasStrongTag),
        isNewLink: found?.isOtherAddress ?? false,
      },
    );
    if (found) this.#setState({ type: 'active' });
    return this.#transfer;
  }

  /** With the user's own name it is known before any request whether the file is there. */
  async #checkNamedTarget(): Promise<void> {
    const { directory, name, ifExists } = this.#target;
    if (name !== undefined && ifExists === 'skip') await this.#skipIfThere(join(directory, name));
  }

  async #skipIfThere(path: string): Promise<void> {
    try {
      if (await this.#services.io.identity(path)) throw new AlreadyThere(path);
    } catch (error) {
      throw error instanceof AlreadyThere ? error : toDiskError(error, 'look for', path);
    }
  }

  async #identify(answer: Answer, identity: Identity, url: URL): Promise<void> {
    this.#identity = identity;
    this.#finalUrl = url;
    if (this.#stored) {
      await this.#stored.begin(this.#source.original, identity);
    } else {
      const { headers } = answer;
      const name = nameFor({
        userName: this.#target.name,
        contentDisposition: header(headers, 'content-disposition'),
        finalUrl: url.href,
        originalUrl: this.#source.original.href,
        contentType: header(headers, 'content-type'),
      });
      if (this.#target.ifExists === 'skip') await this.#skipIfThere(join(this.#target.directory, name));
      this.#stored = await StoredPart.create(await this.#partPorts(), this.#target, name, this.#source.original, identity);
    }
    this.#stored.keep(() => this.#map.done);
    this.#tellIdentified();
    if (this.#state.type === 'probing') this.#setState({ type: 'active' });
  }

  async #giveUpClaims(cause: DownloadError): Promise<void> {
    this.#auditing?.abort();
    this.#emit({ type: 'restarted', failure: cause.failure });
    this.#digest = undefined;
    this.#resumedBytes = 0;
    await this.#stored?.giveUpClaims();
  }

  async #verify(stored: StoredPart): Promise<void> {
    const expected = this.#expectedChecksum();
    if (expected === undefined) return;
    const { algorithm, hex } = expected;
    const signal = this.#pausing?.signal;
    const actual = await hashFile(stored.file, this.#map.doneBytes, algorithm, signal ? { signal } : {});
    if (actual === hex.toLowerCase()) return;
    const path = await stored.discard();
    this.#stored = undefined;
    throw new DownloadError(
      'E_HASH',
      `the ${algorithm} of the file is ${actual}, expected ${hex.toLowerCase()}; what was fetched lies in ${path}`,
    );
  }

  #expectedChecksum(): Exclude<Checksum, 'auto'> | undefined {
    const { checksum } = this.#options;
    if (checksum !== 'auto') return checksum;
    if (this.#digest === undefined)
      this.#emit({
        type: 'noted',
        code: 'no-digest',
        message: 'the server sends no digest of the file: only its size was checked',
      });
    return this.#digest;
  }

  /** Everything received is on disk: put it on record and close. */
  async #park(): Promise<DownloadState> {
    this.#auditing?.abort();
    if (this.#stored) {
      await this.#stored.sync();
      this.#keptName = this.#map.done.length > 0 ? this.#stored.name : undefined;
      await this.#stored.close(this.#map.done.length > 0);
      this.#stored = undefined;
    }
    return { type: 'paused' };
  }

  async #afterFailure(error: unknown): Promise<DownloadState> {
    this.#auditing?.abort();
    if (error instanceof AlreadyThere) return { type: 'skipped', path: error.path };
    if (this.#pausing && !(error instanceof DownloadError))
      return await this.#park().catch((cause: unknown) => this.#afterFailure(cause));
    const known = error instanceof DownloadError ? error : new DownloadError('E_INTERNAL', String(error), error);
    const isDisk = known.code === 'E_FS_FULL' || known.code === 'E_FS_GONE';
    // Best effort: with a broken disk the last record stands.
    await this.#stored?.sync().catch(() => {});
    const isKept = isDisk || this.#map.done.length > 0;
    this.#keptName = isKept ? this.#stored?.name : undefined;
    await this.#stored?.close(isKept).catch(() => {});
    this.#stored = undefined;
    if (isDisk && !this.#pausing) return { type: 'waiting', for: 'disk', cause: known.failure };
    return { type: 'failed', failure: known.failure };
  }

  #retryNow(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#begin();
  }

  #throwIfPausing(): void {
    this.#pausing?.signal.throwIfAborted();
  }

  #onWait(wait: Wait | undefined): void {
    if (this.#pausing) return;
    if (wait === undefined) {
      this.#setState({ type: this.#identity ? 'active' : 'probing' });
      return;
    }
    const { for: reason, until, cause } = wait;
    this.#setState({ type: 'waiting', for: reason, cause: cause.failure, ...(until === undefined ? {} : { until }) });
  }

  #tick(): void {
    this.#transfer?.tick();
    this.#stored?.tick();
  }

  #part(): StoredPart {
    if (this.#stored === undefined) throw new Error('bytes came before the part was made');
    return this.#stored;
  }

  async #partPorts(): Promise<PartPorts> {
    const { io, clock, options, names, left } = this.#services;
    return {
      io,
      clock,
      options,
      names,
      left,
      bootId: await this.#services.bootId(),
      onError: (error) => this.#transfer?.fail(error),
    };
  }

  #readerOf(slot: Slot): BucketReader {
    let reader = this.#readers.get(slot);
    if (reader === undefined) {
      reader = { weight: 1, pause: () => slot.pause('limit'), resume: () => slot.wake('limit') };
      this.#readers.set(slot, reader);
    }
    return reader;
  }

  #tellIdentified(): void {
    const size = this.#identity?.size;
    const resumable = this.#transfer?.supportsRanges;
    this.#emit({
      type: 'identified',
      name: this.#stored?.name ?? '',
      ...(size === undefined ? {} : { size }),
      ...(resumable === undefined ? {} : { resumable }),
      finalUrl: safeUrl(this.#finalUrl),
      resumedBytes: this.#resumedBytes,
    });
  }

  #end(state: DownloadState): void {
    this.#services.downloads.delete(this);
    const finished = this.#finished;
    this.#setState(state);
    finished.resolve(state);
  }

  #setState(state: DownloadState): void {
    this.#state = state;
    this.#emit({ type: 'state', state });
  }

  #emit(event: DownloadEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // A listener's mistake is its own: the download goes on.
      }
    }
  }
}
