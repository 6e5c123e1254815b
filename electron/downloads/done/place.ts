/**
 * Puts a finished file into its folder, from wherever it was fetched to. Never over another file unless that was asked for.
 * Each step may be the last before a kill: the next start goes on from what it finds, and never leaves a second file.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DownloadError } from '#engine';
import type { IfExists } from '#shared/download';

const mostNames = 10_000;

export interface Placing {
  readonly from: string;
  /** Its inode: a link and a rename keep it, so the file is known by it wherever a kill left it. */
  readonly inode: string | undefined;
  readonly directory: string;
  readonly name: string;
  readonly ifExists: IfExists;
  /** A proven copy takes the place of `from`, which is removed when this is on record. */
  onCopied(path: string, inode: string): Promise<void>;
}

export const inodeOf = async (path: string): Promise<string | undefined> =>
  (await stat(path, { bigint: true }).catch(() => undefined))?.ino.toString();

/**
 * A link where both are on one volume; else a copy that is compared before the first one is removed.
 * @returns where it is.
 * @throws DownloadError E_FS_PERM, E_FS_FULL, E_FS_GONE, E_FS_IO.
 */
export async function placeFile(placing: Placing): Promise<string> {
  const { from, directory, name } = placing;
  if (from === join(directory, name)) return from;
  try {
    await mkdir(directory, { recursive: true });
    return await place(await onVolumeOf(placing));
  } catch (error) {
    if (error instanceof DownloadError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const kind =
      code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'E_FS_PERM' : code === 'ENOSPC' ? 'E_FS_FULL' : 'E_FS_IO';
    throw new DownloadError(kind, `${name} cannot be moved into ${directory} (${code ?? message})`, error);
  }
}

async function place({ from, inode, directory, name, ifExists }: Placing): Promise<string> {
  const wanted = join(directory, name);
  const isThere = (await inodeOf(from)) !== undefined;
  if (ifExists === 'overwrite' && isThere) {
    await rename(from, wanted);
    return wanted;
  }
  for (let number = 0; number < mostNames; number += 1) {
    const path = number === 0 ? wanted : numbered(wanted, number);
    const there = await inodeOf(path);
    if (there === undefined && isThere) {
      if (!(await linkOrCopy(from, path))) continue;
    } else if (there === undefined) break;
    else if (there !== inode) continue;
    if (isThere) await unlink(from);
    return path;
  }
  if (!isThere)
    throw new DownloadError('E_FS_GONE', `${from} is not there any more: it was moved or removed before it had its place`);
  throw new DownloadError('E_FS_IO', `${name} cannot be placed: too many files have its name`);
}

function numbered(path: string, number: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)} (${number})${extension}`;
}

/** Some file systems have no links: there the copy is exclusive itself. @returns false where the name was taken meanwhile. */
async function linkOrCopy(from: string, to: string): Promise<boolean> {
  const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST';
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
  }
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
  await sync(to);
  return true;
}

/** The same, with a file on the volume of the folder: the one there is, or a proven copy. */
async function onVolumeOf(placing: Placing): Promise<Placing> {
  const { from, directory, name, onCopied } = placing;
  const [file, folder] = await Promise.all([stat(from).catch(() => undefined), stat(directory)]);
  if (file === undefined || file.dev === folder.dev) return placing;
  const copy = join(directory, `.${name.slice(0, 60)}.sluice-copy`);
  await unlink(copy).catch(() => {});
  try {
    await copyFile(from, copy, constants.COPYFILE_EXCL);
    await sync(copy);
  } catch (error) {
    await unlink(copy).catch(() => {});
    throw error;
  }
  const [before, after] = await Promise.all([hashOf(from), hashOf(copy)]);
  if (before !== after) {
    await unlink(copy);
    throw new DownloadError('E_FS_IO', `the copy of ${basename(from)} in ${directory} is not the same as the file`);
  }
  const inode = (await inodeOf(copy)) ?? '';
  await onCopied(copy, inode);
  await unlink(from);
  return { ...placing, from: copy, inode };
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
