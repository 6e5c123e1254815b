/**
 * One record of a checkpoint as it lies on disk, and what a record still proves later. Pure.
 *
 *   0  magic      8    12  payload bytes  4    22  CRC-32 of bytes 8-21 and the payload  4
 *   8  version    4    16  sequence       6    26  payload, JSON
 *
 * A slot is one page, so only a power cut can tear it, and then the CRC tells.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { clipTo, difference, union } from '#engine/intervals';
import type { Interval } from '#shared/download';
import type { FileIdentity } from './file-io.ts';

export const slotBytes = 4096;

/** Which file on which server, and which file here, the claims are about. */
export interface CheckpointIdentity {
  /** By `urlHash`: the address itself may hold secrets. */
  readonly urlHash: string;
  readonly size?: number | undefined;
  /** As sent; a record that was read has its `validatorForm`. */
  readonly etag?: string | undefined;
  /** As `etag`. */
  readonly lastModified?: string | undefined;
  readonly dev: bigint;
  readonly ino: bigint;
  /** The run of the kernel in which `soft` was written. */
  readonly bootId?: string | undefined;
}

export interface CheckpointRecord extends CheckpointIdentity {
  /** Claims that were synced: true whatever happened since. */
  readonly hard: readonly Interval[];
  /** Claims that were written: true while the kernel has not stopped since. */
  readonly soft: readonly Interval[];
}

const magic = 'SluiceCk';
const formatVersion = 1;
const headerBytes = 26;
/** Keeps a forged sequence from leaving no room to count on. */
const highestSequence = 2 ** 47;

/** Names an address without telling it; the fragment never reaches the server. */
export function urlHash(url: string | URL): string {
  const address = new URL(url);
  address.hash = '';
  return createHash('sha256').update(address.href).digest('hex');
}

/** A validator as records hold it: itself, or its hash if long or not plain text. Compare only forms with forms. */
export function validatorForm(validator: string): string;
export function validatorForm(validator: string | undefined): string | undefined;
export function validatorForm(validator: string | undefined): string | undefined {
  if (validator === undefined || /^[\x20-\x7e]{0,128}$/.test(validator)) return validator;
  const weak = /^W\//.test(validator) ? 'W/' : '';
  return `${weak}sha256:${createHash('sha256').update(validator).digest('hex')}`;
}

/** What is lost is a repeated transfer; what is never lost is the truth of the claims that are kept: the largest that fit. */
function fitting(record: CheckpointRecord, roomBytes: number): Pick<CheckpointRecord, 'hard' | 'soft'> {
  const { hard } = record;
  const soft = difference(record.soft, hard);
  const largestFirst = [...hard, ...soft].sort((one, other) => other.end - other.start - (one.end - one.start));
  let room = roomBytes;
  const firstDropped = largestFirst.findIndex(({ start, end }) => {
    room -= `[${start},${end}],`.length;
    return room < 0;
  });
  if (firstDropped === -1) return { hard, soft };
  const kept = new Set(largestFirst.slice(0, firstDropped));
  return { hard: hard.filter((each) => kept.has(each)), soft: soft.filter((each) => kept.has(each)) };
}

const pairs = (list: readonly Interval[]) => list.map(({ start, end }) => [start, end]);

/** The slot of `record`. Of `soft` only what `hard` does not claim anyway is stored. */
export function encodeSlot(sequence: number, record: CheckpointRecord): Buffer {
  const { urlHash, size, bootId } = record;
  const [etag, lastModified] = [validatorForm(record.etag), validatorForm(record.lastModified)];
  const identity = { urlHash, size, etag, lastModified, dev: String(record.dev), ino: String(record.ino), bootId };
  const toJson = ({ hard, soft }: Pick<CheckpointRecord, 'hard' | 'soft'>) =>
    Buffer.from(JSON.stringify({ ...identity, hard: pairs(hard), soft: pairs(soft) }));
  const roomBytes = slotBytes - headerBytes - toJson({ hard: [], soft: [] }).length;
  const payload = toJson(fitting(record, roomBytes));
  const slot = Buffer.alloc(slotBytes);
  slot.write(magic, 0, 'latin1');
  slot.writeUInt32BE(formatVersion, 8);
  slot.writeUInt32BE(payload.length, 12);
  slot.writeUIntBE(sequence, 16, 6);
  slot.writeUInt32BE(crc32(payload, crc32(slot.subarray(8, 22))), 22);
  payload.copy(slot, headerBytes);
  return slot;
}

