/**
 * Carries one slot's bytes to the disk: chunks are kept as they came from the socket and written together, so that not
 * a byte is copied and a write is worth its system call. Bounded: at most two batches are in flight while a
 * third fills; beyond that the slot stops reading.
 */

import type { Clock } from '#engine/clock';
import type { DownloadError } from '#engine/errors';
import { Slab } from '#engine/slabs';
import type { Interval } from '#shared/download';

/** Chunks smaller than this are gathered by copying: a thousand tiny views cost more than their bytes. */
const TINY_BYTES = 4096;
const GATHER_BYTES = 16 * 1024;
const MAX_BUFFERS = 256;
const MAX_AGE_MS = 1000;
const MAX_IN_FLIGHT = 2;

/** Received but unwritten bytes of all slots of an engine. */
export class Backlog {
  readonly #limit: number;
  readonly #relieved = new Set<() => void>();
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limit;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    const wasFull = this.isFull;
    this.#bytes -= bytes;
    if (!wasFull || this.isFull) return;
    const waiting = [...this.#relieved];
    this.#relieved.clear();
    for (const run of waiting) run();
  }

  /** Calls `run` once when there is room again. */
  onRoom(run: () => void): void {
    this.#relieved.add(run);
  }
}

export interface WriterPorts {
  readonly clock: Clock;
  readonly batchBytes: number;
  readonly backlog: Backlog;
  /** Writes all of `buffers` at `position`. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** What of [start, end) is not on disk yet. */
  missing(start: number, end: number): Interval[];
  /** [start, end) is on disk. */
  onWritten(start: number, end: number): void;
  onError(error: DownloadError): void;
  /** There is room again after `push` said there was none. */
  onRoom(): void;
}

export class BatchWriter {
  readonly #ports: WriterPorts;
  #buffers: Buffer[] = [];
  /** Where they lie: not to be read into again until they are written. */
  #slabs: Slab[] = [];
  #gathered = 0;
  #start = 0;
  #bytes = 0;
  #since = 0;
  #inFlight = 0;
  #hasFailed = false;
  #isWaitingForRoom = false;
  #settled: (() => void)[] = [];
  readonly #afterRelief = (): void => this.#afterWrite();

  constructor(ports: WriterPorts) {
    this.#ports = ports;
  }

