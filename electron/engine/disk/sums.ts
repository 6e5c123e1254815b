/**
 * A CRC-32 of every few megabytes as they were received, in NAME.part.sums, so that damage done to a part between two runs (another
 * program, a bad cable, a careless copy) is found before the file is called done, and only the damaged bytes are fetched
 * again. An append-only log of fixed records, each with a check of its own: a torn tail costs the records in it.
 *
 *   0  start of the extent, bytes  6    10  CRC-32 of the extent  4
 *   6  length, bytes               4    14  CRC-32 of bytes 0-13  4
 *
 * A claim is worth what its record is: bytes claimed without one are fetched again.
 *
 * A sum costs a tenth of what receiving costs, and a download that ends within seconds never needs one. So they can be
 * deferred; what was written meanwhile is read back, from the system's memory, when they are needed after all.
 */
import { crc32 } from 'node:zlib';
import { add, covers } from '#engine/intervals';
import type { Interval } from '#shared/download';
import { errnoOf, toDiskError } from './disk-errors.ts';
import type { FileIo, OpenFile } from './file-io.ts';
import { type PartFile, readFully, writeAll } from './part-file.ts';

const recordBytes = 18;
/** Records read at once: a megabyte of them. */
const readBytes = recordBytes * 57_344;
/** What one record covers at most: what a single damaged byte costs to fetch again. */
const mostBytes = 4 * 1024 * 1024;
const readBackBytes = 1024 * 1024;

export interface Extent extends Interval {
  readonly crc: number;
}

type Growing = { -readonly [Key in keyof Extent]: Extent[Key] };

export const sumsPath = (partPath: string): string => `${partPath}.sums`;

export function encodeExtent({ start, end, crc }: Extent): Buffer {
  const record = Buffer.alloc(recordBytes);
  record.writeUIntBE(start, 0, 6);
  record.writeUInt32BE(end - start, 6);
  record.writeUInt32BE(crc, 10);
  record.writeUInt32BE(crc32(record.subarray(0, 14)), 14);
  return record;
}

/** The record at `at`; undefined for anything but a whole one. A large file has tens of thousands. */
export function decodeExtent(bytes: Buffer, at = 0): Extent | undefined {
  if (bytes.length < at + recordBytes || crc32(bytes.subarray(at, at + 14)) !== bytes.readUInt32BE(at + 14)) return undefined;
  const start = bytes.readUIntBE(at, 6);
  const length = bytes.readUInt32BE(at + 6);
  return length === 0 ? undefined : { start, end: start + length, crc: bytes.readUInt32BE(at + 10) };
}

/**
 * Ascending extents, without those that later ones cover. Two may overlap: where the same bytes were asked for twice both wrote
 * the same, and the sum of each holds.
 */
