/**
 * The real disk with a plan of faults.
 *
 *     await using disk = new FailingDisk([
 *       { on: { operation: 'writev', path: /\.part$/, afterBytes: 10 * 1024 * 1024 }, times: Infinity, do: { error: 'ENOSPC' } },
 *       { on: { operation: 'writev', nth: 3 }, do: { shortBytes: 1 } },
 *       { on: { operation: 'link' }, times: 4, do: { error: 'EBUSY' } },
 *       { on: { operation: 'datasync' }, do: { hang: true } },
 *     ], { clock });
 *
 * The first fault that matches applies. Disposing throws for each that never fired. `heal()` ends all of them.
 */
import { type Clock, systemClock } from '../../electron/engine/clock.ts';
import { type FileIdentity, type FileIo, nodeFileIo, type OpenFile, type OpenMode } from '../../electron/engine/disk/file-io.ts';
import { type DiskEffect, type DiskFault, DiskPlan, type DiskRecord } from './disk-faults.ts';
import type { ObservingClock } from './jump-clock.ts';

type Space = Awaited<ReturnType<FileIo['space']>>;

export interface FailingDiskOptions {
  /** For delays; one that jumps also learns from here that the disk is at work. */
  readonly clock?: Clock;
  /** What the faults are put over; default the real disk. */
  readonly disk?: FileIo;
}

export class FailingDisk implements FileIo, AsyncDisposable {
  /** What `space()` says instead of the truth. */
  spaceOverride: Partial<Space> = {};
  /** Files opened and not closed. */
  openHandles = 0;
  /** Operations the real disk is at. */
  pending = 0;
  /** Operations that hang until `release()`. */
  hanging = 0;
  /** Every operation in the order it was asked for. */
  readonly log: DiskRecord[] = [];
  readonly #plan: DiskPlan;
  readonly #disk: FileIo;
  readonly #clock: Clock;
  readonly #ends: (() => void)[] = [];
  #releases: (() => void)[] = [];
  #watchers: (() => void)[] = [];

  constructor(faults: readonly DiskFault[] = [], options: FailingDiskOptions = {}) {
    this.#plan = new DiskPlan(faults);
    this.#disk = options.disk ?? nodeFileIo;
    this.#clock = options.clock ?? systemClock;
    const { observe, busy } = this.#clock as Partial<ObservingClock>;
    if (observe !== undefined) this.#ends.push(observe.call(this.#clock, () => this.log.length));
    if (busy !== undefined) this.#ends.push(busy.call(this.#clock, () => this.pending > 0));
  }

  addFault(fault: DiskFault): void {
    this.#plan.add(fault);
  }

  /** The disk is well again: no fault fires any more and what hangs goes on. */
  heal(): void {
    this.#plan.heal();
    this.release();
  }

