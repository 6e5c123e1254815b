/**
 * What of a part is on disk, kept beside it in `NAME.part.ckpt` so that a kill or a power cut costs at most the last moments.
 *
 * Two slots hold a record each; the one of the higher sequence counts. The slot synced last is never written to before the
 * other one is synced: whatever tears, one whole record is left, with every hard claim made so far.
 */
import { dirname } from 'node:path';
import { intersect, union } from '#engine/intervals';
import type { Interval } from '#shared/download';
import { type CheckpointIdentity, type CheckpointRecord, decodeSlot, encodeSlot, slotBytes } from './checkpoint-format.ts';
import { errnoOf, toDiskError } from './disk-errors.ts';
import type { FileIo, OpenFile } from './file-io.ts';
import { readFully, uninterrupted, writeAll } from './part-file.ts';

type Slot = 0 | 1;

export type LoadedCheckpoint =
  | { readonly type: 'loaded'; readonly record: CheckpointRecord; readonly sequence: number; readonly slot: Slot }
  | { readonly type: 'refused'; readonly reason: 'missing' | 'unreadable' };

export const checkpointPath = (partPath: string): string => `${partPath}.ckpt`;

/** Runs what it is given one after another, a failure of one notwithstanding. */
function turns(): <T>(run: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const done = last.then(run);
    last = done.catch(() => undefined);
    return done;
  };
}

/** The open file: knows which slot may be written, nothing of what the claims mean. */
class Slots {
  readonly path: string;
  readonly #file: OpenFile;
  readonly #inTurn = turns();
  #sequence: number;
  #durable: Slot;
  #closed: Promise<void> | undefined;

  constructor(path: string, file: OpenFile, sequence: number, durable: Slot) {
    this.path = path;
    this.#file = file;
    this.#sequence = sequence;
    this.#durable = durable;
  }

  /** Writes what `record` gives when its turn has come. */
  async write(record: () => CheckpointRecord, isSynced: boolean): Promise<void> {
    if (this.#closed !== undefined) throw new Error(`${this.path} was written to after it was closed`);
    await this.#inTurn(async () => {
      const slot = this.#durable === 0 ? 1 : 0;
      this.#sequence += 1;
      try {
        await writeAll(this.#file, [encodeSlot(this.#sequence, record())], slot * slotBytes);
        if (!isSynced) return;
        await uninterrupted(() => this.#file.datasync());
        this.#durable = slot;
      } catch (error) {
        throw toDiskError(error, 'record progress in', this.path);
      }
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#inTurn(() => this.#file.close()).catch((error: unknown) => {
      throw toDiskError(error, 'close', this.path);
    });
    return this.#closed;
  }
}

/** The claims of one part. Every list given is copied; it must hold only bytes whose writes have returned. */
export class Checkpoint {
  readonly #io: FileIo;
  #identity: CheckpointIdentity;
  readonly #slots: Slots;
  readonly #inTurn = turns();
  #hard: readonly Interval[];
  #soft: readonly Interval[];
  #queuedSoft: Promise<void> | undefined;
  #lost: unknown;
  #isFolderSynced = false;

  private constructor(io: FileIo, slots: Slots, { hard, soft, ...identity }: CheckpointRecord) {
    this.#io = io;
    this.#identity = identity;
    this.#slots = slots;
    this.#hard = hard;
    this.#soft = soft;
  }

  /** A new file without claims. @throws DownloadError E_FS_BUSY where something is already at `path`. */
  static async create(io: FileIo, path: string, identity: CheckpointIdentity): Promise<Checkpoint> {
    const record = { ...identity, hard: [], soft: [] };
    let file: OpenFile | undefined;
    try {
      file = await io.open(path, 'create');
      // Both slots at once: what is allocated now can be rewritten on a disk that is full by then.
      await writeAll(file, [encodeSlot(1, record), Buffer.alloc(slotBytes)], 0);
      return new Checkpoint(io, new Slots(path, file, 1, 0), record);
    } catch (error) {
      await file?.close().catch(() => undefined);
      if (file) await io.unlink(path).catch(() => undefined);
      throw toDiskError(error, 'make', path);
    }
  }

  /** The newest whole record at `path`. Only the disk's own failures throw. */
  static async load(io: FileIo, path: string): Promise<LoadedCheckpoint> {
    try {
      const found = await io.identity(path);
      if (found === undefined) return { type: 'refused', reason: 'missing' };
      // Opening a pipe would wait for a writer for ever.
      if (!found.isFile) return { type: 'refused', reason: 'unreadable' };
      const bytes = Buffer.alloc(2 * slotBytes);
      const file = await io.open(path, 'read');
      try {
        await readFully(file, bytes, 0);
      } finally {
        await file.close();
      }
      return newest(bytes);
    } catch (error) {
      // Its download ended just now.
      if (errnoOf(error) === 'ENOENT') return { type: 'refused', reason: 'missing' };
      throw toDiskError(error, 'read', path);
    }
  }

