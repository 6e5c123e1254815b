/**
 * A download's file while it is unfinished: NAME.part, its claims in NAME.part.ckpt, and the name it is to get. Finds what an
 * earlier run left, makes what is new, sets aside what cannot be trusted, and puts the finished file in place.
 */
import { basename, join } from 'node:path';
import type { Clock } from '#engine/clock';
import { DownloadError } from '#engine/errors';
import { covers, sizeOf } from '#engine/intervals';
import type { EngineOptions } from '#engine/options';
import type { Identity } from '#engine/transfer/accept';
import type { DownloadTarget, Interval } from '#shared/download';
import { clearTheWay, setAside } from './aside.ts';
import { audit } from './audit.ts';
import { Checkpoint, checkpointPath } from './checkpoint.ts';
import {
  type CheckpointIdentity,
  type CheckpointRecord,
  claimsAfterRestart,
  heldClaims,
  urlHash,
  validatorForm,
} from './checkpoint-format.ts';
import { ClaimKeeper } from './claim-keeper.ts';
import { errnoOf } from './disk-errors.ts';
import type { FileIdentity, FileIo } from './file-io.ts';
import { alreadyFinished, finish } from './finish.ts';
import { type LeftParts, partSuffix } from './left-parts.ts';
import type { NameRegistry, ReservedName } from './names-taken.ts';
import { PartFile } from './part-file.ts';
import type { ReadBack } from './read-back.ts';
import type { Room } from './room.ts';
import { type Extent, provenBy, Sums, sumsPath } from './sums.ts';

/** A smaller file is fetched again sooner than its progress is recorded. */
const MIN_RECORDED_BYTES = 1024 * 1024;
/** How often an open part is looked at from outside. */
const WATCH_MS = 1000;
/** FAT and exFAT write zeros up to the end when a file is extended; there it grows by writing. */
const growsByWriting = new Set([0x4d44, 0x2011bab0]);

