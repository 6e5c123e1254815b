/**
 * The disk as a port. Tests put a failing disk or a power-cut model behind it; the engine itself
 * touches node:fs nowhere else.
 */
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';

export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
  readonly mtimeMs: number;
  readonly isFile: boolean;
}

export interface OpenFile {
  /** Writes from `position` on; may write less than given. Returns the bytes written. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Reads into the whole of `buffer` from `position`; returns the bytes read, 0 at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  identity(): Promise<FileIdentity>;
  setModified(wallMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * `create`: must not exist (O_EXCL), readable too. `update`: must exist. `read`: must exist, never written.
 * None follows a symbolic link at the last step, so a planted link cannot redirect our writes.
 */
export type OpenMode = 'create' | 'update' | 'read';

export interface FileIo {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Hard link; fails with EEXIST rather than replace. */
  link(existing: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Undefined where nothing is at `path`. Does not follow a symbolic link. */
  identity(path: string): Promise<FileIdentity | undefined>;
  /** Names of what lies in a folder. */
  list(path: string): Promise<string[]>;
  /** Bytes the user may still write on the volume of `path`, its total, and its statfs type. */
  space(path: string): Promise<{ readonly free: number; readonly total: number; readonly type: number }>;
  /** Makes creations, links and removals in a folder durable. Does nothing where the system cannot. */
  syncDirectory(path: string): Promise<void>;
}

const noFollow = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
const openFlags: Record<OpenMode, number> = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | noFollow,
  update: constants.O_RDWR | noFollow,
  read: constants.O_RDONLY | noFollow,
};

class NodeFile implements OpenFile {
  readonly #handle: fs.FileHandle;

  constructor(handle: fs.FileHandle) {
    this.#handle = handle;
  }

  async writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return (await this.#handle.writev(buffers as Uint8Array[], position)).bytesWritten;
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, position)).bytesRead;
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size);
  }

  async identity(): Promise<FileIdentity> {
    return toIdentity(await this.#handle.stat({ bigint: true }));
  }

  async setModified(wallMs: number): Promise<void> {
    await this.#handle.utimes(new Date(), new Date(wallMs));
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function toIdentity(stat: { dev: bigint; ino: bigint; size: bigint; mtimeMs: bigint; isFile(): boolean }): FileIdentity {
  return { dev: stat.dev, ino: stat.ino, size: Number(stat.size), mtimeMs: Number(stat.mtimeMs), isFile: stat.isFile() };
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

export const nodeFileIo: FileIo = {
  async open(path, mode) {
    return new NodeFile(await fs.open(path, openFlags[mode], 0o666));
  },
  link: (existing, path) => fs.link(existing, path),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  async identity(path) {
    try {
      return toIdentity(await fs.lstat(path, { bigint: true }));
    } catch (error) {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  },
  list: (path) => fs.readdir(path),
  async space(path) {
    const stat = await fs.statfs(path);
    return { free: stat.bavail * stat.bsize, total: stat.blocks * stat.bsize, type: stat.type };
  },
  syncDirectory: (path) => (process.platform === 'win32' ? Promise.resolve() : together(path)),
};

const syncing = new Map<string, { readonly now: Promise<void>; next?: Promise<void> }>();

/** Many files are finished in one folder: who comes while it is being synced shares the next sync with all others who do. */
function together(path: string): Promise<void> {
  const busy = syncing.get(path);
  if (busy) {
    busy.next ??= busy.now.catch(() => undefined).then(() => together(path));
    return busy.next;
  }
  const now = syncFolder(path).finally(() => syncing.delete(path));
  syncing.set(path, { now });
  return now;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems (SMB, FUSE) cannot sync a folder; there is nothing better to do there.
    if (!isCode(error, 'EINVAL', 'ENOTSUP', 'EPERM', 'EBADF')) throw error;
  } finally {
    await handle.close();
  }
}
