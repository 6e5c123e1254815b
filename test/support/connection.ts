/** One accepted connection: reads requests, writes bytes with back-pressure, and can end in every way. */
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { HeaderField } from '#shared/download';
import { acknowledged } from './send-queue.ts';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly HeaderField[];
  readonly body: Buffer;
}

export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

function parseHead(head: string): Omit<WireRequest, 'body'> {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const fields = lines.map((line): HeaderField => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { method, target, fields };
}

export class Connection {
  readonly number: number;
  /** Aborted when the connection is gone, whoever ended it. */
  readonly closed: AbortSignal;
  /** The instant up to which its rate is spent, in the clock's milliseconds. */
  paidUntilMs = 0;
  readonly #raw: Socket;
  readonly #tls: TlsIdentity | undefined;
  #socket: Socket;
  readonly #closing = new AbortController();
  #received: Buffer = Buffer.alloc(0);
  #wakeReader: (() => void) | undefined;

  constructor(raw: Socket, number: number, tls: TlsIdentity | undefined) {
    this.number = number;
    this.closed = this.#closing.signal;
    this.#raw = raw;
    this.#tls = tls;
    this.#socket = raw;
    raw.setNoDelay(true);
    this.#watch(raw);
  }

  /** A client may end a connection in any way; each of them is the end and none is a mistake of the origin. */
  #watch(socket: Socket): void {
    for (const event of ['error', 'end', 'close']) socket.on(event, () => this.destroy());
  }

  /** Begins to take in requests, after the handshake if there is one. */
  listen(): void {
    if (this.#tls !== undefined) {
      this.#socket = new TLSSocket(this.#raw, { isServer: true, secureContext: createSecureContext(this.#tls) });
      this.#watch(this.#socket);
    }
    this.#socket.on('data', (bytes: Buffer) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#wakeReader?.();
    });
  }

  /** Answers nothing, not even a handshake; only the client's leaving is noticed. */
  ignore(): void {
    this.#raw.resume();
  }

  /** Bytes in the clear before any request, then the end. */
  greet(bytes: string | Buffer): void {
    this.#raw.end(bytes);
  }

  /** The next request, whole; undefined when there will be none. */
  async nextRequest(): Promise<WireRequest | undefined> {
    for (;;) {
      if (this.closed.aborted) return undefined;
      const request = this.#takeRequest();
      if (request !== undefined) return request;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  #takeRequest(): WireRequest | undefined {
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const head = parseHead(this.#received.toString('utf8', 0, headEnd));
    const length = Number(head.fields.find(([name]) => name.toLowerCase() === 'content-length')?.[1] ?? 0);
    const bodyEnd = headEnd + 4 + length;
    if (this.#received.length < bodyEnd) return undefined;
    const body = this.#received.subarray(headEnd + 4, bodyEnd);
    this.#received = this.#received.subarray(bodyEnd);
    return { ...head, body };
  }

  /** Resolves when the system has taken the bytes; false if the connection is gone. */
  write(buffers: readonly Uint8Array[]): Promise<boolean> {
    if (this.closed.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#socket.cork();
      buffers.forEach((buffer, index) => {
        const isLast = index === buffers.length - 1;
        this.#socket.write(buffer, isLast ? (error) => resolve(error === undefined || error === null) : undefined);
      });
      this.#socket.uncork();
    });
  }

  /** FIN after what was written. */
  end(): void {
    this.#socket.end();
  }

  /** RST once the client's system has all that was written, so that the client can read every byte of it. */
  async resetAfterLastByte(): Promise<void> {
    await acknowledged(this.#raw, this.closed);
    this.reset();
  }

  /** RST at once; what the client's system has not taken yet is lost. */
  reset(): void {
    if (!this.#raw.destroyed) this.#raw.resetAndDestroy();
    this.destroy();
  }

  destroy(): void {
    if (this.closed.aborted) return;
    this.#closing.abort();
    this.#socket.destroy();
    this.#raw.destroy();
    this.#wakeReader?.();
  }
}
