/**
 * The connections of all downloads: reused while warm, closed after an idle delay, bounded per host and in all.
 * A connection is lent to one exchange at a time; what comes back unfit (body unread, closed) is closed.
 */
import type { Clock } from '#engine/clock';
import type { EngineOptions } from '#engine/options';
import { Slabs } from '#engine/slabs';
import { Connection } from './connection.ts';
import type { HostAddresses } from './host-addresses.ts';
import { HostGate, type Permit, type PermitOwner } from './host-gate.ts';
import { type ConnectionTarget, hostKey } from './route.ts';
import { trustKey } from './trust.ts';

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
  /** Whether the host serves it; see HostGate. */
  noteServed(isServed: boolean): void;
  /** Back to the pool; kept for reuse only if the last answer was read to its end. */
  giveBack(isReusable: boolean): void;
}

/** Connections that may stand in for each other: same origin, same way there, same trust. */
const keyOf = (target: ConnectionTarget): string => `${hostKey(target)}${trustKey(target.tls)}`;

interface PermitOptions {
  readonly fresh: boolean;
  readonly signal: AbortSignal;
}

export class Pool {
  readonly #clock: Clock;
  readonly #options: EngineOptions;
  readonly #addresses: HostAddresses;
  readonly #gates = new Map<string, HostGate>();
  readonly #idle = new Map<string, Idle[]>();
  readonly #all: HostGate;
  readonly #slabs: Slabs;
  #lent = 0;
  #isSwept = false;
  #connectionsPerHost: number;
  /** Called when the first connection goes idle: `sweep` is needed from now on, until nothing `hasIdle`. */
  onIdle: () => void = () => {};

  constructor(clock: Clock, options: EngineOptions, addresses: HostAddresses) {
    this.#clock = clock;
    this.#options = options;
    this.#addresses = addresses;
    // What a batch takes is what a slab holds: a connection keeps one or two.
    this.#slabs = new Slabs(options.batchBytes);
    this.#connectionsPerHost = options.connectionsPerHost;
    this.#all = new HostGate(clock, options.connectionsInAll);
  }

  /** What is known of the host: scheme, name and port, and the proxy on the way there. */
  gate(target: ConnectionTarget): HostGate {
    const key = hostKey(target);
    let gate = this.#gates.get(key);
    if (gate === undefined) {
      gate = new HostGate(this.#clock, this.#connectionsPerHost);
      this.#gates.set(key, gate);
    }
    return gate;
  }

  set mayReach(mayReach: (address: string) => boolean) {
    this.#addresses.mayReach = mayReach;
  }

  set connectionsPerHost(connections: number) {
    this.#connectionsPerHost = connections;
    for (const gate of this.#gates.values()) gate.limit = connections;
  }

  get openConnections(): number {
    return this.#lent + this.#idleCount(() => true);
  }

  hasWarm(target: ConnectionTarget): boolean {
    return this.#takeable(keyOf(target)) !== undefined;
  }

  /** Waits until the host and the engine allow one connection more; `fresh` as in `lend`. */
  async permit(target: ConnectionTarget, owner: PermitOwner, options: PermitOptions): Promise<Permit> {
    const { fresh, signal } = options;
    const isReuse = (): boolean => !fresh && this.hasWarm(target);
    const atHost = await this.gate(target).acquire(owner, isReuse, signal);
    try {
      const inAll = await this.#all.acquire(owner, () => true, signal);
      return {
        noteServed: (isServed) => atHost.noteServed(isServed),
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
  async lend(target: ConnectionTarget, permit: Permit, options: PermitOptions & { readonly timeoutMs: number }): Promise<Loan> {
    const key = keyOf(target);
    const warm = options.fresh ? undefined : this.#takeable(key);
    if (warm) this.#remove(key, warm);
    this.#lent += 1;
    try {
      if (!warm) this.#makeRoom(target);
      const connection =
        warm?.connection ??
        (await Connection.open(target, { clock: this.#clock, slabs: this.#slabs, addresses: this.#addresses, ...options }));
      return this.#loan(key, connection, permit, warm !== undefined);
    } catch (error) {
      this.#lent -= 1;
      permit.release();
      throw error;
    }
  }

  /** True when a download without any connection waits for one that only `owner`, who has several, can give up. */
  shouldYield(target: ConnectionTarget, owner: PermitOwner): boolean {
    return this.gate(target).shouldYield(owner) || this.#all.shouldYield(owner);
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
    this.#addresses.forget();
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
      noteServed: (isServed) => permit.noteServed(isServed),
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

  /** Closes idle connections, the oldest first, until one more exceeds neither the host's bound nor that of all. */
  #makeRoom(target: ConnectionTarget): void {
    const gate = this.gate(target);
    const host = hostKey(target);
    const isAtHost = (key: string): boolean => key.startsWith(host);
    while (gate.heldInAll + this.#idleCount(isAtHost) > gate.cap && this.#dropOldest(isAtHost));
    while (this.openConnections > this.#options.connectionsInAll && this.#dropOldest(() => true));
  }

  #idleCount(counts: (key: string) => boolean): number {
    let count = 0;
    for (const [key, list] of this.#idle) if (counts(key)) count += list.length;
    return count;
  }

  /** False where there is none. */
  #dropOldest(counts: (key: string) => boolean): boolean {
    let oldest: { readonly key: string; readonly idle: Idle } | undefined;
    for (const [key, [idle]] of this.#idle) {
      if (idle && counts(key) && (oldest === undefined || idle.closeAt < oldest.idle.closeAt)) oldest = { key, idle };
    }
    if (oldest) this.#drop(oldest.key, oldest.idle);
    return oldest !== undefined;
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
