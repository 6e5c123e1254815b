/** Where a redirect may lead, pure. Redirects are followed by hand so that no secret follows them by accident. */
import { DownloadError, safeUrl } from '#engine/errors';

export const MAX_REDIRECTS = 20;

const isRedirectStatus = (status: number): boolean => [301, 302, 303, 307, 308].includes(status);

export { isRedirectStatus as isRedirect };

/** Loopback, private, link-local and unspecified addresses, in the forms URL normalises to, and localhost. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  if (v4) return isPrivateV4(Number(v4[1]), Number(v4[2]));
  if (!host.includes(':')) return false;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (mapped) {
    const high = Number.parseInt(mapped[1] as string, 16);
    return isPrivateV4(high >> 8, high & 255);
  }
  return host === '::' || host === '::1' || /^(f[cd][0-9a-f]|fe[89ab])[0-9a-f]:/.test(host);
}

function isPrivateV4(a: number, b: number): boolean {
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b <= 127) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168)
  );
}

const percentEscaped = (byte: string): string => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`;

/**
 * The address a Location header means (RFC 9110 section 10.2.2), resolved against `from`; a fragment of `from` is
 * not carried on, since nothing of it is ever sent. `location` is latin1. Raw bytes in it go back to the server as they are,
 * percent-escaped: in a path they need not be UTF-8, and in a host name URL decodes them as UTF-8.
 * @throws DownloadError E_PROTOCOL for one that cannot be read, E_REDIRECT_UNSAFE for one that may not be followed.
 */
export function nextHop(from: URL, location: string | undefined, allowUnsafe: boolean): URL {
  if (location === undefined) throw new DownloadError('E_PROTOCOL', 'the server redirects without saying where (no Location)');
  let to: URL;
  try {
    to = new URL(location.replace(/[\x80-\xff]/g, percentEscaped), from);
  } catch (cause) {
    throw new DownloadError('E_PROTOCOL', 'the server redirects to an address that cannot be read', cause);
  }
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw new DownloadError('E_REDIRECT_UNSAFE', `the server redirects to a ${to.protocol} address, which is never followed`);
  }
  to.hash = '';
  // A login planted in a Location is not the user's.
  to.username = '';
  to.password = '';
  if (allowUnsafe) return to;
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new DownloadError('E_REDIRECT_UNSAFE', `the server redirects from https to the unprotected ${safeUrl(to)}`);
  }
  if (!isPrivateHost(from.hostname) && isPrivateHost(to.hostname)) {
    throw new DownloadError('E_REDIRECT_UNSAFE', `the server redirects into the private network, to ${to.host}`);
  }
  return to;
}
