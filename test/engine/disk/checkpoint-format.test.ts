import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import {
  type CheckpointRecord,
  claimsAfterRestart,
  decodeSlot,
  encodeSlot,
  slotBytes,
  urlHash,
  validatorForm,
} from '../../../electron/engine/disk/checkpoint-format.ts';
import { add, difference, sizeOf, union } from '../../../electron/engine/intervals.ts';

const size = 100 * 1024 ** 3;
const record: CheckpointRecord = {
  urlHash: urlHash('https://example.test/file'),
  size,
  etag: '"v1"',
  lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT',
  dev: 2049n,
  ino: 1234567890123n,
  bootId: '0f0e0d0c-0b0a-0908-0706-050403020100',
  hard: [{ start: 0, end: 1000 }],
  soft: [{ start: 0, end: 2000 }],
};

const intervals = (maxLength: number) =>
  fc.array(fc.tuple(fc.nat(size), fc.integer({ min: 1, max: 64 * 1024 ** 2 })), { maxLength, size: 'max' }).map((parts) => {
    const list: Interval[] = [];
    for (const [start, length] of parts) add(list, start, Math.min(size, start + length));
    return list;
  });

const decodedRecord = (slot: Buffer): CheckpointRecord => {
  const decoded = decodeSlot(slot);
  if (decoded === undefined) throw new Error('the slot is refused');
  return decoded.record;
};

test('what is written is read again', () => {
  const slot = encodeSlot(7, record);
  expect(slot.length).toBe(slotBytes);
  expect(decodeSlot(slot)).toEqual({ sequence: 7, record: { ...record, soft: [{ start: 1000, end: 2000 }] } });
});

test('a download of unknown size, without validators and boot id, is written and read', () => {
  const { urlHash, dev, ino, hard } = record;
  expect(decodedRecord(encodeSlot(1, { urlHash, dev, ino, hard, soft: [] }))).toEqual({ urlHash, dev, ino, hard, soft: [] });
});

test('any claims come back as they were if they fit, and never as more', () => {
  let dropped = 0;
  fc.assert(
    fc.property(intervals(200), intervals(200), (hard, soft) => {
      const read = decodedRecord(encodeSlot(1, { ...record, hard, soft }));
      expect(difference(read.hard, hard)).toEqual([]);
      expect(difference(union(read.hard, read.soft), union(hard, soft))).toEqual([]);
      const given = [...hard, ...difference(soft, hard)];
      const kept = [...read.hard, ...read.soft];
      if (kept.length < given.length) dropped += 1;
      // At 29 characters each, this many always fit; and what goes is the smallest.
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(given.length, 120));
      const bySize = (list: Interval[]) => list.map(({ start, end }) => end - start).sort((one, other) => other - one);
      expect(bySize(kept)).toEqual(bySize(given).slice(0, kept.length));
    }),
  );
  expect(dropped).toBeGreaterThan(0);
});

test('a hundred gibibytes over the most connections fit in one page, none dropped', () => {
  const hard = Array.from({ length: 64 }, (_, index) => ({
    start: 10 ** 11 + index * 10 ** 8,
    end: 10 ** 11 + index * 10 ** 8 + 10 ** 7,
  }));
  const soft = hard.map(({ start, end }) => ({ start, end: end + 10 ** 6 }));
  const read = decodedRecord(encodeSlot(1, { ...record, hard, soft }));
  expect(sizeOf(union(read.hard, read.soft))).toBe(sizeOf(soft));
});

test('the address, which may hold secrets, is not in the slot', () => {
  const url = 'https://user:password@example.test/file?X-Signature=abcdef#part';
  const slot = encodeSlot(1, { ...record, urlHash: urlHash(url) }).toString('latin1');
  for (const secret of ['user', 'password', 'example', 'Signature', 'abcdef']) expect(slot).not.toContain(secret);
  expect(urlHash(url)).toBe(urlHash(new URL('https://user:password@example.test/file?X-Signature=abcdef')));
  expect(urlHash(url)).not.toBe(urlHash('https://user:password@example.test/file?X-Signature=abcdeg'));
});

test('a validator too long or too odd to store is stored and compared by its hash, still weak if it was', () => {
  expect(validatorForm('"v1"')).toBe('"v1"');
  expect(validatorForm(undefined)).toBeUndefined();
  const long = `"${'x'.repeat(5000)}"`;
  expect(validatorForm(long)).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(validatorForm(`W/${long}`)).toMatch(/^W\/sha256:[0-9a-f]{64}$/);
  expect(validatorForm(validatorForm(long))).toBe(validatorForm(long));
  expect(validatorForm('"\u00e4"')).toMatch(/^sha256:/);
  const read = decodedRecord(encodeSlot(1, { ...record, etag: long, lastModified: long }));
  expect(read).toMatchObject({ etag: validatorForm(long), lastModified: validatorForm(long), hard: record.hard });
});

