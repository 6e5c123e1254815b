/** Free names: each download of this process gets a name that no file has and no other download is going to have. */
import { join } from 'node:path';
import { DownloadError } from '#engine/errors';

const highestNumber = 9999;

/** `numbered('archive.tar.gz', 2)` is `archive (2).tar.gz`; a leading dot or a blank after a dot begins no extension. */
export function numbered(name: string, count: number): string {
  const at = name.search(/(?<=.)(?:\.tar)?\.[^.\s]{1,16}$/i);
  const stem = at === -1 ? name : name.slice(0, at);
  return `${stem} (${count})${name.slice(stem.length)}`;
}

/** `name`, then `name (1)`, `name (2)` … */
export function* candidates(name: string): Generator<string> {
  yield name;
  for (let count = 1; count <= highestNumber; count += 1) yield numbered(name, count);
}

/** As the pickiest file system compares; elsewhere it costs a number at worst. Case first: it may leave what NFC joins. */
const keyOf = (path: string): string => path.toLowerCase().normalize('NFC');

export interface ReservedName {
  readonly name: string;
  /** To be called when the file is in place or given up. */
  readonly release: () => void;
}

export class NameRegistry {
  readonly #reserved = new Set<string>();

  /** Another download of this process is at it. */
  isReserved(directory: string, name: string): boolean {
    return this.#reserved.has(keyOf(join(directory, name)));
  }

  /**
   * The first free name. `exists` is asked about the file itself and about its `.part`; let it deny what may be used all the
   * same: the part this download resumes, the file it is to overwrite.
   */
  async reserve(directory: string, name: string, exists: (path: string) => Promise<boolean>): Promise<ReservedName> {
    for (const candidate of candidates(name)) {
      const path = join(directory, candidate);
      const key = keyOf(path);
      if (this.#reserved.has(key)) continue;
      // Reserved before asking the disk, so that whoever asks meanwhile gets another one.
      this.#reserved.add(key);
      const release = () => void this.#reserved.delete(key);
      try {
        if (!(await exists(path)) && !(await exists(`${path}.part`))) return { name: candidate, release };
      } catch (error) {
        release();
        throw error;
      }
      release();
    }
    throw new DownloadError('E_INPUT', `${name} and its first ${highestNumber} numbered names are taken in ${directory}`);
  }
}
