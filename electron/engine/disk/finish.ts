/**
 * The last steps, from a complete, synced and closed part to a file under its final name:
 *
 *   link part → final   sync the folder   tell the caller   unlink the part   its sums   its checkpoint
 *
 * Each can be killed and all be done again: what is done already is recognised by the file's own identity, never by a name.
 * No step ever replaces a file of the user's, except where overwriting was asked for.
 */
import { basename, join } from 'node:path';
import type { Clock } from '#engine/clock';
import { DownloadError } from '#engine/errors';
import type { IfExists } from '#shared/download';
import { checkpointPath } from './checkpoint.ts';
import { errnoOf, toDiskError } from './disk-errors.ts';
import type { FileIdentity, FileIo } from './file-io.ts';
import { candidates } from './names-taken.ts';
import { sumsPath } from './sums.ts';

/** How long another program (a virus scanner, an indexer) may hold a file before that is a failure. */
const patienceMs = 60_000;
const firstWaitMs = 100;
const longestWaitMs = 2000;

/** What link() answers where the file system has no hard links; EISDIR is Windows on exFAT. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EISDIR']);

type FileId = Pick<FileIdentity, 'dev' | 'ino'>;

export interface FinishOptions {
  readonly io: FileIo;
  readonly clock: Clock;
  /** The part's own identity, from its open handle or its checkpoint: another file at its path is not taken for it. */
  readonly part: FileId;
  readonly partPath: string;
  readonly directory: string;
  readonly name: string;
  /** `skip` was decided at the start; a file that appeared since is kept, and ours numbered. */
  readonly ifExists: IfExists;
  /** There are a checkpoint and sums beside the part, to be removed with it. */
  readonly isRecorded: boolean;
  /** Called when the final file is durable and the part still there: the moment to record it as done. */
  readonly onPlaced?: (finalPath: string, file: FileIdentity) => Promise<void>;
  readonly platform?: NodeJS.Platform;
  readonly signal?: AbortSignal;
}

const isSameFile = (one: FileId | undefined, other: FileId | undefined): boolean =>
  one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;

/** Whether the final name already is the part: a kill came after the link and before the unlink. */
export async function alreadyFinished(io: FileIo, partPath: string, finalPath: string): Promise<boolean> {
  return isSameFile(await identityAt(io, partPath), await identityAt(io, finalPath));
}

/** Where the part got its name, and how it looks there. */
interface Placed {
  readonly finalPath: string;
  readonly file: FileIdentity;
}

/**
 * @returns the final path, which may have got a number. It can be called again after any failure.
 * @throws DownloadError E_FS_GONE if the part is not there any more, E_FS_BUSY if somebody held a file for a minute.
 */
export async function finish(options: FinishOptions): Promise<string> {
  const { finalPath, file } = await place(options);
  await patiently(options, 'sync the folder of', finalPath, () => options.io.syncDirectory(options.directory));
  await options.onPlaced?.(finalPath, file);
  const left = await identityAt(options.io, options.partPath);
  // Another download may have begun under the same name since an earlier try of ours: its files stay.
  if (left !== undefined && !isSameFile(left, options.part)) return finalPath;
  await remove(options, options.partPath);
  if (!options.isRecorded) return finalPath;
  // The record goes last: with it, whoever is killed in between is understood.
  await remove(options, sumsPath(options.partPath));
  await remove(options, checkpointPath(options.partPath));
  return finalPath;
}

async function place(options: FinishOptions): Promise<Placed> {
  const linked = options.ifExists === 'overwrite' ? undefined : await linkToFree(options);
  return linked ?? (await renameIntoPlace(options));
}

/** Undefined where the file system has no hard links. */
async function linkToFree(options: FinishOptions): Promise<Placed | undefined> {
  const { io, partPath, directory, name } = options;
  for (const candidate of candidates(name)) {
    const finalPath = join(directory, candidate);
    const outcome = await patiently(options, 'put in place', finalPath, () => link(io, partPath, finalPath));
    if (outcome === 'unsupported') return undefined;
    if (outcome === 'gone') return findPlaced(options);
    // Looked at afterwards, so that what somebody put in the part's place at the last moment is found out, too.
    const file = await oursAt(options, finalPath);
    if (file) return { finalPath, file };
    // Unless it is the name that somebody took over since.
    if (outcome === 'linked' && (await alreadyFinished(io, partPath, finalPath))) {
      await remove(options, finalPath);
      throw isGone(options);
    }
  }
  throw areTaken(options);
}

