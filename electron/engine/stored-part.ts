/**
 * A download's file while it is unfinished: NAME.part, its claims in NAME.part.ckpt, and the name it is to get. Finds what an
 * earlier run left, makes what is new, sets aside what cannot be trusted, and puts the finished file in place.
 */
import { basename, join } from 'node:path';
import type { DownloadTarget, Interval } from '#shared/download';
import type { Identity } from './accept.ts';
import { audit } from './audit.ts';
import { Checkpoint, checkpointPath } from './checkpoint.ts';
import {
  type CheckpointIdentity,
  type CheckpointRecord,
  claimsAfterRestart,
  urlHash,
  validatorForm,
} from './checkpoint-format.ts';
import { ClaimKeeper } from './claim-keeper.ts';
import type { Clock } from './clock.ts';
import { toDiskError } from './disk-errors.ts';
import { DownloadError } from './errors.ts';
import type { FileIdentity, FileIo } from './file-io.ts';
import { alreadyFinished, finish } from './finish.ts';
import { covers } from './intervals.ts';
import { type LeftParts, partSuffix } from './left-parts.ts';
import { candidates, type NameRegistry, type ReservedName } from './names-taken.ts';
import type { EngineOptions } from './options.ts';
import { PartFile } from './part-file.ts';
import { type Extent, provenBy, Sums, sumsPath } from './sums.ts';

/** A smaller file is fetched again sooner than its progress is recorded. */
const MIN_RECORDED_BYTES = 1024 * 1024;
/** FAT and exFAT write zeros up to the end when a file is extended; there it grows by writing. */
const growsByWriting = new Set([0x4d44, 0x2011bab0]);
const RESERVE_BYTES = 64 * 1024 * 1024;

export interface PartPorts {
  readonly io: FileIo;
  readonly clock: Clock;
  readonly options: EngineOptions;
  readonly names: NameRegistry;
  readonly left: LeftParts;
  readonly bootId: string | undefined;
  /** The disk failed while claims were put on record. */
  onError(error: unknown): void;
}

/** What an earlier run left: a part to go on with, or the finished file, killed just before all traces of the part were gone. */
export type Left =
  | { readonly type: 'part'; readonly stored: StoredPart; readonly found: Found }
  | { readonly type: 'placed'; readonly path: string; readonly size: number };

/** What can be gone on with. */
export interface Found {
  readonly claims: readonly Interval[];
  readonly identity: Identity;
  /** It was fetched from another address: bytes have to be compared before anything is trusted. */
  readonly isOtherAddress: boolean;
}

export class StoredPart {
  readonly name: string;
  readonly #ports: PartPorts;
  readonly #target: DownloadTarget;
  readonly #reserved: ReservedName;
  readonly #part: PartFile;
  readonly #fileId: FileIdentity;
  #checkpoint: Checkpoint | undefined;
  #sums: Sums | undefined;
  /** What an earlier run wrote and nobody has looked at since. */
  #unchecked: readonly Extent[] = [];
  #keeper: ClaimKeeper | undefined;

  private constructor(ports: PartPorts, target: DownloadTarget, reserved: ReservedName, part: PartFile, fileId: FileIdentity) {
    this.#ports = ports;
    this.#target = target;
    this.#reserved = reserved;
    this.name = reserved.name;
    this.#part = part;
    this.#fileId = fileId;
  }

  get file(): PartFile {
    return this.#part;
  }

  /** Progress survives a restart. */
  get isRecorded(): boolean {
    return this.#checkpoint !== undefined;
  }

  /**
   * What an earlier run left: under the user's own name, else the part in the folder whose record names this address.
   * Undefined where there is nothing to go on with.
   */
  static async find(ports: PartPorts, target: DownloadTarget, url: URL): Promise<Left | undefined> {
    const hash = urlHash(url);
    const names = target.name === undefined ? await ports.left.namesOf(target.directory, hash) : [target.name];
    for (const name of names) {
      const path = checkpointPath(join(target.directory, name + partSuffix));
      const loaded = await Checkpoint.load(ports.io, path);
      if (loaded.type === 'refused' || (target.name === undefined && loaded.record.urlHash !== hash)) continue;
      const opened = await StoredPart.#open(ports, target, name, loaded, hash);
      if (opened) return opened;
    }
    return undefined;
  }

