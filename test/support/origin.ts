/**
 * An HTTP/1.1 origin on loopback that is honest but for its plan of faults. It parses and writes by hand, so
 * every malformed answer is possible, records all it sees, and does not let a test pass whose fault never fired.
 *
 *     const source = content(7, 64 * MiB);
 *     await using origin = await startOrigin({ content: source, clock, faults: [
 *       // the 3rd request is cut by RST after 1 MiB
 *       { on: { request: 3 }, answer: cut(1024 * 1024, 'rst') },
 *       // one stream at a time: every other request gets a 503 with Retry-After
 *       { on: { streamsOver: 1 }, times: Infinity, answer: status(503, { headers: [['Retry-After', '7']] }) },
 *       // the first two ranges begin one byte late, with a body that must not be used
 *       { on: { ranged: true }, times: 2, answer: shiftStart(1, 'poison') },
 *       // while two connections are open, more are refused by the system
 *       { on: { connectionsOver: 2 }, accept: 'refused' },
 *     ] });
 *     … download origin.url() …
 *     assert(origin.requests.length <= 9);
 *
 * Every fault that matches applies, in order; each at most `times` (1), after `skip` (0) matches, and at least
 * `atLeast` (1) times or disposing throws. Ready-made answers: changes.ts, range-changes.ts, links.ts; own ones are
 * functions (answer, exchange, origin) => answer. Events while it runs: `await origin.until(() => …)`. Without a rate
 * a body is out before a second connection is worth it: give `bytesPerSecond` to see several, and a JumpClock so
 * that it costs no time.
 */
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../../electron/engine/clock.ts';
import { type Answer, bareAnswer, honestAnswer, type Resource, resourceOf } from './answer.ts';
import { Connection, type TlsIdentity, type WireRequest } from './connection.ts';
import { deliver } from './deliver.ts';
import { type Arrival, type Exchange, exchangeOf } from './exchange.ts';
import { type AcceptFate, type Fault, FaultPlan, type OriginView } from './faults.ts';
import type { ObservingClock } from './jump-clock.ts';
import { Listener } from './listener.ts';

export interface OriginOptions extends Partial<Resource> {
  /** What lies at named paths. `content` and its kin lie at every other path; without it those are 404. */
  readonly resources?: Readonly<Record<string, Resource>>;
  readonly faults?: readonly Fault[];
  readonly clock?: Clock;
  /** For each connection: one rate, a list taken in turn by number, or a function of the number (from 1). */
  readonly bytesPerSecond?: number | readonly number[] | ((connection: number) => number);
  /** Makes it an https origin, by one certificate or by one for each connection (from 1); see certificate.ts. */
  readonly tls?: TlsIdentity | ((connection: number) => TlsIdentity);
  /** Its wall clock relative to the clock's. */
  readonly wallOffsetMs?: number;
  /** An address of the loopback network; default 127.0.0.1. */
  readonly host?: string;
  readonly port?: number;
}

export class Origin implements OriginView, AsyncDisposable {
  readonly clock: Clock;
  /** Every request, in the order of arrival. */
  readonly requests: Exchange[] = [];
  /** Connections accepted so far, refused ones too. */
  connections = 0;
  maxOpenConnections = 0;
  /** Most answers streamed at once; refusals are not counted. */
  maxStreams = 0;
  /** Body bytes handed to the system so far. */
  bytesSent = 0;
  readonly #options: OriginOptions;
  readonly #resources: Map<string, Resource>;
  #fallback: Resource | undefined;
  readonly #plan: FaultPlan;
  readonly #listener: Listener;
  readonly #open = new Set<Connection>();
  readonly #oneTooMany = new WeakSet<Connection>();
  readonly #streaming = new Set<Exchange>();
  readonly #mistakes: unknown[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #unobserve: () => void;
  #acceptedAt: number[] = [];
  #isClosedByTest = false;

