/**
 * One run of a download: from what the disk holds to a file under its name, a pause or a failure.
 *
 *   find what is left → fetch (and have the old part looked at meanwhile) → verify → put in place
 *
 * It believes the disk and never memory: after a pause, a failure and a crash alike.
 */
import { basename, join } from 'node:path';
import type { Backlog } from '#engine/disk/batch-writer';
import { type Digest, hashFile, parseDigestHeaders } from '#engine/disk/checksum';
import { toDiskError } from '#engine/disk/disk-errors';
import type { FileIdentity, FileIo } from '#engine/disk/file-io';
import type { LeftParts } from '#engine/disk/left-parts';
import type { NameRegistry } from '#engine/disk/names-taken';
import { ReadBack } from '#engine/disk/read-back';
import type { Room } from '#engine/disk/room';
import { type Found, type Left, type PartPorts, StoredPart } from '#engine/disk/stored-part';
import { nameFor } from '#engine/naming/filename';
import { header } from '#engine/network/http-headers';
import type { Pool } from '#engine/network/pool';
import type { RequestSource } from '#engine/network/request';
import type { Answer, Identity } from '#engine/transfer/accept';
import { RangeMap } from '#engine/transfer/range-map';
import type { Slot } from '#engine/transfer/slot';
import { Transfer, type Wait } from '#engine/transfer/transfer';
import type { CheckProgress, Checksum, DownloadEvent, DownloadState, DownloadTarget, Interval } from '#shared/download';
import type { Clock } from './clock.ts';
import { DownloadError, safeUrl } from './errors.ts';
import type { Bucket, BucketReader } from './limiter.ts';
import type { DownloadOptions, EngineOptions } from './options.ts';
import type { Ticker } from './ticker.ts';

/** A limited reader is given small portions, or one read would be a second's worth. */
const LIMITED_READ_BYTES = 16 * 1024;

/** What the runs of all downloads of an engine share. */
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
  readonly room: Room;
  bootId(): Promise<string | undefined>;
}

export interface DownloadHooks {
  /**
   * The file has its final name, durably, and the traces of the part are still there: the moment to record it as done, since
   * a kill before loses nothing and a kill after is recognised. `file` is what lies there then. Must not throw.
   */
  onPlaced(path: string, file: FileIdentity): Promise<void>;
}

/** What a run needs of its download. */
export interface RunPorts {
  readonly services: EngineServices;
  readonly hooks: DownloadHooks;
  readonly bucket: Bucket;
  readonly target: DownloadTarget;
  /** As they are now. */
  options(): DownloadOptions;
  /** The name of the part that the run before this one left: the address may have changed since. */
  readonly keptName: string | undefined;
  source(): RequestSource;
  setState(state: DownloadState): void;
  emit(event: DownloadEvent): void;
}

/** What is left of a download: undefined where there is nothing. */
export async function findLeft(
  ports: Omit<RunPorts, 'bucket' | 'options' | 'setState' | 'emit'>,
  onError: (error: unknown) => void,
): Promise<Left | undefined> {
  const { target, keptName, services } = ports;
  const named = keptName === undefined ? target : { ...target, name: keptName };
  return StoredPart.find(await partPorts(services, onError), named, ports.source().original);
}

async function partPorts(
  services: EngineServices,
  onError: (error: unknown) => void,
  note: PartPorts['note'] = () => {},
): Promise<PartPorts> {
  const { io, clock, options, names, left, room } = services;
  return { io, clock, options, names, left, room, bootId: await services.bootId(), onError, note };
}

/** The target is there and `ifExists` is `skip`: not a failure, but the end. It travels like one. */
class AlreadyThere extends DownloadError {
  readonly path: string;

  constructor(path: string) {
    super('E_INPUT', `${basename(path)} is there already`);
    this.path = path;
  }
}

export class Run {
  map: RangeMap;
  resumedBytes: number;
  transfer: Transfer | undefined;
  /** The name of the part that is left for the next run. */
  keptName: string | undefined;
  readonly #ports: RunPorts;
  readonly #services: EngineServices;
  readonly #readers = new Map<Slot, BucketReader>();
  readonly #stopping = new AbortController();
  readonly #over: Promise<DownloadState>;
  /** Aborted when what an earlier run left is of no interest any more. */
  readonly #auditing = new AbortController();
  readonly #readBack: ReadBack;
  /** When the run before this one ended. */
  readonly #doneBefore: number;
  #stored: StoredPart | undefined;
  #identity: Identity | undefined;
  #digest: Digest | undefined;
  /** By transfers before the present one. */
  #receivedBefore = 0;
  #finalUrl: URL;
  #contentType: string | undefined;

