import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import { type Lease, RangeMap } from '../../../electron/engine/transfer/range-map.ts';

const size = 40;

/** What can happen to a map. The numbers choose among what there is: the n-th lease, so many bytes. */
type Event =
  | { readonly type: 'lease' | 'damage'; readonly which: number; readonly bytes: number }
  | { readonly type: 'receive' | 'split' | 'extend'; readonly which: number; readonly bytes: number }
  | { readonly type: 'hedge' | 'close' | 'write'; readonly which: number };

const which = fc.nat(7);
const bytes = fc.nat(size);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ type: fc.constantFrom('lease' as const, 'damage' as const), which, bytes }),
  fc.record({ type: fc.constantFrom('receive' as const, 'split' as const, 'extend' as const), which, bytes }),
  fc.record({ type: fc.constantFrom('hedge' as const, 'close' as const, 'write' as const), which }),
);

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(list.length, 1)];

/** For each byte of the file, in how many of `ranges` it lies. */
function timesCovered(ranges: readonly Interval[]): number[] {
  const times = new Array<number>(size).fill(0);
  for (const { start, end } of ranges) for (let byte = start; byte < end; byte += 1) times[byte] = (times[byte] ?? 0) + 1;
  return times;
}

const indexesOf = (times: readonly number[], holds: (times: number, byte: number) => boolean): number[] =>
  times.flatMap((each, byte) => (holds(each, byte) ? [byte] : []));

/** The map with what surrounds it: leases at work and bytes on their way to the disk. */
class World {
  readonly map = new RangeMap(size);
  readonly open: Lease[] = [];
  /** Received, not yet written. */
  readonly pending: Interval[] = [];
  /** Found damaged at some time: what is on its way again may come from two sides. */
  readonly damaged: Interval[] = [];

  happen(event: Event): void {
    const lease = pick(this.open, event.which);
    switch (event.type) {
      case 'lease':
        this.#lease(pick(this.map.holes(), event.which), event.bytes);
        return;
      case 'damage':
        this.#damage(pick(this.map.done, event.which), event.bytes);
        return;
      case 'write':
        this.write(event.which);
        return;
      case 'receive':
        if (lease) this.receive(lease, event.bytes);
        return;
      case 'split':
        if (lease) this.#split(lease, event.bytes);
        return;
      case 'extend':
        if (lease) this.map.extend(lease, event.bytes);
        return;
      case 'hedge':
        if (lease) this.#hedge(lease);
        return;
      case 'close':
        if (lease) this.close(lease);
        return;
    }
  }

  /** Like a slot: at most up to the end, and the end may have moved. */
  receive(lease: Lease, bytes: number): void {
    const start = lease.cursor;
    lease.cursor = Math.min(lease.end, start + bytes);
    if (lease.cursor > start) this.pending.push({ start, end: lease.cursor });
  }

  /** Like a writer: what another connection wrote first is left out. */
  write(which: number): void {
    const batch = pick(this.pending, which);
    if (batch === undefined) return;
    this.pending.splice(this.pending.indexOf(batch), 1);
    for (const { start, end } of this.map.missing(batch.start, batch.end)) this.map.claim(start, end);
  }

  close(lease: Lease): void {
    this.map.close(lease);
    this.open.splice(this.open.indexOf(lease), 1);
  }

