import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import { Backlog, BatchWriter } from '../../../electron/engine/disk/batch-writer.ts';
import { DownloadError } from '../../../electron/engine/errors.ts';
import { add, uncovered } from '../../../electron/engine/intervals.ts';
import { Slabs } from '../../../electron/engine/slabs.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const KiB = 1024;
const batchBytes = 64 * KiB;

interface Write {
  readonly position: number;
  readonly buffers: readonly Uint8Array[];
  /** Lets it succeed. */
  finish(): Promise<void>;
  fail(): Promise<void>;
}

/** A writer on a disk whose writes take until the test ends them. */
class Desk {
  readonly clock = new ManualClock();
  readonly backlog: Backlog;
  readonly writer: BatchWriter;
  /** Under way, in the order they began. */
  readonly writes: Write[] = [];
  readonly done: Interval[] = [];
  readonly file: Buffer;
  readonly errors: DownloadError[] = [];
  rooms = 0;

  constructor(options: { backlog?: Backlog; fileBytes?: number } = {}) {
    this.backlog = options.backlog ?? new Backlog(64 * 1024 * KiB);
    this.file = Buffer.alloc(options.fileBytes ?? 1024 * KiB);
    this.writer = new BatchWriter({
      clock: this.clock,
      batchBytes,
      backlog: this.backlog,
      write: (buffers, position) => this.#write(buffers, position),
      missing: (start, end) => uncovered(this.done, start, end),
      onWritten: (start, end) => add(this.done, start, end),
      onError: (error) => this.errors.push(error),
      onRoom: () => {
        this.rooms += 1;
      },
    });
  }

  #write(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = async (end: () => void): Promise<void> => {
      this.writes.splice(this.writes.indexOf(write), 1);
      end();
      await new Promise(setImmediate);
    };
    const write: Write = {
      buffers,
      position,
      finish: () => {
        Buffer.concat(buffers).copy(this.file, position);
        return settle(resolve);
      },
      fail: () => settle(() => reject(new DownloadError('E_FS_IO', 'the disk failed'))),
    };
    this.writes.push(write);
    return promise;
  }

  /** The n-th write under way. */
  at(index: number): Write {
    const write = this.writes[index];
    if (write === undefined) throw new Error(`no write ${index} is under way`);
    return write;
  }
}

const period = 251;
const pattern = Buffer.from(Array.from({ length: 128 * KiB + period }, (_, index) => (index * 31) % period));

/** Bytes that differ from place to place, in a buffer of their own. */
const bytesAt = (position: number, length: number): Buffer =>
  Buffer.from(pattern.subarray(position % period, (position % period) + length));

test('a chunk worth a buffer of its own is written as it came, without a copy', async () => {
  const desk = new Desk();
  const chunks = Array.from({ length: 4 }, (_, index) => bytesAt(index * 16 * KiB, 16 * KiB));
  for (const [index, chunk] of chunks.entries()) desk.writer.push(chunk, index * 16 * KiB);
  const write = desk.at(0);
  expect(write.buffers.length).toBe(4);
  for (const [index, chunk] of chunks.entries()) expect(write.buffers[index]).toBe(chunk);
  await write.finish();
  expect(desk.done).toEqual([{ start: 0, end: batchBytes }]);
});

test('tiny chunks are gathered, so that a batch of single bytes is few buffers and no view of a socket is kept for them', async () => {
  const desk = new Desk();
  const whole = bytesAt(0, batchBytes);
  for (let index = 0; index < batchBytes; index += 1) desk.writer.push(whole.subarray(index, index + 1), index);
  const write = desk.at(0);
  expect(write.buffers.length).toBeLessThanOrEqual(4);
  for (const buffer of write.buffers) expect(buffer.buffer).not.toBe(whole.buffer);
  await write.finish();
  expect(desk.file.subarray(0, batchBytes).equals(whole)).toBe(true);
});

test('a batch never has more than 256 buffers, however the sizes of chunks alternate', () => {
  const desk = new Desk();
  let position = 0;
  for (let index = 0; desk.writes.length === 0; index += 1) {
    const length = index % 2 === 0 ? 1 : 4096;
    desk.writer.push(bytesAt(position, length), position);
    position += length;
    expect(index).toBeLessThan(300);
  }
  expect(desk.at(0).buffers.length).toBeLessThanOrEqual(256);
});

