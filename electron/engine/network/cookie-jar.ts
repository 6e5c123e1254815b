/** A jar with the cookies a download begins with. */
import { Cookie, CookieJar } from 'tough-cookie';
import { DownloadError } from '#engine/errors';
import type { StoredCookie } from '#shared/download';
import { toWire } from './http-headers.ts';

/** Cookies go where their own domain, path, scheme and end allow. @throws DownloadError E_INPUT for one that cannot be sent. */
export function jarWith(cookies: readonly StoredCookie[] = []): CookieJar {
  const jar = new CookieJar();
  for (const stored of cookies) {
    const { name, value, domain, path } = stored;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
    if (/[\x00-\x1f\x7f;]/.test(`${name}${value}`)) {
      throw new DownloadError('E_INPUT', `a cookie for ${domain} holds a semicolon or control character`);
    }
    // Of a host that cannot be: it belongs to nobody.
    if (!URL.canParse(addressOf(stored))) continue;
    const cookie = {
      key: toWire(name),
      value: toWire(value),
      path,
      secure: stored.isSecure,
      httpOnly: stored.isHttpOnly,
      ...(stored.expiresAt === undefined ? {} : { expires: new Date(stored.expiresAt) }),
    };
    const put = (as: Cookie): boolean => jar.setCookieSync(as, addressOf(stored), { ignoreError: true }) !== undefined;
    // A domain under which anybody may have a name (com, or a bare intranet) stands for itself alone (RFC 6265 section 5.3).
    if (!stored.hasSubdomains || !put(new Cookie({ ...cookie, domain }))) put(new Cookie(cookie));
  }
  return jar;
}

/** Where the cookie could have come from. */
function addressOf({ domain, path, isSecure }: StoredCookie): string {
  const host = domain.includes(':') ? `[${domain}]` : domain;
  return `${isSecure ? 'https' : 'http'}://${host}${path}`;
}
