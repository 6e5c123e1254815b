/**
 * What one request carries. Secrets belong to the origin they were given for: on another origin only a short list of
 * harmless fields goes along, whatever the user called their own headers.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { DownloadError } from '#engine/errors';
import type { DownloadRequest, HeaderField, Interval } from '#shared/download';
import { parseChallenges } from './challenge.ts';
import { Cookies } from './cookies.ts';
import { DigestSession, digestAmong } from './digest-login.ts';
import { type AnswerHeaders, toWire } from './http-headers.ts';
import { ProxyChoice } from './proxy.ts';
import type { ConnectionTarget } from './route.ts';

/** Sent to any origin: they say what we are and want, nothing about the user. */
const harmless = new Set(['user-agent', 'accept', 'accept-language']);
/** Ours to set: a user's own value would break framing or make an answer undecodable. */
const ours = new Set([
  'range',
  'if-range',
  'accept-encoding',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
  'expect',
  // The proxy's, never the origin's.
  'proxy-authorization',
  'proxy-connection',
]);

const defaultUserAgent = 'Sluice/0.1';

export interface WireRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly HeaderField[];
  readonly body?: string | Uint8Array;
}

export function checkHeader([name, value]: HeaderField): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw new DownloadError('E_INPUT', `${JSON.stringify(name)} is not a header name`);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    throw new DownloadError('E_INPUT', `the value of header ${name} holds a line break or control character`);
  }
}

/** The request as the user gave it, plus the cookies servers set on the way. One per download. */
export class RequestSource {
  readonly original: URL;
  readonly #given: DownloadRequest;
  readonly #cookies: Cookies;
  readonly #proxies: ProxyChoice;
  readonly #login: { readonly user: string; readonly password: string } | undefined;
  /** By origin: those that asked for it. */
  readonly #digests = new Map<string, DigestSession>();

  /** @throws DownloadError E_INPUT for an address or header that cannot be sent. */
  constructor(given: DownloadRequest, cookies = new Cookies(given.cookies)) {
    this.original = checkRequest(given);
    // A header of the user's own says it all: the login is not used then.
    const isGiven = (given.headers ?? []).some(([name]) => name.toLowerCase() === 'authorization');
    this.#login = isGiven ? undefined : (given.login ?? loginOf(this.original));
    this.original.username = '';
    this.original.password = '';
    this.original.hash = '';
    this.#proxies = new ProxyChoice(given.proxy);
    this.#given = given;
    this.#cookies = cookies;
  }

  /** The same cookies under a changed request, a new link or new headers; unless it is the cookies that changed. */
  with(given: DownloadRequest): RequestSource {
    return given.cookies === this.#given.cookies ? new RequestSource(given, this.#cookies) : new RequestSource(given);
  }

