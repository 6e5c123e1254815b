/** Whether the whole list fits: what a volume has free, and what all its downloads still have to write there. */
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StoredDownload } from '#shared/stored';

export interface Room {
  readonly freeBytes: number;
  /** Of all whose size is known. */
  readonly neededBytes: number;
}

type Wanted = Pick<StoredDownload, 'directory' | 'partDirectory' | 'size' | 'doneBytes'>;

/** The volume a folder is on, or will be once it is made. */
async function volumeOf(directory: string): Promise<number | undefined> {
  const found = await stat(directory).catch(() => undefined);
  if (found !== undefined) return found.dev;
  const parent = dirname(directory);
  return parent === directory ? undefined : await volumeOf(parent);
}

/** `stagingDirectory`: where new parts go; empty: to their folders. Undefined where the folder is not there. */
export async function roomIn(
  directory: string,
  downloads: readonly Wanted[],
  stagingDirectory: string,
): Promise<Room | undefined> {
  const space = await statfs(directory).catch(() => undefined);
  if (space === undefined) return undefined;
  const known = new Map<string, Promise<number | undefined>>();
  const volume = (folder: string): Promise<number | undefined> => {
    const asked = known.get(folder) ?? volumeOf(folder);
    known.set(folder, asked);
    return asked;
  };
  const here = await volume(directory);
  let neededBytes = 0;
  for (const { directory: folder, partDirectory, size = 0, doneBytes } of downloads) {
    const partFolder = partDirectory ?? (stagingDirectory === '' ? folder : stagingDirectory);
    const [partVolume, fileVolume] = [await volume(partFolder), await volume(folder)];
    if (partVolume === here) neededBytes += Math.max(0, size - doneBytes);
    // It is copied there in the end.
    else if (fileVolume === here) neededBytes += size;
  }
  return { freeBytes: space.bavail * space.bsize, neededBytes };
}