  static async #open(
    ports: PartPorts,
    target: DownloadTarget,
    name: string,
    loaded: Extract<Awaited<ReturnType<typeof Checkpoint.load>>, { type: 'loaded' }>,
    hash: string,
  ): Promise<Left | undefined> {
    const { io, bootId } = ports;
    const partPath = join(target.directory, name + partSuffix);
    const fileId = await io.identity(partPath);
    if (fileId === undefined) return placedBefore(ports, target, name, loaded.record);
    const claims = claimsAfterRestart(loaded.record, bootId, fileId);
    if (claims === undefined) return undefined;
    // Another download of this process may be at it already: then this one gets a name of its own.
    const reserved = await ports.names.reserve(target.directory, name, () => Promise.resolve(false));
    if (reserved.name !== name) {
      reserved.release();
      return undefined;
    }
    const part = await PartFile.open(io, partPath);
    const stored = new StoredPart(ports, target, reserved, part, fileId);
    const { sums, extents } = await Sums.open(io, sumsPath(partPath));
    stored.#sums = sums;
    const proven = provenBy(extents, claims);
    stored.#unchecked = proven.extents;
    const { record } = loaded;
    const checkpointId = { ...recordId(record, fileId, bootId), urlHash: hash };
    stored.#checkpoint = await Checkpoint.open(io, checkpointPath(partPath), loaded, proven.claims, checkpointId);
    return {
      type: 'part',
      stored,
      found: { claims: proven.claims, identity: identityFrom(record, name), isOtherAddress: record.urlHash !== hash },
    };
  }

  /** A new, empty part under a free name. @throws DownloadError, E_FS_FULL where it cannot fit. */
  static async create(ports: PartPorts, target: DownloadTarget, name: string, url: URL, identity: Identity): Promise<StoredPart> {
    const { io } = ports;
    await checkSpace(io, target.directory, identity.size ?? 0);
    const exists = async (path: string): Promise<boolean> => {
      const isFinal = !path.endsWith(partSuffix);
      if (target.ifExists === 'overwrite' && isFinal && path === join(target.directory, name)) return false;
      return (await io.identity(path)) !== undefined;
    };
    if (target.name !== undefined) await setAside(io, join(target.directory, name + partSuffix));
    const reserved = await ports.names.reserve(target.directory, name, exists);
    try {
      const part = await PartFile.create(io, join(target.directory, reserved.name + partSuffix));
      const stored = new StoredPart(ports, target, reserved, part, await part.identity());
      await stored.begin(url, identity);
      return stored;
    } catch (error) {
      reserved.release();
      throw error;
    }
  }

  /** The file is to hold `identity`, of which nothing is claimed yet: at the start, and after claims were given up. */
  async begin(url: URL, identity: Identity): Promise<void> {
    const { io } = this.#ports;
    if (identity.size !== undefined && identity.size >= MIN_RECORDED_BYTES) {
      const path = checkpointPath(this.#part.path);
      // A record without its part is of no use to anybody.
      if (this.#checkpoint === undefined) await remove(io, path);
      await this.#checkpoint?.remove();
      await this.#sums?.close();
      this.#sums = await Sums.create(io, sumsPath(this.#part.path));
      const id: CheckpointIdentity = { ...validators(identity), urlHash: urlHash(url), size: identity.size, ...this.#ids() };
      this.#checkpoint = await Checkpoint.create(io, path, id);
      await this.#ports.left.add(this.#target.directory, id.urlHash, this.name);
      if (await this.#mayExtend()) await this.#part.truncate(identity.size);
    }
  }

  /** Writes all of `buffers` at `position`, and notes their sum. */
  async write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    await this.#part.writev(buffers, position);
    this.#sums?.note(position, buffers);
  }

  /**
   * Looks at what an earlier run wrote; `onDamage` is told what has to be fetched again, which is claimed no more by then.
   * @throws DownloadError of the disk, or the signal's reason.
   */
  async audit(onDamage: (range: Interval) => readonly Interval[], signal: AbortSignal): Promise<void> {
    const extents = this.#unchecked;
    this.#unchecked = [];
    await audit(extents, { part: this.#part, onDamage: async (range) => this.#checkpoint?.withdraw(onDamage(range)) }, signal);
  }

  /** From now on `done` is put on record as it grows. */
  keep(done: () => readonly Interval[]): void {
    if (this.#checkpoint === undefined || this.#sums === undefined) return;
    const { clock, options, onError } = this.#ports;
    this.#keeper = new ClaimKeeper(
      clock,
      options,
      { checkpoint: this.#checkpoint, part: this.#part, sums: this.#sums, done },
      onError,
    );
  }

  noteWritten(bytes: number): void {
    this.#keeper?.note(bytes);
  }

  tick(): void {
    this.#keeper?.tick();
  }

  /** Everything on disk is claimed for good when this resolves. */
  async sync(): Promise<void> {
    if (this.#keeper) await this.#keeper.hard();
    else await this.#part.datasync();
  }

  /** Nothing of it holds any more: on record first, then on disk. */
  async giveUpClaims(): Promise<void> {
    this.#keeper = undefined;
    await this.#checkpoint?.withdraw([]);
    await this.#part.truncate(0);
  }

  /** The final file is this part already: a kill came between its last steps. */
  isPlaced(): Promise<boolean> {
    return alreadyFinished(this.#ports.io, this.#part.path, join(this.#target.directory, this.name));
  }

  /** Closes it; what is unfinished stays for the next run, unless nothing could be made of it. */
  async close(isWorthKeeping: boolean): Promise<void> {
    this.#keeper = undefined;
    const { io } = this.#ports;
    try {
      if (isWorthKeeping && this.#checkpoint) await this.#checkpoint.close();
      else await this.#checkpoint?.remove();
      if (isWorthKeeping && this.#checkpoint) await this.#sums?.close();
      else await this.#sums?.remove();
      await this.#part[Symbol.asyncDispose]();
      if (!isWorthKeeping || !this.#checkpoint) await remove(io, this.#part.path);
    } finally {
      this.#reserved.release();
    }
  }

  /** The content is known to be wrong: kept out of the way, never to be gone on with. @returns the new path. */
  async discard(): Promise<string> {
    await this.#checkpoint?.remove();
    await this.#sums?.remove();
    await this.#part[Symbol.asyncDispose]();
    this.#reserved.release();
    return (await setAside(this.#ports.io, this.#part.path)) ?? this.#part.path;
  }

  /** Everything is on disk and proven: the file gets its name, then `onPlaced` is told, then the part goes. @returns its path. */
  async finish(modified: string | undefined, onPlaced: (path: string) => Promise<void>): Promise<string> {
    const { io, clock } = this.#ports;
    const modifiedAt = modified === undefined ? Number.NaN : Date.parse(modified);
    if (Number.isFinite(modifiedAt)) await this.#part.setModified(modifiedAt);
    this.#keeper = undefined;
    await this.#checkpoint?.close();
    await this.#sums?.close();
    await this.#part[Symbol.asyncDispose]();
    try {
      return await finish({
        io,
        clock,
        part: this.#fileId,
        partPath: this.#part.path,
        directory: this.#target.directory,
        name: this.name,
        ifExists: this.#target.ifExists,
        onPlaced,
      });
    } finally {
      this.#reserved.release();
    }
  }

  #ids(): Pick<CheckpointIdentity, 'dev' | 'ino' | 'bootId'> {
    const { bootId } = this.#ports;
    return { dev: this.#fileId.dev, ino: this.#fileId.ino, ...(bootId === undefined ? {} : { bootId }) };
  }

  /** Sparse where the file system can: the whole size at once keeps a full disk and a foreign truncation noticeable. */
  async #mayExtend(): Promise<boolean> {
    if (process.platform === 'win32') return false;
    const { type } = await this.#ports.io.space(this.#target.directory);
    return !growsByWriting.has(type);
  }
}

/** The part is gone because it is the final file already: a kill came before its record was removed. */
async function placedBefore(
  ports: PartPorts,
  target: DownloadTarget,
  name: string,
  record: CheckpointRecord,
): Promise<Left | undefined> {
  const { size, dev, ino } = record;
  if (size === undefined || !covers(record.hard, 0, size)) return undefined;
  const { directory, ifExists } = target;
  const partPath = join(directory, name + partSuffix);
  try {
    const path = await finish({ io: ports.io, clock: ports.clock, part: { dev, ino }, partPath, directory, name, ifExists });
    return { type: 'placed', path, size };
  } catch (error) {
    if (error instanceof DownloadError && error.code === 'E_FS_GONE') return undefined;
    throw error;
  }
}

/** Keeps a part nobody can go on with out of the way, under a free name. */
async function setAside(io: FileIo, partPath: string): Promise<string | undefined> {
  if ((await io.identity(partPath)) === undefined) return undefined;
  await remove(io, sumsPath(partPath));
  await remove(io, checkpointPath(partPath));
  for (const path of candidates(`${partPath}.aside`)) {
    if ((await io.identity(path)) !== undefined) continue;
    await io.rename(partPath, path);
    return path;
  }
  return undefined;
}

async function checkSpace(io: FileIo, directory: string, bytes: number): Promise<void> {
  let space: Awaited<ReturnType<FileIo['space']>>;
  try {
    space = await io.space(directory);
  } catch (error) {
    throw toDiskError(error, 'look into', directory);
  }
  const reserve = Math.min(RESERVE_BYTES, space.total * 0.02);
  if (bytes > 0 && space.free < bytes + reserve) {
    const missing = Math.ceil((bytes + reserve - space.free) / (1024 * 1024));
    throw new DownloadError('E_FS_FULL', `not enough space in ${basename(directory)}: ${missing} MiB more are needed`);
  }
}

async function remove(io: FileIo, path: string): Promise<void> {
  if ((await io.identity(path)) !== undefined) await io.unlink(path);
}

const validators = ({ etag, lastModified }: Identity): Pick<CheckpointIdentity, 'etag' | 'lastModified'> => ({
  ...(etag === undefined ? {} : { etag: validatorForm(etag) }),
  ...(lastModified === undefined ? {} : { lastModified: validatorForm(lastModified) }),
});

function recordId(record: CheckpointRecord, fileId: FileIdentity, bootId: string | undefined): CheckpointIdentity {
  const { hard: _hard, soft: _soft, ...identity } = record;
  return { ...identity, dev: fileId.dev, ino: fileId.ino, bootId };
}

function identityFrom({ size, etag, lastModified }: CheckpointRecord, name: string): Identity {
  return {
    ...(size === undefined ? {} : { size }),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    isWebPage: /\.x?html?$/i.test(name),
  };
}
