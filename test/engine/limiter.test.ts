/** A small world of virtual time: sources that deliver at their own speed into readers which a bucket pauses and resumes. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bucket, type BucketReader } from '../../electron/engine/limiter.ts';
import { ManualClock } from '../support/manual-clock.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** A socket whose peer sends at `bytesPerSecond` as long as it is read; what is not read waits, up to `windowBytes`. */
class Source implements BucketReader {
  readonly weight: number;
  readBytes = 0;
  pauses = 0;
  isPaused = false;
  readonly #clock: ManualClock;
  readonly #bucket: Bucket;
  readonly #speed: number;
  readonly #chunkBytes: number;
  readonly #windowBytes: number;
  #buffered = 0;
  #arrivedAt: number;
  #cancel: (() => void) | undefined;

  constructor(clock: ManualClock, bucket: Bucket, options: { speed: number; weight?: number; chunkBytes?: number }) {
    this.#clock = clock;
    this.#bucket = bucket;
    this.#speed = options.speed;
    this.weight = options.weight ?? 1;
    this.#chunkBytes = options.chunkBytes ?? 64 * KiB;
    this.#windowBytes = Math.max(4 * this.#chunkBytes, options.speed / 100);
    this.#arrivedAt = clock.now();
    this.#poll();
  }

  pause(): void {
    this.isPaused = true;
    this.pauses += 1;
  }

  resume(): void {
    this.isPaused = false;
    this.#read();
  }

  stop(): void {
    this.#cancel?.();
    this.#bucket.forget(this);
  }

  readonly #poll = (): void => {
    this.#read();
    this.#cancel = this.#clock.setTimer(this.#poll, 3);
  };

  #read(): void {
    const now = this.#clock.now();
    this.#buffered = Math.min(this.#buffered + (this.#speed * (now - this.#arrivedAt)) / 1000, this.#windowBytes);
    this.#arrivedAt = now;
    while (!this.isPaused && this.#buffered >= 1) {
      const bytes = Math.min(Math.floor(this.#buffered), this.#chunkBytes);
      this.#buffered -= bytes;
      this.readBytes += bytes;
      this.#bucket.debit(this, bytes);
    }
  }
}

const total = (sources: readonly Source[]): number => sources.reduce((sum, source) => sum + source.readBytes, 0);

/** What the sources read during `ms`. */
function measure(clock: ManualClock, sources: readonly Source[], ms: number): number[] {
  const before = sources.map((source) => source.readBytes);
  clock.advance(ms);
  return sources.map((source, index) => source.readBytes - (before[index] ?? 0));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((left, right) => left + right, 0);

function expectWithin(actual: number, wanted: number, share: number): void {
  expect(actual).toBeGreaterThanOrEqual(wanted * (1 - share));
  expect(actual).toBeLessThanOrEqual(wanted * (1 + share));
}

describe('one bucket', () => {
  test('without a limit nobody is ever paused and no timer runs', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock);
    const reader = { weight: 1, pause: () => expect.unreachable(), resume: () => expect.unreachable() };
    for (let count = 0; count < 1000; count += 1) expect(bucket.debit(reader, MiB)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test('the rate holds within 5 % over ten seconds, whatever the rate, the number of connections and the size of reads', () => {
    const world = fc.record({
      rate: fc.integer({ min: 200 * KiB, max: 200 * MiB }),
      connections: fc.integer({ min: 1, max: 16 }),
      chunkBytes: fc.constantFrom(1460, 16 * KiB, 64 * KiB),
    });
    fc.assert(
      fc.property(world, ({ rate, connections, chunkBytes }) => {
        const clock = new ManualClock();
        const bucket = new Bucket(clock, { bytesPerSecond: rate });
        const speed = (rate * 3) / connections + 100 * KiB;
        const sources = Array.from({ length: connections }, () => new Source(clock, bucket, { speed, chunkBytes }));
        clock.advance(5000);
        expectWithin(sum(measure(clock, sources, 10_000)), rate * 10, 0.05 + chunkBytes / (rate * 10));
      }),
      { numRuns: 30 },
    );
  });

  test('at 50 KB/s seven connections share the rate evenly and each is read within ten seconds', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: 50_000 });
    const sources = Array.from({ length: 7 }, () => new Source(clock, bucket, { speed: MiB }));
    clock.advance(10_000);
    const read = measure(clock, sources, 10_000);
    expectWithin(sum(read), 500_000, 0.14);
    for (const bytes of read) expect(bytes).toBeGreaterThan(0);
    expectWithin(sum(measure(clock, sources, 60_000)), 3_000_000, 0.05);
  });

  test('paused readers resume one after another and not all at once', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: 64 * KiB });
    const resumedAt: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      const reader = { weight: 1, pause: () => {}, resume: () => resumedAt.push(clock.now()) };
      expect(bucket.debit(reader, 64 * KiB)).toBe(false);
    }
    clock.advance(5000);
    expect(resumedAt.map((at) => Math.round(at / 1000))).toEqual([1, 2, 3, 4]);
  });

  test('who comes while others wait takes its turn with them', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: 64 * KiB });
    let resumes = 0;
    const reader = (): BucketReader => ({ weight: 1, pause: () => {}, resume: () => (resumes += 1) });
    expect(bucket.debit(reader(), 64 * KiB)).toBe(false);
    clock.advance(10);
    expect(bucket.debit(reader(), 100)).toBe(false);
    clock.advance(5000);
    expect(resumes).toBe(2);
  });

  test('weights 1:3 hold within 10 %', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: 4 * MiB });
    const light = new Source(clock, bucket, { speed: 100 * MiB, weight: 1 });
    const heavy = new Source(clock, bucket, { speed: 100 * MiB, weight: 3 });
    clock.advance(1000);
    const [lightBytes = 0, heavyBytes = 0] = measure(clock, [light, heavy], 10_000);
    expectWithin(heavyBytes / lightBytes, 3, 0.1);
    expectWithin(lightBytes + heavyBytes, 40 * MiB, 0.05);
  });

  test('after an idle time at most one burst comes at once', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: 10 * MiB });
    clock.advance(60_000);
    const reader = { weight: 1, pause: () => {}, resume: () => {} };
    let bytes = 0;
    do bytes += 16 * KiB;
    while (bucket.debit(reader, 16 * KiB));
    expectWithin(bytes, MiB, 0.02);
  });

  test('the timer runs only while somebody waits, and nothing is left of it after close', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: MiB });
    let resumes = 0;
    const reader = { weight: 1, pause: () => {}, resume: () => (resumes += 1) };
    expect(clock.pendingTimers).toBe(0);
    expect(bucket.debit(reader, MiB)).toBe(false);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(1100);
    expect(resumes).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    bucket.debit(reader, MiB);
    bucket.close();
    expect(clock.pendingTimers).toBe(0);
    clock.advance(5000);
    expect(resumes).toBe(1);
  });

  test('a debt outlives its reader, so reconnecting is no way around the limit', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: MiB });
    const first = { weight: 1, pause: () => {}, resume: () => expect.unreachable() };
    bucket.debit(first, 4 * MiB);
    bucket.forget(first);
    let resumedAt = 0;
    const second = { weight: 1, pause: () => {}, resume: () => (resumedAt = clock.now()) };
    expect(bucket.debit(second, 1)).toBe(false);
    clock.advance(10_000);
    expectWithin(resumedAt, 4000, 0.05);
  });
});