  constructor(options: OriginOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.#resources = new Map(Object.entries(options.resources ?? {}));
    const { content } = options;
    this.#fallback = content === undefined ? undefined : resourceOf({ ...options, content });
    this.#plan = new FaultPlan(options.faults ?? []);
    this.#listener = new Listener(options.host ?? '127.0.0.1', options.port ?? 0, (socket) => this.#accept(socket));
    const clock = this.clock as Partial<ObservingClock>;
    this.#unobserve = clock.observe?.(() => this.bytesSent + this.requests.length + this.connections) ?? (() => {});
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Address of a path; `host` for another name of the same machine. */
  url(path = '/file.bin', host = this.#options.host ?? '127.0.0.1'): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${host}:${this.port}${path}`;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /** Answers being streamed now. */
  get streams(): number {
    return [...this.#streaming].filter(({ status = 500 }) => status < 400).length;
  }

  wallNow(): number {
    return this.clock.wallNow() + (this.#options.wallOffsetMs ?? 0);
  }

  resourceAt(path: string): Resource {
    const resource = this.#find(path);
    if (resource === undefined) throw new Error(`nothing lies at ${path}`);
    return resource;
  }

  /** Another file from now on; answers under way go on with the old one. Without a path: at every unnamed path. */
  replace(path: string | undefined, resource: Resource): void {
    if (path !== undefined && this.#resources.has(path)) this.#resources.set(path, resource);
    else this.#fallback = resource;
  }

  /** How often the fault of this name fired. */
  firedTimes(name: string): number {
    return this.#plan.firedTimes(name);
  }

  /** Resolves once the condition holds; looked at after each connection, request, slice of a body and end. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
    }
  }

  /** New connections are refused by the system; those open go on. */
  stopListening(): void {
    this.#isClosedByTest = true;
    this.#listener.close();
  }

  async startListening(): Promise<void> {
    this.#isClosedByTest = false;
    await this.#listener.open();
  }

  /** Ends every open connection. */
  dropConnections(how: 'rst' | 'fin'): void {
    for (const connection of [...this.#open]) {
      if (how === 'rst') connection.reset();
      else connection.end();
    }
  }

  /** Closes everything; @throws naming each planned fault that never fired. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosedByTest = true;
    this.#unobserve();
    this.#listener.close();
    for (const connection of [...this.#open]) connection.destroy();
    const unfired = this.#plan.unfired().map((fault) => new Error(`planned fault never fired: ${fault}`));
    const errors = [...this.#mistakes, ...unfired];
    if (errors.length === 0) return Promise.resolve();
    return Promise.reject(errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(String).join('; ')));
  }

  /** The numbers of the connections that are open now. */
  get openNumbers(): readonly number[] {
    return [...this.#open].map(({ number }) => number);
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    const { tls } = this.#options;
    const connection = new Connection(socket, this.connections, typeof tls === 'function' ? tls(this.connections) : tls);
    this.#open.add(connection);
    const arrival = this.#arrivalOf(connection);
    if (this.#plan.isOneTooMany(arrival)) this.#oneTooMany.add(connection);
    this.maxOpenConnections = Math.max(this.maxOpenConnections, this.#open.size);
    connection.closed.addEventListener('abort', () => {
      this.#open.delete(connection);
      this.#keepListenerLimit();
      this.#changed();
    });
    const fate = this.#plan.acceptFate(arrival);
    this.#keepListenerLimit();
    this.#changed();
    if (fate !== undefined) {
      meet(connection, fate);
      return;
    }
    this.#serve(connection, arrival).catch((error: unknown) => {
      this.#mistakes.push(error);
      connection.reset();
    });
  }

  #arrivalOf(connection: Connection): Arrival {
    const at = this.clock.now();
    this.#acceptedAt = [...this.#acceptedAt.filter((each) => each > at - 1000), at];
    return {
      connection: connection.number,
      connectionsOpen: [...this.#open].filter((each) => !this.#oneTooMany.has(each)).length,
      connectionsLastSecond: this.#acceptedAt.length,
      bytesServed: this.bytesSent,
      at,
    };
  }

  /** The fate `refused`: closed while as many connections are open as it allows. */
  #keepListenerLimit(): void {
    const limit = this.#plan.listenerLimit;
    if (limit === undefined || this.#isClosedByTest) return;
    if (this.#open.size >= limit && this.#listener.isOpen) {
      this.#listener.close();
      this.#plan.noteListenerClosed();
    } else if (this.#open.size < limit && !this.#listener.isOpen) {
      this.#listener.open().catch((error: unknown) => this.#mistakes.push(error));
    }
  }

  async #serve(connection: Connection, arrival: Arrival): Promise<void> {
    connection.listen();
    for (;;) {
      const request = await connection.nextRequest();
      if (request === undefined) return;
      const mayStay = await this.#answer(connection, arrival, request);
      if (!mayStay) return;
    }
  }

  /** Returns whether the connection is good for another request. */
  async #answer(connection: Connection, arrival: Arrival, request: WireRequest): Promise<boolean> {
    const now = { n: this.requests.length + 1, at: this.clock.now(), bytesServed: this.bytesSent, streams: this.streams };
    const exchange = exchangeOf(request, arrival, now, (path) => this.#find(path)?.content.size ?? 0);
    this.requests.push(exchange);
    this.#streaming.add(exchange);
    this.#changed();
    try {
      const answer = this.#plan.change(this.#honestAnswer(exchange, connection), exchange, this);
      exchange.status = answer.instead === undefined ? answer.status : undefined;
      this.maxStreams = Math.max(this.maxStreams, this.streams);
      const onBytes = (bytes: number) => {
        exchange.bytesSent += bytes;
        this.bytesSent += bytes;
        this.#changed();
      };
      const hasBody = exchange.method !== 'HEAD';
      exchange.outcome = await deliver({ answer, connection, clock: this.clock, onBytes }, hasBody);
      if (exchange.outcome !== 'complete') return false;
      if (exchange.headers.connection?.toLowerCase() === 'close') connection.end();
      return (answer.delivery.afterwards ?? 'keep') === 'keep';
    } finally {
      this.#streaming.delete(exchange);
      this.#changed();
    }
  }

  #honestAnswer(exchange: Exchange, connection: Connection): Answer {
    const resource = this.#find(exchange.path);
    const answer = resource === undefined ? bareAnswer(404, this.wallNow()) : honestAnswer(exchange, resource, this.wallNow());
    const rate = this.#rateOf(connection.number);
    return rate === undefined ? answer : { ...answer, delivery: { bytesPerSecond: rate } };
  }

  #rateOf(connection: number): number | undefined {
    const { bytesPerSecond } = this.#options;
    if (typeof bytesPerSecond === 'function') return bytesPerSecond(connection);
    if (typeof bytesPerSecond === 'object') return bytesPerSecond[(connection - 1) % bytesPerSecond.length];
    return bytesPerSecond;
  }

  #find(path: string): Resource | undefined {
    return this.#resources.get(path) ?? this.#fallback;
  }
}

/** A connection that never comes to its first request. */
function meet(connection: Connection, fate: AcceptFate): void {
  if (fate === 'rst') {
    connection.reset();
    return;
  }
  connection.ignore();
  if (typeof fate === 'object') connection.greet(fate.greeting);
  else if (fate === 'fin') connection.end();
}

/** Starts an origin; `await using` it. */
export async function startOrigin(options: OriginOptions): Promise<Origin> {
  const origin = new Origin(options);
  await origin.startListening();
  return origin;
}
