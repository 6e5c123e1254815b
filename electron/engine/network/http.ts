/**
 * One request and its answer on a connection. The only file that knows undici.
 *
 * undici writes the request, reads the answer's head and every body whose end has to be found (chunks, the connection's
 * end), over a `Wire` that stands for the socket during this exchange. A body of a told length only has to be counted: it goes
 * past the parser, which would copy each byte of it and hand it on in small pieces.
 */
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
// The package's entry loads fetch, WebSocket, caches and more: half of an idle process's memory. Its own file loads
// the HTTP/1.1 client and little else.
import Client from 'undici/lib/dispatcher/client.js';
import { DownloadError } from '#engine/errors';
import { WaitingBytes } from '#engine/slabs';
import { type AnswerHeaders, contentLength, header } from './http-headers.ts';
import { InterimFilter } from './interim.ts';
import { exchangeTrouble, TransportError } from './trouble.ts';
import { Wire } from './wire.ts';

export interface ExchangeListener {
  /** Bytes to take from the socket at once. A pause acts between two reads: a limit is kept no finer than this. */
  readAtMost(): number;
  /** The final answer's status and headers, once. May abort. */
  onAnswer(status: number, headers: AnswerHeaders): void;
  /** Body bytes as read from the socket. They are overwritten once this returns, unless their slab is held (slabs.ts). */
  onBytes(bytes: Buffer): void;
  /** The body is complete. `isProven` is false where only the end of the connection says so (RFC 9112 section 6.3, last case). */
  onEnd(isProven: boolean): void;
  /** Instead of onEnd; once. */
  onTrouble(trouble: TransportError): void;
}

/** A request under way. */
export interface Exchange {
  /** Stops reading; the server is slowed by TCP. */
  pause(): void;
  resume(): void;
  /** Ends it and the connection with it; onTrouble says `aborted`. */
  abort(): void;
}

/** Until the head of an answer is read: a small file comes with it. Under a limit it is not a second's worth. */
const FIRST_READ_BYTES = 128 * 1024;
const HEAD_READ_BYTES = 16 * 1024;
const endOfHead = '\r\n\r\n';
/** Of a body that the parser reads. */
const PARSED_READ_BYTES = 64 * 1024;

export interface ExchangeContext {
  readonly origin: string;
  readonly host: string;
  readonly wasUsed: boolean;
  readonly isHead: boolean;
  readonly wasReset: () => boolean;
  readonly onKeepAlive: (ms: number) => void;
  /** It is over: the connection may serve another, or not. */
  readonly onOver: (isReusable: boolean) => void;
}

export class HttpExchange implements Dispatcher.DispatchHandler, Exchange {
  readonly #socket: Socket;
  readonly #listener: ExchangeListener;
  readonly #context: ExchangeContext;
  readonly #wire: Wire;
  readonly #client: Dispatcher;
  readonly #interim = new InterimFilter();
  #controller: Dispatcher.DispatchController | undefined;
  /** The final answer's head, or its beginning, went to the parser. */
  #hasPassed = false;
  /** All of its head went there: the parser gets none of the body before it says that it wants it. */
  #isUndecided = false;
  #isOldVersion = true;
  #hasBegun = false;
  #isOver = false;
  #isPaused = false;
  /** The length of the body is told by its framing, not by the end of the connection. */
  #isFramed = false;
  #isPersistent = false;
  /** Bytes of the body to come, once it goes past the parser. */
  #left: number | undefined;
  /** They came while paused, or before it is known whose they are. */
  readonly #waiting = new WaitingBytes();
  #ending: { readonly error?: Error } | undefined;

