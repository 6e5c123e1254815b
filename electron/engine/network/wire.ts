/** What the HTTP parser takes for its socket: the connection, for the length of one exchange. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const HIGH_WATER_BYTES = 64 * 1024;

/** Writes go to the socket; what is read was pushed. Its end or destruction is not the socket's. */
export class Wire extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ readableHighWaterMark: HIGH_WATER_BYTES });
    this.#socket = socket;
    // The exchange is told by the parser.
    this.on('error', () => {});
  }

  /** Bytes that came; the socket waits where the parser does not take them. */
  give(bytes: Buffer): void {
    if (!this.push(bytes)) this.#socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, encoding, done);
  }

  override _writev(chunks: readonly { chunk: Buffer; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    for (const [index, { chunk, encoding }] of chunks.entries()) {
      this.#socket.write(chunk, encoding, index === chunks.length - 1 ? done : undefined);
    }
    this.#socket.uncork();
  }

  /** The socket itself keeps the process alive. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
