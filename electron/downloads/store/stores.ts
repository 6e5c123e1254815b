/**
 * What outlives the process: whole files, read once at the start and written whole. What is many is spread over several files,
 * so that a write stays small, and written one file a turn, so that no write keeps the engine waiting long.
 */
import { copyFileSync, existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DownloadError } from '#engine';

/** A file of the store. Setting `store` returns once it is on disk, whole. */
export interface StoreFile {
  store: Record<string, unknown>;
  readonly path: string;
}

/** Opens `NAME.json` of the data folder, to be written. */
export type OpenStore = (name: string) => StoreFile;

export const schemaVersion = 1;

export interface StorePorts {
  readonly dataFolder: string;
  readonly openStore: OpenStore;
  /** A file was set aside; told to the person. */
  onSetAside(message: string): void;
}

export class Stores {
  readonly #ports: StorePorts;
  readonly #files = new Map<string, StoreFile>();

  constructor(ports: StorePorts) {
    this.#ports = ports;
  }

  /**
   * What the file holds; empty where there is none. One that cannot be read is set aside, and what it held before its last write
   * is taken instead, where that can be read.
   * @throws DownloadError E_STATE where a newer version wrote it: it must not be touched.
   */
  read(name: string): Readonly<Record<string, unknown>> {
    const path = this.#pathOf(name);
    if (!existsSync(path)) return {};
    // By hand: to open it for writing would read it twice more and compare all of it.
    const now = parsed(path);
    if (typeof now === 'object') return this.#checked(path, now);
    const before = parsed(beforeOf(path));
    const instead = typeof before === 'object' ? 'what it held before its last change is used' : undefined;
    this.setAside(name, now, instead);
    if (typeof before !== 'object') return {};
    copyFileSync(beforeOf(path), path);
    return this.#checked(path, before);
  }

  /** On disk, whole, when it returns; what it held stays beside it until the next time, so that damage costs one write alone. */
  write(name: string, values: Readonly<Record<string, unknown>>): void {
    const path = this.#pathOf(name);
    try {
      rmSync(beforeOf(path), { force: true });
      // The new file takes the name, and leaves this one as it is.
      linkSync(path, beforeOf(path));
    } catch {
      // It is the first write, or the file system has no links: then there is none.
    }
    const file = this.#files.get(name) ?? this.#ports.openStore(name);
    this.#files.set(name, file);
    file.store = { version: schemaVersion, ...values };
  }

  /** What cannot be read is never treated as empty: it is kept under another name, and said. `instead`: as a clause. */
  setAside(name: string, reason: string, instead?: string): void {
    const path = this.#pathOf(name);
    const aside = `${path}.unreadable-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(path, aside);
    const so = instead === undefined ? '' : `, and ${instead}`;
    this.#ports.onSetAside(`${path} cannot be read (${firstLine(reason)}): it was set aside as ${aside}${so}`);
  }

  #checked(path: string, store: Record<string, unknown>): Record<string, unknown> {
    const { version = schemaVersion } = store;
    if (typeof version === 'number' && version > schemaVersion) {
      throw new DownloadError('E_STATE', `${path} was written by a newer Sluice (version ${version}): use that one`);
    }
    return store;
  }

  #pathOf(name: string): string {
    return join(this.#ports.dataFolder, `${name}.json`);
  }
}

/** @returns why not, where it holds no object. */
function parsed(path: string): Record<string, unknown> | string {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : 'it is no object';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const beforeOf = (path: string): string => `${path}.before`;

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 200);
