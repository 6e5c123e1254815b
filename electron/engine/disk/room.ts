/**
 * Whether a file fits: what a volume has free, less what the downloads under way still have to write there. A sparse part
 * holds no room, so two files that fit one by one would else meet at a full disk.
 */
import { basename } from 'node:path';
import { DownloadError } from '#engine/errors';
import { toDiskError } from './disk-errors.ts';
import type { FileIo } from './file-io.ts';

/** Left free for others, or a fiftieth of a small volume. */
const RESERVE_BYTES = 64 * 1024 * 1024;
const RESERVE_SHARE = 0.02;
const MiB = 1024 * 1024;
/** For less the disk is not asked first: the reserve holds many of them, and asking takes as long as fetching one. */
const SMALL_BYTES = MiB;
/** FAT, whose files end before 4 GiB. */
const fatType = 0x4d44;
const fatLimitBytes = 2 ** 32 - 1;

/** What one download still has to write. */
interface Need {
  readonly device: bigint;
  remaining(): number;
}

export class Room {
  readonly #io: FileIo;
  readonly #needs = new Set<Need>();

  constructor(io: FileIo) {
    this.#io = io;
  }

  /**
   * Takes room in `directory` for a file of `size` bytes, of which `remaining()` are not written yet; undefined where the size
   * is not known. Who came first is served first. @returns what gives it back.
   * @throws DownloadError E_FS_FULL, E_FS_LIMIT.
   */
  async take(directory: string, size: number | undefined, remaining: () => number): Promise<() => void> {
    if (size === undefined || size < SMALL_BYTES) return () => {};
    let need: Need | undefined;
    try {
      // With the dot the folder itself is meant, where a symbolic link leads to it.
      const folder = await this.#io.identity(`${directory}/.`);
      const mine = { device: folder?.dev ?? 0n, remaining };
      need = mine;
      this.#needs.add(mine);
      const space = await this.#io.space(directory);
      if (space.type === fatType && size > fatLimitBytes) {
        throw new DownloadError('E_FS_LIMIT', `a file of ${Math.ceil(size / MiB)} MiB is too large for the file system (FAT)`);
      }
      const reserve = Math.min(RESERVE_BYTES, space.total * RESERVE_SHARE);
      const missing = this.#before(mine) + remaining() + reserve - space.free;
      if (remaining() > 0 && missing > 0) {
        const message = `not enough space in ${basename(directory)}: ${Math.ceil(missing / MiB)} MiB more are needed`;
        throw new DownloadError('E_FS_FULL', message);
      }
      return () => void this.#needs.delete(mine);
    } catch (error) {
      if (need) this.#needs.delete(need);
      throw toDiskError(error, 'look into', directory);
    }
  }

  /** What those who came earlier still need on the same volume. */
  #before(mine: Need): number {
    let sum = 0;
    for (const need of this.#needs) {
      if (need === mine) break;
      if (need.device === mine.device) sum += need.remaining();
    }
    return sum;
  }
}
