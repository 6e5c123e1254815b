/** What a file on disk must be: the source, the source in some ranges, or at least without poison. */
import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import type { Interval } from '#shared/download';
import { type Content, poisonByte } from './content.ts';

const stepBytes = 1024 * 1024;

async function* readSteps(path: string, range?: Interval): AsyncGenerator<{ bytes: Buffer; offset: number }> {
  await using handle = await open(path, 'r');
  const end = range?.end ?? (await handle.stat()).size;
  for (let offset = range?.start ?? 0; offset < end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(stepBytes, end - offset));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    assert.notEqual(bytesRead, 0, `${path} ends at ${offset}, expected it to reach ${end}`);
    yield { bytes: buffer.subarray(0, bytesRead), offset };
    offset += bytesRead;
  }
}

/** @throws unless the file is the source, byte for byte and no longer. */
export async function expectFileEqualsSource(path: string, source: Content): Promise<void> {
  await using handle = await open(path, 'r');
  assert.equal((await handle.stat()).size, source.size, `size of ${path}`);
  await expectRangesEqualSource(path, [{ start: 0, end: source.size }], source);
}

/** @throws unless the file holds the source's bytes in each of `ranges`. */
export async function expectRangesEqualSource(path: string, ranges: readonly Interval[], source: Content): Promise<void> {
  for (const range of ranges) {
    for await (const { bytes, offset } of readSteps(path, range)) {
      const difference = source.firstDifference(bytes, offset);
      assert.equal(difference, undefined, `${path} differs from source ${source.seed} at byte ${difference}`);
    }
  }
}

/** @throws if a byte of a refused body got into the file. */
export async function expectNoPoison(path: string): Promise<void> {
  for await (const { bytes, offset } of readSteps(path)) {
    const index = bytes.indexOf(poisonByte);
    assert.equal(index, -1, `${path} holds a byte of a refused body at ${offset + index}`);
  }
}
