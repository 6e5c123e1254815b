/** Reads a cookies.txt: the form of Netscape that browser extensions, curl and wget share. */
import type { StoredCookie } from './download.ts';

export interface SkippedLine {
  /** From 1. */
  readonly line: number;
  /** What is wrong with it; repeats nothing of the file. */
  readonly reason: string;
}

export interface CookiesTxt {
  /** Also those whose time is over. */
  readonly cookies: readonly StoredCookie[];
  readonly skipped: readonly SkippedLine[];
}

/** Written before the domain by curl and all after it: not for scripts, which says nothing against sending it. */
const httpOnlyMark = '#HttpOnly_';
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unsendable = /[\x00-\x1f\x7f;]/;
/** A name, or an address of IPv4 or IPv6. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is kept out.
const domainForm = /^(?:[^\x00-\x20\x7f/:@?#[\]\\%]+|[\da-f]*:[\da-f:]+)$/;

/** One cookie a line, seven fields between tabs: domain, subdomains, path, secure, expiry, name, value. Total. */
export function parseCookiesTxt(text: string): CookiesTxt {
  const cookies: StoredCookie[] = [];
  const skipped: SkippedLine[] = [];
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const isHttpOnly = line.startsWith(httpOnlyMark);
    if (line.trim() === '' || (line.startsWith('#') && !isHttpOnly)) continue;
    const cookie = parseLine(isHttpOnly ? line.slice(httpOnlyMark.length) : line, isHttpOnly);
    if (typeof cookie === 'string') skipped.push({ line: index + 1, reason: cookie });
    else cookies.push(cookie);
  }
  return { cookies, skipped };
}

/** The cookie, or why it is none. */
function parseLine(line: string, isHttpOnly: boolean): StoredCookie | string {
  const fields = line.split('\t');
  // Some writers leave out the last tab where the value is empty.
  if (fields.length < 6 || fields.length > 7) return `expected 7 fields between tabs, found ${fields.length}`;
  const [rawDomain = '', subdomains = '', path = '', secure = '', expiry = '', name = '', value = ''] = fields;
  const domain = rawDomain.trim().replace(/^\./, '').toLowerCase();
  const hasSubdomains = flagOf(subdomains);
  const isSecure = flagOf(secure);
  if (!domainForm.test(domain)) return 'the first field is not a domain';
  if (hasSubdomains === undefined) return 'the second field is neither TRUE nor FALSE';
  if (!path.startsWith('/')) return 'the third field is not a path that begins with /';
  if (isSecure === undefined) return 'the fourth field is neither TRUE nor FALSE';
  if (!/^-?\d{1,16}(?:\.\d+)?$|^$/.test(expiry)) return 'the fifth field is not a time in seconds';
  if (name === '' || name.includes('=')) return 'the sixth field is not the name of a cookie';
  if (unsendable.test(name) || unsendable.test(value)) return 'name or value hold a semicolon or control character';
  const seconds = Number(expiry);
  return {
    name,
    value,
    domain,
    hasSubdomains,
    path,
    isSecure,
    isHttpOnly,
    // Written as 0, or by some as -1, where the cookie ends with the browser's session.
    ...(seconds > 0 ? { expiresAt: Math.floor(seconds * 1000) } : {}),
  };
}

function flagOf(text: string): boolean | undefined {
  const upper = text.trim().toUpperCase();
  return upper === 'TRUE' ? true : upper === 'FALSE' ? false : undefined;
}
