/**
 * Records of any kind beside a part: cut, empty, of another version, of another file, or noise. Whatever lies there, looking for
 * something to go on with never throws, never claims a byte that is not there, and what cannot be gone on with is kept aside, said.
 */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Checkpoint } from '../../../electron/engine/disk/checkpoint.ts';
import { type CheckpointRecord, encodeSlot, slotBytes, urlHash } from '../../../electron/engine/disk/checkpoint-format.ts';
import { LeftParts } from '../../../electron/engine/disk/left-parts.ts';
import { NameRegistry } from '../../../electron/engine/disk/names-taken.ts';
import { Room } from '../../../electron/engine/disk/room.ts';
import { type PartPorts, StoredPart } from '../../../electron/engine/disk/stored-part.ts';
import { encodeExtent } from '../../../electron/engine/disk/sums.ts';
import { checkEngineOptions } from '../../../electron/engine/options.ts';
import { content } from '../../support/content.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { PowerDisk } from '../../support/power-disk.ts';

const KiB = 1024;
const size = 1024 * KiB;
const claimedBytes = 64 * KiB;
const directory = '/folder';
const name = 'file.bin';
const partPath = `${directory}/${name}.part`;
const url = new URL('http://example.test/file.bin');
const source = content(9, size);
const claimed = Buffer.concat([...source.slices(0, claimedBytes)]);
const sums = encodeExtent({ start: 0, end: claimedBytes, crc: crc32(claimed) });

/** The record of the part that really lies there. */
const right = (ino: bigint): CheckpointRecord => ({
  urlHash: urlHash(url),
  size,
  etag: '"v1"',
  dev: 1n,
  ino,
  bootId: 'boot',
  hard: [{ start: 0, end: claimedBytes }],
  soft: [],
});

type Case =
  | { readonly type: 'cut'; readonly length: number }
  | { readonly type: 'noise'; readonly bytes: Uint8Array }
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'other'; readonly what: 'file' | 'address' | 'size' }
  | { readonly type: 'flips'; readonly bits: readonly number[] }
  | { readonly type: 'payload'; readonly json: string };

const cases: fc.Arbitrary<Case> = fc.oneof(
  fc.oneof(fc.constant(0), fc.nat(2 * slotBytes)).map((length): Case => ({ type: 'cut', length })),
  fc.uint8Array({ maxLength: 300 }).map((bytes): Case => ({ type: 'noise', bytes })),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((version): Case => ({ type: 'version', version })),
  fc.constantFrom('file', 'address', 'size').map((what): Case => ({ type: 'other', what })),
  fc.array(fc.nat(8 * 400), { minLength: 1, maxLength: 8 }).map((bits): Case => ({ type: 'flips', bits })),
  // A whole slot with a right check, around anything.
  fc.oneof(fc.json(), fc.string()).map((json): Case => ({ type: 'payload', json })),
);

/** A slot whose check is right, whatever it holds. */
function slotAround(payload: Buffer, version = 1): Buffer {
  const slot = Buffer.alloc(slotBytes);
  slot.write('SluiceCk', 0, 'latin1');
  slot.writeUInt32BE(version, 8);
  slot.writeUInt32BE(payload.length, 12);
  slot.writeUIntBE(7, 16, 6);
  slot.writeUInt32BE(crc32(payload, crc32(slot.subarray(8, 22))), 22);
  payload.copy(slot, 26);
  return slot;
}

function recordFor(each: Case, ino: bigint): Buffer {
  const whole = Buffer.concat([encodeSlot(1, right(ino)), Buffer.alloc(slotBytes)]);
  switch (each.type) {
    case 'cut':
      return whole.subarray(0, each.length);
    case 'noise':
      return Buffer.from(each.bytes);
    case 'version': {
      const length = whole.readUInt32BE(12);
      return Buffer.concat([slotAround(whole.subarray(26, 26 + length), each.version), Buffer.alloc(slotBytes)]);
    }
    case 'other': {
      const other = {
        file: { ino: ino + 7n },
        address: { urlHash: urlHash('http://other.test/') },
        size: { size: size * 3, hard: [{ start: 0, end: size * 2 }] },
      };
      return Buffer.concat([encodeSlot(1, { ...right(ino), ...other[each.what] }), Buffer.alloc(slotBytes)]);
    }
    case 'flips': {
      const bytes = Buffer.from(whole);
      for (const bit of each.bits) bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      return bytes;
    }
    case 'payload':
      return slotAround(Buffer.from(each.json).subarray(0, slotBytes - 26));
  }
}

async function put(disk: PowerDisk, path: string, bytes: Buffer, length = bytes.length): Promise<void> {
  const file = await disk.open(path, 'create');
  await file.writev([bytes], 0);
  if (length > bytes.length) await file.truncate(length);
  await file.close();
}

test('of 10,000 damaged, foreign and made-up records none does harm, and each that is refused is said and its part kept aside', async () => {
  const seen = { goneOnWith: 0, aside: 0, numbered: 0 };
  await fc.assert(
    fc.asyncProperty(cases, fc.boolean(), async (each, isNamed) => {
      const disk = new PowerDisk();
      await put(disk, partPath, claimed, size);
      const ino = (await disk.identity(partPath))?.ino ?? 0n;
      await put(disk, `${partPath}.ckpt`, recordFor(each, ino));
      await put(disk, `${partPath}.sums`, sums);
      const notes: string[] = [];
      const clock = new ManualClock();
      const ports: PartPorts = {
        io: disk,
        clock,
        options: checkEngineOptions({}),
        names: new NameRegistry(),
        left: new LeftParts(disk, clock),
        room: new Room(disk),
        bootId: 'boot',
        onError: (error) => {
          throw error;
        },
        note: (_code, message) => notes.push(message),
      };
      const target = { directory, ifExists: 'rename', ...(isNamed ? { name } : {}) } as const;
      const left = await StoredPart.find(ports, target, url);
      if (left?.type === 'part') {
        seen.goneOnWith += 1;
        // Nothing is claimed but what is there and has its sum.
        expect(left.found.claims).toEqual([{ start: 0, end: claimedBytes }]);
        await left.stored.close(true);
        return;
      }
      expect(left).toBeUndefined();
      const stored = await StoredPart.create(ports, target, name, url, { size, etag: '"v1"', isWebPage: false });
      const made = disk.bytesAt(`${directory}/${stored.name}.part`);
      expect(made?.length).toBe(size);
      expect(made?.subarray(0, claimedBytes).some((byte) => byte !== 0)).toBe(false);
      const kept = disk.bytesAt(stored.name === name ? `${partPath}.aside` : partPath);
      expect(kept?.subarray(0, claimedBytes).equals(claimed)).toBe(true);
      if (stored.name === name) {
        seen.aside += 1;
        expect(notes).toHaveLength(1);
        expect(notes[0]).toContain('file.bin.part.aside');
      } else {
        // A whole record of another address: another download's.
        seen.numbered += 1;
        expect(each).toEqual({ type: 'other', what: 'address' });
      }
      await stored.close(true);
      const loaded = await Checkpoint.load(disk, `${directory}/${stored.name}.part.ckpt`);
      expect(loaded.type).toBe('loaded');
    }),
    { numRuns: 10_000 },
  );
  expect(Math.min(seen.goneOnWith, seen.aside, seen.numbered), JSON.stringify(seen)).toBeGreaterThan(50);
}, 120_000);