export function newestOf(records: readonly Extent[]): Extent[] {
  const covered: Interval[] = [];
  const kept: Extent[] = [];
  for (const extent of records.toReversed()) {
    if (covers(covered, extent.start, extent.end)) continue;
    add(covered, extent.start, extent.end);
    kept.push(extent);
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** The extents that lie within `claims`, and the claims they prove. */
export function provenBy(extents: readonly Extent[], claims: readonly Interval[]): { extents: Extent[]; claims: Interval[] } {
  const inside = extents.filter(({ start, end }) => covers(claims, start, end));
  const proven: Interval[] = [];
  for (const { start, end } of inside) add(proven, start, end);
  return { extents: inside, claims: proven };
}

/** The open log. Appends are collected and written together, before the claims they stand for. */
export class Sums {
  readonly path: string;
  readonly #io: FileIo;
  readonly #file: OpenFile;
  #length: number;
  /** Not yet written: what follows one of them continues it, in place, so that a large file makes no garbage. */
  readonly #pending: Growing[] = [];
  /** Written since sums were deferred; undefined while bytes are summed as they come. */
  #owed: Interval[] | undefined;
  #writing: Promise<void> = Promise.resolve();
  #readingBack: Promise<void> = Promise.resolve();

  private constructor(io: FileIo, path: string, file: OpenFile, length: number) {
    this.#io = io;
    this.path = path;
    this.#file = file;
    this.#length = length;
  }

  /** An empty log; what lay there is gone. */
  static async create(io: FileIo, path: string): Promise<Sums> {
    try {
      await unlink(io, path);
      return new Sums(io, path, await io.open(path, 'create'), 0);
    } catch (error) {
      throw toDiskError(error, 'make', path);
    }
  }

  /** Goes on with the log at `path`; an empty one where there is none. */
  static async open(io: FileIo, path: string): Promise<{ sums: Sums; extents: Extent[] }> {
    const found = await io.identity(path);
    if (!found?.isFile) return { sums: await Sums.create(io, path), extents: [] };
    try {
      const file = await io.open(path, 'update');
      const records: Extent[] = [];
      const buffer = Buffer.allocUnsafe(Math.min(readBytes, found.size));
      for (let position = 0; position + recordBytes <= found.size; position += buffer.length) {
        const bytes = buffer.subarray(0, await readFully(file, buffer, position));
        for (let at = 0; at + recordBytes <= bytes.length; at += recordBytes) {
          const extent = decodeExtent(bytes, at);
          if (extent) records.push(extent);
        }
      }
      // A torn record at the end is written over.
      return { sums: new Sums(io, path, file, found.size - (found.size % recordBytes)), extents: newestOf(records) };
    } catch (error) {
      throw toDiskError(error, 'read', path);
    }
  }

  /** `buffers` are on disk from `start` on. */
  note(start: number, buffers: readonly Uint8Array[]): void {
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (length === 0) return;
    if (this.#owed) {
      add(this.#owed, start, start + length);
      return;
    }
    let extent = this.#pending.findLast(({ end }) => end === start);
    if (extent === undefined || extent.end - extent.start + length > mostBytes) {
      extent = { start, end: start, crc: 0 };
      this.#pending.push(extent);
    }
    for (const buffer of buffers) extent.crc = crc32(buffer, extent.crc);
    extent.end += length;
  }

  /** From now on bytes are only noted, until `readBack`. */
  defer(): void {
    this.#owed ??= [];
  }

  /** Sums what `part` was given since `defer`; from now on bytes are summed as they come. */
  readBack(part: Pick<PartFile, 'read'>): Promise<void> {
    // One after another: who comes while it runs has to wait for these sums too.
    this.#readingBack = this.#readingBack.catch(() => undefined).then(() => this.#readOwed(part));
    return this.#readingBack;
  }

  async #readOwed(part: Pick<PartFile, 'read'>): Promise<void> {
    const owed = this.#owed;
    this.#owed = undefined;
    if (owed === undefined || owed.length === 0) return;
    const buffer = Buffer.allocUnsafe(readBackBytes);
    for (const { start, end } of owed) {
      for (let position = start; position < end; ) {
        const step = buffer.subarray(0, Math.min(end - position, buffer.length));
        const count = await part.read(step, position);
        this.note(position, [step.subarray(0, count)]);
        // Somebody cut the file: what is gone has no sum.
        if (count < step.length) break;
        position += count;
      }
    }
  }

  /** Writes what was noted; call it before a claim of those bytes is written. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      if (this.#pending.length === 0) return;
      const bytes = Buffer.concat(this.#pending.splice(0).map(encodeExtent));
      try {
        await writeAll(this.#file, [bytes], this.#length);
      } catch (error) {
        throw toDiskError(error, 'record checksums in', this.path);
      }
      this.#length += bytes.length;
    });
    return this.#writing;
  }

  async sync(): Promise<void> {
    await this.flush();
    try {
      await this.#file.datasync();
    } catch (error) {
      throw toDiskError(error, 'sync', this.path);
    }
  }

  async close(): Promise<void> {
    await this.flush().catch(() => undefined);
    await this.#file.close();
  }

  /** Closes and deletes it. */
  async remove(): Promise<void> {
    await this.close();
    await unlink(this.#io, this.path);
  }
}

async function unlink(io: FileIo, path: string): Promise<void> {
  try {
    await io.unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
