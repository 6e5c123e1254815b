import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect, content, joined, literal, poison, poisonByte } from './content.ts';
import { expectFileEqualsSource, expectNoPoison, expectRangesEqualSource } from './expect-file.ts';
import { tempDirectory } from './temp.ts';

describe('content', () => {
  test('any range equals the same range of the whole, and its hash is that of the bytes', async () => {
    const source = content(7, 300_001);
    const whole = collect(source);
    expect(whole.length).toBe(300_001);
    expect(createHash('sha256').update(whole).digest('hex')).toBe(await source.sha256());
    const offset = fc.integer({ min: 0, max: 300_001 });
    fc.assert(
      fc.property(offset, offset, (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(collect(source, start, end).equals(whole.subarray(start, end))).toBe(true);
        expect(source.matches(whole.subarray(start, end), start)).toBe(true);
      }),
    );
  });

  test('offsets far beyond 2^32 are exact and differ from those 2^32 before', () => {
    const source = content(1, 100 * 2 ** 30);
    const far = 2 ** 32 + 12_345;
    const bytes = collect(source, far, far + 5000);
    expect(collect(source, far + 1, far + 5000).equals(bytes.subarray(1))).toBe(true);
    expect(source.matches(bytes, far)).toBe(true);
    expect(source.matches(bytes, far - 2 ** 32)).toBe(false);
    expect(source.firstDifference(Buffer.concat([bytes.subarray(0, 9), Buffer.of(poisonByte)]), far)).toBe(far + 9);
  });

  test('another seed, a shift and poison are told apart, and no source holds poison', () => {
    const source = content(1, 4 * 2 ** 20);
    const bytes = collect(source);
    expect(bytes.includes(poisonByte)).toBe(false);
    expect(content(2, source.size).matches(bytes.subarray(0, 64), 0)).toBe(false);
    expect(source.matches(bytes.subarray(0, 64), 1)).toBe(false);
    expect(collect(poison(100_000)).every((byte) => byte === poisonByte)).toBe(true);
  });

  test('joined sources read as one', () => {
    const both = joined(literal('head'), content(3, 100), literal('tail'));
    const whole = collect(both);
    expect(whole.length).toBe(108);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 108 }), fc.integer({ min: 0, max: 108 }), (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(collect(both, start, end).equals(whole.subarray(start, end))).toBe(true);
      }),
    );
  });
});

test('files are compared with the source and searched for poison', async () => {
  await using directory = await tempDirectory();
  const source = content(5, 3_000_000);
  const bytes = collect(source);
  const path = directory.file('a.bin');
  await writeFile(path, bytes);
  await expectFileEqualsSource(path, source);
  await expectNoPoison(path);
  bytes[2_000_000] = poisonByte;
  await writeFile(path, bytes);
  await expect(expectFileEqualsSource(path, source)).rejects.toThrow('at byte 2000000');
  await expectRangesEqualSource(
    path,
    [
      { start: 0, end: 2_000_000 },
      { start: 2_000_001, end: 3_000_000 },
    ],
    source,
  );
  await expect(expectNoPoison(path)).rejects.toThrow('at 2000000');
  await writeFile(path, collect(source, 0, 2_999_999));
  await expect(expectFileEqualsSource(path, source)).rejects.toThrow('size');
});
