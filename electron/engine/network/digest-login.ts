/** HTTP Digest (RFC 7616; RFC 2069 where the server knows no qop): proves the password without sending it. Pure. */
import { createHash } from 'node:crypto';
import type { Challenge } from './challenge.ts';
import { toWire } from './http-headers.ts';

/** Strongest first, by the name servers use. */
const hashes: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', MD5: 'md5' };

export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'SHA-256' | 'MD5';
  /** As the server wrote it, if it did: it goes back that way. */
  readonly writtenAlgorithm: string | undefined;
  /** The `-sess` variant: the key is bound to the first nonces. */
  readonly isSession: boolean;
  readonly hasQop: boolean;
  /** The login was right and only the nonce too old. */
  readonly isStale: boolean;
}

export interface DigestUse {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly uri: string;
}

/** The strongest Digest among the challenges that we can answer; undefined where there is none. */
export function digestAmong(challenges: readonly Challenge[]): DigestChallenge | undefined {
  const known = challenges.flatMap((challenge) => digestOf(challenge) ?? []);
  const rank = ({ algorithm }: DigestChallenge): number => Object.keys(hashes).indexOf(algorithm);
  return known.sort((a, b) => rank(a) - rank(b))[0];
}

function digestOf({ scheme, params }: Challenge): DigestChallenge | undefined {
  const [realm, nonce] = [params.get('realm'), params.get('nonce')];
  if (scheme !== 'digest' || realm === undefined || nonce === undefined) return undefined;
  const writtenAlgorithm = params.get('algorithm');
  const [, base = '', session] = /^(.*?)(-sess)?$/i.exec(writtenAlgorithm?.toUpperCase() ?? 'MD5') ?? [];
  const qops = params
    .get('qop')
    ?.toLowerCase()
    .split(/[\s,]+/);
  // `auth-int` alone would need the body's hash; nobody serves files that way.
  if (!Object.hasOwn(hashes, base) || (qops !== undefined && !qops.includes('auth'))) return undefined;
  return {
    realm,
    nonce,
    opaque: params.get('opaque'),
    algorithm: base as DigestChallenge['algorithm'],
    writtenAlgorithm,
    isSession: session !== undefined,
    hasQop: qops !== undefined,
    isStale: params.get('stale')?.toLowerCase() === 'true',
  };
}

/** The login under one nonce of the server; each use counts. */
export class DigestSession {
  readonly #challenge: DigestChallenge;
  readonly #user: string;
  readonly #cnonce: string;
  readonly #key: string;
  #uses = 0;

  /** `cnonce` is ours: at random, and without quotes. */
  constructor(challenge: DigestChallenge, login: { readonly user: string; readonly password: string }, cnonce: string) {
    this.#challenge = challenge;
    this.#user = toWire(login.user);
    this.#cnonce = cnonce;
    const key = this.#hash(`${this.#user}:${challenge.realm}:${toWire(login.password)}`);
    this.#key = challenge.isSession ? this.#hash(`${key}:${challenge.nonce}:${cnonce}`) : key;
  }

  /** The value of the Authorization field for one request. */
  authorization({ method, uri }: DigestUse): string {
    const { realm, nonce, opaque, writtenAlgorithm, hasQop, isSession } = this.#challenge;
    this.#uses += 1;
    const count = this.#uses.toString(16).padStart(8, '0');
    const subject = this.#hash(`${method}:${uri}`);
    const response = hasQop
      ? this.#hash(`${this.#key}:${nonce}:${count}:${this.#cnonce}:auth:${subject}`)
      : this.#hash(`${this.#key}:${nonce}:${subject}`);
    return [
      `Digest username=${quoted(this.#user)}`,
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      `response="${response}"`,
      ...(writtenAlgorithm === undefined ? [] : [`algorithm=${writtenAlgorithm}`]),
      ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
      ...(hasQop ? ['qop=auth', `nc=${count}`] : []),
      ...(hasQop || isSession ? [`cnonce="${this.#cnonce}"`] : []),
    ].join(', ');
  }

  #hash(text: string): string {
    return createHash(hashes[this.#challenge.algorithm] as string)
      .update(text, 'latin1')
      .digest('hex');
  }
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
