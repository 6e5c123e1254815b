/**
 * Where the bytes of a socket go. Node gives each read a buffer of its own, 64 KiB, and a turn through its streams; here the
 * system writes into slabs that are used again, as much as it has, and one function is told.
 */
import type { OnReadOpts, Socket } from 'node:net';
import type { Slab, Slabs } from '#engine/slabs';

/** What is left of a slab is not worth a read of its own. */
const LEAST_READ_BYTES = 64 * 1024;

export class Intake {
  readonly #slabs: Slabs;
  #slab: Slab | undefined;
  #used = 0;
  #isFed = false;
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
        return true;
      },
    };
  }

  /** From now on `onBytes` is told, of bytes that are overwritten unless held (slabs.ts); `readAtMost` is asked before each read. */
  drain(socket: Socket, readAtMost: () => number, onBytes: (bytes: Buffer) => void): void {
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
