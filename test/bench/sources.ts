/** The files that are fetched: random bytes, so that nothing on the way can shorten them. */
import { execFile } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { content } from '../support/content.ts';

const MiB = 1024 * 1024;

export interface SourceFile {
  /** Path below the folder that is served. */
  readonly name: string;
  readonly size: number;
  /** Its bytes are then those of this seed, so that an origin of ours serves them without a file; else they are random. */
  readonly seed?: number;
  /** Nothing but a hole: costs no room. */
  readonly isHole?: boolean;
}

export const largeFile: SourceFile = { name: 'large.bin', size: 1024 * MiB };
export const cappedFile: SourceFile = { name: 'capped.bin', size: 512 * MiB, seed: 1 };
export const unevenFile: SourceFile = { name: 'uneven.bin', size: 96 * MiB, seed: 2 };
export const limitedFile: SourceFile = { name: 'limited.bin', size: 128 * MiB };
export const hugeFile: SourceFile = { name: 'huge.bin', size: 10 * 1024 * MiB, isHole: true };
export const smallFiles: readonly SourceFile[] = Array.from({ length: 1000 }, (_, index) => ({
  name: `small-${String(index).padStart(4, '0')}.bin`,
  size: 64 * 1024,
}));

/** Writes it; it is then in the page cache too, so that the server's disk plays no part. */
export async function makeFile(directory: string, { name, size, seed, isHole }: SourceFile): Promise<void> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx');
  const bytes = Buffer.allocUnsafe(Math.min(size, 16 * MiB));
  try {
    if (isHole) return await file.truncate(size);
    if (seed !== undefined) return await file.writeFile(content(seed, size).slices(0, size));
    for (let position = 0; position < size; position += bytes.length) {
      const part = randomFillSync(bytes).subarray(0, Math.min(bytes.length, size - position));
      await file.writev([part], position);
    }
  } finally {
    await file.close();
  }
}

/** Whether the fetched file is the same, byte for byte. @throws where one is missing. */
export async function isSame(one: string, other: string): Promise<boolean> {
  try {
    await promisify(execFile)('cmp', ['-s', one, other]);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false;
    throw new Error(`cannot compare ${one} with ${other}`, { cause: error });
  }
}
