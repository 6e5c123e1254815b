/** Puts a finished file into its folder, from wherever it was fetched to. Never over another file unless that was asked for. */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DownloadError } from '#engine';
import type { IfExists } from '#shared/download';

const mostNames = 10_000;

/**
 * A link where both are on one volume; else a copy that is compared before the first one is removed.
 * @returns where it is.
 * @throws DownloadError E_FS_PERM, E_FS_IO.
 */
export async function placeFile(from: string, directory: string, ifExists: IfExists): Promise<string> {
  if (dirname(from) === directory) return from;
  try {
    await mkdir(directory, { recursive: true });
    return await place(from, directory, ifExists);
  } catch (error) {
    if (error instanceof DownloadError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const kind =
      code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? 'E_FS_PERM' : code === 'ENOSPC' ? 'E_FS_FULL' : 'E_FS_IO';
    throw new DownloadError(kind, `${basename(from)} cannot be moved into ${directory} (${code ?? message})`, error);
  }
}

async function place(from: string, directory: string, ifExists: IfExists): Promise<string> {
  const wanted = join(directory, basename(from));
  if (ifExists === 'overwrite') {
    const source = await onVolumeOf(from, directory);
    await rename(source, wanted);
    if (source !== from) await unlink(from);
    return wanted;
  }
  const source = await onVolumeOf(from, directory);
  for (let number = 0; number < mostNames; number += 1) {
    const path = number === 0 ? wanted : numbered(wanted, number);
    try {
      await linkOrCopy(source, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    await unlink(source);
    if (source !== from) await unlink(from);
    return path;
  }
  throw new DownloadError('E_FS_IO', `${basename(from)} cannot be placed: too many files have its name`);
}

function numbered(path: string, number: number): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)} (${number})${extension}`;
}

/** Some file systems have no links: there the copy is exclusive itself. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
    await sync(to);
  }
}

/** A file on the volume of `directory` with the content of `from`: itself, or a proven copy. */
async function onVolumeOf(from: string, directory: string): Promise<string> {
  const [file, folder] = await Promise.all([stat(from), stat(directory)]);
  if (file.dev === folder.dev) return from;
  const copy = join(directory, `.${basename(from)}.sluice-copy`);
  await unlink(copy).catch(() => {});
  await copyFile(from, copy, constants.COPYFILE_EXCL);
  await sync(copy);
  const [before, after] = await Promise.all([hashOf(from), hashOf(copy)]);
  if (before !== after) {
    await unlink(copy);
    throw new DownloadError('E_FS_IO', `the copy of ${basename(from)} in ${directory} is not the same as the file`);
  }
  return copy;
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