describe('a live change', () => {
  test('0 → 50 KB/s → 1 MB/s → 0: each rate holds over the ten seconds after its start', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock);
    const sources = Array.from({ length: 4 }, () => new Source(clock, bucket, { speed: 2 * MiB, chunkBytes: 8 * KiB }));
    expectWithin(sum(measure(clock, sources, 10_000)), 80 * MiB, 0.01);
    bucket.bytesPerSecond = 50_000;
    expectWithin(sum(measure(clock, sources, 10_000)), 500_000, 0.05);
    bucket.bytesPerSecond = 1_000_000;
    expectWithin(sum(measure(clock, sources, 10_000)), 10_000_000, 0.05);
    bucket.bytesPerSecond = 50_000;
    expectWithin(sum(measure(clock, sources, 10_000)), 500_000, 0.12);
    bucket.bytesPerSecond = 0;
    expectWithin(sum(measure(clock, sources, 10_000)), 80 * MiB, 0.01);
    expect(sources.some((source) => source.isPaused)).toBe(false);
    expect(clock.pendingTimers).toBe(sources.length);
  });

  test('lowering the rate makes nobody wait for more than a second because of what was read before', () => {
    const clock = new ManualClock();
    const bucket = new Bucket(clock, { bytesPerSecond: 10 * MiB });
    const resumedAt: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      bucket.debit({ weight: 1, pause: () => {}, resume: () => resumedAt.push(clock.now()) }, MiB);
    }
    bucket.bytesPerSecond = 20_000;
    clock.advance(1300);
    expect(resumedAt).toHaveLength(4);
  });

  test('taking the limit away resumes at once whoever waits', () => {
    const clock = new ManualClock();
    const all = new Bucket(clock);
    const bucket = new Bucket(clock, { bytesPerSecond: 1000, parent: all });
    const source = new Source(clock, bucket, { speed: MiB });
    clock.advance(500);
    expect(source.isPaused).toBe(true);
    bucket.bytesPerSecond = 0;
    expect(source.isPaused).toBe(false);
  });
});