  /** Until the disk was asked, what the run before knew is what is known. */
  constructor(ports: RunPorts, before?: Run) {
    this.#ports = ports;
    this.#services = ports.services;
    this.#readBack = new ReadBack(ports.services.clock);
    this.keptName = ports.keptName;
    this.map = before?.map ?? new RangeMap(undefined);
    this.#doneBefore = this.map.doneBytes;
    this.resumedBytes = before?.resumedBytes ?? 0;
    this.#finalUrl = ports.source().original;
    this.#over = this.#carryOut();
  }

  /** Resolves at done, skipped, paused, failed, or waiting for the disk; never rejects. */
  over(): Promise<DownloadState> {
    return this.#over;
  }

  /** Body bytes read from sockets in this run. */
  get receivedBytes(): number {
    return this.#receivedBefore + (this.transfer?.receivedBytes ?? 0);
  }

  get check(): CheckProgress {
    return this.#readBack.progress;
  }

  get size(): number | undefined {
    return this.map.size ?? this.#identity?.size;
  }

  /** Ends it as soon as nothing is lost by it; what is nearly through is brought to its end. */
  stop(): void {
    this.#stopping.abort();
    // Looking at all of a large part takes minutes.
    this.#auditing.abort();
    void this.transfer?.stop();
  }