/** Reads a slot. Total: whatever the bytes are, it is a valid record or undefined. */
export function decodeSlot(slot: Buffer): { readonly sequence: number; readonly record: CheckpointRecord } | undefined {
  if (slot.length < headerBytes || slot.toString('latin1', 0, 8) !== magic || slot.readUInt32BE(8) !== formatVersion)
    return undefined;
  const payload = slot.subarray(headerBytes, headerBytes + slot.readUInt32BE(12));
  const sequence = slot.readUIntBE(16, 6);
  if (payload.length !== slot.readUInt32BE(12) || sequence > highestSequence) return undefined;
  if (slot.readUInt32BE(22) !== crc32(payload, crc32(slot.subarray(8, 22)))) return undefined;
  const record = readRecord(payload.toString());
  return record && { sequence, record };
}

const isOffset = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isShortText = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value.length <= 256);
const isMatch = (value: unknown, pattern: RegExp): value is string => typeof value === 'string' && pattern.test(value);

function readRecord(json: string): CheckpointRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { urlHash, size, etag, lastModified, dev, ino, bootId, hard, soft } = value as Record<string, unknown>;
  if (!isMatch(urlHash, /^[0-9a-f]{64}$/) || !isMatch(dev, /^-?\d{1,20}$/) || !isMatch(ino, /^-?\d{1,20}$/)) return undefined;
  if (!isShortText(etag) || !isShortText(lastModified) || !isShortText(bootId)) return undefined;
  if (size !== undefined && !isOffset(size)) return undefined;
  const limit = size ?? Number.MAX_SAFE_INTEGER;
  const claims = { hard: readIntervals(hard, limit), soft: readIntervals(soft, limit) };
  if (claims.hard === undefined || claims.soft === undefined) return undefined;
  const identity = { urlHash, size, etag, lastModified, dev: BigInt(dev), ino: BigInt(ino), bootId };
  return { ...identity, hard: claims.hard, soft: claims.soft };
}

function readIntervals(value: unknown, limit: number): Interval[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const list: Interval[] = [];
  for (const pair of value as unknown[]) {
    const [start, end] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
    if (!isOffset(start) || !isOffset(end) || start >= end || end > limit) return undefined;
    if (start < (list.at(-1)?.end ?? 0)) return undefined;
    list.push({ start, end });
  }
  return list;
}

/**
 * What a record still proves of the part found at its path; undefined if that is another file. Soft claims count only while
 * the kernel that took the bytes provably still runs (both boot ids known and equal). Nothing is claimed beyond the file's
 * end. Device numbers are handed out anew at each boot (btrfs, NFS, USB), so a differing one proves something only within one.
 */
export function claimsAfterRestart(
  record: CheckpointRecord,
  bootId: string | undefined,
  part: Pick<FileIdentity, 'dev' | 'ino' | 'size' | 'isFile'>,
): Interval[] | undefined {
  const isSameBoot = bootId !== undefined && bootId === record.bootId;
  if (!part.isFile || part.ino !== record.ino || (isSameBoot && part.dev !== record.dev)) return undefined;
  return clipTo(heldClaims(record, bootId), part.size);
}

/** What the record claims, whatever has become of the part since. */
export function heldClaims(record: CheckpointRecord, bootId: string | undefined): Interval[] {
  return bootId !== undefined && bootId === record.bootId ? union(record.hard, record.soft) : union([], record.hard);
}
