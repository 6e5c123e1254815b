/**
 * Memory that sockets are read into and the disk is written from, used again and again: what is received makes no garbage, so a
 * fast download neither wakes the collector nor grows the process.
 *
 * Whoever keeps bytes of a slab beyond the call that brought them holds the slab, and lets go of it once done. What comes
 * back to nobody's hold is overwritten.
 */

/** Kept for reuse at most, unused. */
const MAX_FREE = 32;

const slabs = new WeakMap<ArrayBufferLike, Slab>();

export class Slab {
  readonly bytes: Buffer;
  readonly #onFree: (slab: Slab) => void;
  #holds = 0;

  constructor(size: number, onFree: (slab: Slab) => void) {
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.#onFree = onFree;
    slabs.set(this.bytes.buffer, this);
  }

  /** The slab that `bytes` lie in; undefined for memory of any other kind, which needs no hold. */
  static of(bytes: Uint8Array): Slab | undefined {
    return slabs.get(bytes.buffer);
  }

  hold(): void {
    this.#holds += 1;
  }

  letGo(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#onFree(this);
  }
}

/** Bytes that wait to be used, in order, and hold the slabs they lie in. */
export class WaitingBytes {
  #waiting: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  push(bytes: Buffer): void {
    Slab.of(bytes)?.hold();
    this.#waiting.push(bytes);
  }

  /** Before those that wait already. */
  putFirst(bytes: readonly Buffer[]): void {
    for (const one of bytes) Slab.of(one)?.hold();
    this.#waiting.unshift(...bytes);
  }

  /** Gives what came first to `take`, which may not keep it longer without a hold of its own. */
  giveFirst(take: (bytes: Buffer) => void): void {
    const bytes = this.#waiting.shift();
    if (bytes === undefined) return;
    try {
      take(bytes);
    } finally {
      Slab.of(bytes)?.letGo();
    }
  }

  clear(): void {
    for (const bytes of this.#waiting.splice(0)) Slab.of(bytes)?.letGo();
  }
}

export class Slabs {
  readonly #free: Slab[] = [];
  readonly #slabBytes: number;
  #users = 0;

  constructor(slabBytes = 512 * 1024) {
    this.#slabBytes = slabBytes;
  }

  /** Somebody is going to take slabs, until `leave`: where nobody is, no memory is kept. */
  enter(): void {
    this.#users += 1;
  }

  leave(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#free.length = 0;
  }

  /** Held once, for the taker. The last one given back comes first: it is still in the processor's cache. */
  take(): Slab {
    const slab =
      this.#free.pop() ??
      new Slab(this.#slabBytes, (free) => {
        if (this.#users > 0 && this.#free.length < MAX_FREE) this.#free.push(free);
      });
    slab.hold();
    return slab;
  }
}