  async #carryOut(): Promise<DownloadState> {
    const removeTick = this.#services.ticker.add(() => {
      this.transfer?.tick();
      this.#stored?.tick();
    });
    try {
      return await this.#fetchAndFinish();
    } catch (error) {
      return await this.#afterFailure(error);
    } finally {
      removeTick();
      this.#stored = undefined;
      for (const reader of this.#readers.values()) this.#ports.bucket.forget(reader);
    }
  }

  async #fetchAndFinish(): Promise<DownloadState> {
    await this.#checkNamedTarget();
    const left = await findLeft(this.#ports, this.#onDiskError);
    if (left?.type === 'placed') {
      this.map = new RangeMap(left.size, [{ start: 0, end: left.size }]);
      this.resumedBytes = left.size;
      return { type: 'done', path: left.path, size: left.size, lengthVerified: true };
    }
    this.#takeUp(left);
    if (this.#stored) await this.#stored.takeRoom();
    else await this.#requireFolder();
    this.#throwIfStopping();
    const audited = this.#audit();
    let transfer = this.#newTransfer(left?.found);
    for (;;) {
      if ((await transfer.run()) === 'stopped') return await this.#park();
      this.#ports.setState({ type: 'verifying' });
      await audited;
      this.#throwIfStopping();
      if (this.map.isComplete) break;
      // The audit found damage when everything else was there.
      transfer = this.#newTransfer({
        claims: this.map.done,
        identity: this.#identity ?? { isWebPage: false },
        isOtherAddress: false,
        droppedBytes: 0,
      });
    }
    const stored = this.#part();
    await stored.seal();
    await this.#verify(stored);
    this.#throwIfStopping();
    this.#ports.setState({ type: 'finalizing' });
    const path = await stored.finish(this.#identity?.lastModified, this.#ports.hooks.onPlaced);
    return { type: 'done', path, size: this.map.doneBytes, lengthVerified: transfer.isLengthVerified };
  }

  #takeUp(left: Extract<Left, { type: 'part' }> | undefined): void {
    this.#stored = left?.stored;
    this.map = new RangeMap(left?.found.identity.size, left?.found.claims ?? []);
    this.#identity = left?.found.identity;
    this.resumedBytes = this.map.doneBytes;
    if (this.resumedBytes < this.#doneBefore) this.#tellLost(this.#doneBefore - this.resumedBytes);
    if (left === undefined) return;
    if (left.found.droppedBytes > 0) this.#tellDropped(left.stored.name, left.found.droppedBytes);
    left.stored.keep(() => this.map.done);
    this.#tellIdentified();
  }

  #tellLost(bytes: number): void {
    const message = `${bytes} bytes that were fetched before are not there any more: they are fetched again`;
    this.#ports.emit({ type: 'restarted', failure: { code: 'E_FS_GONE', message } });
  }

  #tellDropped(name: string, bytes: number): void {
    const message = `${bytes} bytes of ${name}.part were cut off or have no checksum any more: they are fetched again`;
    this.#ports.emit({ type: 'noted', code: 'claims-dropped', message, values: { part: `${name}.part`, bytes } });
  }

  /** Has what an earlier run left looked at in the background; resolves when that is over. */
  async #audit(): Promise<void> {
    const onDamage = ({ start, end }: Interval): readonly Interval[] => {
      const message = `bytes ${start}-${end - 1} were damaged since they were fetched: they are fetched again`;
      this.#ports.emit({ type: 'restarted', failure: { code: 'E_FS_IO', message } });
      this.map.unclaim(start, end);
      return this.map.done;
    };
    const { signal } = this.#auditing;
    try {
      await this.#stored?.audit(onDamage, this.#readBack, signal);
    } catch (error) {
      if (!signal.aborted) this.transfer?.fail(error);
    }
  }

  #newTransfer(found: Found | undefined): Transfer {
    const { clock, pool, backlog, random, options } = this.#services;
    const { bucket, emit } = this.#ports;
    const hasStrongTag = found?.identity.etag !== undefined && !/^W\//i.test(found.identity.etag);
    this.#receivedBefore = this.receivedBytes;
    this.transfer = new Transfer(
      {
        clock,
        pool,
        backlog,
        random,
        engine: options,
        readAtMost: () => (bucket.isLimited ? LIMITED_READ_BYTES : Number.POSITIVE_INFINITY),
        debit: (slot, bytes) => bucket.debit(this.#readerOf(slot), bytes),
        forgetDebit: (slot) => bucket.forget(this.#readerOf(slot)),
        identify: (answer, identity, url) => this.#identify(answer, identity, url),
        giveUpClaims: (cause) => this.#giveUpClaims(cause),
        part: () => this.#part().file,
        write: (buffers, position) => this.#part().write(buffers, position),
        onTrusted: (source) => this.#stored?.noteAddress(source.original),
        onAnswer: (answer) => {
          this.#digest ??= parseDigestHeaders(answer.headers, answer.status);
        },
        onClaim: (bytes) => this.#stored?.noteWritten(bytes),
        emit,
        onWait: (wait) => this.#onWait(wait),
      },
      this.#ports.options(),
      {
        source: this.#ports.source(),
        map: this.map,
        ...(found ? { identity: found.identity } : {}),
        needsProof: found !== undefined && (found.isOtherAddress || !hasStrongTag),
        isNewLink: found?.isOtherAddress ?? false,
        name: this.#ports.target.name,
      },
    );
    if (found) this.#ports.setState({ type: 'active' });
    return this.transfer;
  }

  /** With the user's own name it is known before any request whether the file is there. */
  async #checkNamedTarget(): Promise<void> {
    const { directory, name } = this.#ports.target;
    if (name !== undefined) await this.#skipIfThere(join(directory, name));
  }

  /** Nothing is asked of a server for a folder that is not there. Without a name it was looked through for parts already. */
  async #requireFolder(): Promise<void> {
    const { keptName, target } = this.#ports;
    const { directory, name = keptName } = target;
    if (name === undefined) return;
    try {
      // The dot is the folder itself, where a symbolic link leads to it.
      if (await this.#services.io.identity(`${directory}/.`)) return;
    } catch (error) {
      throw toDiskError(error, 'look into', directory);
    }
    throw new DownloadError('E_FS_GONE', `the folder ${basename(directory)} is not there`);
  }

  async #skipIfThere(path: string): Promise<void> {
    if (this.#ports.target.ifExists !== 'skip') return;
    try {
      if (await this.#services.io.identity(path)) throw new AlreadyThere(path);
    } catch (error) {
      throw error instanceof AlreadyThere ? error : toDiskError(error, 'look for', path);
    }
  }

  async #identify(answer: Answer, identity: Identity, url: URL): Promise<void> {
    this.#identity = identity;
    this.#finalUrl = url;
    this.#contentType = header(answer.headers, 'content-type');
    const { target } = this.#ports;
    const { original } = this.#ports.source();
    if (this.#stored) {
      await this.#stored.begin(original, identity);
    } else {
      const name = nameFor({
        userName: target.name,
        contentDisposition: header(answer.headers, 'content-disposition'),
        finalUrl: url.href,
        originalUrl: original.href,
        contentType: this.#contentType,
      });
      await this.#skipIfThere(join(target.directory, name));
      this.#stored = await StoredPart.create(
        await partPorts(this.#services, this.#onDiskError, (code, message) => this.#ports.emit({ type: 'noted', code, message })),
        target,
        name,
        original,
        identity,
      );
    }
    this.#stored.keep(() => this.map.done);
    this.#tellIdentified();
    this.#ports.setState({ type: 'active' });
  }

  async #giveUpClaims(cause: DownloadError): Promise<void> {
    this.#auditing.abort();
    this.#ports.emit({ type: 'restarted', failure: cause.failure });
    this.#digest = undefined;
    this.resumedBytes = 0;
    await this.#stored?.giveUpClaims();
  }

  async #verify(stored: StoredPart): Promise<void> {
    const expected = this.#expectedChecksum();
    if (expected === undefined) return;
    const algorithm = expected.algorithm;
    const hex = expected.hex.toLowerCase();
    const readBack = this.#readBack;
    readBack.begin(this.map.doneBytes);
    const actual = await hashFile(stored.file, this.map.doneBytes, algorithm, {
      signal: this.#stopping.signal,
      onRead: (bytes) => readBack.note(bytes),
    });
    if (actual === hex) return;
    const path = await stored.discard();
    this.#stored = undefined;
    const where = `what was fetched lies in ${basename(path)}`;
    throw new DownloadError('E_HASH', `the ${algorithm} of the file is ${actual}, expected ${hex}; ${where}`);
  }

  #expectedChecksum(): Exclude<Checksum, 'auto'> | undefined {
    const { checksum } = this.#ports.options();
    if (checksum !== 'auto') return checksum;
    if (this.#digest === undefined) {
      const message = 'the server sends no digest of the file: only its size was checked';
      this.#ports.emit({ type: 'noted', code: 'no-digest', message });
    }
    return this.#digest;
  }

  /** Everything received is on disk: put it on record and close. */
  async #park(): Promise<DownloadState> {
    this.#auditing.abort();
    await this.#stored?.sync();
    await this.#close(this.map.done.length > 0);
    return { type: 'paused' };
  }

  async #close(isKept: boolean): Promise<void> {
    const stored = this.#stored;
    this.#stored = undefined;
    if (stored) this.keptName = isKept ? stored.name : undefined;
    await stored?.close(isKept);
  }

  async #afterFailure(error: unknown): Promise<DownloadState> {
    this.#auditing.abort();
    if (error instanceof AlreadyThere) return { type: 'skipped', path: error.path };
    const isStopping = this.#stopping.signal.aborted;
    if (isStopping && !(error instanceof DownloadError))
      return await this.#park().catch((cause: unknown) => this.#afterFailure(cause));
    const known = error instanceof DownloadError ? error : new DownloadError('E_INTERNAL', String(error), error);
    const isDisk = known.code === 'E_FS_FULL' || known.code === 'E_FS_GONE';
    // Best effort: with a broken disk the last record stands.
    await this.#stored?.sync().catch(() => {});
    await this.#close(isDisk || this.map.done.length > 0).catch(() => {});
    if (isDisk && !isStopping) return { type: 'waiting', for: 'disk', cause: known.failure };
    return { type: 'failed', failure: known.failure };
  }

  #throwIfStopping(): void {
    this.#stopping.signal.throwIfAborted();
  }

  #onWait(wait: Wait | undefined): void {
    if (this.#stopping.signal.aborted) return;
    if (wait === undefined) {
      this.#ports.setState({ type: this.#identity ? 'active' : 'probing' });
      return;
    }
    const { for: reason, until, cause } = wait;
    this.#ports.setState({ type: 'waiting', for: reason, cause: cause.failure, ...(until === undefined ? {} : { until }) });
  }

  #part(): StoredPart {
    if (this.#stored === undefined) throw new Error('bytes came before the part was made');
    return this.#stored;
  }

  readonly #onDiskError = (error: unknown): void => this.transfer?.fail(error);

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
    const resumable = this.transfer?.supportsRanges;
    this.#ports.emit({
      type: 'identified',
      name: this.#stored?.name ?? '',
      ...(size === undefined ? {} : { size }),
      ...(resumable === undefined ? {} : { resumable }),
      finalUrl: safeUrl(this.#finalUrl),
      ...(this.#contentType === undefined ? {} : { contentType: this.#contentType }),
      resumedBytes: this.resumedBytes,
    });
  }
}