  constructor(socket: Socket, listener: ExchangeListener, context: ExchangeContext) {
    this.#socket = socket;
    this.#listener = listener;
    this.#context = context;
    const wire = new Wire(socket);
    this.#wire = wire;
    this.#client = new Client(context.origin, {
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: 64 * 1024,
      // Silence is judged by the slot, on the engine's clock, and never while we pause the reading ourselves.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 600_000,
      keepAliveMaxTimeout: 600_000,
      // Not at once: undici is in the middle of its turn when it asks.
      connect: (_options, callback) => {
        queueMicrotask(() => {
          if (wire.destroyed || socket.destroyed) {
            callback(Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' }), null);
          } else callback(null, wire as unknown as Socket);
        });
      },
    });
  }

  begin(options: Dispatcher.DispatchOptions): void {
    this.#client.dispatch(options, this);
  }

  readAtMost(): number {
    const most = this.#listener.readAtMost();
    if (!this.#hasBegun) return Math.max(HEAD_READ_BYTES, Math.min(most, FIRST_READ_BYTES));
    return this.#left === undefined ? Math.min(most, PARSED_READ_BYTES) : most;
  }

  /** Bytes came. */
  take(bytes: Buffer): void {
    if (this.#isOver) return;
    if (this.#left !== undefined) {
      if (this.#isPaused || !this.#waiting.isEmpty) this.#waiting.push(bytes);
      else this.#handOn(bytes);
      this.#pump();
    } else if (this.#isUndecided) this.#waiting.push(bytes);
    else if (this.#hasPassed) this.#parse(bytes);
    else this.#takeHead(bytes);
  }

  #takeHead(bytes: Buffer): void {
    const passed = this.#interim.pass(bytes);
    if (passed === undefined) return;
    this.#hasPassed = true;
    this.#isOldVersion = passed.toString('latin1', 0, 8) !== 'HTTP/1.1';
    const end = passed.indexOf(endOfHead);
    this.#isUndecided = end >= 0;
    const head = end < 0 ? passed : passed.subarray(0, end + endOfHead.length);
    if (head.length < passed.length) this.#waiting.push(passed.subarray(head.length));
    this.#parse(head);
  }

  #parse(bytes: Buffer): void {
    this.#wire.give(Buffer.from(bytes));
  }

  /** The connection ended. */
  end(error?: Error): void {
    if (this.#isOver || this.#ending) return;
    this.#ending = error ? { error } : {};
    if (this.#left !== undefined) this.#pump();
    else if (!this.#isUndecided) this.#endWire(error);
  }

  #endWire(error: Error | undefined): void {
    if (error) this.#wire.destroy(error);
    else this.#wire.push(null);
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#isOver) return;
    if (this.#left === undefined) this.#controller?.pause();
    else this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isOver) return;
    if (this.#left === undefined) this.#controller?.resume();
    else this.#pump();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#fail(new TransportError('aborted', 'E_NETWORK', 'stopped'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(new Error('stopped'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // 1xx answers announce; the real one follows (RFC 9110 section 15.2).
    if (status < 200 || this.#isOver) return;
    this.#hasBegun = true;
    const length = contentLength(headers);
    const hasCoding = header(headers, 'transfer-encoding') !== undefined;
    this.#isFramed = header(headers, 'content-length') !== undefined || hasCoding;
    const connection = header(headers, 'connection') ?? '';
    this.#isPersistent = !/\bclose\b/i.test(connection) && (!this.#isOldVersion || /\bkeep-alive\b/i.test(connection));
    const hint = /timeout=(\d{1,6})/.exec(header(headers, 'keep-alive') ?? '')?.[1];
    if (hint !== undefined) this.#context.onKeepAlive(Number(hint) * 1000);
    const mayHaveBody = !this.#context.isHead && status !== 204 && status !== 304;
    // A body where none may be would be taken for the next answer.
    if ((status === 204 || status === 304) && (hasCoding || (length ?? 0) > 0)) this.#isPersistent = false;
    this.#listener.onAnswer(status, headers);
    if (this.#isOver) return;
    // The parser is in the middle of its turn.
    if (mayHaveBody && !hasCoding && length !== undefined && length > 0) {
      this.#left = length;
      controller.pause();
      queueMicrotask(() => this.#goPast());
    } else {
      if (this.#isPaused) controller.pause();
      queueMicrotask(() => this.#goOn());
    }
  }

  /** The parser is through: what it was given of the body, and gives back, and all that comes is ours. */
  #goPast(): void {
    const given: Buffer[] = [];
    for (let bytes: Buffer | null = this.#wire.read(); bytes !== null; bytes = this.#wire.read()) given.push(bytes);
    this.#waiting.putFirst(given);
    this.#dismiss();
    this.#pump();
  }

  /** The body is for the parser, too. */
  #goOn(): void {
    if (this.#isOver || !this.#isUndecided) return;
    this.#isUndecided = false;
    while (!this.#waiting.isEmpty) this.#waiting.giveFirst((bytes) => this.#parse(bytes));
    if (this.#ending) this.#endWire(this.#ending.error);
  }

  /** Hands on what came, as long as it is wanted. */
  #pump(): void {
    while (!this.#isPaused && !this.#isOver && !this.#waiting.isEmpty) this.#waiting.giveFirst((bytes) => this.#handOn(bytes));
    if (this.#isOver) return;
    if (this.#isPaused) this.#socket.pause();
    else if ((this.#left ?? 0) <= 0) this.#finish();
    else if (this.#ending) {
      const error = this.#ending.error ?? Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
      this.#fail(exchangeTrouble(error, this.#context.host, this.#context.wasUsed, true));
    } else this.#socket.resume();
  }

  #handOn(bytes: Buffer): void {
    const left = this.#left ?? 0;
    this.#left = left - bytes.length;
    if (this.#left < 0) this.#isPersistent = false;
    if (left > 0) this.#listener.onBytes(bytes.length > left ? bytes.subarray(0, left) : bytes);
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#isOver) this.#listener.onBytes(bytes);
  }

  onResponseEnd(): void {
    if (this.#isOver || this.#left !== undefined) return;
    if (!this.#isFramed && this.#context.wasReset()) {
      this.#fail(new TransportError('cut', 'E_NETWORK', `${this.#context.host} reset the connection`));
      return;
    }
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver || this.#left !== undefined) return;
    this.#fail(
      error instanceof DownloadError ? error : exchangeTrouble(error, this.#context.host, this.#context.wasUsed, this.#hasBegun),
    );
  }

  /** What undici keeps for it is let go. Not at once: it may be in the middle of its turn. */
  #dismiss(): void {
    queueMicrotask(() => this.#client.destroy().catch(() => {}));
  }

  #finish(): void {
    this.#isOver = true;
    this.#dismiss();
    // A request that is still being sent, or bytes nobody asked for: no other exchange may follow here.
    const isClean = this.#socket.writableLength === 0 && this.#waiting.isEmpty && !this.#ending;
    this.#waiting.clear();
    this.#context.onOver(this.#isPersistent && isClean);
    this.#listener.onEnd(this.#isFramed);
  }

  #fail(error: DownloadError): void {
    this.#isOver = true;
    this.#waiting.clear();
    this.#dismiss();
    this.#context.onOver(false);
    this.#listener.onTrouble(error instanceof TransportError ? error : exchangeTrouble(error, this.#context.host, false, true));
  }
}
