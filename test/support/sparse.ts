/**
 * A file of any size that costs nothing: zeros but for a few ranges, and its part of which only those ranges are missing.
 * So a download can be brought to any offset without the hours before it.
 */
import { open, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Interval } from '#shared/download';
import { Checkpoint } from '../../electron/engine/disk/checkpoint.ts';
import { type CheckpointIdentity, urlHash } from '../../electron/engine/disk/checkpoint-format.ts';
import { nodeFileIo } from '../../electron/engine/disk/file-io.ts';
import { encodeExtent } from '../../electron/engine/disk/sums.ts';
import { holes, intersect } from '../../electron/engine/intervals.ts';
import { type Content, content } from './content.ts';

const sliceBytes = 64 * 1024;
/** As long as an extent the engine records itself. */
const extentBytes = 4 * 1024 * 1024;
const zeros = Buffer.alloc(extentBytes);

/** Zeros, and within `filled` (ascending, disjoint) the bytes of `content(seed, size)`. */
export function sparseContent(seed: number, size: number, filled: readonly Interval[]): Content {
  const inner = content(seed, size);
  const empty = holes(filled, size);
  function* slices(start: number, end: number): Generator<Buffer> {
    const inside = intersect(filled, [{ start, end }]).map((range) => ({ ...range, isFilled: true }));
    const outside = intersect(empty, [{ start, end }]).map((range) => ({ ...range, isFilled: false }));
    for (const range of [...inside, ...outside].sort((one, other) => one.start - other.start)) {
      if (range.isFilled) yield* inner.slices(range.start, range.end);
      else
        for (let at = range.start; at < range.end; at += sliceBytes)
          yield zeros.subarray(0, Math.min(sliceBytes, range.end - at));
    }
  }
  function firstDifference(bytes: Uint8Array, offset: number): number | undefined {
    let position = 0;
    for (const slice of slices(offset, offset + bytes.length)) {
      if (!slice.equals(bytes.subarray(position, position + slice.length))) return offset + position;
      position += slice.length;
    }
    return undefined;
  }
  return {
    seed,
    size,
    slices,
    firstDifference,
    matches: (bytes, offset) => firstDifference(bytes, offset) === undefined,
    sha256: () => Promise.reject(new Error('too much to hash')),
  };
}

/** The sums of what an earlier run received there: zeros. */
function sumsOf(claims: readonly Interval[]): Buffer {
  const wholeCrc = crc32(zeros);
  const records: Buffer[] = [];
  for (const { start, end } of claims) {
    for (let at = start; at < end; at += extentBytes) {
      const to = Math.min(end, at + extentBytes);
      const crc = to - at === extentBytes ? wholeCrc : crc32(zeros.subarray(0, to - at));
      records.push(encodeExtent({ start: at, end: to, crc }));
    }
  }
  return Buffer.concat(records);
}

/** Leaves what a run leaves that had fetched all of `url` but `missing`. */
export async function leaveSparsePart(
  partPath: string,
  file: Pick<CheckpointIdentity, 'etag' | 'lastModified'> & { readonly url: string; readonly size: number },
  missing: readonly Interval[],
): Promise<void> {
  {
    await using part = await open(partPath, 'wx');
    await part.truncate(file.size);
  }
  const claims = holes(missing, file.size);
  await writeFile(`${partPath}.sums`, sumsOf(claims));
  const found = await nodeFileIo.identity(partPath);
  if (found === undefined) throw new Error(`${partPath} is not there`);
  const { url, ...identity } = file;
  const id = { ...identity, urlHash: urlHash(url), dev: found.dev, ino: found.ino };
  const checkpoint = await Checkpoint.create(nodeFileIo, `${partPath}.ckpt`, id);
  await checkpoint.writeHard(claims, () => Promise.resolve());
  await checkpoint.close();
}
