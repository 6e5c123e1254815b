/** The cookies of a download: those it begins with, and those servers set on the way. */
import { Cookie, CookieJar } from 'tough-cookie';
import { DownloadError } from '#engine/errors';
import type { StoredCookie } from '#shared/download';
import { toWire } from './http-headers.ts';

export class Cookies {
  /** Made with the first cookie: most downloads have none. */
  #jar: CookieJar | undefined;

  /** Cookies go where their own domain, path, scheme and end allow. @throws DownloadError E_INPUT for one that cannot be sent. */
  constructor(given: readonly StoredCookie[] = []) {
    for (const stored of given) this.#add(stored);
  }

  /** What goes along to `url` (RFC 6265 section 5.4), in order. */
  for(url: URL): Cookie[] {
    return this.#jar?.getCookiesSync(url.href) ?? [];
  }

  /** Takes the Set-Cookie field of an answer from `url` (section 5.3); one the server may not set is ignored. */
  take(field: string, url: URL): void {
    this.#jar ??= new CookieJar();
    this.#jar.setCookieSync(field, url.href, { ignoreError: true });
  }

  #add(stored: StoredCookie): void {
    const { name, value, domain, path } = stored;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
    if (/[\x00-\x1f\x7f;]/.test(`${name}${value}`)) {
      throw new DownloadError('E_INPUT', `a cookie for ${domain} holds a semicolon or control character`);
    }
    // Of a host that cannot be: it belongs to nobody.
    if (!URL.canParse(addressOf(stored))) return;
    const cookie = {
      key: toWire(name),
      value: toWire(value),
      path,
      secure: stored.isSecure,
      httpOnly: stored.isHttpOnly,
      ...(stored.expiresAt === undefined ? {} : { expires: new Date(stored.expiresAt) }),
    };
    this.#jar ??= new CookieJar();
    const jar = this.#jar;
    const put = (as: Cookie): boolean => jar.setCookieSync(as, addressOf(stored), { ignoreError: true }) !== undefined;
    // A domain under which anybody may have a name (com, or a bare intranet) stands for itself alone (RFC 6265 section 5.3).
    if (!stored.hasSubdomains || !put(new Cookie({ ...cookie, domain }))) put(new Cookie(cookie));
  }
}

/** Where the cookie could have come from. */
function addressOf({ domain, path, isSecure }: StoredCookie): string {
  const host = domain.includes(':') ? `[${domain}]` : domain;
  return `${isSecure ? 'https' : 'http'}://${host}${path}`;
}
