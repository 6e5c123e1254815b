/** What the system says when a disk fails, put into our codes and into words. */
import { basename } from 'node:path';
import { DownloadError } from '#engine/errors';
import type { FailureCode } from '#shared/failure';

type Meaning = readonly [code: FailureCode, fact: string];

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: ['E_FS_FULL', 'the disk is full'],
  EDQUOT: ['E_FS_FULL', 'the disk quota is used up'],
  EFBIG: ['E_FS_LIMIT', 'the file system cannot hold a file of this size'],
  EACCES: ['E_FS_PERM', 'access is denied'],
  EPERM: ['E_FS_PERM', 'access is denied'],
  EROFS: ['E_FS_PERM', 'the file system is read-only'],
  ELOOP: ['E_FS_PERM', 'a symbolic link is in its place'],
  ENOENT: ['E_FS_GONE', 'it is gone'],
  ENOTDIR: ['E_FS_GONE', 'its folder is gone'],
  ENXIO: ['E_FS_GONE', 'the device is gone'],
  ENODEV: ['E_FS_GONE', 'the device is gone'],
  ESTALE: ['E_FS_GONE', 'the network folder is gone'],
  ENOTCONN: ['E_FS_GONE', 'the network folder is gone'],
  EHOSTDOWN: ['E_FS_GONE', 'the network folder is gone'],
  EBUSY: ['E_FS_BUSY', 'another program holds it'],
  ETXTBSY: ['E_FS_BUSY', 'another program holds it'],
  EMFILE: ['E_FS_BUSY', 'too many files and connections are open'],
  ENFILE: ['E_FS_BUSY', 'too many files are open on this computer'],
  EEXIST: ['E_FS_BUSY', 'something of that name is already there'],
};

/** The system's name of an error, as `ENOSPC`; undefined for anything that did not come from the system. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^(E[A-Z0-9]+|UNKNOWN)$/.test(error.code) ? error.code : undefined;
}

/**
 * `toDiskError(error, 'write', path)`: "cannot write movie.mkv.part: the disk is full (ENOSPC)". What is a DownloadError
 * already stays as it is; what did not come from the system is a mistake of ours and says so.
 */
export function toDiskError(error: unknown, doing: string, path: string): DownloadError {
  if (error instanceof DownloadError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return new DownloadError('E_INTERNAL', `cannot ${doing} ${basename(path)}: ${String(error)}`, error);
  const [code, fact] = meanings[errno] ?? ['E_FS_IO', 'the disk failed'];
  return new DownloadError(code, `cannot ${doing} ${basename(path)}: ${fact} (${errno})`, error);
}