describe('a tree', () => {
  test('a download under its own limit leaves the rest of the common one to the others', () => {
    const clock = new ManualClock();
    const all = new Bucket(clock, { bytesPerSecond: 10 * MiB });
    const slow = new Source(clock, new Bucket(clock, { bytesPerSecond: 200 * KiB, parent: all }), { speed: 50 * MiB });
    const fast = new Source(clock, new Bucket(clock, { parent: all }), { speed: 50 * MiB });
    clock.advance(1000);
    const [slowBytes = 0, fastBytes = 0] = measure(clock, [slow, fast], 10_000);
    expectWithin(slowBytes, 2000 * KiB, 0.05);
    expectWithin(fastBytes, 100 * MiB - 2000 * KiB, 0.03);
  });

  test('five downloads under 10 MB/s, one on a slow server: the others use at least 97 % of what it leaves', () => {
    const clock = new ManualClock();
    const all = new Bucket(clock, { bytesPerSecond: 10_000_000 });
    const slow = new Source(clock, new Bucket(clock, { parent: all }), { speed: 300_000 });
    const fast = Array.from({ length: 4 }, () => {
      const bucket = new Bucket(clock, { parent: all });
      return Array.from({ length: 4 }, () => new Source(clock, bucket, { speed: 20 * MiB }));
    }).flat();
    clock.advance(1000);
    const read = measure(clock, [slow, ...fast], 10_000);
    expect(sum(read)).toBeGreaterThanOrEqual(97_000_000);
    expect(sum(read)).toBeLessThanOrEqual(103_000_000);
    // Its share would be 2 MB/s, so nobody has a reason to slow it down.
    expectWithin(read[0] ?? 0, 3_000_000, 0.05);
  });

  test('weights hold between downloads, however many connections each has', () => {
    const clock = new ManualClock();
    const all = new Bucket(clock, { bytesPerSecond: 10_000_000 });
    const light = new Bucket(clock, { parent: all, weight: 1 });
    const heavy = new Bucket(clock, { parent: all, weight: 3 });
    const many = Array.from({ length: 8 }, () => new Source(clock, light, { speed: 50 * MiB }));
    const few = Array.from({ length: 2 }, () => new Source(clock, heavy, { speed: 50 * MiB }));
    clock.advance(1000);
    const read = measure(clock, [...many, ...few], 10_000);
    const lightBytes = sum(read.slice(0, 8));
    expectWithin(sum(read.slice(8)) / lightBytes, 3, 0.1);
    for (const bytes of read.slice(0, 8)) expectWithin(bytes, lightBytes / 8, 0.1);
  });

  test.each(['in one bucket', 'in two'])(
    'a newcomer has no claim on the past, and one who left gives its share back: %s',
    (where) => {
      const clock = new ManualClock();
      const all = new Bucket(clock, { bytesPerSecond: 10_000_000 });
      const bucket = (): Bucket => (where === 'in two' ? new Bucket(clock, { parent: all }) : all);
      const first = new Source(clock, bucket(), { speed: 50 * MiB });
      clock.advance(60_000);
      const late = new Source(clock, bucket(), { speed: 50 * MiB });
      const [firstBytes = 0, lateBytes = 0] = measure(clock, [first, late], 10_000);
      expectWithin(firstBytes / lateBytes, 1, 0.1);
      late.stop();
      expectWithin(sum(measure(clock, [first], 10_000)), 100_000_000, 0.05);
    },
  );

  test('nobody is forgotten, whatever comes and goes and changes', () => {
    const step = fc.oneof(
      fc.record({ type: fc.constant('rate' as const), of: fc.nat(2), rate: fc.constantFrom(0, 0, 30_000, 500_000, 50_000_000) }),
      fc.record({ type: fc.constant('come' as const), of: fc.nat(2), weight: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ type: fc.constant('go' as const), of: fc.nat(20) }),
      fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 700 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new ManualClock();
        const all = new Bucket(clock);
        const buckets = [all, new Bucket(clock, { parent: all }), new Bucket(clock, { parent: all, weight: 5 })];
        let sources: Source[] = [];
        for (const each of steps) {
          if (each.type === 'rate') (buckets[each.of] ?? all).bytesPerSecond = each.rate;
          else if (each.type === 'wait') clock.advance(each.ms);
          else if (each.type === 'come') {
            sources.push(new Source(clock, buckets[each.of] ?? all, { speed: 5 * MiB, weight: each.weight }));
          } else {
            sources[each.of]?.stop();
            sources = sources.filter((_source, index) => index !== each.of);
          }
        }
        // Everyone gets something within the time the slowest rate needs to go once round all debts.
        const before = sources.map((source) => source.readBytes);
        for (const bucket of buckets) bucket.bytesPerSecond = Math.max(bucket.bytesPerSecond, 500_000);
        clock.advance(60_000);
        for (const [index, source] of sources.entries()) expect(source.readBytes).toBeGreaterThan(before[index] ?? 0);
        for (const source of sources) source.stop();
        clock.advance(1000);
        expect(clock.pendingTimers).toBe(0);
        expect(total(sources)).not.toBeNaN();
      }),
      { numRuns: 100 },
    );
  });
});