test('two batches may be on their way while a third fills; when that is full too the reader is told to pause, once', async () => {
  const desk = new Desk();
  const half = (index: number): boolean => desk.writer.push(bytesAt(0, batchBytes / 2), (index * batchBytes) / 2);
  expect([0, 1, 2, 3, 4].map(half)).toEqual([true, true, true, true, true]);
  expect(desk.writes.length).toBe(2);
  expect(half(5)).toBe(false);
  // What was on its way in the socket still finds a place.
  expect(half(6)).toBe(false);
  expect(desk.writes.length).toBe(2);
  expect(desk.rooms).toBe(0);
  await desk.at(0).finish();
  expect(desk.rooms).toBe(1);
  expect(desk.writes.length).toBe(2);
  expect(desk.at(1).position).toBe(2 * batchBytes);
  await desk.at(0).finish();
  expect(desk.rooms).toBe(1);
});

test('a reader is told to pause while all writers together hold too much, and to go on when another writer got rid of its bytes', async () => {
  const backlog = new Backlog(96 * KiB);
  const [busy, other] = [new Desk({ backlog }), new Desk({ backlog })];
  expect(busy.writer.push(bytesAt(0, 64 * KiB), 0)).toBe(true);
  expect(other.writer.push(bytesAt(0, 32 * KiB), 0)).toBe(false);
  expect(other.rooms).toBe(0);
  await busy.at(0).finish();
  expect(other.rooms).toBe(1);
  expect(other.writer.push(bytesAt(0, 16 * KiB), 32 * KiB)).toBe(true);
});

test('a reader paused for its own full batches goes on too when meanwhile others hold too much and get rid of it last', async () => {
  const backlog = new Backlog(256 * KiB);
  const [first, other] = [new Desk({ backlog }), new Desk({ backlog })];
  const fill = (desk: Desk, batches: number): boolean[] =>
    Array.from({ length: batches }, (_, index) => desk.writer.push(bytesAt(0, batchBytes), index * batchBytes));
  expect(fill(first, 3)).toEqual([true, true, false]);
  fill(other, 4);
  while (first.writes.length > 0) await first.at(0).finish();
  expect(first.rooms).toBe(0);
  await other.at(0).finish();
  expect(first.rooms).toBe(1);
});

test('a jump to another place writes what was collected for the one before', () => {
  const desk = new Desk();
  desk.writer.push(bytesAt(0, 8 * KiB), 0);
  desk.writer.push(bytesAt(0, 8 * KiB), 100 * KiB);
  expect(desk.writes.map(({ position }) => position)).toEqual([0]);
  desk.writer.flush();
  expect(desk.writes.map(({ position }) => position)).toEqual([0, 100 * KiB]);
});

test('bytes that another connection wrote first are not written again, and the rest lies where it belongs', async () => {
  const desk = new Desk();
  const whole = bytesAt(0, batchBytes);
  add(desk.done, 10_000, 20_000);
  add(desk.done, 60_000, 70_000);
  for (let at = 0; at < batchBytes; at += 16 * KiB) desk.writer.push(whole.subarray(at, at + 16 * KiB), at);
  expect(desk.at(0).position).toBe(0);
  await desk.at(0).finish();
  expect(desk.at(0).position).toBe(20_000);
  await desk.at(0).finish();
  expect(desk.writes).toEqual([]);
  expect(desk.file.subarray(0, 10_000).equals(whole.subarray(0, 10_000))).toBe(true);
  expect(desk.file.subarray(10_000, 20_000).every((byte) => byte === 0)).toBe(true);
  expect(desk.file.subarray(20_000, 60_000).equals(whole.subarray(20_000, 60_000))).toBe(true);
  expect(desk.file.subarray(60_000, 70_000).every((byte) => byte === 0)).toBe(true);
});

test('bytes that are all on disk already are not written at all', async () => {
  const desk = new Desk();
  add(desk.done, 0, batchBytes);
  desk.writer.push(bytesAt(0, batchBytes), 0);
  await desk.writer.settle();
  expect(desk.writes).toEqual([]);
});