  #lease(hole: Interval | undefined, bytes: number): void {
    if (hole === undefined) return;
    const lease = this.map.lease(hole.start, Math.min(hole.end, hole.start + Math.max(bytes, 1)));
    // The answer goes on beyond what was leased of it.
    lease.bodyEnd = size;
    this.open.push(lease);
  }

  /** Some bytes on disk turn out to be others than were written. */
  #damage(range: Interval | undefined, bytes: number): void {
    if (range === undefined) return;
    const start = Math.min(range.start + bytes, range.end - 1);
    const end = Math.min(range.end, start + 3);
    this.map.unclaim(start, end);
    this.damaged.push({ start, end });
  }

  #split(victim: Lease, bytes: number): void {
    const { end } = victim;
    if (victim.isHedge || victim.isHedged) return;
    victim.end = Math.min(victim.cursor + bytes, end);
    if (victim.end < end) this.open.push(this.map.lease(victim.end, end));
  }

  #hedge(victim: Lease): void {
    if (victim.isHedge || victim.isHedged || victim.isFilled) return;
    victim.isHedged = true;
    this.open.push(this.map.lease(victim.cursor, victim.end, true));
  }

  /** Each byte is on disk, on its way, wanted by who leased it, or free: one of them at least, free only if none else. */
  check(): void {
    const open = this.open.map(({ cursor, end }) => ({ start: cursor, end }));
    const owned = this.open.filter(({ isHedge }) => !isHedge).map(({ cursor, end }) => ({ start: cursor, end }));
    const takenTimes = timesCovered([...this.map.done, ...this.pending, ...open]);
    const freeTimes = timesCovered(this.map.holes());
    const ownerTimes = timesCovered(owned);
    const lost = indexesOf(takenTimes, (times, byte) => times === 0 && freeTimes[byte] === 0);
    const mayDouble = timesCovered(this.damaged);
    const isTwice = (times: number, byte: number): boolean => times > 0 && freeTimes[byte] !== 0 && mayDouble[byte] === 0;
    const doubled = indexesOf(takenTimes, (times, byte) => isTwice(times, byte) || (ownerTimes[byte] ?? 0) > 1);
    expect({ lost, doubled }).toEqual({ lost: [], doubled: [] });
    expect(this.map.doneBytes).toBe(timesCovered(this.map.done).filter((times) => times === 1).length);
  }

  /** Brings everything to its end, as connections that work would. */
  finish(): void {
    for (let hole = this.map.holes()[0]; hole; hole = this.map.holes()[0]) this.#lease(hole, size);
    for (const lease of [...this.open]) {
      this.receive(lease, size);
      this.close(lease);
    }
    while (this.pending.length > 0) this.write(0);
  }
}

test('segments tile the file whatever happens in whatever order: no byte is lost, none leased twice, all done at the end', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const world = new World();
      for (const each of events) {
        world.happen(each);
        world.check();
      }
      world.finish();
      world.check();
      expect(world.map.isComplete).toBe(true);
      expect(world.map.done).toEqual([{ start: 0, end: size }]);
      expect(world.map.holes()).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test('what a closed lease did not receive is a hole at once; what it did receive is none before or after it is on disk', () => {
  const map = new RangeMap(100);
  const lease = map.lease(20, 60);
  lease.cursor = 35;
  map.close(lease);
  expect(map.holes()).toEqual([
    { start: 0, end: 20 },
    { start: 35, end: 100 },
  ]);
  map.claim(20, 35);
  expect(map.holes()).toEqual([
    { start: 0, end: 20 },
    { start: 35, end: 100 },
  ]);
});

test('a lease is let run into the hole behind it, but not beyond its answer, its allowance or a neighbour', () => {
  const map = new RangeMap(100);
  const lease = map.lease(0, 10);
  lease.bodyEnd = 100;
  map.lease(50, 60);
  map.extend(lease, 30);
  expect(lease.end).toBe(40);
  map.extend(lease, 30);
  expect(lease.end).toBe(50);
  map.extend(lease, 30);
  expect(lease.end).toBe(50);
  const last = map.lease(60, 70);
  last.bodyEnd = 80;
  map.extend(last, 30);
  expect(last.end).toBe(80);
});

test('without a known size there is no hole, and the end that shows itself completes the file', () => {
  const map = new RangeMap(undefined);
  const lease = map.lease(0, Number.POSITIVE_INFINITY);
  expect(map.holes()).toEqual([]);
  expect(map.isComplete).toBe(false);
  lease.cursor = 30;
  map.claim(0, 30);
  expect(map.isComplete).toBe(false);
  map.size = 30;
  map.close(lease);
  expect(map.isComplete).toBe(true);
});

test('an empty file is complete as soon as its size is known', () => {
  const map = new RangeMap(undefined);
  expect(map.isComplete).toBe(false);
  map.size = 0;
  expect(map.isComplete).toBe(true);
  expect(map.holes()).toEqual([]);
});

test('a map begins with the claims of an earlier run and does not change their list', () => {
  const claims = [{ start: 10, end: 20 }];
  const map = new RangeMap(30, claims);
  expect(map.doneBytes).toBe(10);
  map.claim(20, 30);
  map.claim(0, 10);
  expect(map.isComplete).toBe(true);
  expect(claims).toEqual([{ start: 10, end: 20 }]);
});

test('giving up every claim leaves nothing behind, and leases of before cannot come back', () => {
  const map = new RangeMap(30, [{ start: 0, end: 10 }]);
  const lease = map.lease(10, 30);
  map.clear();
  expect(map.doneBytes).toBe(0);
  map.close(lease);
  map.size = 30;
  expect(map.holes()).toEqual([{ start: 0, end: 30 }]);
});
