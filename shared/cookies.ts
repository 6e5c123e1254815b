/** Cookies in the forms people have them: a Cookie or Set-Cookie header, a cookies.txt, the JSON that browser extensions export. */
import { type CookiesTxt, parseCookiesTxt, type SkippedLine } from './cookies-txt.ts';
import type { StoredCookie } from './download.ts';
import type { CookiePair } from './orders.ts';

export type CookieScope = NonNullable<CookiePair['scope']>;

export interface PastedCookies {
  readonly cookies: readonly CookiePair[];
  /** Lines, or cookies of a JSON export, that are of no use, counted from 1. Repeats nothing of their values. */
  readonly skipped: readonly SkippedLine[];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unsendable = /[\x00-\x1f\x7f;]/;
const attribute = /;\s*(?:path|domain|expires|max-age|samesite)\s*=|;\s*(?:secure|httponly|partitioned)\s*(?:;|$)/i;

/** `host`: whose Set-Cookie it is, where it names no domain. Never throws. */
export function parseCookies(text: string, host?: string, now = Date.now()): PastedCookies {
  const plain = text.replace(/^\ufeff/, '').trim();
  if (/^[[{]/.test(plain)) return ofJson(plain, now);
  if (plain.includes('\t')) return ofTxt(plain);
  const isNamed = /^cookie\s*:/i.test(plain);
  if (/^set-cookie\s*:/im.test(plain) || (!isNamed && attribute.test(plain))) return ofSetCookie(plain, host, now);
  return { cookies: plain.split(/[\r\n]+/).flatMap(parseCookieHeader), skipped: [] };
}

/** With a place of its own; undefined where it belongs to the origin of the address. */
export function storedCookie({ name, value, scope }: CookiePair): StoredCookie | undefined {
  if (scope === undefined) return undefined;
  const { domain, hasSubdomains, path, isSecure, expiresAt } = scope;
  return { name, value, domain, hasSubdomains, path, isSecure, isHttpOnly: true, ...(expiresAt !== undefined && { expiresAt }) };
}

/** A file of cookies, in either form; those that name no domain belong to nobody there. Expired ones are in it too. */
export function cookiesFile(text: string): CookiesTxt {
  const plain = text.replace(/^\ufeff/, '').trimStart();
  if (!/^[[{]/.test(plain)) return parseCookiesTxt(text);
  const { cookies, skipped } = ofJson(plain, Number.NEGATIVE_INFINITY);
  const scoped = cookies.flatMap((cookie) => storedCookie(cookie) ?? []);
  return { cookies: scoped, skipped };
}

const scopedOf = ({ name, value, isHttpOnly: _, ...scope }: StoredCookie): CookiePair => ({ name, value, scope });

function ofTxt(text: string): PastedCookies {
  const { cookies, skipped } = parseCookiesTxt(text);
  return { cookies: cookies.map(scopedOf), skipped };
}

/** A Cookie header, `a=1; b=2` (RFC 6265 section 4.2), with or without its name; whatever it holds, it is nothing else. */
export function parseCookieHeader(line: string): CookiePair[] {
  return line
    .replace(/^\s*cookie\s*:/i, '')
    .split(';')
    .flatMap((part) => {
      const at = part.indexOf('=');
      const name = part.slice(0, Math.max(0, at)).trim();
      return name === '' ? [] : [{ name, value: part.slice(at + 1).trim() }];
    });
}

type Judged = CookiePair | string;

function sorted(judged: readonly Judged[], numbers: readonly number[]): PastedCookies {
  const cookies = judged.filter((one) => typeof one !== 'string');
  const skipped = judged.flatMap((one, index) => (typeof one === 'string' ? [{ line: numbers[index] ?? 0, reason: one }] : []));
  return { cookies, skipped };
}

function ofSetCookie(text: string, host: string | undefined, now: number): PastedCookies {
  const lines = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.replace(/^\s*set-cookie\s*:/i, '').trim(), number: index + 1 }));
  const given = lines.filter(({ line }) => line !== '');
  return sorted(
    given.map(({ line }) => setCookieOf(line, host, now)),
    given.map(({ number }) => number),
  );
}

/** RFC 6265 section 5.2. */
function setCookieOf(line: string, host: string | undefined, now: number): Judged {
  const [pair = '', ...rest] = line.split(';');
  const [cookie] = parseCookieHeader(pair);
  if (cookie === undefined) return 'does not begin with NAME=VALUE';
  const attributes = new Map<string, string>();
  for (const part of rest) {
    const [, name = '', value = ''] = /^\s*([^=\s]+)\s*(?:=\s*(.*?)\s*)?$/.exec(part) ?? [];
    attributes.set(name.toLowerCase(), value);
  }
  const named = attributes.get('domain')?.replace(/^\./, '').toLowerCase() ?? '';
  const path = attributes.get('path') ?? '';
  return judged({
    ...cookie,
    domain: named || (host ?? ''),
    hasSubdomains: named !== '',
    path: path.startsWith('/') ? path : '/',
    isSecure: attributes.has('secure'),
    expiresAt: endOf(attributes, now),
    now,
  });
}

function endOf(attributes: ReadonlyMap<string, string>, now: number): number | undefined {
  const seconds = attributes.get('max-age');
  if (seconds !== undefined && /^-?\d{1,12}$/.test(seconds)) return now + Number(seconds) * 1000;
  const time = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(time) ? undefined : time;
}

interface Candidate extends CookiePair, Omit<CookieScope, 'expiresAt'> {
  readonly expiresAt: number | undefined;
  readonly now: number;
}

/** The cookie, or why it is of no use. */
function judged({ name, value, domain, hasSubdomains, path, isSecure, expiresAt, now }: Candidate): Judged {
  if (name === '' || unsendable.test(name) || name.includes('=')) return 'its name cannot be that of a cookie';
  if (unsendable.test(value)) return 'its value holds a semicolon or control character';
  if (expiresAt !== undefined && expiresAt <= now) return 'it has expired';
  if (domain === '') return { name, value };
  if (/[\s/:@?#[\]\\%]/.test(domain)) return 'its domain is none';
  return { name, value, scope: { domain, hasSubdomains, path, isSecure, ...(expiresAt !== undefined && { expiresAt }) } };
}

/** A list of cookies as extensions write it, or an object that holds one in `cookies`. */
function ofJson(text: string, now: number): PastedCookies {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { cookies: [], skipped: [{ line: 1, reason: 'begins like JSON and is none' }] };
  }
  const held = isObject(value) && !Array.isArray(value) ? (value.cookies ?? [value]) : value;
  const list: readonly unknown[] = Array.isArray(held) ? held : [];
  return sorted(
    list.map((one) => (isObject(one) ? entryOf(one, now) : 'it is no object')),
    list.map((_, index) => index + 1),
  );
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

function entryOf(entry: Readonly<Record<string, unknown>>, now: number): Judged {
  const text = (key: string): string => (typeof entry[key] === 'string' ? entry[key] : '');
  const { name, value } = entry;
  if (typeof name !== 'string' || typeof value !== 'string') return 'it has no name or no value';
  const domain = text('domain').replace(/^\./, '').toLowerCase();
  const path = text('path');
  return judged({
    name,
    value,
    domain,
    hasSubdomains: typeof entry.hostOnly === 'boolean' ? !entry.hostOnly : text('domain').startsWith('.'),
    path: path.startsWith('/') ? path : '/',
    isSecure: entry.secure === true,
    expiresAt: entry.session === true ? undefined : timeOf(entry.expirationDate ?? entry.expires ?? entry.expiry),
    now,
  });
}

/** Seconds, milliseconds, or a date as text; 0 and -1 are said of the browser's session. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value > 0 ? (value > 1e11 ? value : value * 1000) : undefined;
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
