/** When a signed link dies, read from the link itself. Nothing is guessed: what is no known form has no end. */

/** ISO 8601 basic form, as signatures of Amazon, Google and others write it: 20260101T000000Z. */
function basicTime(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Seconds since 1970 between 2001 and 2286: ten digits, so that other numbers are not taken for times; or milliseconds. */
function unixTime(text: string | undefined): number | undefined {
  if (/^[1-9]\d{9}$/.test(text ?? '')) return Number(text) * 1000;
  return /^[1-9]\d{12}$/.test(text ?? '') ? Number(text) : undefined;
}

/** The same in eight hexadecimal digits. */
const hexTime = (text: string | undefined): number | undefined =>
  /^[4-9a-f][\da-f]{7}$/i.test(text ?? '') ? Number.parseInt(text ?? '', 16) * 1000 : undefined;

/** ISO 8601 with a day, or a date as HTTP writes it; nothing else that `Date` might make something of. */
function dateTime(text: string | undefined): number | undefined {
  const isDate = /^\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?$|^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/;
  const time = isDate.test(text ?? '') ? Date.parse(text ?? '') : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}

function jsonIn(base64: string): unknown {
  try {
    return JSON.parse(atob(base64.replaceAll('-', '+').replaceAll('_', '/').replaceAll('~', '/').replace(/=+$/, '')));
  } catch {
    return undefined;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** `exp` of a JSON web token (RFC 7519 section 4.1.4). */
function webTokenTime(text: string): number | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text)?.[1];
  const exp = payload === undefined ? undefined : fieldOf(jsonIn(payload), 'exp');
  return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined;
}

/** CloudFront's policy: base64 with `-_~` for `+=/`, the end at Statement[0].Condition.DateLessThan. */
function policyTime(text: string | undefined): number | undefined {
  const policy = jsonIn((text ?? '').replaceAll('_', '=').replaceAll('-', '+').replaceAll('~', '/'));
  const statements = fieldOf(policy, 'Statement');
  const [statement] = Array.isArray(statements) ? (statements as unknown[]) : [];
  const end = fieldOf(fieldOf(fieldOf(statement, 'Condition'), 'DateLessThan'), 'AWS:EpochTime');
  return typeof end === 'number' && Number.isFinite(end) ? end * 1000 : undefined;
}

/** Names that nothing but an end is written under. */
const endNames = [
  'expires',
  'expire',
  'expiry',
  'expiration',
  'expires_at',
  'expiresat',
  'exp',
  'validto',
  'valid_until',
  'deadline',
];

/**
 * Amazon's, Google's and their kin (X-…-Date with X-…-Expires), `Expires` and the like, CloudFront's `Policy`, Azure's `se`,
 * Tencent's `q-sign-time`, Akamai's `exp=…~hmac=…`, Discord's `ex` and Meta's `oe`, and `exp` in a JSON web token, in the query or
 * the path.
 * @returns milliseconds since 1970; the earliest where there are several.
 */
export function linkExpiry(address: string): number | undefined {
  const url = URL.parse(address);
  if (url === null) return undefined;
  const query = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
  const ends: (number | undefined)[] = [];
  for (const [name, value] of query) {
    const vendor = /^(x-[a-z]+)-date$/.exec(name)?.[1];
    const from = vendor === undefined ? undefined : basicTime(value);
    const seconds = query.get(`${vendor}-expires`) ?? '';
    if (from !== undefined && /^\d{1,9}$/.test(seconds)) ends.push(from + Number(seconds) * 1000);
    // A token of Akamai's stands under whatever name its customer chose.
    if (/(?:^|~)hmac=/.test(value)) ends.push(unixTime(/(?:^|~)exp=(\d+)/.exec(value)?.[1]));
    ends.push(webTokenTime(value));
  }
  for (const name of endNames) ends.push(unixTime(query.get(name)) ?? dateTime(query.get(name)));
  // Short names mean an end only beside the signature they belong to.
  if (query.has('st') || query.has('sig') || query.has('sign') || query.has('md5')) ends.push(unixTime(query.get('e')));
  if (query.has('sig')) ends.push(dateTime(query.get('se')));
  if (query.has('hm')) ends.push(hexTime(query.get('ex')));
  if (query.has('oh')) ends.push(hexTime(query.get('oe')));
  ends.push(policyTime(query.get('policy')), unixTime(/^\d+;(\d+)$/.exec(query.get('q-sign-time') ?? '')?.[1]));
  for (const segment of url.pathname.split('/')) ends.push(webTokenTime(segment));
  const known = ends.filter((end) => end !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