test('any bytes are a valid record or none', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => decodeSlot(Buffer.from(bytes)) === undefined));
});

/** A slot whose CRC is right and whose payload is anything. */
function forgedSlot(payload: string, change: (slot: Buffer) => void = () => {}): Buffer {
  const slot = encodeSlot(1, record);
  slot.fill(0, 26);
  slot.writeUInt32BE(Buffer.byteLength(payload), 12);
  slot.write(payload, 26);
  change(slot);
  const end = Math.min(slotBytes, 26 + slot.readUInt32BE(12));
  slot.writeUInt32BE(crc32(slot.subarray(26, end), crc32(slot.subarray(8, 22))), 22);
  return slot;
}

const pair = (start: number, end: number) => [start, end];
const json = { ...record, dev: '1', ino: '2', hard: [[0, 5]], soft: [[5, 9]] };

test('a payload forged well is read, so that the refusals below are for what they change', () => {
  expect(decodeSlot(forgedSlot(JSON.stringify(json)))).toMatchObject({ sequence: 1, record: { hard: [{ start: 0, end: 5 }] } });
});

test.each([
  ['no object', '7'],
  ['null', 'null'],
  ['no JSON', '{"urlHash":'],
  ['an address in place of its hash', JSON.stringify({ ...json, urlHash: 'https://example.test/' })],
  ['a size that is no number', JSON.stringify({ ...json, size: '100' })],
  ['a negative size', JSON.stringify({ ...json, size: -1 })],
  ['a file number that is none', JSON.stringify({ ...json, ino: '0x12' })],
  ['a tag that is no text', JSON.stringify({ ...json, etag: 7 })],
  ['claims that are no list', JSON.stringify({ ...json, hard: { 0: [0, 5] } })],
  ['no claims', JSON.stringify({ ...json, hard: undefined })],
  ['a claim of three numbers', JSON.stringify({ ...json, hard: [[0, 5, 6]] })],
  ['an empty claim', JSON.stringify({ ...json, hard: [[5, 5]] })],
  ['a claim backwards', JSON.stringify({ ...json, hard: [[5, 0]] })],
  ['a fraction', JSON.stringify({ ...json, hard: [[0, 1.5]] })],
  ['a number too large to count with', JSON.stringify({ ...json, size: undefined, hard: [[0, 2 ** 60]] })],
  ['claims that overlap', JSON.stringify({ ...json, hard: [pair(0, 5), pair(4, 9)] })],
  ['claims that descend', JSON.stringify({ ...json, hard: [pair(8, 9), pair(0, 5)] })],
  ['a claim beyond the size', JSON.stringify({ ...json, hard: [[0, size + 1]] })],
])('a payload with %s is refused although its CRC is right', (_what, payload) => {
  expect(decodeSlot(forgedSlot(payload))).toBeUndefined();
});

test.each<[string, (slot: Buffer) => void]>([
  ['of another format', (slot) => slot.write('Other')],
  ['of another version', (slot) => slot.writeUInt32BE(2, 8)],
  ['that says it is longer than the page', (slot) => slot.writeUInt32BE(slotBytes, 12)],
  ['whose sequence could not be counted on', (slot) => slot.writeUIntBE(2 ** 48 - 1, 16, 6)],
])('a slot %s is refused although its CRC is right', (_what, change) => {
  expect(decodeSlot(forgedSlot(JSON.stringify(json), change))).toBeUndefined();
});

const part = { dev: record.dev, ino: record.ino, size, isFile: true };
const whole = [{ start: 0, end: 2000 }];
const hardOnly = [{ start: 0, end: 1000 }];

test.each<[string, CheckpointRecord, string | undefined, typeof part, Interval[] | undefined]>([
  ['the same run of the kernel keeps soft claims', record, record.bootId, part, whole],
  ['F120: another run of the kernel keeps hard claims only', record, 'another', part, hardOnly],
  ['an unknown run of the kernel keeps hard claims only', record, undefined, part, hardOnly],
  ['two unknown runs are not the same run', { ...record, bootId: undefined }, undefined, part, hardOnly],
  ['F112: another file at the path keeps none', record, record.bootId, { ...part, ino: 5n }, undefined],
  [
    'F112: a part cut short keeps what is before the cut',
    record,
    record.bootId,
    { ...part, size: 1500 },
    [{ start: 0, end: 1500 }],
  ],
  ['F112: a part cut to nothing keeps nothing', record, record.bootId, { ...part, size: 0 }, []],
  ['what is no file keeps none', record, record.bootId, { ...part, isFile: false }, undefined],
  ['a file of another device keeps none', record, record.bootId, { ...part, dev: 1n }, undefined],
  ['a device numbered anew at boot keeps hard claims', record, 'another', { ...part, dev: 1n }, hardOnly],
])('%s', (_what, given, bootId, found, claims) => {
  expect(claimsAfterRestart(given, bootId, found)).toEqual(claims);
});
