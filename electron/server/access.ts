/** Who may speak to the server: the right name in Host, the right page in Origin, the token. In this order; nothing else is told. */
import { isIP } from 'node:net';
import { isSame, sessionOf } from './token.ts';

/** What a request shows of itself. */
export interface Visitor {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** Of the other end of the connection. */
  readonly address: string;
}

export interface Refusal {
  readonly status: 401 | 403 | 421 | 429;
  readonly text: string;
}

export interface AccessOptions {
  readonly host: string;
  readonly token: string;
  /** Other origins whose pages may call; `chrome-extension://…` too. */
  readonly allowedOrigins: readonly string[];
}

const mostWrong = 10;
const pauseMs = 60_000;
/** Addresses remembered for their wrong tokens. */
const mostAddresses = 1000;

interface Failures {
  count: number;
  until: number;
}

export class Access {
  readonly #options: AccessOptions;
  readonly #session: string;
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;
  #port = 0;

  constructor(options: AccessOptions, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#session = sessionOf(options.token);
    this.#now = now;
  }

  set port(port: number) {
    this.#port = port;
  }

  /** Cookies know no ports: two servers on one machine must not overwrite each other's. */
  get cookieName(): string {
    return `sluice-${this.#port}`;
  }

  get session(): string {
    return this.#session;
  }

  /** Refuses names that are not ours (DNS rebinding) and pages that are not ours. */
  refusePlace({ host, origin }: Pick<Visitor, 'host' | 'origin'>): Refusal | undefined {
    if (host === undefined || !this.#isOurHost(host)) return { status: 421, text: 'this server does not go by that name\n' };
    if (origin !== undefined && !this.#isOurOrigin(origin)) return { status: 403, text: 'this page may not call this server\n' };
    return undefined;
  }

  /** The right token is always served; wrong ones are counted by address. */
  refuseStranger({ authorization, cookie, address }: Visitor): Refusal | undefined {
    const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]?.trim();
    if (given !== undefined) return this.refuseToken(given, address);
    const session = cookieOf(cookie, this.cookieName);
    if (session !== undefined && isSame(session, this.#session)) return undefined;
    return { status: 401, text: 'a token is needed\n' };
  }

  refuseToken(given: string, address: string): Refusal | undefined {
    if (isSame(given, this.#options.token)) return undefined;
    const now = this.#now();
    const before = this.#failures.get(address);
    const failures = before && (before.count < mostWrong || before.until > now) ? before : { count: 0, until: 0 };
    if (failures.count >= mostWrong) return { status: 429, text: 'too many wrong tokens: try again in a minute\n' };
    failures.count += 1;
    if (failures.count >= mostWrong) failures.until = now + pauseMs;
    // The newest last, so that the oldest go first.
    this.#failures.delete(address);
    this.#failures.set(address, failures);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= mostAddresses) break;
      this.#failures.delete(oldest);
    }
    return { status: 401, text: 'a token is needed\n' };
  }

  /** For pages of other origins that were allowed by name. */
  corsFor(origin: string | undefined): Record<string, string> {
    if (origin === undefined || !this.#options.allowedOrigins.includes(origin)) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization, content-type, x-sluice-watcher',
      'access-control-allow-methods': 'GET, POST',
      'access-control-max-age': '600',
      vary: 'Origin',
    };
  }

  #isOurHost(host: string): boolean {
    const url = URL.parse(`http://${host}`);
    if (url === null || (url.port === '' ? 80 : Number(url.port)) !== this.#port) return false;
    const name = url.hostname.replace(/^\[|\]$/g, '');
    if (['localhost', '127.0.0.1', '::1', this.#options.host.toLowerCase()].includes(name)) return true;
    // A number cannot be made to lead elsewhere; a name can.
    return isIP(name) !== 0 && !isLoopback(this.#options.host);
  }

  #isOurOrigin(origin: string): boolean {
    if (this.#options.allowedOrigins.includes(origin)) return true;
    const url = URL.parse(origin);
    return url !== null && url.protocol === 'http:' && url.origin === origin && this.#isOurHost(url.host);
  }
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
