/**
 * Where the bytes of a socket go. Node gives each read a buffer of its own, 64 KiB, and a turn through its streams; here the
 * system writes into slabs that are used again, as much as it has, and one function is told.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Slab, Slabs } from '#engine/slabs';

/** Sockets that always have more would keep the event loop from all else: after so much in one turn of it they wait for the next. */
const TURN_BYTES = 2 * 1024 * 1024;

/** What all sockets together have brought in this turn. There is one event loop, so there is one count. */
let turnBytes = 0;

function isTurnOver(count: number): boolean {
  if (turnBytes === 0) {
    setImmediate(() => {
      turnBytes = 0;
    });
  }
  turnBytes += count;
  return turnBytes > TURN_BYTES;
}

/** What is left of a slab is not worth a read of its own. */
const LEAST_READ_BYTES = 64 * 1024;

export class Intake {
  readonly #slabs: Slabs;
  #slab: Slab | undefined;
  #used = 0;
  #isFed = false;
  #socket: Socket | undefined;
  #readAtMost: () => number = () => LEAST_READ_BYTES;
  #onBytes: (bytes: Buffer) => void = () => {};

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
    slabs.enter();
  }

  /** To be given to the socket as its option `onread`. */
  option(): OnReadOpts {
    this.#isFed = true;
    return {
      buffer: () => this.#room(),
      callback: (count, buffer) => {
        this.#used += count;
        this.#onBytes(buffer.subarray(0, count) as Buffer);
        if (!isTurnOver(count)) return true;
        setImmediate(() => this.#goOn());
        return false;
      },
    };
  }

  /** From now on `onBytes` is told, of bytes that are overwritten unless held (slabs.ts); `readAtMost` is asked before each read. */
  drain(socket: Socket, readAtMost: () => number, onBytes: (bytes: Buffer) => void): void {
    this.#socket = socket;
    this.#readAtMost = readAtMost;
    this.#onBytes = onBytes;
    // A socket that leads through a proxy was made without the option.
    if (!this.#isFed) socket.on('data', onBytes);
  }

  /** The socket is closed. */
  close(): void {
    this.#slab?.letGo();
    this.#slab = undefined;
    this.#slabs.leave();
  }

  /** Unless it was paused meanwhile for a reason of its own. */
  #goOn(): void {
    if (this.#socket?.isPaused() === false && !this.#socket.destroyed) this.#socket.resume();
  }

  #room(): Buffer {
    const most = this.#readAtMost();
    if (this.#slab === undefined || this.#slab.bytes.length - this.#used < Math.min(most, LEAST_READ_BYTES)) {
      this.#slab?.letGo();
      this.#slab = this.#slabs.take();
      this.#used = 0;
    }
    return this.#slab.bytes.subarray(this.#used, this.#used + most);
  }
}
