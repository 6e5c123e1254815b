/**
 * Which unfinished downloads lie in a folder, by the address they came from. A thousand downloads into one folder must not
 * read it a thousand times, so what was read is believed for a few seconds; what this engine made itself is known at once.
 */
import { join } from 'node:path';
import type { Clock } from '#engine/clock';
import { Checkpoint, checkpointPath } from './checkpoint.ts';
import { toDiskError } from './disk-errors.ts';
import type { FileIo } from './file-io.ts';

export const partSuffix = '.part';
const believedMs = 5000;

interface Folder {
  readonly readAt: number;
  readonly names: Promise<Map<string, Set<string>>>;
}

export class LeftParts {
  readonly #io: FileIo;
  readonly #clock: Clock;
  readonly #folders = new Map<string, Folder>();

  constructor(io: FileIo, clock: Clock) {
    this.#io = io;
    this.#clock = clock;
  }

  /** Names of files whose unfinished part came from the address of `urlHash`. */
  async namesOf(directory: string, urlHash: string): Promise<string[]> {
    let folder = this.#folders.get(directory);
    if (folder === undefined || this.#clock.now() - folder.readAt > believedMs) {
      folder = { readAt: this.#clock.now(), names: this.#read(directory) };
      this.#folders.set(directory, folder);
    }
    return [...((await folder.names).get(urlHash) ?? [])];
  }

  /** A part was made. */
  async add(directory: string, urlHash: string, name: string): Promise<void> {
    const names = await this.#folders.get(directory)?.names;
    if (names) put(names, urlHash, name);
  }

  async #read(directory: string): Promise<Map<string, Set<string>>> {
    const suffix = checkpointPath(partSuffix);
    const names = new Map<string, Set<string>>();
    try {
      for (const file of await this.#io.list(directory)) {
        if (!file.endsWith(suffix)) continue;
        const loaded = await Checkpoint.load(this.#io, join(directory, file));
        if (loaded.type === 'loaded') put(names, loaded.record.urlHash, file.slice(0, -suffix.length));
      }
    } catch (error) {
      this.#folders.delete(directory);
      throw toDiskError(error, 'look into', directory);
    }
    return names;
  }
}

function put(names: Map<string, Set<string>>, urlHash: string, name: string): void {
  const known = names.get(urlHash);
  if (known) known.add(name);
  else names.set(urlHash, new Set([name]));
}
