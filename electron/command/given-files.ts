/** The files that options name, read as text and checked before anything is fetched. */
import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { cookiesFile } from '#shared/cookies';
import type { CookiesTxt } from '#shared/cookies-txt';
import type { StoredCookie } from '#shared/download';
import { quoted, UsageError } from './usage-error.ts';

/** Far more than a list, a bundle of certificates or a browser's cookies need; a disk image given by mistake should not fill the memory. */
const mostTextBytes = 16 * 1024 * 1024;

export async function readText(path: string, option: string): Promise<string> {
  try {
    if ((await stat(path)).size > mostTextBytes) throw new UsageError(`${option}: ${quoted(path)} is larger than 16 MiB`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${option}: ${quoted(path)} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    );
  }
}

const pemBlock = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** Checked here: the TLS layer passes over what it cannot read, and the failure would then name the server. */
export async function readCertificates(path: string): Promise<string> {
  const blocks = (await readText(path, '--ca-cert')).match(pemBlock) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw new UsageError(`--ca-cert: ${quoted(path)} holds a certificate that cannot be read`);
  }
  if (blocks.length === 0) throw new UsageError(`--ca-cert: ${quoted(path)} holds no certificate in PEM form`);
  return blocks.join('\n');
}

export interface GivenCookies {
  readonly cookies: readonly StoredCookie[];
  /** What of the file is of no use, as sentences. */
  readonly notes: readonly string[];
}

/** More bad lines than these are only counted. */
const mostToldLines = 3;

/** Bad lines are passed over and told; a file without any good one is none. `wallNow` in milliseconds since the epoch. */
export async function readCookies(path: string, wallNow: number): Promise<GivenCookies> {
  const { cookies, skipped } = cookiesFile(await readText(path, '--cookies'));
  const where = `--cookies: ${quoted(path)}`;
  const [first] = skipped;
  if (cookies.length === 0) {
    const reason = first === undefined ? '' : `; line ${first.line}: ${first.reason}`;
    throw new UsageError(`${where} holds no cookie in the form of a cookies.txt or of a browser extension's JSON${reason}`);
  }
  return { cookies, notes: [...toldLines(where, skipped), ...toldExpired(where, cookies, wallNow)] };
}

function toldLines(where: string, skipped: CookiesTxt['skipped']): string[] {
  const told = skipped.slice(0, mostToldLines).map(({ line, reason }) => `${where} line ${line} is left out: ${reason}`);
  const rest = skipped.length - told.length;
  return rest === 0 ? told : [...told, `${where}: ${rest} more such line${rest === 1 ? '' : 's'} left out`];
}

function toldExpired(where: string, cookies: readonly StoredCookie[], wallNow: number): string[] {
  const count = cookies.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt <= wallNow).length;
  return count === 0 ? [] : [`${where}: ${count} of ${cookies.length} cookies have expired and are not sent`];
}
