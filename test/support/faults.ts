/** The plan of an origin's misbehaviour as data: when it happens, how often, and what then. */
import { inspect } from 'node:util';
import type { Clock } from '../../electron/engine/clock.ts';
import type { Answer, Resource } from './answer.ts';
import type { Arrival, Exchange } from './exchange.ts';

/** What a change may know and do besides looking at the request. */
export interface OriginView {
  readonly clock: Clock;
  /** The origin's wall clock in milliseconds since the epoch. */
  wallNow(): number;
  resourceAt(path: string): Resource;
  /** From now on another file lies there. */
  replace(path: string, resource: Resource): void;
}

/** Turns an answer into another. See changes.ts and range-changes.ts for ready-made ones. */
export type Change = (answer: Answer, exchange: Exchange, origin: OriginView) => Answer;

/** What can be told when a connection comes in. All that is given must hold. */
export interface ArrivalMatch {
  readonly connection?: number | readonly number[];
  /** More than so many connections would be open. */
  readonly connectionsOver?: number;
  /** It is one of more than so many within a second. */
  readonly connectionsPerSecondOver?: number;
  /** So many body bytes have been sent, over all answers. */
  readonly after?: number;
}

/** What can be told when a request comes in. All that is given must hold. */
export interface RequestMatch extends ArrivalMatch {
  /** Number of the request, from 1. */
  readonly request?: number | readonly number[];
  /** The request of this number and all later ones. */
  readonly from?: number;
  readonly method?: string;
  readonly path?: string | RegExp;
  /** Whether it has a Range header. */
  readonly ranged?: boolean;
  /** Whether another answer is being streamed. */
  readonly extra?: boolean;
  /** It would be one of more than so many answers being streamed. */
  readonly streamsOver?: number;
  readonly where?: (exchange: Exchange) => boolean;
}

interface Frequency {
  /** For messages; otherwise the fault describes itself. */
  readonly name?: string;
  /** So many matches pass unharmed first. */
  readonly skip?: number;
  /** How often at most; default 1, Infinity allowed. */
  readonly times?: number;
  /** How often at least, or disposing the origin fails; default 1. 0 for what a good client never provokes. */
  readonly atLeast?: number;
}

/** `refused` closes the listener while `connectionsOver` connections are open: ECONNREFUSED. */
export type AcceptFate = 'rst' | 'fin' | 'silence' | 'refused' | { readonly greeting: string | Buffer };

export interface RequestFault extends Frequency {
  readonly on: RequestMatch;
  readonly answer: Change | readonly Change[];
}

export interface AcceptFault extends Frequency {
  readonly on: ArrivalMatch;
  readonly accept: AcceptFate;
}

export type Fault = RequestFault | AcceptFault;

const includes = (wanted: number | readonly number[], number: number) =>
  typeof wanted === 'number' ? wanted === number : wanted.includes(number);

function matchesArrival(on: ArrivalMatch, arrival: Arrival): boolean {
  return (
    (on.connection === undefined || includes(on.connection, arrival.connection)) &&
    (on.connectionsOver === undefined || arrival.connectionsOpen > on.connectionsOver) &&
    (on.connectionsPerSecondOver === undefined || arrival.connectionsLastSecond > on.connectionsPerSecondOver) &&
    (on.after === undefined || arrival.bytesServed >= on.after)
  );
}

function matchesPath(wanted: string | RegExp, path: string): boolean {
  return typeof wanted === 'string' ? wanted === path : wanted.test(path);
}

function matchesRequest(on: RequestMatch, exchange: Exchange): boolean {
  return (
    matchesArrival(on, exchange) &&
    (on.request === undefined || includes(on.request, exchange.n)) &&
    (on.from === undefined || exchange.n >= on.from) &&
    (on.method === undefined || exchange.method === on.method) &&
    (on.path === undefined || matchesPath(on.path, exchange.path)) &&
    (on.ranged === undefined || 'range' in exchange.headers === on.ranged) &&
    (on.extra === undefined || exchange.streams > 0 === on.extra) &&
    (on.streamsOver === undefined || exchange.streams + 1 > on.streamsOver) &&
    (on.where === undefined || on.where(exchange))
  );
}

function describe(fault: Fault): string {
  if (fault.name !== undefined) return fault.name;
  const effect = 'accept' in fault ? inspect(fault.accept) : [fault.answer].flat().map((change) => change.name);
  return `${inspect(fault.on, { breakLength: Number.POSITIVE_INFINITY })} → ${effect}`;
}

/** Keeps count of what fired. */
export class FaultPlan {
  readonly #faults: { readonly fault: Fault; seen: number; fired: number }[];

  constructor(faults: readonly Fault[]) {
    this.#faults = faults.map((fault) => ({ fault, seen: 0, fired: 0 }));
  }

  /** What a connection meets before its first request, and whether it counts as one too many. */
  acceptFate(arrival: Arrival): AcceptFate | undefined {
    for (const entry of this.#faults) {
      if (!('accept' in entry.fault) || entry.fault.accept === 'refused') continue;
      if (matchesArrival(entry.fault.on, arrival) && this.#fires(entry)) return entry.fault.accept;
    }
    return undefined;
  }

  /** Whether a limit of open connections refuses this one, at once or at its requests. */
  isOneTooMany(arrival: Arrival): boolean {
    return this.#faults.some(
      ({ fault, fired }) =>
        arrival.connectionsOpen > (fault.on.connectionsOver ?? Number.POSITIVE_INFINITY) &&
        fired < (fault.times ?? 1) &&
        matchesArrival(fault.on, arrival),
    );
  }

  /** The open connections at which the listener closes; undefined if never. */
  get listenerLimit(): number | undefined {
    return this.#refusal?.fault.on.connectionsOver;
  }

  noteListenerClosed(): void {
    if (this.#refusal !== undefined) this.#refusal.fired += 1;
  }

  get #refusal() {
    return this.#faults.find(({ fault }) => 'accept' in fault && fault.accept === 'refused');
  }

  /** Every fault that matches applies, in the order of the plan. */
  change(honest: Answer, exchange: Exchange, origin: OriginView): Answer {
    let answer = honest;
    for (const entry of this.#faults) {
      if (!('answer' in entry.fault) || !matchesRequest(entry.fault.on, exchange) || !this.#fires(entry)) continue;
      for (const change of [entry.fault.answer].flat()) answer = change(answer, exchange, origin);
    }
    return answer;
  }

  #fires(entry: { readonly fault: Fault; seen: number; fired: number }): boolean {
    entry.seen += 1;
    if (entry.seen <= (entry.fault.skip ?? 0) || entry.fired >= (entry.fault.times ?? 1)) return false;
    entry.fired += 1;
    return true;
  }

  /** How often the fault of this name fired. */
  firedTimes(name: string): number {
    return this.#faults.filter(({ fault }) => fault.name === name).reduce((sum, { fired }) => sum + fired, 0);
  }

  /** Those that fired less often than planned, described. */
  unfired(): string[] {
    return this.#faults
      .filter(({ fault, fired }) => fired < (fault.atLeast ?? 1))
      .map(({ fault, fired }) => `${describe(fault)} (fired ${fired} times)`);
  }
}
