/**
 * Bytes without storage: what a source holds is a function of (seed, offset), so any byte of a 100 GiB file
 * can be served and checked at once, and nothing is kept but one random mebibyte per process.
 */
import { createHash } from 'node:crypto';

/** Where an answer's body comes from. `size` may be Infinity. */
export interface Source {
  readonly size: number;
  /** The bytes `start` up to `end`, at most 64 KiB a slice, without copying. */
  slices(start: number, end: number): Iterable<Buffer>;
}

/** A seeded pseudo-random file. Never holds the byte 0xEE, which is the poison. */
export interface Content extends Source {
  readonly seed: number;
  /** Hex digest of the whole; computed once. */
  sha256(): Promise<string>;
  /** Where `bytes`, lying at `offset` of the file, first differ from it; undefined where they do not. */
  firstDifference(bytes: Uint8Array, offset: number): number | undefined;
  /** Whether `bytes` are what the file holds from `offset` on. */
  matches(bytes: Uint8Array, offset: number): boolean;
}

/** The byte of which every body that must be refused consists. */
export const poisonByte = 0xee;

const blockBytes = 64 * 1024;
const baseBytes = 1024 * 1024;

let sharedBase: Buffer | undefined;

/** The same in every process, so that a server and a killed client's parent agree. */
function base(): Buffer {
  if (sharedBase !== undefined) return sharedBase;
  const bytes = Buffer.allocUnsafe(baseBytes);
  let state = 0x9e3779b9;
  for (let index = 0; index < baseBytes; index += 1) {
    // xorshift32 (Marsaglia)
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const byte = (state >>> 11) & 0xff;
    bytes[index] = byte === poisonByte ? 0x11 : byte;
  }
  sharedBase = bytes;
  return bytes;
}

/** Where in the base the block lies: the finalizer of MurmurHash3 over seed and block number. */
function blockStart(seed: number, block: number): number {
  let hash = Math.imul(seed + 0x7f4a7c15, 0x9e3779b1) ^ Math.imul(block, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % (baseBytes - blockBytes);
}

class SeededContent implements Content {
  readonly seed: number;
  readonly size: number;
  #sha256: Promise<string> | undefined;

  constructor(seed: number, size: number) {
    this.seed = seed;
    this.size = size;
  }

  *slices(start: number, end: number): Generator<Buffer> {
    if (start < 0 || end > this.size) throw new RangeError(`bytes ${start}-${end} of a source of ${this.size}`);
    let position = start;
    while (position < end) {
      const block = Math.floor(position / blockBytes);
      const within = position - block * blockBytes;
      const length = Math.min(blockBytes - within, end - position);
      const from = blockStart(this.seed, block) + within;
      yield base().subarray(from, from + length);
      position += length;
    }
  }

  sha256(): Promise<string> {
    this.#sha256 ??= this.#digest();
    return this.#sha256;
  }

  async #digest(): Promise<string> {
    const hash = createHash('sha256');
    const stepBytes = 4 * 1024 * 1024;
    for (let start = 0; start < this.size; start += stepBytes) {
      for (const slice of this.slices(start, Math.min(this.size, start + stepBytes))) hash.update(slice);
      // Sockets of the same process must not starve while a big source is hashed.
      await new Promise(setImmediate);
    }
    return hash.digest('hex');
  }

  firstDifference(bytes: Uint8Array, offset: number): number | undefined {
    if (offset + bytes.length > this.size) return this.size;
    let position = 0;
    for (const slice of this.slices(offset, offset + bytes.length)) {
      const part = bytes.subarray(position, position + slice.length);
      if (!slice.equals(part)) return offset + position + slice.findIndex((byte, index) => byte !== part[index]);
      position += slice.length;
    }
    return undefined;
  }

  matches(bytes: Uint8Array, offset: number): boolean {
    return this.firstDifference(bytes, offset) === undefined;
  }
}

/** The file that `seed` and `size` name. */
export function content(seed: number, size: number): Content {
  return new SeededContent(seed, size);
}

/** A body of poison; endless if no size is given. */
export function poison(size = Number.POSITIVE_INFINITY): Source {
  const block = Buffer.alloc(blockBytes, poisonByte);
  return {
    size,
    *slices(start, end) {
      for (let position = start; position < end; position += blockBytes)
        yield block.subarray(0, Math.min(blockBytes, end - position));
    },
  };
}

/** A body given outright, a text as UTF-8. */
export function literal(bytes: string | Uint8Array): Source {
  const buffer = Buffer.from(bytes as Uint8Array);
  return {
    size: buffer.length,
    *slices(start, end) {
      for (let position = start; position < end; position += blockBytes)
        yield buffer.subarray(position, Math.min(position + blockBytes, end));
    },
  };
}

/** The bytes of a source, collected; for small ones. */
export function collect(source: Source, start = 0, end = source.size): Buffer {
  return Buffer.concat([...source.slices(start, end)]);
}

/** Sources one after another. */
export function joined(...sources: readonly Source[]): Source {
  return {
    size: sources.reduce((sum, { size }) => sum + size, 0),
    *slices(start, end) {
      let offset = 0;
      for (const source of sources) {
        const from = Math.max(start, offset);
        const to = Math.min(end, offset + source.size);
        if (from < to) yield* source.slices(from - offset, to - offset);
        offset += source.size;
      }
    },
  };
}

/** Some bytes of a source as a source of their own. */
export function window(source: Source, start: number, end: number): Source {
  return { size: end - start, slices: (from, to) => source.slices(start + from, start + to) };
}
