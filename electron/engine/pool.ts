/**
 * The connections of all downloads: reused while warm, closed after an idle delay, bounded per host and in all.
 * A connection is lent to one exchange at a time; what comes back unfit (body unread, closed) is closed.
 */
import type { Clock } from './clock.ts';
import { HostGate, type Permit, type PermitOwner } from './host-gate.ts';
import { Connection, type ConnectionTarget } from './http.ts';
import type { EngineOptions } from './options.ts';

/** A little less than the server's own idle limit, or a request meets a closing connection. */
const HINT_MARGIN_MS = 2000;

interface Idle {
  readonly connection: Connection;
  readonly closeAt: number;
}

/** A connection on loan. */
export interface Loan {
  readonly connection: Connection;
  /** It served before: a close before the first byte is nobody's fault. */
  readonly isWarm: boolean;
  /** Back to the pool; kept for reuse only if the last answer was read to its end. */
  giveBack(isReusable: boolean): void;
}

/** Connections that may stand in for each other: same origin, same trust. */
const keyOf = (target: ConnectionTarget): string =>
  `${target.url.origin} ${target.tls.insecure ? 'insecure' : ''} ${target.tls.ca ?? ''}`;

export class Pool {
  readonly #clock: Clock;
  readonly #options: EngineOptions;
  readonly #gates = new Map<string, HostGate>();
  readonly #idle = new Map<string, Idle[]>();
  readonly #all: HostGate;
  #lent = 0;
  #isSwept = false;
  /** Called when the first connection goes idle: `sweep` is needed from now on, until nothing `hasIdle`. */
  onIdle: () => void = () => {};

  constructor(clock: Clock, options: EngineOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#all = new HostGate(clock, options.connectionsInAll);
  }

  /** What is known of the host of `url`: scheme, name and port. */
  gate(url: URL): HostGate {
    let gate = this.#gates.get(url.origin);
    if (gate === undefined) {
      gate = new HostGate(this.#clock, this.#options.connectionsPerHost);
      this.#gates.set(url.origin, gate);
    }
    return gate;
  }

  get openConnections(): number {
    let idle = 0;
    for (const list of this.#idle.values()) idle += list.length;
    return this.#lent + idle;
  }

  hasWarm(target: ConnectionTarget): boolean {
    return this.#takeable(keyOf(target)) !== undefined;
  }

  /** Waits until the host and the engine allow one connection more. */
  async permit(target: ConnectionTarget, owner: PermitOwner, signal: AbortSignal): Promise<Permit> {
    const isReuse = (): boolean => this.hasWarm(target);
    const atHost = await this.gate(target.url).acquire(owner, isReuse, signal);
    try {
      const inAll = await this.#all.acquire(owner, () => true, signal);
      return {
        release: () => {
          inAll.release();
          atHost.release();
        },
      };
    } catch (error) {
      atHost.release();
      throw error;
    }
  }

  /**
   * A warm connection if there is one, else a new one; `permit` is released when it is given back or could not be had.
   * `fresh` asks for a new one even so: after a refusal the same connection would lead to the same refuser.
   * @throws TransportError.
   */
  async lend(
    target: ConnectionTarget,
    permit: Permit,
    options: { readonly timeoutMs: number; readonly fresh: boolean; readonly signal: AbortSignal },
  ): Promise<Loan> {
    const key = keyOf(target);
    const warm = options.fresh ? undefined : this.#takeable(key);
    if (warm) this.#remove(key, warm);
    this.#lent += 1;
    try {
      // Idle connections count at the host: make room before opening one more.
      if (!warm) this.#makeRoom(target.url.origin);
      const connection = warm?.connection ?? (await Connection.open(target, { clock: this.#clock, ...options }));
      return this.#loan(key, connection, permit, warm !== undefined);
    } catch (error) {
      this.#lent -= 1;
      permit.release();
      throw error;
    }
  }

  /** Closes connections idle for too long; false when none is left to watch. */
  sweep(): boolean {
    const now = this.#clock.now();
    for (const [key, list] of this.#idle) {
      for (const idle of list.filter(({ connection, closeAt }) => closeAt <= now || !connection.isOpen)) this.#drop(key, idle);
    }
    this.#isSwept = this.#idle.size > 0;
    return this.#isSwept;
  }

  /** The network is another one: nothing learnt of hosts holds, no warm connection works. */
  forget(): void {
    for (const gate of this.#gates.values()) gate.forget();
    this.closeIdle();
  }

  closeIdle(): void {
    for (const [key, list] of this.#idle) for (const idle of [...list]) this.#drop(key, idle);
  }

  #loan(key: string, connection: Connection, permit: Permit, isWarm: boolean): Loan {
    let isBack = false;
    return {
      connection,
      isWarm,
      giveBack: (isReusable) => {
        if (isBack) return;
        isBack = true;
        this.#lent -= 1;
        const hint = connection.keepAliveMs === undefined ? Number.POSITIVE_INFINITY : connection.keepAliveMs - HINT_MARGIN_MS;
        const keepMs = Math.min(this.#options.idleConnectionMs, hint);
        if (isReusable && connection.isOpen && keepMs > 0) {
          const list = this.#idle.get(key) ?? [];
          list.push({ connection, closeAt: this.#clock.now() + keepMs });
          this.#idle.set(key, list);
          if (!this.#isSwept) this.onIdle();
          this.#isSwept = true;
        } else {
          connection.close();
        }
        permit.release();
      },
    };
  }

  /** The most recently used first: it is the least likely to be closing. */
  #takeable(key: string): Idle | undefined {
    const now = this.#clock.now();
    return this.#idle.get(key)?.findLast(({ connection, closeAt }) => connection.isOpen && closeAt > now);
  }

  #makeRoom(origin: string): void {
    const gate = this.#gates.get(origin);
    if (gate === undefined) return;
    for (const [key, list] of this.#idle) {
      if (!key.startsWith(`${origin} `)) continue;
      while (list.length > 0 && gate.heldInAll + list.length > gate.cap) this.#drop(key, list[0] as Idle);
    }
  }

  #drop(key: string, idle: Idle): void {
    this.#remove(key, idle);
    idle.connection.close();
  }

  #remove(key: string, idle: Idle): void {
    const list = this.#idle.get(key);
    const index = list?.indexOf(idle) ?? -1;
    if (list === undefined || index < 0) return;
    list.splice(index, 1);
    if (list.length === 0) this.#idle.delete(key);
  }
}
