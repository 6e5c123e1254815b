/** One process for one data folder: two that wrote the same files would lose each other's downloads. */
import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DownloadError } from '#engine';

interface Holder {
  readonly pid: number;
  /** When that process began, where the system tells: a number is used again, a number and a time are not. */
  readonly began: string;
}

function beganAt(pid: number): string {
  try {
    // Field 22 of proc(5), counted behind the name, which may hold anything.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive({ pid, began }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return began === '' || began === beganAt(pid);
}

function parseHolder(text: string): Holder | undefined {
  const [pid, began = ''] = text.trim().split(' ');
  return /^\d{1,10}$/.test(pid ?? '') ? { pid: Number(pid), began } : undefined;
}

/**
 * Takes the folder, making it where it is not there.
 * @returns what gives it back.
 * @throws DownloadError E_STATE naming the process that has it.
 */
export function lockDataFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'lock');
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, `${process.pid} ${beganAt(process.pid)}\n`, { mode: 0o600 });
  try {
    // A link appears whole or not at all, so nobody ever reads half a lock.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      try {
        linkSync(mine, path);
        return () => release(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) {
        throw new DownloadError(
          'E_STATE',
          `process ${holder.pid} uses ${folder} already: end it first, or choose another folder`,
        );
      }
      discard(path, holder);
    }
    throw new DownloadError('E_STATE', `${path} cannot be taken: remove it if no Sluice runs`);
  } finally {
    unlinkSync(mine);
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return parseHolder(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Removes the lock of a process that is gone; puts it back if another one took it over meanwhile. */
function discard(path: string, dead: Holder | undefined): void {
  const aside = `${path}.gone-${process.pid}`;
  try {
    renameSync(path, aside);
    const holder = readHolder(aside);
    if (holder !== undefined && holder.pid !== dead?.pid) linkSync(aside, path);
    unlinkSync(aside);
  } catch {
    // Somebody else was faster; the next attempt sees what is there now.
  }
}

function release(path: string): void {
  if (readHolder(path)?.pid === process.pid) unlinkSync(path);
}