  /** Lets everything that hangs go on. */
  release(): void {
    for (const go of this.#releases.splice(0)) go();
  }

  /** Resolves when an operation hangs. */
  async whenHanging(): Promise<void> {
    while (this.hanging === 0) {
      await new Promise<void>((resolve) => {
        this.#watchers.push(resolve);
      });
    }
  }

  firedTimes(name: string): number {
    return this.#plan.firedTimes(name);
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await this.run({ operation: 'open', path }, () => this.#disk.open(path, mode));
    this.openHandles += 1;
    return new FailingFile(this, path, file);
  }

  link(existing: string, path: string): Promise<void> {
    return this.run({ operation: 'link', path: existing, to: path }, () => this.#disk.link(existing, path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.run({ operation: 'rename', path: from, to }, () => this.#disk.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.run({ operation: 'unlink', path }, () => this.#disk.unlink(path));
  }

  identity(path: string): Promise<FileIdentity | undefined> {
    return this.run({ operation: 'identity', path }, () => this.#disk.identity(path));
  }

  list(path: string): Promise<string[]> {
    return this.run({ operation: 'list', path }, () => this.#disk.list(path));
  }

  space(path: string): Promise<Space> {
    return this.run({ operation: 'space', path }, async () => ({ ...(await this.#disk.space(path)), ...this.spaceOverride }));
  }

  syncDirectory(path: string): Promise<void> {
    return this.run({ operation: 'syncDirectory', path }, () => this.#disk.syncDirectory(path));
  }

  /** Carries out one operation under the plan. For FailingFile. */
  async run<T>(record: DiskRecord, operate: (effect: DiskEffect | undefined) => Promise<T>): Promise<T> {
    this.log.push(record);
    const effect = this.#plan.effect(record);
    if (effect !== undefined) await this.#suffer(effect, record);
    this.pending += 1;
    try {
      return await operate(effect);
    } finally {
      this.pending -= 1;
    }
  }

  noteWritten(record: DiskRecord, bytes: number): void {
    this.#plan.noteWritten(record, bytes);
  }

  async #suffer(effect: DiskEffect, { operation, path }: DiskRecord): Promise<void> {
    if ('delayMs' in effect) {
      await new Promise<void>((resolve) => {
        this.#clock.setTimer(resolve, effect.delayMs);
      });
    } else if ('hang' in effect) {
      this.hanging += 1;
      for (const wake of this.#watchers.splice(0)) wake();
      await new Promise<void>((resolve) => {
        this.#releases.push(resolve);
      });
      this.hanging -= 1;
    } else if ('error' in effect) {
      // Failing takes a turn of the event loop on a real disk too; code that relies on less would be wrong.
      await new Promise(setImmediate);
      const error = new Error(`${effect.error}: planned fault, ${operation} '${path}'`);
      throw Object.assign(error, { code: effect.error, syscall: operation, path });
    }
  }

  /** Lets go what hangs; @throws naming each planned fault that never fired. */
  [Symbol.asyncDispose](): Promise<void> {
    this.release();
    for (const end of this.#ends) end();
    const unfired = this.#plan.unfired();
    if (unfired.length === 0) return Promise.resolve();
    return Promise.reject(new Error(`planned disk fault never fired: ${unfired.join('; ')}`));
  }
}

/** The first `count` bytes of the buffers. */
function firstBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let left = count;
  for (const buffer of buffers) {
    if (left <= 0) break;
    kept.push(buffer.subarray(0, left));
    left -= buffer.length;
  }
  return kept;
}

function withFlippedBit(buffers: readonly Uint8Array[]): Uint8Array[] {
  const copy = Buffer.concat(buffers);
  const middle = copy.length >>> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return [copy];
}

class FailingFile implements OpenFile {
  readonly #owner: FailingDisk;
  readonly #path: string;
  readonly #file: OpenFile;

  constructor(owner: FailingDisk, path: string, file: OpenFile) {
    this.#owner = owner;
    this.#path = path;
    this.#file = file;
  }

  async writev(buffers: readonly Uint8Array[], position: number): Promise<number> {
    const bytes = buffers.reduce((sum, { length }) => sum + length, 0);
    const record: DiskRecord = { operation: 'writev', path: this.#path, position, bytes };
    const written = await this.#owner.run(record, (effect) => {
      let given = buffers;
      if (effect !== undefined && 'shortBytes' in effect) given = firstBytes(buffers, effect.shortBytes);
      if (effect !== undefined && 'flipBit' in effect) given = withFlippedBit(buffers);
      return this.#file.writev(given, position);
    });
    this.#owner.noteWritten(record, written);
    return written;
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#owner.run({ operation: 'read', path: this.#path, position, bytes: buffer.length }, (effect) =>
      this.#file.read(effect !== undefined && 'shortBytes' in effect ? buffer.subarray(0, effect.shortBytes) : buffer, position),
    );
  }

  datasync(): Promise<void> {
    return this.#owner.run({ operation: 'datasync', path: this.#path }, () => this.#file.datasync());
  }

  truncate(size: number): Promise<void> {
    return this.#owner.run({ operation: 'truncate', path: this.#path, position: size }, () => this.#file.truncate(size));
  }

  identity(): Promise<FileIdentity> {
    return this.#owner.run({ operation: 'identity', path: this.#path }, () => this.#file.identity());
  }

  setModified(wallMs: number): Promise<void> {
    return this.#owner.run({ operation: 'setModified', path: this.#path }, () => this.#file.setModified(wallMs));
  }

  async close(): Promise<void> {
    await this.#owner.run({ operation: 'close', path: this.#path }, () => this.#file.close());
    this.#owner.openHandles -= 1;
  }
}