export interface PartPorts {
  readonly io: FileIo;
  readonly clock: Clock;
  readonly options: EngineOptions;
  readonly names: NameRegistry;
  readonly left: LeftParts;
  readonly room: Room;
  readonly bootId: string | undefined;
  /** The disk failed while claims were put on record. */
  onError(error: unknown): void;
  note(code: string, message: string): void;
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
  /** Claimed once, and not proven any more. */
  readonly droppedBytes: number;
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
  #size: number | undefined;
  #done: () => readonly Interval[] = () => [];
  #giveRoomBack: () => void = () => {};
  /** The part has its full length from the start: a shorter one was cut by somebody. */
  #isExtended = false;
  #watchAt = 0;
  /** What `noteAddress` was told last. */
  #address: string | undefined;

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
    const { record } = loaded;
    let part: PartFile | undefined;
    try {
      part = await PartFile.open(io, partPath);
      const stored = new StoredPart(ports, target, reserved, part, fileId);
      const { sums, extents } = await Sums.open(io, sumsPath(partPath));
      stored.#sums = sums;
      const proven = provenBy(extents, claims);
      stored.#unchecked = proven.extents;
      stored.#size = record.size;
      stored.#done = () => proven.claims;
      // Another address is only noted once it is proven to lead to the same file.
      const id = recordId(record, fileId, bootId);
      stored.#checkpoint = await Checkpoint.open(io, checkpointPath(partPath), loaded, proven.claims, id);
      if (record.size !== undefined) await stored.#extend(record.size, fileId.size);
      return {
        type: 'part',
        stored,
        found: {
          claims: proven.claims,
          identity: identityFrom(record, name),
          isOtherAddress: record.urlHash !== hash,
          droppedBytes: sizeOf(heldClaims(record, bootId)) - sizeOf(proven.claims),
        },
      };
    } catch (error) {
      await part?.[Symbol.asyncDispose]().then(undefined, () => undefined);
      reserved.release();
      throw error;
    }
  }

  /** A new, empty part under a free name. @throws DownloadError, E_FS_FULL where it cannot fit. */
  static async create(ports: PartPorts, target: DownloadTarget, name: string, url: URL, identity: Identity): Promise<StoredPart> {
    try {
      // Mostly nothing lies there: making it finds out, without a look beforehand.
      return await StoredPart.#make(ports, target, name, true, url, identity);
    } catch (error) {
      if (!(error instanceof DownloadError) || errnoOf(error.cause) !== 'EEXIST') throw error;
      const isWayClear = await clearTheWay(ports, target, name, urlHash(url));
      return await StoredPart.#make(ports, target, name, isWayClear, url, identity);
    }
  }

  /** `isWayClear`: no part lies under the name itself. @throws DownloadError E_FS_BUSY where one does all the same. */
  static async #make(
    ports: PartPorts,
    target: DownloadTarget,
    name: string,
    isWayClear: boolean,
    url: URL,
    identity: Identity,
  ): Promise<StoredPart> {
    const { io } = ports;
    const finalPath = join(target.directory, name);
    const exists = async (path: string): Promise<boolean> => {
      if (path === finalPath && target.ifExists === 'overwrite') return false;
      if (path === finalPath + partSuffix && isWayClear) return false;
      return (await io.identity(path)) !== undefined;
    };
    const reserved = await ports.names.reserve(target.directory, name, exists);
    let giveBack = (): void => {};
    let part: PartFile | undefined;
    let stored: StoredPart | undefined;
    try {
      giveBack = await ports.room.take(target.directory, identity.size, () => stored?.missingBytes ?? identity.size ?? 0);
      part = await PartFile.create(io, join(target.directory, reserved.name + partSuffix));
      stored = new StoredPart(ports, target, reserved, part, await part.identity());
      stored.#giveRoomBack = giveBack;
      await stored.begin(url, identity);
      return stored;
    } catch (error) {
      // What could not be made whole must not lie about as something to go on with.
      if (stored) await stored.close(false).catch(() => undefined);
      else await part?.[Symbol.asyncDispose]().then(undefined, () => undefined);
      giveBack();
      reserved.release();
      throw error;
    }
  }

  /** The file is to hold `identity`, of which nothing is claimed yet: at the start, and after claims were given up. */
  async begin(url: URL, identity: Identity): Promise<void> {
    const { io } = this.#ports;
    this.#size = identity.size;
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
      await this.#extend(identity.size);
    }
  }

  /** It is of the file that `url` leads to: from now on it is found by that address, too. */
  noteAddress(url: URL): void {
    if (this.#checkpoint === undefined || this.#address === url.href) return;
    this.#address = url.href;
    const hash = urlHash(url);
    this.#checkpoint.urlHash = hash;
    this.#ports.left.add(this.#target.directory, hash, this.name).catch(this.#ports.onError);
  }

  /** What is still to be written. */
  get missingBytes(): number {
    return (this.#size ?? 0) - sizeOf(this.#done());
  }

  /** Makes sure that what is still to be written fits. @throws DownloadError E_FS_FULL. */
  async takeRoom(): Promise<void> {
    const { directory } = this.#target;
    this.#giveRoomBack = await this.#ports.room.take(directory, this.#size, () => this.missingBytes);
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
  async audit(onDamage: (range: Interval) => readonly Interval[], readBack: ReadBack, signal: AbortSignal): Promise<void> {
    const extents = this.#unchecked;
    this.#unchecked = [];
    readBack.begin(extents.reduce((sum, { start, end }) => sum + end - start, 0));
    const ports = {
      part: this.#part,
      onRead: (bytes: number) => readBack.note(bytes),
      onDamage: async (range: Interval) => this.#checkpoint?.withdraw(onDamage(range)),
    };
    await audit(extents, ports, signal);
  }

  /** From now on `done` is put on record as it grows. */
  keep(done: () => readonly Interval[]): void {
    this.#done = done;
    if (this.#checkpoint === undefined || this.#sums === undefined) return;
    const { clock, options, onError } = this.#ports;
    const stored = { checkpoint: this.#checkpoint, part: this.#part, sums: this.#sums, done };
    // What is written as it closes finds it closed, and loses nothing by it.
    const keeper: ClaimKeeper = new ClaimKeeper(clock, options, stored, (error) => {
      if (this.#keeper === keeper) onError(error);
    });
    this.#keeper = keeper;
  }

  noteWritten(bytes: number): void {
    this.#keeper?.note(bytes);
  }

  tick(): void {
    this.#keeper?.tick();
    const now = this.#ports.clock.now();
    if (this.#keeper === undefined || now < this.#watchAt) return;
    this.#watchAt = Number.POSITIVE_INFINITY;
    this.#watch(this.#keeper)
      .catch(this.#ports.onError)
      .finally(() => {
        this.#watchAt = now + WATCH_MS;
      });
  }

  /** Somebody may remove, replace or cut the part while it is written: what it had is not there then. */
  async #watch(keeper: ClaimKeeper): Promise<void> {
    const { path } = this.#part;
    const [open, there] = await Promise.all([this.#part.identity(), this.#ports.io.identity(path)]);
    if (this.#keeper !== keeper) return;
    if (there === undefined || there.ino !== this.#fileId.ino || there.dev !== this.#fileId.dev) {
      throw new DownloadError('E_FS_GONE', `${basename(path)} was removed or replaced while it was being written`);
    }
    this.#assertWhole(open.size);
  }

  #assertWhole(foundBytes: number): void {
    if (!this.#isExtended || foundBytes >= (this.#size ?? 0)) return;
    const name = basename(this.#part.path);
    throw new DownloadError('E_FS_GONE', `${name} was cut to ${foundBytes} of ${this.#size} bytes while it was being written`);
  }

  /** Everything on disk is claimed for good when this resolves. */
  async sync(): Promise<void> {
    if (this.#keeper) await this.#keeper.hard();
    else await this.#part.datasync();
  }

  /** As `sync`, when every byte is there. */
  async seal(): Promise<void> {
    if (this.#keeper) await this.#keeper.seal();
    else await this.#part.datasync();
  }

  /** Nothing of it holds any more: on record first, then on disk. */
  async giveUpClaims(): Promise<void> {
    this.#keeper = undefined;
    this.#isExtended = false;
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
      this.#letGo();
    }
  }

  /** The content is known to be wrong: kept out of the way, never to be gone on with. @returns the new path. */
  async discard(): Promise<string> {
    await this.#checkpoint?.remove();
    await this.#sums?.remove();
    await this.#part[Symbol.asyncDispose]();
    this.#letGo();
    return (await setAside(this.#ports.io, this.#part.path)) ?? this.#part.path;
  }

  /** Everything is on disk and proven: the file gets its name, then `onPlaced` is told, then the part goes. @returns its path. */
  async finish(modified: string | undefined, onPlaced: (path: string, file: FileIdentity) => Promise<void>): Promise<string> {
    const { io, clock } = this.#ports;
    if (this.#isExtended) this.#assertWhole((await this.#part.identity()).size);
    const modifiedAt = modified === undefined ? Number.NaN : Date.parse(modified);
    if (Number.isFinite(modifiedAt)) await this.#part.setModified(modifiedAt);
    this.#keeper = undefined;
    await this.#checkpoint?.close();
    await this.#sums?.close();
    // It may have to be finished again, and is closed then.
    this.#sums = undefined;
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
        isRecorded: this.isRecorded,
        onPlaced,
      });
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    this.#reserved.release();
    this.#giveRoomBack();
  }

  #ids(): Pick<CheckpointIdentity, 'dev' | 'ino' | 'bootId'> {
    const { bootId } = this.#ports;
    return { dev: this.#fileId.dev, ino: this.#fileId.ino, ...(bootId === undefined ? {} : { bootId }) };
  }

  /** Sparse where the file system can: with the whole size at once it is noticed when somebody cuts the file. */
  async #extend(size: number, foundBytes = 0): Promise<void> {
    if (process.platform === 'win32') return;
    const { type } = await this.#ports.io.space(this.#target.directory);
    if (growsByWriting.has(type)) return;
    // A part that is the final file already keeps its date.
    if (foundBytes < size) await this.#part.truncate(size);
    this.#isExtended = true;
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
    const { io, clock } = ports;
    const part = { dev, ino };
    const path = await finish({ io, clock, part, partPath, directory, name, ifExists, isRecorded: true });
    return { type: 'placed', path, size };
  } catch (error) {
    if (error instanceof DownloadError && error.code === 'E_FS_GONE') return undefined;
    throw error;
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
