/** Splits and hedges at their edges, and a server that sends a byte at a time to all. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backlog, BatchWriter } from '../../../electron/engine/disk/batch-writer.ts';
import { Assigner, type Worker } from '../../../electron/engine/transfer/assigner.ts';
import { type Lease, RangeMap } from '../../../electron/engine/transfer/range-map.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, startRig } from '../../support/fetching.ts';
import { ManualClock } from '../../support/manual-clock.ts';

for (const slowBytesPerSecond of [20 * KiB, 60 * KiB, 120 * KiB, 170 * KiB]) {
  test(`F141: hedged at ${slowBytesPerSecond / KiB} KiB/s, the bytes count once, the loser ends, and little is wasted`, async () => {
    await using rig = await startRig({
      content: content(141, 12 * MiB),
      // The first one slows down all of a sudden, in the middle of its last lease.
      bytesPerSecond: (connection) => (connection === 3 ? slowBytesPerSecond : 2 * MiB),
    });
    const run = rig.download({ connections: 4 });
    let hedges = 0;
    run.download.subscribe(() => {
      hedges += run.download.progress().segments.filter(({ isHedge }) => isHedge).length;
    });
    const watch = rig.clock.observe(() => {
      hedges += run.download.progress().segments.filter(({ isHedge }) => isHedge).length;
      return 0;
    });
    await run.end();
    watch();
    await rig.expectDone(run);
    expect(hedges).toBeGreaterThan(0);
    expect(run.receivedBytes - rig.content.size).toBeLessThan(MiB + 4 * 128 * KiB);
  });
}

/** A slot that an assigner looks at, with nothing behind it. */
interface Figure {
  readonly cursor: number;
  readonly length: number;
  readonly bytesPerSecond: number;
}

function worker(id: number, lease: Lease | undefined, bytesPerSecond: number): Worker {
  return {
    id,
    lease,
    state: lease ? 'streaming' : 'idle',
    isStreaming: lease !== undefined,
    isBusy: lease !== undefined,
    isHeld: false,
    leasedAt: 0,
    lastByteAt: 10_000,
    lastBytesPerSecond: bytesPerSecond,
    roundTripMs: 20,
    answerMs: 10,
    meter: { bytesPerSecond, observedMs: 5000 },
    hasConnectionTo: () => false,
  };
}

const edge = fc.oneof(fc.integer({ min: 0, max: 40 * MiB }), fc.constantFrom(0, 1, 256 * KiB - 1, 256 * KiB, 256 * KiB + 1));
const figure: fc.Arbitrary<Figure> = fc.record({
  // Rests of nothing, of one byte, and around what is kept and what is split off.
  cursor: fc.oneof(edge, fc.constant(Number.MAX_SAFE_INTEGER)),
  length: fc.oneof(edge, fc.constantFrom(MiB - 1, MiB, MiB + 256 * KiB, MiB + 256 * KiB + 1)),
  bytesPerSecond: fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 1, max: 50 * MiB })),
});

test('F142: wherever a split falls, no range is empty, none overlaps another but a hedge, and none is lost', () => {
  let splits = 0;
  fc.assert(
    fc.property(fc.array(figure, { minLength: 1, maxLength: 8 }), fc.nat(50 * MiB), (figures, helperSpeed) => {
      const size = figures.reduce((sum, { length }) => sum + length, 0) || 1;
      const map = new RangeMap(size);
      let start = 0;
      const workers: Worker[] = figures.map(({ cursor, length, bytesPerSecond }, index) => {
        if (length === 0) return worker(index + 1, undefined, bytesPerSecond);
        const lease = map.lease(start, start + length);
        lease.cursor = Math.min(lease.end, start + cursor);
        start += length;
        return worker(index + 1, lease, bytesPerSecond);
      });
      const before = map.holes();
      const helper = worker(workers.length + 1, undefined, helperSpeed);
      workers.push(helper);
      const assigner = new Assigner<Worker>(
        {
          clock: { now: () => 10_000 },
          slots: () => workers,
          gate: () => ({ cap: 16, isFragile: false }),
          allowed: () => 16,
          isLimited: () => false,
          hasWarm: () => false,
          largestAnswer: () => Number.POSITIVE_INFINITY,
        },
        { map, asksRanges: true, hasWholeToFetch: true, supportsRanges: true, link: { final: new URL('http://x.test/') } },
      );
      const given = assigner.leaseFor(helper);
      const leases = [...workers.flatMap(({ lease }) => (lease ? [lease] : [])), ...(given ? [given] : [])];
      for (const lease of leases) expect(lease.end).toBeGreaterThanOrEqual(lease.cursor);
      if (given) expect(given.end).toBeGreaterThan(given.start);
      if (given && !given.isHedge && before.length === 0) splits += 1;
      const apart = leases.filter(({ isHedge }) => !isHedge).sort((a, b) => a.start - b.start || a.end - b.end);
      for (const [index, lease] of apart.entries()) expect(apart[index + 1]?.start ?? size).toBeGreaterThanOrEqual(lease.end);
      const covered = apart.reduce((sum, lease) => sum + lease.end - lease.start, 0);
      const free = map.holes().reduce((sum, hole) => sum + hole.end - hole.start, 0);
      expect(covered + free).toBe(size);
    }),
    { numRuns: 3000 },
  );
  expect(splits).toBeGreaterThan(100);
});

test('F144: single bytes on 64 connections are joined: at most 256 buffers a write, little memory, all in its place', async () => {
  const clock = new ManualClock();
  const perConnection = 40_000;
  const file = Buffer.alloc(64 * perConnection);
  let mostBuffers = 0;
  const backlog = new Backlog(64 * MiB);
  const before = process.memoryUsage().rss;
  const writers = Array.from(
    { length: 64 },
    () =>
      new BatchWriter({
        clock,
        batchBytes: 256 * KiB,
        backlog,
        write: async (buffers, position) => {
          mostBuffers = Math.max(mostBuffers, buffers.length);
          Buffer.concat(buffers as Uint8Array[]).copy(file, position);
        },
        missing: (start, end) => [{ start, end }],
        onWritten: () => {},
        onError: (error) => {
          throw error;
        },
        onRoom: () => {},
      }),
  );
  for (let at = 0; at < perConnection; at += 1) {
    for (const [index, writer] of writers.entries()) {
      // As sockets do: each byte is a view of a buffer of 64 KiB of its own.
      const chunk = Buffer.alloc(1, (index + at) % 251);
      writer.push(chunk, index * perConnection + at);
    }
    if (at % 1000 === 0) await new Promise(setImmediate);
  }
  const mostBytes = process.memoryUsage().rss - before;
  for (const writer of writers) await writer.settle();
  expect(mostBuffers).toBeGreaterThan(0);
  expect(mostBuffers).toBeLessThanOrEqual(256);
  expect(mostBytes).toBeLessThan((3 * 64 + 64) * MiB);
  for (let index = 0; index < 64; index += 1) {
    for (const at of [0, 1, 255, 256, 257, perConnection - 1]) expect(file[index * perConnection + at]).toBe((index + at) % 251);
  }
});
