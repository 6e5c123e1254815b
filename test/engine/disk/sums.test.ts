import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeFileIo } from '../../../electron/engine/disk/file-io.ts';
import { PartFile } from '../../../electron/engine/disk/part-file.ts';
import { decodeExtent, encodeExtent, newestOf, provenBy, Sums } from '../../../electron/engine/disk/sums.ts';
import { tempDirectory } from '../../support/temp.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

test('an extent reads back as it was written, anywhere in a file of 100 TiB', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 46 }),
      fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (start, length, crc) => {
        expect(decodeExtent(encodeExtent({ start, end: start + length, crc }))).toEqual({ start, end: start + length, crc });
      },
    ),
  );
});

test('a record with any byte changed is none', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 17 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const record = encodeExtent({ start: 4096, end: 8192, crc: 7 });
      record[at] = (record[at] as number) ^ change;
      expect(decodeExtent(record)).toBeUndefined();
    }),
  );
});

test('batches that follow one another share a record, up to four megabytes', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('file.part.sums');
  const sums = await Sums.create(nodeFileIo, path);
  for (let start = 0; start < 10 * MiB; start += 256 * KiB) sums.note(start, [Buffer.alloc(256 * KiB, start / KiB)]);
  await sums.close();
  const { sums: again, extents } = await Sums.open(nodeFileIo, path);
  await again.close();
  expect(extents.map(({ start, end }) => [start / MiB, end / MiB])).toEqual([
    [0, 4],
    [4, 8],
    [8, 10],
  ]);
});

test('a torn tail costs its own record, and the log goes on behind it', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('file.part.sums');
  const sums = await Sums.create(nodeFileIo, path);
  sums.note(0, [Buffer.from('abc')]);
  await sums.flush();
  sums.note(100, [Buffer.from('def')]);
  await sums.close();
  await truncate(path, (await readFile(path)).length - 5);
  const torn = await Sums.open(nodeFileIo, path);
  expect(torn.extents.map(({ start }) => start)).toEqual([0]);
  torn.sums.note(200, [Buffer.from('ghi')]);
  await torn.sums.close();
  const { sums: last, extents } = await Sums.open(nodeFileIo, path);
  await last.close();
  expect(extents.map(({ start }) => start)).toEqual([0, 200]);
});

test('any bytes in place of a log give no extent that was not written, and never throw', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('file.part.sums');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await writeFile(path, bytes);
      const { sums, extents } = await Sums.open(nodeFileIo, path);
      await sums.close();
      expect(extents).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('a later record replaces those it covers; what it only touches still holds', () => {
  const old = { start: 0, end: 100, crc: 1 };
  const other = { start: 100, end: 200, crc: 2 };
  const fresh = { start: 50, end: 60, crc: 3 };
  expect(newestOf([old, other, fresh])).toEqual([old, fresh, other]);
  expect(newestOf([fresh, old, other])).toEqual([old, other]);
});

test('a claim is worth what whole records within it prove', () => {
  const extents = [
    { start: 0, end: 100, crc: 1 },
    { start: 100, end: 200, crc: 2 },
    { start: 300, end: 400, crc: 3 },
  ];
  const proven = provenBy(extents, [
    { start: 0, end: 150 },
    { start: 250, end: 500 },
  ]);
  expect(proven.claims).toEqual([
    { start: 0, end: 100 },
    { start: 300, end: 400 },
  ]);
  expect(proven.extents).toEqual([extents[0], extents[2]]);
});

test('what is appended by nobody is not read', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('file.part.sums');
  const sums = await Sums.create(nodeFileIo, path);
  sums.note(0, [Buffer.from('abc')]);
  await sums.close();
  await appendFile(path, Buffer.alloc(36));
  const { sums: again, extents } = await Sums.open(nodeFileIo, path);
  await again.close();
  expect(extents).toHaveLength(1);
});

test('what was written while sums were deferred is read back, and has the sum of what was written', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('file.part.sums');
  const bytes = Buffer.from(Array.from({ length: 3 * MiB }, (_, index) => (index * 31) % 251));
  await writeFile(directory.file('file.part'), bytes);
  await using part = await PartFile.open(nodeFileIo, directory.file('file.part'));
  const sums = await Sums.create(nodeFileIo, path);
  sums.defer();
  sums.note(0, [bytes.subarray(0, MiB)]);
  sums.note(2 * MiB, [bytes.subarray(2 * MiB)]);
  // Never arrived: the file ends before.
  sums.note(5 * MiB, [Buffer.alloc(100)]);
  await sums.readBack(part);
  sums.note(MiB, [bytes.subarray(MiB, 2 * MiB)]);
  await sums.close();
  const { sums: again, extents } = await Sums.open(nodeFileIo, path);
  await again.close();
  expect(provenBy(extents, [{ start: 0, end: 6 * MiB }]).claims).toEqual([{ start: 0, end: 3 * MiB }]);
  for (const { start, end, crc } of extents) expect(crc).toBe(crc32(bytes.subarray(start, end)));
});
