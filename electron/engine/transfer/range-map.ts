/**
 * Which bytes are on disk, which are leased to whom, and which nobody has. Every decision about ranges is one synchronous
 * turn on this map, so two slots can never be given the same byte (but for a hedge, on purpose).
 */

import { add, difference, holes, intersect, sizeOf, uncovered } from '#engine/intervals';
import type { Interval } from '#shared/download';

/** A range given to one slot. It ends when the slot reached `end`, or lost it. */
export class Lease {
  /** First byte of the range. */
  readonly start: number;
  /** Next byte to receive: everything before it is in a batch or on disk. */
  cursor: number;
  /** First byte that is not ours; infinity where the size is unknown. Lowered by a split, raised into a free hole. */
  end: number;
  /** Where the answer's body ends; at least `end`. */
  bodyEnd: number;
  readonly isHedge: boolean;
  /** Someone hedges it. */
  isHedged = false;
  isClosed = false;
  /** What the cursor passed and the disk lost since: nothing of it comes from here any more. */
  readonly lost: Interval[] = [];

  constructor(start: number, end: number, isHedge = false) {
    this.start = start;
    this.cursor = start;
    this.end = end;
    this.bodyEnd = end;
    this.isHedge = isHedge;
  }

  get isFilled(): boolean {
    return this.cursor >= this.end;
  }
}

export class RangeMap {
  /** Undefined until the server told. */
  size: number | undefined;
  readonly #done: Interval[];
  readonly #leases = new Set<Lease>();

  constructor(size: number | undefined, done: readonly Interval[] = []) {
    this.size = size;
    this.#done = [...done];
  }

  get done(): readonly Interval[] {
    return this.#done;
  }

  get doneBytes(): number {
    return sizeOf(this.#done);
  }

  get isComplete(): boolean {
    return this.size !== undefined && this.doneBytes === this.size;
  }

  /** The end of what is known to exist: infinity for an unknown size. */
  get limit(): number {
    return this.size ?? Number.POSITIVE_INFINITY;
  }

  /** Ascending ranges that are neither on disk nor leased. */
  holes(): Interval[] {
    if (this.size === undefined) return [];
    const taken = [...this.#done];
    for (const lease of this.#leases) {
      const end = Math.min(lease.end, this.size);
      for (const part of uncovered(lease.lost, lease.start, end)) add(taken, part.start, part.end);
    }
    return holes(taken, this.size);
  }

  lease(start: number, end: number, isHedge = false): Lease {
    const lease = new Lease(start, end, isHedge);
    this.#leases.add(lease);
    return lease;
  }

  /** Nothing more is received for it: its rest is a hole at once, what was received stays taken until it is on disk. */
  close(lease: Lease): void {
    lease.end = Math.min(lease.end, lease.cursor);
    lease.isClosed = true;
    this.#settle(lease);
  }

  /** The parts of [start, end) that are not on disk yet. First writer wins: the rest need not be written. */
  missing(start: number, end: number): Interval[] {
    return uncovered(this.#done, start, end);
  }

  /** Bytes are on disk. */
  claim(start: number, end: number): void {
    add(this.#done, start, end);
    for (const lease of this.#leases) this.#settle(lease);
  }

  /** What was believed to be on disk is not: it is a hole again. */
  unclaim(start: number, end: number): void {
    for (const part of intersect(this.#done, [{ start, end }])) {
      for (const lease of this.#leases) add(lease.lost, Math.max(part.start, lease.start), Math.min(part.end, lease.cursor));
    }
    this.#done.splice(0, this.#done.length, ...difference(this.#done, [{ start, end }]));
  }

  #settle(lease: Lease): void {
    if (!lease.isClosed) return;
    const awaited = difference(this.missing(lease.start, lease.end), lease.lost);
    if (awaited.length === 0) this.#leases.delete(lease);
  }

  /** Lets a lease whose body goes on run into the hole behind it, instead of paying for a new request. */
  extend(lease: Lease, bytes: number): void {
    const hole = this.holes().find(({ start }) => start === lease.end);
    if (hole) lease.end = Math.min(hole.end, lease.bodyEnd, lease.end + bytes);
  }

  /** Gives up every claim: the file is fetched again. */
  clear(): void {
    this.#done.length = 0;
    this.#leases.clear();
    this.size = undefined;
  }
}
