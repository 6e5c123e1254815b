/**
 * One connection to a server and the exchanges on it. The only file that knows undici.
 *
 * One undici Client per connection over a socket we opened ourselves, because only then a reset can be told from a normal
 * end (undici ends a body without length the same way for both), the address is known, and a connection is never
 * replaced behind our back. Pause, resume and abort act on this connection alone.
 */
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
// The package's entry loads fetch, WebSocket, caches and more: half of an idle process's memory. Its own file loads
// the HTTP/1.1 client and little else.
import Client from 'undici/lib/dispatcher/client.js';
import type { Clock } from './clock.ts';
import { DownloadError } from './errors.ts';
import { type AnswerHeaders, header } from './http-headers.ts';
import { skipInterimAnswers } from './interim.ts';
import { passesOn, proxyAuthorization } from './proxy.ts';
import type { WireRequest } from './request.ts';
import { type ConnectionTarget, openRoute } from './route.ts';
import { exchangeTrouble, TransportError } from './trouble.ts';

export interface ExchangeListener {
  /** Bytes to take from the socket at once. A pause acts between two reads: a limit is kept no finer than this. */
  readAtMost(): number;
  /** The final answer's status and headers, once. May abort. */
  onAnswer(status: number, headers: AnswerHeaders): void;
  /** Body bytes as read from the socket; the buffer may be kept. */
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

export class Connection {
  readonly origin: string;
  /** `address:port` of the server, or of the proxy that leads to it. */
  readonly address: string;
  /** Time the connecting took, in milliseconds: about one round trip, two more with TLS. */
  readonly connectMs: number;
  readonly #client: Dispatcher;
  readonly #socket: Socket;
  readonly #host: string;
  readonly #awaitAnswer: () => void;
  /** The login of the proxy that is handed the requests; undefined where they go to the server itself. */
  readonly #proxyFields: readonly string[] | undefined;
  #wasReset = false;
  #isOpen = true;
  #exchanges = 0;
  #keepAliveMs: number | undefined;
  #readAtMost = (): number => Number.POSITIVE_INFINITY;

  private constructor(target: ConnectionTarget, socket: Socket, connectMs: number) {
    this.origin = target.url.origin;
    this.#host = target.url.host;
    this.#socket = socket;
    const read = socket.read.bind(socket);
    socket.read = (size?: number): Buffer | null => {
      const most = this.#readAtMost();
      return read(size ?? (socket.readableLength > most ? most : undefined));
    };
    this.#awaitAnswer = skipInterimAnswers(socket);
    if (target.proxy && passesOn(target.proxy, target.url)) {
      const login = proxyAuthorization(target.proxy);
      this.#proxyFields = login === undefined ? [] : ['Proxy-Authorization', login];
    }
    this.connectMs = connectMs;
    this.address = `${socket.remoteAddress}:${socket.remotePort}`;
    // Registered before undici's own listeners, so the fact is known when undici reports the end.
    socket.once('error', (error) => {
      if ('code' in error && error.code === 'ECONNRESET') this.#wasReset = true;
    });
    socket.once('close', () => {
      this.#isOpen = false;
    });
    let isTaken = false;
    this.#client = new Client(this.origin, {
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
          if (isTaken || socket.destroyed)
            callback(Object.assign(new Error('the connection is gone'), { code: 'ECONNRESET' }), null);
          else callback(null, socket);
          isTaken = true;
        });
      },
    });
  }

  /** @throws TransportError. */
  static async open(
    target: ConnectionTarget,
    options: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<Connection> {
    const startedMs = options.clock.now();
    const socket = await openRoute(target, options);
    return new Connection(target, socket, options.clock.now() - startedMs);
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#socket.destroyed;
  }

  /** True once an exchange ended well on it: a close before the next answer is then the keep-alive race. */
  get wasUsed(): boolean {
    return this.#exchanges > 1;
  }

  /** How long the server keeps it open unused, by its Keep-Alive hint, in milliseconds. */
  get keepAliveMs(): number | undefined {
    return this.#keepAliveMs;
  }

  /** Bytes read from the socket over its life, headers included. */
  get receivedBytes(): number {
    return this.#socket.bytesRead;
  }

  send(request: WireRequest, listener: ExchangeListener): Exchange {
    this.#exchanges += 1;
    this.#readAtMost = () => listener.readAtMost();
    this.#awaitAnswer();
    const handler = new ExchangeHandler(listener, {
      host: this.#host,
      wasUsed: this.wasUsed,
      wasReset: () => this.#wasReset,
      onKeepAlive: (ms) => {
        this.#keepAliveMs = ms;
      },
      destroy: () => this.close(),
    });
    const { url } = request;
    this.#client.dispatch(
      {
        origin: url.origin,
        // A proxy is told the whole address (RFC 9112 section 3.2.2).
        path: `${this.#proxyFields ? url.origin : ''}${url.pathname}${url.search}`,
        method: request.method,
        headers: [...request.headers.flat(), ...(this.#proxyFields ?? [])],
        body: request.body === undefined ? null : typeof request.body === 'string' ? request.body : Buffer.from(request.body),
      },
      handler,
    );
    return handler;
  }

  close(): void {
    this.#isOpen = false;
    this.#client.destroy().catch(() => {});
    this.#socket.destroy();
  }
}

interface HandlerContext {
  readonly host: string;
  readonly wasUsed: boolean;
  readonly wasReset: () => boolean;
  readonly onKeepAlive: (ms: number) => void;
  readonly destroy: () => void;
}

class ExchangeHandler implements Dispatcher.DispatchHandler, Exchange {
  readonly #listener: ExchangeListener;
  readonly #context: HandlerContext;
  #controller: Dispatcher.DispatchController | undefined;
  #hasBegun = false;
  #isOver = false;
  #isPaused = false;
  /** The length of the body is told by its framing, not by the end of the connection. */
  #isFramed = false;

  constructor(listener: ExchangeListener, context: HandlerContext) {
    this.#listener = listener;
    this.#context = context;
  }

  pause(): void {
    this.#isPaused = true;
    if (!this.#isOver) this.#controller?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isOver) this.#controller?.resume();
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
    this.#isFramed = header(headers, 'content-length') !== undefined || header(headers, 'transfer-encoding') !== undefined;
    const hint = /timeout=(\d{1,6})/.exec(header(headers, 'keep-alive') ?? '')?.[1];
    if (hint !== undefined) this.#context.onKeepAlive(Number(hint) * 1000);
    this.#listener.onAnswer(status, headers);
    if (this.#isPaused && !this.#isOver) controller.pause();
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (!this.#isOver) this.#listener.onBytes(bytes);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    if (!this.#isFramed && this.#context.wasReset()) {
      this.#fail(new TransportError('cut', 'E_NETWORK', `${this.#context.host} reset the connection`));
      return;
    }
    this.#isOver = true;
    this.#listener.onEnd(this.#isFramed);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isOver) return;
    this.#fail(
      error instanceof DownloadError ? error : exchangeTrouble(error, this.#context.host, this.#context.wasUsed, this.#hasBegun),
    );
  }

  #fail(error: DownloadError): void {
    this.#isOver = true;
    this.#context.destroy();
    this.#listener.onTrouble(error instanceof TransportError ? error : exchangeTrouble(error, this.#context.host, false, true));
  }
}
