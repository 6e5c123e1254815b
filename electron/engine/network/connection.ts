/**
 * One connection to a server, for one exchange after another. Over a socket we opened ourselves, because only then a reset can
 * be told from a normal end (undici ends a body without length the same way for both), the address is known, and a
 * connection is never replaced behind our back. Pause, resume and abort act on this connection alone.
 */
import type { Socket } from 'node:net';
import type { Clock } from '#engine/clock';
import type { Slabs } from '#engine/slabs';
import type { HostAddresses } from './host-addresses.ts';
import { type Exchange, type ExchangeListener, HttpExchange } from './http.ts';
import { Intake } from './intake.ts';
import { passesOn, proxyAuthorization } from './proxy.ts';
import type { WireRequest } from './request.ts';
import { type ConnectionTarget, openRoute } from './route.ts';

/** While nothing is expected. */
const IDLE_READ_BYTES = 16 * 1024;

export class Connection {
  readonly origin: string;
  /** `address:port` of the server, or of the proxy that leads to it. */
  readonly address: string;
  /** Time the connecting took, in milliseconds: about one round trip, two more with TLS. */
  readonly connectMs: number;
  readonly #socket: Socket;
  readonly #host: string;
  /** The login of the proxy that is handed the requests; undefined where they go to the server itself. */
  readonly #proxyFields: readonly string[] | undefined;
  #wasReset = false;
  #isOpen = true;
  #exchanges = 0;
  #keepAliveMs: number | undefined;
  #exchange: HttpExchange | undefined;
  /** What a server says before it was asked. */
  #early: Buffer[] = [];

  private constructor(target: ConnectionTarget, socket: Socket, intake: Intake, connectMs: number) {
    this.origin = target.url.origin;
    this.#host = target.url.host;
    this.#socket = socket;
    if (target.proxy && passesOn(target.proxy, target.url)) {
      const login = proxyAuthorization(target.proxy);
      this.#proxyFields = login === undefined ? [] : ['Proxy-Authorization', login];
    }
    this.connectMs = connectMs;
    this.address = `${socket.remoteAddress}:${socket.remotePort}`;
    socket.on('error', (error) => {
      if ('code' in error && error.code === 'ECONNRESET') this.#wasReset = true;
      this.#isOpen = false;
      this.#exchange?.end(error);
    });
    socket.on('end', () => {
      this.#isOpen = false;
      this.#exchange?.end();
    });
    socket.on('close', () => {
      this.#isOpen = false;
      this.#exchange?.end();
      intake.close();
    });
    intake.drain(
      socket,
      () => this.#exchange?.readAtMost() ?? IDLE_READ_BYTES,
      (bytes) => this.#take(bytes),
    );
  }

  /** @throws TransportError. */
  static async open(
    target: ConnectionTarget,
    options: {
      readonly clock: Clock;
      readonly slabs: Slabs;
      readonly addresses: HostAddresses;
      readonly timeoutMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<Connection> {
    const startedMs = options.clock.now();
    const intake = new Intake(options.slabs);
    try {
      const socket = await openRoute(target, { ...options, intake });
      return new Connection(target, socket, intake, options.clock.now() - startedMs);
    } catch (error) {
      intake.close();
      throw error;
    }
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
    const { url } = request;
    const exchange = new HttpExchange(this.#socket, listener, {
      origin: this.origin,
      host: this.#host,
      wasUsed: this.wasUsed,
      isHead: request.method === 'HEAD',
      wasReset: () => this.#wasReset,
      onKeepAlive: (ms) => {
        this.#keepAliveMs = ms;
      },
      onOver: (isReusable) => {
        if (this.#exchange === exchange) this.#exchange = undefined;
        if (!isReusable) this.close();
      },
    });
    this.#exchange = exchange;
    exchange.begin({
      origin: url.origin,
      // A proxy is told the whole address (RFC 9112 section 3.2.2).
      path: `${this.#proxyFields ? url.origin : ''}${url.pathname}${url.search}`,
      method: request.method,
      headers: [...request.headers.flat(), ...(this.#proxyFields ?? [])],
      body: request.body === undefined ? null : typeof request.body === 'string' ? request.body : Buffer.from(request.body),
    });
    for (const bytes of this.#early.splice(0)) exchange.take(bytes);
    this.#socket.resume();
    return exchange;
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.#exchange) this.#exchange.take(bytes);
    // After an answer nothing may follow unasked.
    else if (this.#exchanges > 0) this.close();
    else {
      this.#early.push(Buffer.from(bytes));
      this.#socket.pause();
    }
  }
}
