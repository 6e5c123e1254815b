/** Parts that cannot be gone on with: kept out of the way under a free name, and said, never used and never deleted. */
import { basename, join } from 'node:path';
import type { DownloadTarget } from '#shared/download';
import { Checkpoint, checkpointPath } from './checkpoint.ts';
import type { FileIo } from './file-io.ts';
import { partSuffix } from './left-parts.ts';
import { candidates, type NameRegistry } from './names-taken.ts';
import { sumsPath } from './sums.ts';

export interface AsidePorts {
  readonly io: FileIo;
  readonly names: NameRegistry;
  note(code: string, message: string): void;
}

/**
 * A new part is to be made as `name`: what lies in its place goes aside if nobody can go on with it. With a name of the user's
 * own that is whatever is there; otherwise only a part whose record is damaged, or tells of the same address but another file.
 * Any other may be another download's.
 * @returns whether nothing lies there now.
 */
export async function clearTheWay(ports: AsidePorts, target: DownloadTarget, name: string, hash: string): Promise<boolean> {
  const { io, names } = ports;
  const partPath = join(target.directory, name + partSuffix);
  if (names.isReserved(target.directory, name)) return false;
  if ((await io.identity(partPath)) === undefined) return true;
  const loaded = await Checkpoint.load(io, checkpointPath(partPath));
  const isDamaged = loaded.type === 'refused' && loaded.reason === 'unreadable';
  const isOurs = target.name !== undefined || (loaded.type === 'loaded' && loaded.record.urlHash === hash);
  if (!isDamaged && !isOurs) return false;
  const path = await setAside(io, partPath);
  if (path === undefined) return true;
  const why = isDamaged
    ? 'its record is damaged'
    : loaded.type === 'refused'
      ? 'it has no record'
      : 'its record is of another file';
  const message = `${basename(partPath)} cannot be gone on with, ${why}: it is kept as ${basename(path)}, and the file is fetched anew`;
  ports.note('part-set-aside', message);
  return true;
}

/** @returns the new path of the part; undefined where there was none. */
export async function setAside(io: FileIo, partPath: string): Promise<string | undefined> {
  if ((await io.identity(partPath)) === undefined) return undefined;
  for (const path of candidates(`${partPath}.aside`)) {
    if ((await io.identity(path)) !== undefined) continue;
    await io.rename(partPath, path);
    for (const trace of [sumsPath(partPath), checkpointPath(partPath)]) if (await io.identity(trace)) await io.unlink(trace);
    return path;
  }
  return undefined;
}
