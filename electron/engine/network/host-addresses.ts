/**
 * The addresses of hosts: each name is resolved once for all connections that need it, and the address that answered goes
 * first next time, so that a dead family (RFC 8305) costs its attempt once and not at every connection.
 */
import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Clock } from '#engine/clock';

/** The system's resolver tells no time to live. Short enough for a host that moves (F75), long enough for a ramp. */
const KEPT_MS = 60_000;
const MAX_NAMES = 256;

/** Resolves a name to all its addresses, in the system's order of preference. */
export type ResolveName = (
  name: string,
  settle: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export const resolveBySystem: ResolveName = (name, settle) => systemLookup(name, { all: true, order: 'verbatim' }, settle);

/** Of the error for an address that may not be reached. */
export const barredCode = 'EBARRED';

interface Known {
  /** The one that answered last comes first. */
  addresses: LookupAddress[];
  readonly until: number;
}

type Settle = Parameters<ResolveName>[1];

export class HostAddresses {
  readonly #clock: Clock;
  readonly #resolve: ResolveName;
  readonly #known = new Map<string, Known>();
  /** Questions on their way, each with those who wait for its answer. */
  readonly #asked = new Map<string, Settle[]>();
  /** What answered, kept for longer than the addresses: a family that is dead stays dead. */
  readonly #answered = new Map<string, string>();

  constructor(clock: Clock, resolve: ResolveName) {
    this.#clock = clock;
    this.#resolve = resolve;
  }

  /** Where servers may be reached; a proxy is the person's own choice. */
  mayReach: (address: string) => boolean = () => true;

  /** As `lookup`, for a server: a name that leads only where none may be reached is refused (`barredCode`). */
  readonly lookupServer: LookupFunction = (name, options, settle) => {
    this.#find(name, (error, addresses) => {
      const allowed = addresses.filter(({ address }) => this.mayReach(address));
      const [first] = allowed;
      if (error || addresses.length === 0) settle(error ?? noAddress(name), []);
      else if (first === undefined) settle(Object.assign(new Error(`${name} is barred`), { code: barredCode }), []);
      else if (options.all) settle(null, allowed);
      else settle(null, first.address, first.family);
    });
  };

  /** In the form that `net.connect` takes; it asks for all addresses when families are tried one after the other. */
  readonly lookup: LookupFunction = (name, options, settle) => {
    this.#find(name, (error, addresses) => {
      const [first] = addresses;
      if (error || first === undefined) settle(error ?? noAddress(name), []);
      else if (options.all) settle(null, addresses);
      else settle(null, first.address, first.family);
    });
  };

  /** A connection to this address of the host came about. */
  noteAnswered(name: string, address: string): void {
    const known = this.#known.get(name);
    if (!known?.addresses.some((one) => one.address === address)) return;
    remember(this.#answered, name, address);
    known.addresses = preferring(known.addresses, address);
  }

  /** No address of the host answered: the next connection asks for its name again. */
  noteUnreachable(name: string): void {
    this.#known.delete(name);
    this.#answered.delete(name);
  }

  /** The network is another one. */
  forget(): void {
    this.#known.clear();
    this.#answered.clear();
  }

  #find(name: string, settle: Settle): void {
    const known = this.#known.get(name);
    if (known && known.until > this.#clock.now()) {
      // Not at once: the caller has not yet said what it listens for.
      process.nextTick(settle, null, known.addresses);
      return;
    }
    const waiting = this.#asked.get(name);
    if (waiting) {
      waiting.push(settle);
      return;
    }
    const asking = [settle];
    this.#asked.set(name, asking);
    this.#resolve(name, (error, found) => {
      this.#asked.delete(name);
      const addresses = error ? [] : preferring(found, this.#answered.get(name));
      if (addresses.length > 0) remember(this.#known, name, { addresses, until: this.#clock.now() + KEPT_MS });
      for (const one of asking) one(error, addresses);
    });
  }
}

/** Bounded: the oldest goes first. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > MAX_NAMES && oldest !== undefined) map.delete(oldest);
}

/** `address` first, the others in their order. */
function preferring(addresses: readonly LookupAddress[], address: string | undefined): LookupAddress[] {
  const isIt = (one: LookupAddress): boolean => one.address === address;
  return [...addresses.filter(isIt), ...addresses.filter((one) => !isIt(one))];
}

const noAddress = (name: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`no address for ${name}`), { code: 'ENOTFOUND' });
