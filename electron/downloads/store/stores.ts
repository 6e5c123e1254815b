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

/** Opens `NAME.json` of the data folder. Throws where it cannot be read. */
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

  constructor(ports: StorePorts) {
    this.#ports = ports;
  }

  /** There is such a file. */
  has(name: string): boolean {
    return existsSync(this.#pathOf(name));
  }

  /** @throws DownloadError E_STATE where a newer version wrote it: it must not be touched. */
  open(name: string): StoreFile {
    let file: StoreFile;
    let version: unknown;
    try {
      file = this.#ports.openStore(name);
      version = file.store.version ?? schemaVersion;
    } catch (error) {
      const hasBefore = this.#hasBefore(name);
      this.setAside(name, error instanceof Error ? error.message : String(error), hasBefore);
      if (hasBefore) copyFileSync(beforeOf(this.#pathOf(name)), this.#pathOf(name));
      return this.#ports.openStore(name);
    }
    if (typeof version === 'number' && version > schemaVersion) {
      throw new DownloadError('E_STATE', `${file.path} was written by a newer Sluice (version ${version}): use that one`);
    }
    return file;
  }

  /** Writes it whole; what it held stays beside it until the next time, so that a file that is damaged costs its last write alone. */
  write(file: StoreFile, values: Record<string, unknown>): void {
    const before = beforeOf(file.path);
    try {
      rmSync(before, { force: true });
      // The new file takes the name, and leaves this one as it is.
      linkSync(file.path, before);
    } catch {
      // It is the first write, or the file system has no links: then there is none.
    }
    file.store = { version: schemaVersion, ...values };
  }

  /** What cannot be read is never treated as empty: it is kept under another name, and said. */
  setAside(name: string, reason: string, hasBefore = false): void {
    const path = this.#pathOf(name);
    if (!existsSync(path)) return;
    const aside = `${path}.unreadable-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(path, aside);
    const instead = hasBefore ? ', and what it held before its last change is used' : '';
    this.#ports.onSetAside(`${path} cannot be read (${firstLine(reason)}): it was set aside as ${aside}${instead}`);
  }

  /** There is what it held before its last write, and that can be read. */
  #hasBefore(name: string): boolean {
    try {
      JSON.parse(readFileSync(beforeOf(this.#pathOf(name)), 'utf8'));
      return true;
    } catch {
      return false;
    }
  }

  #pathOf(name: string): string {
    return join(this.#ports.dataFolder, `${name}.json`);
  }
}

const beforeOf = (path: string): string => `${path}.before`;

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 200);