test('the few bytes of a slow connection are written after a second, not before', () => {
  const desk = new Desk();
  desk.writer.push(bytesAt(0, 10), 0);
  desk.clock.advance(999);
  desk.writer.flushOld();
  expect(desk.writes.length).toBe(0);
  desk.writer.push(bytesAt(10, 10), 10);
  desk.clock.advance(1);
  desk.writer.flushOld();
  expect(desk.writes.length).toBe(1);
});

test('settling writes what is left and waits until nothing is on its way', async () => {
  const desk = new Desk();
  desk.writer.push(bytesAt(0, batchBytes), 0);
  desk.writer.push(bytesAt(0, 10), batchBytes);
  let isSettled = false;
  const settled = desk.writer.settle().then(() => {
    isSettled = true;
  });
  await desk.at(1).finish();
  expect(isSettled).toBe(false);
  await desk.at(0).finish();
  await settled;
  expect(desk.done).toEqual([{ start: 0, end: batchBytes + 10 }]);
  await new Desk().writer.settle();
});

test('a failed write is told once, claims nothing, takes no more bytes and holds none back from other writers', async () => {
  const backlog = new Backlog(128 * KiB);
  const desk = new Desk({ backlog });
  desk.writer.push(bytesAt(0, batchBytes), 0);
  desk.writer.push(bytesAt(0, 10), batchBytes);
  const settled = desk.writer.settle();
  await desk.at(0).fail();
  await desk.at(0).finish();
  await settled;
  expect(desk.errors.map(({ code }) => code)).toEqual(['E_FS_IO']);
  expect(desk.done).toEqual([{ start: batchBytes, end: batchBytes + 10 }]);
  expect(desk.writer.push(bytesAt(0, batchBytes), 2 * batchBytes)).toBe(false);
  desk.writer.flush();
  desk.writer.flushOld();
  expect(desk.writes).toEqual([]);
  await desk.writer.settle();
  // All of the backlog is free again.
  expect(new Desk({ backlog }).writer.push(bytesAt(0, 127 * KiB), 0)).toBe(true);
});

test('whatever comes in whatever portions and however the disk answers, every byte lies in its place and none is held for ever', async () => {
  const portions = fc.array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 0, max: 3 })), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(portions, fc.nat(3), async (chunks, gap) => {
      const backlog = new Backlog(96 * KiB);
      const desk = new Desk({ backlog, fileBytes: 1300 * KiB });
      const expected = Buffer.alloc(desk.file.length);
      let position = 0;
      for (const [length, finishes] of chunks) {
        if (length % 5 === 0) position += gap;
        const chunk = bytesAt(position, length);
        chunk.copy(expected, position);
        desk.writer.push(chunk, position);
        position += length;
        for (let count = 0; count < finishes && desk.writes.length > 0; count += 1)
          await desk.at(desk.writes.length - 1).finish();
      }
      const settled = desk.writer.settle();
      while (desk.writes.length > 0) await desk.at(0).finish();
      await settled;
      expect(desk.file.equals(expected)).toBe(true);
      expect(new Desk({ backlog }).writer.push(bytesAt(0, 95 * KiB), 0)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('what is read into memory that is used again is not overwritten before it is written', async () => {
  const desk = new Desk();
  const slabs = new Slabs();
  slabs.enter();
  const slab = slabs.take();
  slab.bytes.fill(1, 0, batchBytes);
  for (let at = 0; at < batchBytes; at += 16 * KiB) desk.writer.push(slab.bytes.subarray(at, at + 16 * KiB), at);
  slab.letGo();
  const [write] = desk.writes;
  // One buffer: what lies side by side in memory is one piece for the disk.
  expect([write?.buffers.length, slabs.take() === slab]).toEqual([1, false]);
  await write?.finish();
  expect([desk.file.subarray(0, batchBytes).every((byte) => byte === 1), slabs.take() === slab]).toEqual([true, true]);
});

test('memory of bytes that can no longer be written is given back', async () => {
  const desk = new Desk();
  const slabs = new Slabs();
  slabs.enter();
  const [failed, left] = [slabs.take(), slabs.take()];
  desk.writer.push(failed.bytes.subarray(0, batchBytes), 0);
  desk.writer.push(left.bytes.subarray(0, KiB), batchBytes);
  failed.letGo();
  left.letGo();
  await desk.writes[0]?.fail();
  expect(new Set([slabs.take(), slabs.take()])).toEqual(new Set([failed, left]));
});
