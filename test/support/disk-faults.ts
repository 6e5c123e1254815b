/** The plan of a disk's misbehaviour as data. */
import { inspect } from 'node:util';

/** `identity` is asked of a path and of an open file alike. */
export type DiskOperation =
  | 'open'
  | 'writev'
  | 'read'
  | 'datasync'
  | 'truncate'
  | 'identity'
  | 'setModified'
  | 'close'
  | 'link'
  | 'rename'
  | 'unlink'
  | 'list'
  | 'space'
  | 'syncDirectory';

/** One operation as it was asked for. */
export interface DiskRecord {
  readonly operation: DiskOperation;
  readonly path: string;
  /** Where `link` and `rename` lead. */
  readonly to?: string;
  readonly position?: number;
  readonly bytes?: number;
}

/** What happens instead of, before or within the operation. */
export type DiskEffect =
  | { readonly error: string }
  /** `writev` and `read` move at most so many bytes. */
  | { readonly shortBytes: number }
  | { readonly delayMs: number }
  /** Until `release()`; then it is carried out. */
  | { readonly hang: true }
  /** `writev` puts one wrong bit on the disk and says all is well. */
  | { readonly flipBit: true };

/** All that is given must hold. */
export interface DiskMatch {
  readonly operation: DiskOperation | readonly DiskOperation[];
  readonly path?: string | RegExp;
  /** The n-th such operation, from 1. */
  readonly nth?: number;
  /** The n-th such operation and all later ones. */
  readonly from?: number;
  /** The operation that would carry the bytes written to such paths beyond this, and all later ones. */
  readonly afterBytes?: number;
  readonly where?: (record: DiskRecord) => boolean;
}

export interface DiskFault {
  readonly name?: string;
  readonly on: DiskMatch;
  readonly do: DiskEffect;
  /** How often at most; default 1, Infinity allowed. */
  readonly times?: number;
  /** How often at least, or disposing the disk fails; default 1. */
  readonly atLeast?: number;
}

interface Entry {
  readonly fault: DiskFault;
  seen: number;
  fired: number;
  writtenBytes: number;
}

function concerns({ operation, path, where }: DiskMatch, record: DiskRecord): boolean {
  return (
    [operation].flat().includes(record.operation) &&
    (path === undefined || (typeof path === 'string' ? path === record.path : path.test(record.path))) &&
    (where === undefined || where(record))
  );
}

function isDue({ on, times = 1 }: DiskFault, { seen, fired, writtenBytes }: Entry, record: DiskRecord): boolean {
  return (
    fired < times &&
    (on.nth === undefined || seen === on.nth) &&
    (on.from === undefined || seen >= on.from) &&
    (on.afterBytes === undefined || writtenBytes + (record.bytes ?? 0) > on.afterBytes)
  );
}

/** Keeps count of what fired. */
export class DiskPlan {
  readonly #entries: Entry[];

  constructor(faults: readonly DiskFault[]) {
    this.#entries = faults.map((fault) => ({ fault, seen: 0, fired: 0, writtenBytes: 0 }));
  }

  /** The first fault that matches; all that the operation concerns count it. */
  effect(record: DiskRecord): DiskEffect | undefined {
    let effect: DiskEffect | undefined;
    for (const entry of this.#entries.filter(({ fault }) => concerns(fault.on, record))) {
      entry.seen += 1;
      if (effect !== undefined || !isDue(entry.fault, entry, record)) continue;
      entry.fired += 1;
      effect = entry.fault.do;
    }
    return effect;
  }

  noteWritten(record: DiskRecord, bytes: number): void {
    for (const entry of this.#entries) {
      const { path } = entry.fault.on;
      if (path === undefined || concerns({ operation: 'writev', path }, record)) entry.writtenBytes += bytes;
    }
  }

  /** Adds a fault while the disk is in use. */
  add(fault: DiskFault): void {
    this.#entries.push({ fault, seen: 0, fired: 0, writtenBytes: 0 });
  }

  /** No fault fires any more; those that did stay counted. */
  heal(): void {
    for (const [index, entry] of this.#entries.entries()) {
      this.#entries[index] = { ...entry, fault: { ...entry.fault, times: entry.fired } };
    }
  }

  firedTimes(name: string): number {
    return this.#entries.filter(({ fault }) => fault.name === name).reduce((sum, { fired }) => sum + fired, 0);
  }

  unfired(): string[] {
    return this.#entries
      .filter(({ fault, fired }) => fired < (fault.atLeast ?? 1))
      .map(({ fault, fired }) => `${fault.name ?? `${inspect(fault.on)} → ${inspect(fault.do)}`} (fired ${fired} times)`);
  }
}