  /** It asks for the same in the same way. */
  isSameAs(other: RequestSource): boolean {
    return isDeepStrictEqual(present(this.#given), present(other.#given));
  }

  get given(): DownloadRequest {
    return this.#given;
  }

  get method(): string {
    return (this.#given.method ?? 'GET').toUpperCase();
  }

  /** The way to the host of `url`: each hop of a redirect has its own. */
  target(url: URL): ConnectionTarget {
    const { ca, insecure } = this.#given;
    const tls = { ...(ca === undefined ? {} : { ca }), ...(insecure === undefined ? {} : { insecure }) };
    return { url, tls, proxy: this.#proxies.for(url) };
  }

  /** Whether a request to `url` tells who the user is, other than by cookies. */
  carriesLogin(url: URL): boolean {
    const isGiven =
      this.#login !== undefined || (this.#given.headers ?? []).some(([name]) => name.toLowerCase() === 'authorization');
    return isGiven && this.#holdsSecretsFor(url);
  }

  /** The request for one hop. `method` differs from ours after a 303. */
  at(url: URL, range: Interval | undefined, method = this.method): WireRequest {
    const isOurs = this.#holdsSecretsFor(url);
    const headers: HeaderField[] = [];
    const given = new Set<string>();
    for (const [name, value] of this.#given.headers ?? []) {
      const key = name.toLowerCase();
      if (ours.has(key) || key === 'cookie' || (!isOurs && !harmless.has(key)) || (key === 'host' && !isOurs)) continue;
      given.add(key);
      headers.push([name, toWire(value)]);
    }
    if (!given.has('user-agent')) headers.push(['User-Agent', defaultUserAgent]);
    if (!given.has('accept')) headers.push(['Accept', '*/*']);
    // Any coding would make byte ranges mean something else than bytes of the file.
    headers.push(['Accept-Encoding', 'identity']);
    if (isOurs && this.#login) {
      headers.push(['Authorization', this.#authorization(this.#login, url, method)]);
    }
    const cookie = this.#cookieFor(url, isOurs);
    if (cookie !== '') headers.push(['Cookie', cookie]);
    if (range) headers.push(['Range', `bytes=${range.start}-${range.end - 1}`]);
    const body = method === this.method ? this.#given.body : undefined;
    if (body !== undefined && !isOurs) {
      // A 307 or 308 asks for it; a form may hold a password as well as any header (RFC 9110 section 17.9).
      const where = `${this.original.host} redirects it to ${url.host}`;
      throw new DownloadError('E_REDIRECT_UNSAFE', `the body of this ${method} is for one server only, and ${where}`);
    }
    return { url, method, headers, ...(body === undefined ? {} : { body }) };
  }

  /**
   * Takes up a 401 that asks for another kind of login than `sent` had. True: the request is worth repeating. A login that
   * was refused in the right form is wrong; only its nonce may be too old.
   */
  learnLogin(sent: WireRequest, headers: AnswerHeaders): boolean {
    const { url } = sent;
    const tried = sent.headers.find(([name]) => name === 'Authorization')?.[1];
    if (this.#login === undefined || tried === undefined || !this.#holdsSecretsFor(url)) return false;
    const challenge = digestAmong(parseChallenges(headers['www-authenticate']));
    if (challenge === undefined || (tried.startsWith('Digest ') && !challenge.isStale)) return false;
    this.#digests.set(url.origin, new DigestSession(challenge, this.#login, randomBytes(16).toString('hex')));
    return true;
  }

  /** Cookies a server set. */
  remember(url: URL, headers: AnswerHeaders): void {
    const fields = headers['set-cookie'];
    for (const field of Array.isArray(fields) ? fields : fields === undefined ? [] : [fields]) {
      this.#cookies.take(field, url);
    }
  }

  #authorization({ user, password }: { readonly user: string; readonly password: string }, url: URL, method: string): string {
    const digest = this.#digests.get(url.origin);
    if (digest) return digest.authorization({ method, uri: url.pathname + url.search });
    return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
  }

  /** As it goes onto the wire. The user's own cookies win over one of the same name that a server set. */
  #cookieFor(url: URL, isOurs: boolean): string {
    const given = isOurs ? [this.#given.cookie, ...this.#ownCookieHeaders()].filter((text) => text !== undefined) : [];
    // Copied ones often end with a semicolon. A server's are on the wire's side already: they go back byte for byte.
    const own = given.map((text) => toWire(text.replace(/[;\s]+$/, ''))).filter((text) => text !== '');
    const ownNames = new Set(own.flatMap((text) => text.split(';')).map((pair) => pair.split('=')[0]?.trim()));
    const set = this.#cookies.for(url).filter((cookie) => !ownNames.has(cookie.key));
    return [...own, ...set.map((cookie) => cookie.cookieString())].join('; ');
  }

  #ownCookieHeaders(): string[] {
    return (this.#given.headers ?? []).filter(([name]) => name.toLowerCase() === 'cookie').map(([, value]) => value);
  }

  /** The user allowed this host by name, and nobody on the way can read along. */
  #isTrusted({ protocol, hostname }: URL): boolean {
    return (
      protocol === 'https:' &&
      (this.#given.trustedHosts ?? []).some((host) =>
        host.startsWith('*.') ? hostname.endsWith(host.slice(1)) : hostname === host,
      )
    );
  }

  /** The same origin, or the same host after a step up from http to https. */
  #holdsSecretsFor(url: URL): boolean {
    if (url.origin === this.original.origin || this.#isTrusted(url)) return true;
    return (
      this.original.protocol === 'http:' &&
      url.protocol === 'https:' &&
      this.original.hostname === url.hostname &&
      url.port === ''
    );
  }
}

/** The address of a request that can be sent. @throws DownloadError E_INPUT. */
export function checkRequest(given: DownloadRequest): URL {
  const url = parseAddress(given.url);
  for (const field of given.headers ?? []) checkHeader(field);
  if (given.cookie !== undefined) checkHeader(['cookie', given.cookie]);
  return url;
}

/** What is sent to the address itself, without a range. @throws DownloadError E_INPUT for what cannot be sent. */
export function firstRequest(given: DownloadRequest): WireRequest {
  const source = new RequestSource(given);
  return source.at(source.original, undefined);
}

/**
 * `given` for a new address of the same file. What tells who the user is stays with the origin it was given for; cookies that
 * name their own domain look after themselves.
 */
export function withAddress(given: DownloadRequest, url: string): DownloadRequest {
  if (parseAddress(url).origin === parseAddress(given.url).origin) return { ...given, url };
  const { headers, cookie: _cookie, login: _login, method: _method, body: _body, ...rest } = given;
  const harmlessHeaders = headers?.filter(([name]) => harmless.has(name.toLowerCase()));
  return { ...rest, url, ...(harmlessHeaders === undefined ? {} : { headers: harmlessHeaders }) };
}

/** @throws DownloadError E_INPUT. Reads an address as WHATWG URL does. */
export function parseAddress(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new DownloadError('E_INPUT', 'the address cannot be read: expected http://… or https://…', cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new DownloadError('E_INPUT', `the address begins with ${url.protocol}, expected http: or https:`);
  }
  return url;
}

/** Without what is there only to say that nothing is. */
const present = (request: DownloadRequest): object =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));

function loginOf(url: URL): { user: string; password: string } | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return { user: decode(url.username), password: decode(url.password) };
}
