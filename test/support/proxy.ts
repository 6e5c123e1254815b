/**
 * A proxy on loopback that speaks HTTP (CONNECT and whole addresses) and SOCKS5 on one port, told apart by the first byte; with
 * a login if asked for, and with faults by plan. Like the origin it records what it saw, and a fault that never fired
 * fails the test.
 *
 *     await using proxy = await startProxy({ clock: rig.clock, names: { 'files.test': '127.0.0.1' }, faults: [
 *       { on: { request: 2 }, fate: { status: 502 } },
 *       { on: { kind: 'forward' }, times: Infinity, fate: 'strip-range' },
 *     ] });
 *     … rig.download({}, { url: rig.origin.url('/file.bin', 'files.test'), proxy: proxy.settings('socks5') }) …
 */
import { connect, isIP, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { HeaderField, ProxySettings } from '#shared/download';
import { type Clock, systemClock } from '../../electron/engine/clock.ts';
import { ByteReader } from './byte-reader.ts';
import type { TlsIdentity } from './connection.ts';
import type { ObservingClock } from './jump-clock.ts';
import { Listener } from './listener.ts';
import { serveHttp } from './proxy-http.ts';
import { serveSocks } from './proxy-socks.ts';

/** One wish of a client, as far as the proxy listened. */
export interface ProxyRequest {
  readonly n: number;
  readonly connection: number;
  /** The clock's milliseconds. */
  readonly at: number;
  readonly kind: 'connect' | 'forward' | 'socks5';
  /** `host:port` as asked: a name where a name was sent. */
  to: string;
  /** `name:password` as sent. */
  login: string | undefined;
  fields: readonly HeaderField[];
}

export type ProxyFate =
  /** No answer. */
  | 'silence'
  | 'hang-up'
  /** A login is wanted, whatever was sent. */
  | 'ask-login'
  /** The request goes on without its Range. */
  | 'strip-range'
  /** Refuses: a status of HTTP, or the code of a SOCKS5 reply. */
  | { readonly status: number }
  | { readonly reply: number }
  /** Says this in place of an answer, and keeps the connection. */
  | { readonly bytes: string | Buffer };

export interface ProxyFault {
  readonly on?: { readonly request?: number | readonly number[]; readonly kind?: ProxyRequest['kind'] };
  /** Default 1. */
  readonly times?: number;
  readonly fate: ProxyFate;
}

export interface ProxyOptions {
  readonly clock?: Clock;
  readonly login?: { readonly user: string; readonly password: string };
  readonly tls?: TlsIdentity;
  /** The names it can resolve; nobody else can. */
  readonly names?: Readonly<Record<string, string>>;
  readonly faults?: readonly ProxyFault[];
}

/** What the two languages share. */
export interface ProxyPorts {
  readonly isLoginWanted: boolean;
  isWelcome(login: string | undefined): boolean;
  /** Records a wish; what is known of it is put in as it comes. */
  note(kind: ProxyRequest['kind']): { readonly request: ProxyRequest; readonly fate: ProxyFate | undefined };
  /** @throws where there is no way. */
  reach(to: string): Promise<Socket>;
  /** Passes on what the server sends. */
  carry(server: Socket, client: Socket): void;
}

export class TestProxy implements AsyncDisposable {
  readonly requests: ProxyRequest[] = [];
  connections = 0;
  /** Bytes that came from servers. */
  carriedBytes = 0;
  readonly #options: ProxyOptions;
  readonly #clock: Clock;
  readonly #listener: Listener;
  readonly #open = new Set<Socket>();
  readonly #fired: number[];
  readonly #waiting = new Set<() => void>();
  readonly #unobserve: () => void;
  #diesAfterBytes = Number.POSITIVE_INFINITY;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#fired = (options.faults ?? []).map(() => 0);
    this.#listener = new Listener('127.0.0.1', 0, (socket) => this.#accept(socket));
    this.#clock = options.clock ?? systemClock;
    const clock = this.#clock as Partial<ObservingClock>;
    this.#unobserve = clock.observe?.(() => this.carriedBytes + this.requests.length + this.connections) ?? (() => {});
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /** Its address, with its login unless another is given. */
  url(scheme: 'http' | 'https' | 'socks5' | 'socks5h' = 'http', login = this.#options.login): string {
    const userinfo = login ? `${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@` : '';
    return `${scheme}://${userinfo}127.0.0.1:${this.#listener.port}`;
  }

  settings(...way: Parameters<TestProxy['url']>): ProxySettings {
    return { http: this.url(...way), https: this.url(...way) };
  }

  /** As if its process ended once so many bytes have come from servers: all connections are reset, none is accepted. */
  dieAfter(bytes: number): void {
    this.#diesAfterBytes = bytes;
  }

  async listen(): Promise<void> {
    this.#diesAfterBytes = Number.POSITIVE_INFINITY;
    await this.#listener.open();
  }

  /** Resolves once the condition holds; looked at with each wish. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#unobserve();
    this.#listener.close();
    for (const socket of this.#open) socket.destroy();
    const unfired = (this.#options.faults ?? []).filter((_fault, index) => this.#fired[index] === 0);
    if (unfired.length === 0) return Promise.resolve();
    return Promise.reject(new Error(`planned faults of the proxy never fired: ${JSON.stringify(unfired)}`));
  }

  #accept(raw: Socket): void {
    this.connections += 1;
    const ports = this.#portsOf(this.connections);
    this.#keep(raw);
    const { tls } = this.#options;
    const socket = tls ? new TLSSocket(raw, { isServer: true, secureContext: createSecureContext(tls) }) : raw;
    if (tls) this.#keep(socket);
    const reader = new ByteReader(socket);
    reader
      .peek()
      .then((first) => (first === 5 ? serveSocks(socket, reader, ports) : serveHttp(socket, reader, ports)))
      // A client that leaves in the middle of anything is no mistake of the proxy.
      .catch(() => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#open.add(socket);
    // The system would hold a small answer back for 40 ms of real time, in which a clock that jumps sees nothing happen.
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#open.delete(socket));
  }

  #portsOf(connection: number): ProxyPorts {
    const { login } = this.#options;
    return {
      isLoginWanted: login !== undefined,
      isWelcome: (sent) => login === undefined || sent === `${login.user}:${login.password}`,
      note: (kind) => {
        const n = this.requests.length + 1;
        const request: ProxyRequest = { n, connection, at: this.#clock.now(), kind, to: '', login: undefined, fields: [] };
        this.requests.push(request);
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
        return { request, fate: this.#fateOf(request) };
      },
      reach: (to) => this.#reach(to),
      carry: (server, client) => {
        server.on('data', (bytes: Buffer) => this.#count(bytes.length));
        server.pipe(client);
        client.once('close', () => server.destroy());
        server.once('close', (isBroken: boolean) => isBroken && reset(client));
      },
    };
  }

  #fateOf({ n, kind }: ProxyRequest): ProxyFate | undefined {
    const faults = this.#options.faults ?? [];
    const index = faults.findIndex(({ on = {}, times = 1 }, at) => {
      const isMeant = on.request === undefined || [on.request].flat().includes(n);
      return isMeant && (on.kind === undefined || on.kind === kind) && (this.#fired[at] ?? 0) < times;
    });
    if (index >= 0) this.#fired[index] = (this.#fired[index] ?? 0) + 1;
    return faults[index]?.fate;
  }

  #reach(to: string): Promise<Socket> {
    const { hostname, port } = new URL(`http://${to}`);
    const name = hostname.replace(/^\[|\]$/g, '');
    const host = isIP(name) === 0 ? this.#options.names?.[name] : name;
    if (host === undefined) return Promise.reject(new Error(`${name} is not known`));
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port) || 80, host);
      this.#keep(socket);
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
  }

  #count(bytes: number): void {
    this.carriedBytes += bytes;
    if (this.carriedBytes < this.#diesAfterBytes) return;
    this.#listener.close();
    for (const socket of [...this.#open]) reset(socket);
  }
}

function reset(socket: Socket): void {
  if (socket instanceof TLSSocket || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}

/** `await using` it. */
export async function startProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const proxy = new TestProxy(options);
  await proxy.listen();
  return proxy;
}
