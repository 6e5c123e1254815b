/**
 * A server that wants HTTP Digest, checked by its own reckoning: `faults: [guard.fault]`, then `guard.accepted`. It is strict:
 * a count may be used once under each nonce.
 */
import { createHash, randomBytes } from 'node:crypto';
import { status } from './changes.ts';
import type { Exchange } from './exchange.ts';
import type { Change, RequestFault } from './faults.ts';

export interface DigestGuardOptions {
  readonly user: string;
  readonly password: string;
  readonly realm?: string;
  readonly algorithm?: 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';
  /** As old servers do it: no qop, no counts. */
  readonly isOld?: boolean;
  /** A nonce is stale after so many uses. */
  readonly usesPerNonce?: number;
  /** Challenges before the Digest one. */
  readonly others?: readonly string[];
}

export class DigestGuard {
  /** Fields of the requests that passed. */
  readonly accepted: ReadonlyMap<string, string>[] = [];
  refused = 0;
  readonly #options: DigestGuardOptions;
  /** Counts seen under each nonce. */
  readonly #nonces = new Map<string, Set<string>>();

  constructor(options: DigestGuardOptions) {
    this.#options = options;
  }

  get fault(): RequestFault {
    return {
      name: 'digest',
      on: { where: (exchange) => !this.#passes(exchange) },
      times: Number.POSITIVE_INFINITY,
      answer: this.#ask,
    };
  }

  readonly #ask: Change = (answer, exchange, origin) => {
    this.refused += 1;
    const { realm = 'The vault', algorithm = 'MD5', isOld, others = [] } = this.#options;
    const nonce = randomBytes(12).toString('base64');
    this.#nonces.set(nonce, new Set());
    const isStale = this.#isRight(fieldsOf(exchange), exchange);
    const challenge = [
      `Digest realm="${realm}"`,
      `nonce="${nonce}"`,
      'opaque="a\\"b, c=d"',
      ...(isOld ? [] : ['qop="auth,auth-int"', `algorithm=${algorithm}`]),
      ...(isStale ? ['stale=TRUE'] : []),
    ].join(', ');
    const headers = [...others, challenge].map((value) => ['WWW-Authenticate', value] as const);
    return status(401, { headers })(answer, exchange, origin);
  };

  #passes(exchange: Exchange): boolean {
    const fields = fieldsOf(exchange);
    const seen = this.#nonces.get(fields.get('nonce') ?? '');
    if (!this.#isRight(fields, exchange) || seen === undefined) return false;
    const { isOld, usesPerNonce = Number.POSITIVE_INFINITY } = this.#options;
    const count = isOld ? String(seen.size) : (fields.get('nc') ?? '');
    if (seen.has(count) || seen.size >= usesPerNonce) return false;
    seen.add(count);
    this.accepted.push(fields);
    return true;
  }

  /** The password was known to whoever made it; the nonce may be any. */
  #isRight(fields: ReadonlyMap<string, string>, exchange: Exchange): boolean {
    const { user, password, realm = 'The vault', algorithm = 'MD5', isOld } = this.#options;
    const hash = (text: string): string =>
      createHash(algorithm.startsWith('MD5') ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const [nonce, cnonce, nc] = [fields.get('nonce'), fields.get('cnonce'), fields.get('nc')];
    const basis = hash(`${user}:${realm}:${password}`);
    const key = algorithm.endsWith('-sess') ? hash(`${basis}:${nonce}:${cnonce}`) : basis;
    const subject = hash(`${exchange.method}:${exchange.target}`);
    const expected = hash(isOld ? `${key}:${nonce}:${subject}` : `${key}:${nonce}:${nc}:${cnonce}:auth:${subject}`);
    return fields.get('response') === expected && fields.get('uri') === exchange.target && fields.get('opaque') === 'a"b, c=d';
  }
}

/** What an Authorization field of Digest holds; empty for any other. */
export function fieldsOf({ headers: { authorization = '' } }: Exchange): ReadonlyMap<string, string> {
  if (!authorization.startsWith('Digest ')) return new Map();
  const pairs = [...authorization.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)];
  return new Map(pairs.map(([, name = '', quoted, bare = '']) => [name, quoted?.replace(/\\(.)/g, '$1') ?? bare]));
}