  /** Takes `bytes` for `position`. Returns false when the reader should pause until `onRoom`. */
  push(bytes: Buffer, position: number): boolean {
    if (this.#hasFailed) return false;
    if (this.#bytes > 0 && position !== this.#start + this.#bytes) this.flush();
    if (this.#bytes === 0) {
      this.#start = position;
      this.#since = this.#ports.clock.now();
    }
    this.#append(bytes);
    this.#bytes += bytes.length;
    this.#ports.backlog.add(bytes.length);
    if (this.#isFull && this.#inFlight < MAX_IN_FLIGHT) this.flush();
    const hasRoom = !this.#isFull && !this.#ports.backlog.isFull;
    if (!hasRoom) this.#waitForRoom();
    return hasRoom;
  }

  /** Writes what is collected, full or not. */
  flush(): void {
    if (this.#bytes === 0 || this.#hasFailed) return;
    const batch = { buffers: this.#buffers, slabs: this.#slabs, start: this.#start, bytes: this.#bytes };
    this.#buffers = [];
    this.#slabs = [];
    this.#bytes = 0;
    this.#inFlight += 1;
    void this.#write(batch);
  }

  /** Writes a batch that has waited too long for company: a slow connection's bytes reach the disk too. */
  flushOld(): void {
    if (this.#bytes > 0 && this.#ports.clock.now() - this.#since >= MAX_AGE_MS && this.#inFlight < MAX_IN_FLIGHT) this.flush();
  }

  /** Writes the rest and resolves when nothing is in flight. */
  settle(): Promise<void> {
    this.flush();
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled.push(resolve);
    });
  }

  get #isFull(): boolean {
    return this.#bytes >= this.#ports.batchBytes || this.#buffers.length >= MAX_BUFFERS;
  }

  #append(bytes: Buffer): void {
    const slab = Slab.of(bytes);
    if (slab) {
      this.#appendOf(slab, bytes);
      return;
    }
    if (bytes.length >= TINY_BYTES) {
      this.#buffers.push(bytes);
      this.#gathered = 0;
      return;
    }
    const last = this.#buffers.at(-1);
    if (last && this.#gathered > 0 && this.#gathered + bytes.length <= GATHER_BYTES) {
      // `last` is our own gathering buffer, seen up to what it holds so far.
      const whole = Buffer.from(last.buffer, last.byteOffset, this.#gathered + bytes.length);
      bytes.copy(whole, this.#gathered);
      this.#buffers[this.#buffers.length - 1] = whole;
      this.#gathered += bytes.length;
      return;
    }
    const gathering = Buffer.allocUnsafeSlow(GATHER_BYTES).subarray(0, bytes.length);
    bytes.copy(gathering);
    this.#buffers.push(gathering);
    this.#gathered = bytes.length;
  }

  /** What follows in the same slab lengthens the last buffer. */
  #appendOf(slab: Slab, bytes: Buffer): void {
    this.#gathered = 0;
    const last = this.#buffers.at(-1);
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
      const length = last.length + bytes.length;
      this.#buffers[this.#buffers.length - 1] = Buffer.from(last.buffer, last.byteOffset, length);
      return;
    }
    slab.hold();
    this.#slabs.push(slab);
    this.#buffers.push(bytes);
  }

  async #write(batch: { buffers: Buffer[]; slabs: Slab[]; start: number; bytes: number }): Promise<void> {
    const end = batch.start + batch.bytes;
    try {
      for (const part of this.#ports.missing(batch.start, end)) {
        const isWhole = part.start === batch.start && part.end === end;
        const buffers = isWhole ? batch.buffers : cut(batch.buffers, part.start - batch.start, part.end - batch.start);
        await this.#ports.write(buffers, part.start);
        this.#ports.onWritten(part.start, part.end);
      }
    } catch (error) {
      this.#hasFailed = true;
      this.#drop();
      this.#ports.onError(error as DownloadError);
    } finally {
      for (const slab of batch.slabs) slab.letGo();
      this.#inFlight -= 1;
      this.#ports.backlog.remove(batch.bytes);
      this.#afterWrite();
    }
  }

  #afterWrite(): void {
    if (this.#isFull && this.#inFlight < MAX_IN_FLIGHT) this.flush();
    if (this.#isWaitingForRoom && !this.#isFull) this.#tellRoom();
    if (this.#inFlight > 0) return;
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }

  #waitForRoom(): void {
    if (this.#isWaitingForRoom) return;
    this.#isWaitingForRoom = true;
    if (this.#ports.backlog.isFull) this.#ports.backlog.onRoom(this.#afterRelief);
  }

  #tellRoom(): void {
    if (this.#ports.backlog.isFull) {
      // By now it is the other writers who hold too much: nothing of ours would tell when they have written.
      this.#ports.backlog.onRoom(this.#afterRelief);
      return;
    }
    this.#isWaitingForRoom = false;
    this.#ports.onRoom();
  }

  #drop(): void {
    this.#ports.backlog.remove(this.#bytes);
    for (const slab of this.#slabs.splice(0)) slab.letGo();
    this.#buffers = [];
    this.#bytes = 0;
  }
}

/** The bytes from `from` up to `to` of `buffers` read as one, without copying. */
export function cut(buffers: readonly Buffer[], from: number, to: number): Buffer[] {
  const parts: Buffer[] = [];
  let offset = 0;
  for (const buffer of buffers) {
    const start = Math.max(from - offset, 0);
    const end = Math.min(to - offset, buffer.length);
    if (end > start) parts.push(buffer.subarray(start, end));
    offset += buffer.length;
  }
  return parts;
}
