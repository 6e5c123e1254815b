/** Reads a socket message by message, and lets go of it with what was not read. For servers of the rig. */
import type { Socket } from 'node:net';

export class ByteReader {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isOver = false;
  #wake: (() => void) | undefined;
  readonly #onData = (bytes: Buffer): void => {
    this.#received = Buffer.concat([this.#received, bytes]);
    this.#wake?.();
  };

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', this.#onData);
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#isOver = true;
        this.#wake?.();
      });
    }
  }

  /** @throws when the client leaves first. */
  async read(length: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= length);
    return this.#take(length);
  }

  /** The first byte, still to be read. */
  async peek(): Promise<number | undefined> {
    await this.#until(() => this.#received.length > 0);
    return this.#received[0];
  }

  /** A head of HTTP, without the empty line that ends it. */
  async readHead(): Promise<string> {
    await this.#until(() => this.#received.includes('\r\n\r\n'));
    return this.#take(this.#received.indexOf('\r\n\r\n') + 4)
      .toString('latin1')
      .trimEnd();
  }

  /** Gives the socket to somebody else, with what had come too early. */
  release(): void {
    this.#socket.off('data', this.#onData);
    this.#socket.pause();
    if (this.#received.length > 0) this.#socket.unshift(this.#received);
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#isOver) throw new Error('the client is gone');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(length: number): Buffer {
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return bytes;
  }
}