async function renameIntoPlace(options: FinishOptions): Promise<Placed> {
  const { io, partPath, directory, name, ifExists } = options;
  if ((await oursAt(options, partPath)) === undefined) return findPlaced(options);
  if (ifExists === 'overwrite') {
    const finalPath = join(directory, name);
    await patiently(options, 'put in place', finalPath, () => io.rename(partPath, finalPath));
    return await placedAt(options, finalPath);
  }
  for (const candidate of candidates(name)) {
    const finalPath = join(directory, candidate);
    if (await renameToFree(options, finalPath)) return await placedAt(options, finalPath);
  }
  throw areTaken(options);
}

/** A kill after the rename: the part is gone because it is the final file. */
async function findPlaced(options: FinishOptions): Promise<Placed> {
  const { io, part, directory, name } = options;
  for (const candidate of candidates(name)) {
    const finalPath = join(directory, candidate);
    const file = await identityAt(io, finalPath);
    if (file === undefined) break;
    if (isSameFile(file, part)) return { finalPath, file };
  }
  throw isGone(options);
}

/** After a rename. */
async function placedAt(options: FinishOptions, finalPath: string): Promise<Placed> {
  const file = await oursAt(options, finalPath);
  if (file === undefined) throw isGone(options);
  return { finalPath, file };
}

const areTaken = ({ name, directory }: FinishOptions): DownloadError =>
  new DownloadError('E_INPUT', `${name} and all its numbered names are taken in ${directory}`);

const isGone = ({ partPath }: FinishOptions): DownloadError =>
  new DownloadError('E_FS_GONE', `${basename(partPath)} was removed or replaced`);

async function identityAt(io: FileIo, path: string): Promise<FileIdentity | undefined> {
  try {
    return await io.identity(path);
  } catch (error) {
    throw toDiskError(error, 'inspect', path);
  }
}

/** What lies at `path`, if it is the part itself. */
async function oursAt({ io, part }: FinishOptions, path: string): Promise<FileIdentity | undefined> {
  const file = await identityAt(io, path);
  return isSameFile(file, part) ? file : undefined;
}

async function link(io: FileIo, partPath: string, finalPath: string): Promise<'linked' | 'taken' | 'gone' | 'unsupported'> {
  try {
    await io.link(partPath, finalPath);
    return 'linked';
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') return 'taken';
    if (errno === 'ENOENT') return 'gone';
    if (noLinks.has(errno)) return 'unsupported';
    throw error;
  }
}

/** Without links: an empty file of ours takes the name, which fails if anybody has it, and is then renamed over. */
async function renameToFree(options: FinishOptions, finalPath: string): Promise<boolean> {
  const { io, partPath } = options;
  const placeholder = await patiently(options, 'put in place', finalPath, () => createEmpty(io, finalPath));
  if (placeholder === undefined) return false;
  try {
    await patiently(options, 'put in place', finalPath, () => io.rename(partPath, finalPath));
    return true;
  } catch (error) {
    // A network disk may report a failure of what it did: then it is the part that lies there now.
    if (isSameFile(await identityAt(io, finalPath), placeholder)) await io.unlink(finalPath).catch(() => undefined);
    throw error;
  }
}

/** @returns the new file's identity; undefined where something has the name. */
async function createEmpty(io: FileIo, path: string): Promise<FileId | undefined> {
  try {
    const file = await io.open(path, 'create');
    try {
      return await file.identity();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

async function remove(options: FinishOptions, path: string): Promise<void> {
  await patiently(options, 'remove', path, async () => {
    try {
      await options.io.unlink(path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  });
}

/** Windows says EPERM or EACCES, too, of a file that a virus scanner has open for a moment. */
function isHeld(error: unknown, platform: NodeJS.Platform): boolean {
  const errno = errnoOf(error);
  return errno === 'EBUSY' || (platform === 'win32' && (errno === 'EPERM' || errno === 'EACCES'));
}

async function patiently<T>(options: FinishOptions, doing: string, path: string, run: () => Promise<T>): Promise<T> {
  const { clock, signal, platform = process.platform } = options;
  const deadline = clock.now() + patienceMs;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await run();
    } catch (error) {
      if (!isHeld(error, platform)) throw toDiskError(error, doing, path);
      if (clock.now() >= deadline) {
        const message = `cannot ${doing} ${basename(path)}: another program has held it for ${patienceMs / 1000} s (${errnoOf(error)})`;
        throw new DownloadError('E_FS_BUSY', message, error);
      }
    }
    await sleep(clock, waitMs, signal);
  }
}

async function sleep(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal?.reason);
  const cancel = clock.setTimer(resolve, delayMs);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
