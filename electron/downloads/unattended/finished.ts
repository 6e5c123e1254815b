/**
 * The memory of finished files: which target came from which address, and how it looked when it was done. It only saves
 * a second transfer of the same file; losing a row, or all of it, costs nothing else. So rows are appended without a
 * lock (one O_APPEND write each, which several processes may do at once) and what cannot be read is skipped.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Checksum, DownloadRequest } from '#shared/download';

interface FinishedRow {
  readonly urlHash: string;
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A target found as it was left. */
export interface FinishedFile {
  readonly path: string;
  readonly size: number;
}

const mostRows = 10_000;
const keptRows = 5_000;

/** One-way, so that the file tells nothing of links and the tokens in them. A body makes it another file. */
function hashOf(request: DownloadRequest): string {
  const url = new URL(request.url);
  url.hash = '';
  const hash = createHash('sha256').update(url.href);
  const method = (request.method ?? 'GET').toUpperCase();
  if (method !== 'GET' || request.body !== undefined) hash.update(`\n${method}\n`).update(request.body ?? '');
  return hash.digest('hex');
}

function parseRow(line: string): FinishedRow | undefined {
  if (line === '') return undefined;
  try {
    const row: unknown = JSON.parse(line);
    if (typeof row !== 'object' || row === null) return undefined;
    const { urlHash, path, size, mtimeMs } = row as Partial<Record<keyof FinishedRow, unknown>>;
    if (typeof urlHash !== 'string' || typeof path !== 'string') return undefined;
    if (typeof size !== 'number' || typeof mtimeMs !== 'number') return undefined;
    // Rows of old versions have fractions.
    return { urlHash, path, size, mtimeMs: Math.floor(mtimeMs) };
  } catch {
    return undefined;
  }
}

/** By address hash, then by path: what is known last of each, oldest first. */
type Rows = Map<string, Map<string, FinishedRow>>;

function addTo(rows: Rows, row: FinishedRow): void {
  const byPath = rows.get(row.urlHash) ?? new Map<string, FinishedRow>();
  rows.set(row.urlHash, byPath);
  byPath.delete(row.path);
  byPath.set(row.path, row);
}

/** How a file looks, as far as it is remembered: its date to the millisecond. */
interface Look {
  readonly size: number;
  readonly mtimeMs: number;
}

async function look(path: string): Promise<Look | undefined> {
  // As a fraction a date may round up to another millisecond.
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found?.isFile() ? { size: Number(found.size), mtimeMs: Number(found.mtimeMs) } : undefined;
}

async function hasChecksum(path: string, checksum: Exclude<Checksum, 'auto'>): Promise<boolean> {
  const hash = createHash(checksum.algorithm.replace('-', ''));
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest('hex') === checksum.hex.toLowerCase();
}

export interface Wanted {
  readonly request: DownloadRequest;
  readonly directory: string;
  /** The user's own name for the file; without it any file in the folder from this address will do. */
  readonly name?: string;
  /** A sum the file must still have. */
  readonly checksum?: Checksum;
}

export class FinishedMemory {
  readonly #folder: string;
  readonly #path: string;
  #isMade: Promise<unknown> | undefined;
  /** Lines for the next append: who comes while one is under way shares the next with all who do. */
  #lines: string[] = [];
  #appending: Promise<void> = Promise.resolve();
  /** Loaded at the first need: most runs of a command have none. */
  #rows: Promise<Rows> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, 'finished.jsonl');
  }

  /** The target that was finished from this address and has not been touched since. Never throws. */
  async find({ request, directory, name, checksum }: Wanted): Promise<FinishedFile | undefined> {
    const target = name === undefined ? undefined : join(directory, name);
    if (target !== undefined && (await look(target)) === undefined) return undefined;
    this.#rows ??= this.#load();
    const all = await this.#rows;
    const rows = all.size === 0 ? undefined : all.get(hashOf(request));
    if (rows === undefined) return undefined;
    for (const row of [...rows.values()].reverse()) {
      if (target === undefined ? dirname(row.path) !== directory : row.path !== target) continue;
      const now = await look(row.path);
      if (now?.size !== row.size || now.mtimeMs !== row.mtimeMs) continue;
      const isProven =
        checksum === undefined || checksum === 'auto' || (await hasChecksum(row.path, checksum).catch(() => false));
      if (isProven) return { path: row.path, size: row.size };
    }
    return undefined;
  }

  /** `file` is how `path` looks now. @throws where the folder or the file cannot be written. */
  async remember(request: DownloadRequest, path: string, { size, mtimeMs }: Look): Promise<void> {
    const row: FinishedRow = { urlHash: hashOf(request), path, size, mtimeMs };
    this.#lines.push(JSON.stringify(row));
    this.#appending = this.#appending.catch(() => undefined).then(() => this.#append());
    await this.#appending;
    if (this.#rows !== undefined) addTo(await this.#rows, row);
  }

  async #append(): Promise<void> {
    const lines = this.#lines.splice(0);
    if (lines.length === 0) return;
    this.#isMade ??= mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#isMade;
    // The line break comes first too: a row cut by a crash must not swallow this one.
    await appendFile(this.#path, `\n${lines.join('\n')}\n`, { mode: 0o600 });
  }

  async #load(): Promise<Rows> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const rows = text.split('\n').flatMap((line) => parseRow(line) ?? []);
    if (rows.length > mostRows) await this.#compact(rows).catch(() => undefined);
    const byHash: Rows = new Map();
    for (const row of rows) addTo(byHash, row);
    return byHash;
  }

  /** Keeps the newest row of each path. A row another process appends meanwhile may be lost, which is allowed. */
  async #compact(rows: readonly FinishedRow[]): Promise<void> {
    const newest = new Map<string, FinishedRow>();
    for (const row of rows) {
      newest.delete(row.path);
      newest.set(row.path, row);
    }
    const kept = [...newest.values()].slice(-keptRows);
    const scratch = `${this.#path}.${process.pid}`;
    try {
      await using file = await open(scratch, 'wx', 0o600);
      await file.writeFile(kept.map((row) => `${JSON.stringify(row)}\n`).join(''));
      await file.datasync();
    } catch (error) {
      await unlink(scratch).catch(() => undefined);
      throw error;
    }
    await rename(scratch, this.#path);
  }
}
