/**
 * The one open handle of a file, shared by all its segments and counted by reference. It is closed with the last
 * reference and never under a write: a closed descriptor's number may belong to another file a moment later.
 */
import { errnoOf, toDiskError } from './disk-errors.ts';
import type { FileIdentity, FileIo, OpenFile } from './file-io.ts';

const maximumTries = 16;

/** An interrupted call did nothing and is simply made again; a bound keeps a broken driver from spinning us for ever. */
export async function uninterrupted<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      const errno = errnoOf(error);
      if (tries === maximumTries || (errno !== 'EINTR' && errno !== 'EAGAIN')) throw error;
    }
  }
}

/** What is left of `buffers` after their first `written` bytes, without empty ones. */
function remaining(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = written;
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(skip === 0 ? buffer : buffer.subarray(skip));
    skip = Math.max(0, skip - buffer.length);
  }
  return rest;
}

/** Writes every byte: a disk may take fewer than given (a signal, a quota's edge). */
export async function writeAll(file: OpenFile, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let at = position;
  for (let rest = remaining(buffers, 0); rest.length > 0; ) {
    const given = rest;
    const offset = at;
    const written = await uninterrupted(async () => {
      const count = await file.writev(given, offset);
      if (count === 0) throw Object.assign(new Error('nothing was written'), { code: 'EAGAIN' });
      return count;
    });
    at += written;
    rest = remaining(rest, written);
  }
}

/** Fills `buffer`; returns fewer bytes only where the file ends. */
export async function readFully(file: OpenFile, buffer: Uint8Array, position: number): Promise<number> {
  let count = 0;
  while (count < buffer.length) {
    const offset = count;
    const got = await uninterrupted(() => file.read(buffer.subarray(offset), position + offset));
    if (got === 0) break;
    count += got;
  }
  return count;
}

/** Whoever creates or opens it holds the first reference and gives it up with `await using` or `[Symbol.asyncDispose]()`. */
export class PartFile implements AsyncDisposable {
  readonly path: string;
  readonly #file: OpenFile;
  readonly #own: AsyncDisposable;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #closed = Promise.withResolvers<void>();
  #references = 0;

  private constructor(path: string, file: OpenFile) {
    this.path = path;
    this.#file = file;
    this.#own = this.#newReference();
  }

  /** @throws DownloadError E_FS_BUSY where something is already at `path`. */
  static async create(io: FileIo, path: string): Promise<PartFile> {
    try {
      return new PartFile(path, await io.open(path, 'create'));
    } catch (error) {
      throw toDiskError(error, 'make', path);
    }
  }

  /** @throws DownloadError E_FS_GONE where nothing is at `path`. */
  static async open(io: FileIo, path: string): Promise<PartFile> {
    try {
      return new PartFile(path, await io.open(path, 'update'));
    } catch (error) {
      throw toDiskError(error, 'open', path);
    }
  }

  /** Takes a reference. Giving up the last one waits for what is in flight, then for the close. */
  retain(): AsyncDisposable {
    this.#assertOpen();
    return this.#newReference();
  }

  /** Gives up the reference of whoever created or opened the file. */
  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#own[Symbol.asyncDispose]();
  }

  /** Writes all of `buffers` from `position` on, or fails; they may not change before. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return this.#use('write', () => writeAll(this.#file, buffers, position));
  }

  /** Fills `buffer`; returns fewer bytes only where the file ends. */
  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#use('read', () => readFully(this.#file, buffer, position));
  }

  /**
   * Makes durable what was written before the call. After a failure the system may have dropped those bytes and say so
   * only this once: whoever sees it fail must fetch again what no earlier sync covered (see `Checkpoint.writeHard`).
   */
  datasync(): Promise<void> {
    return this.#use('sync', () => uninterrupted(() => this.#file.datasync()));
  }

  truncate(size: number): Promise<void> {
    return this.#use('resize', () => uninterrupted(() => this.#file.truncate(size)));
  }

  /** Of the open file, whatever has become of its path. */
  identity(): Promise<FileIdentity> {
    return this.#use('inspect', () => this.#file.identity());
  }

  setModified(wallMs: number): Promise<void> {
    return this.#use('date', () => this.#file.setModified(wallMs));
  }

  #assertOpen(): void {
    if (this.#references === 0) throw new Error(`${this.path} was used after its last reference was given up`);
  }

  #newReference(): AsyncDisposable {
    this.#references += 1;
    let isHeld = true;
    return {
      [Symbol.asyncDispose]: async () => {
        if (isHeld) {
          isHeld = false;
          this.#references -= 1;
          if (this.#references === 0) this.#closed.resolve(this.#close());
        }
        if (this.#references === 0) await this.#closed.promise;
      },
    };
  }

  async #use<T>(doing: string, run: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    const use = run();
    this.#inFlight.add(use);
    try {
      return await use;
    } catch (error) {
      throw toDiskError(error, doing, this.path);
    } finally {
      this.#inFlight.delete(use);
    }
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
    try {
      await this.#file.close();
    } catch (error) {
      throw toDiskError(error, 'close', this.path);
    }
  }
}
