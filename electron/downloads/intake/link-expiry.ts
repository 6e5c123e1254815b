/** When a signed link dies, read from the link itself. Nothing is guessed: what is no known form has no end. */

/** ISO 8601 basic form, as signatures of Amazon and Google write it: 20260101T000000Z. */
function basicTime(text: string | null): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** Seconds since 1970 between 2001 and 2286: ten digits, so that other numbers are not taken for times. */
const unixTime = (text: string | null): number | undefined => (/^[1-9]\d{9}$/.test(text ?? '') ? Number(text) * 1000 : undefined);

function tokenTime(text: string): number | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text)?.[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Amazon's and Google's signatures (X-Amz-Date with X-Amz-Expires, X-Goog-…), CloudFront's and others' `Expires`, Azure's `se`,
 * `exp`, `e` and the like beside a signature, and `exp` in a JSON web token (RFC 7519 section 4.1.4).
 * @returns milliseconds since 1970; the earliest where there are several.
 */
export function linkExpiry(address: string): number | undefined {
  const query = URL.parse(address)?.searchParams;
  if (query === undefined || query.size === 0) return undefined;
  const byName = new Map([...query].map(([name, value]) => [name.toLowerCase(), value]));
  const get = (name: string): string | null => byName.get(name) ?? null;
  const ends: (number | undefined)[] = [];
  for (const vendor of ['x-amz', 'x-goog']) {
    const from = basicTime(get(`${vendor}-date`));
    const seconds = Number(get(`${vendor}-expires`) ?? Number.NaN);
    if (from !== undefined && seconds >= 0) ends.push(from + seconds * 1000);
  }
  for (const name of ['expires', 'expire', 'expiry', 'exp', 'e', 'validto', 'st_expires']) ends.push(unixTime(get(name)));
  const azure = get('se');
  if (azure !== null && get('sig') !== null) ends.push(Date.parse(azure) || undefined);
  for (const value of byName.values()) ends.push(tokenTime(value));
  const known = ends.filter((end) => end !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