  /**
   * Goes on with a loaded checkpoint, about `identity` from now on. `claims` are what `claimsAfterRestart` left of it. Before
   * this returns they have replaced both old records: the part may grow again now, over bytes an old record would wrongly claim.
   */
  static async open(
    io: FileIo,
    path: string,
    loaded: LoadedCheckpoint & { readonly type: 'loaded' },
    claims: readonly Interval[],
    identity: CheckpointIdentity,
  ): Promise<Checkpoint> {
    let file: OpenFile | undefined;
    try {
      const opened = await io.open(path, 'update');
      file = opened;
      // The loaded record may never have been synced; from here on it is the one to fall back to.
      await uninterrupted(() => opened.datasync());
      const { record, sequence, slot } = loaded;
      const { hard, soft } = record;
      const checkpoint = new Checkpoint(io, new Slots(path, opened, sequence, slot), { ...identity, hard, soft });
      await checkpoint.withdraw(claims);
      return checkpoint;
    } catch (error) {
      await file?.close().catch(() => undefined);
      throw toDiskError(error, 'open', path);
    }
  }

  /** What is synced: the claims that survive a power cut, and all that is left after a sync failed. */
  get hard(): readonly Interval[] {
    return this.#hard;
  }

  /** Claims `intervals` for as long as the kernel runs. Cheap: one page, no sync; calls that queue up become one. */
  writeSoft(intervals: readonly Interval[]): Promise<void> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    this.#soft = [...intervals];
    this.#queuedSoft ??= this.#slots.write(() => {
      this.#queuedSoft = undefined;
      return this.#record();
    }, false);
    return this.#queuedSoft;
  }

  /**
   * Claims `intervals` for good: syncs the part by `syncData`, then writes and syncs the record. One at a time.
   *
   * If `syncData` fails, the system may have dropped written bytes and will not say so again. So all but the hard claims are
   * withdrawn, and every write fails until the caller, too, has fallen back to `hard` and says so by `withdraw(hard)`.
   */
  writeHard(intervals: readonly Interval[], syncData: () => Promise<void>): Promise<void> {
    const claimed = [...intervals];
    return this.#inTurn(async () => {
      if (this.#lost !== undefined) throw this.#lost;
      try {
        await syncData();
      } catch (error) {
        this.#lost = error;
        await this.#keep(this.#hard).catch(() => undefined);
        throw error;
      }
      this.#hard = claimed;
      await this.#syncFolder();
      await this.#slots.write(() => this.#record(), true);
    });
  }

  /**
   * Gives up every claim outside `kept`, in both slots and durably. Await it before those bytes of the part change; starting
   * over in the same part needs `withdraw([])` even before `remove()`, as a power cut can bring a deleted file back.
   */
  withdraw(kept: readonly Interval[]): Promise<void> {
    const left = [...kept];
    return this.#inTurn(async () => {
      await this.#keep(left);
      this.#lost = undefined;
    });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#inTurn(() => this.#slots.close());
  }

  /** From the next record on it is found by the address of `urlHash`. */
  set urlHash(urlHash: string) {
    this.#identity = { ...this.#identity, urlHash };
  }

  /** Closes and deletes the file; it may be gone already. */
  async remove(): Promise<void> {
    await this.close();
    const { path } = this.#slots;
    try {
      await this.#io.unlink(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw toDiskError(error, 'remove', path);
    }
  }

  #record(): CheckpointRecord {
    return { ...this.#identity, hard: this.#hard, soft: this.#soft };
  }

  async #keep(kept: readonly Interval[]): Promise<void> {
    this.#soft = intersect(union(this.#hard, this.#soft), kept);
    this.#hard = intersect(this.#hard, kept);
    await this.#slots.write(() => this.#record(), true);
    await this.#slots.write(() => this.#record(), true);
  }

  /** Synced bytes of a file whose name is not on disk are lost; once is enough, names do not change while we run. */
  async #syncFolder(): Promise<void> {
    if (this.#isFolderSynced) return;
    try {
      await this.#io.syncDirectory(dirname(this.#slots.path));
    } catch (error) {
      throw toDiskError(error, 'sync the folder of', this.#slots.path);
    }
    this.#isFolderSynced = true;
  }
}

function newest(bytes: Buffer): LoadedCheckpoint {
  let best: LoadedCheckpoint = { type: 'refused', reason: 'unreadable' };
  for (const slot of [0, 1] as const) {
    const found = decodeSlot(bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes));
    if (found && (best.type === 'refused' || found.sequence > best.sequence)) best = { type: 'loaded', slot, ...found };
  }
  return best;
}
