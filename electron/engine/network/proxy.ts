/** Which proxy leads to an address: pure. How it leads there is `route.ts`. */
import { BlockList, isIP } from 'node:net';
import { DownloadError } from '#engine/errors';
import type { ProxySettings } from '#shared/download';
import { type ProxyAddress, parseProxyAddress } from '#shared/proxy-address';
import { type Challenge, realmClause } from './challenge.ts';

export interface ProxyServer extends ProxyAddress {
  /** `host:port`, for messages: without the login. */
  readonly name: string;
  /** Tells routes apart; holds the login, so it never leaves the process. */
  readonly key: string;
}

/** An HTTP proxy is handed plain requests to pass on; anything else goes through a tunnel it does not look into. */
export const passesOn = (proxy: ProxyServer, url: URL): boolean => proxy.scheme !== 'socks5' && url.protocol === 'http:';

/** The login of an HTTP proxy (RFC 7617); only ever sent to the proxy itself. */
export function proxyAuthorization({ login }: ProxyServer): string | undefined {
  return login && `Basic ${Buffer.from(`${login.user}:${login.password}`, 'utf8').toString('base64')}`;
}

/** A 407. The proxy is not known where one stands in the way uninvited. */
export function loginRefused(proxy: ProxyServer | undefined, challenges: readonly Challenge[]): DownloadError {
  const who = proxy === undefined ? 'a proxy on the way' : `proxy ${proxy.name}`;
  const fact = proxy?.login === undefined ? 'wants a login' : 'refused the login';
  return new DownloadError('E_PROXY_AUTH', `${who} ${fact}${realmClause(challenges)}`);
}

/** Finds the proxy for an address, by the settings of one download. */
export class ProxyChoice {
  readonly #http: ProxyServer | undefined;
  readonly #https: ProxyServer | undefined;
  readonly #exceptions: readonly Exception[];

  /** @throws DownloadError E_INPUT for the address of a proxy that cannot be read. */
  constructor(settings: ProxySettings = {}) {
    this.#http = proxyAt(settings.http);
    this.#https = proxyAt(settings.https);
    this.#exceptions = (settings.noProxy ?? []).map(exceptionOf);
  }

  /** Undefined: the server is asked directly. */
  for(url: URL): ProxyServer | undefined {
    const proxy = url.protocol === 'https:' ? this.#https : this.#http;
    if (proxy === undefined) return undefined;
    const host = bare(url.hostname);
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    return this.#exceptions.some((covers) => covers(host, port)) ? undefined : proxy;
  }
}

function proxyAt(address: string | undefined): ProxyServer | undefined {
  if (address === undefined || address === '') return undefined;
  const parsed = parseProxyAddress(address);
  if (!parsed.ok) throw new DownloadError('E_INPUT', `the address of the proxy cannot be used: ${parsed.message}`);
  const { scheme, host, port, login } = parsed.proxy;
  const name = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return { ...parsed.proxy, name, key: JSON.stringify([scheme, name, login?.user, login?.password]) };
}

type Exception = (host: string, port: number) => boolean;

/** Brackets and the dot of the root are spelling, not part of a host. */
const bare = (host: string): string => host.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** One entry of `no_proxy`. What names no host covers none. */
function exceptionOf(entry: string): Exception {
  const text = entry.trim().toLowerCase();
  if (text === '*') return () => true;
  // More than one colon without brackets is an address of IPv6, not a port.
  const [, written = text, digits] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(text) ?? [];
  const coversHost = hostCover(bare(written).replace(/^\*?\./, ''));
  return (host, port) => (digits === undefined || Number(digits) === port) && coversHost(host);
}

function hostCover(covered: string): (host: string) => boolean {
  const [address = '', bits] = covered.split('/');
  if (isIP(address) !== 0) return networkCover(address, bits);
  if (covered === '') return () => false;
  return (host) => isIP(host) === 0 && (host === covered || host.endsWith(`.${covered}`));
}

function networkCover(address: string, bits: string | undefined): (host: string) => boolean {
  const family = (host: string): 'ipv4' | 'ipv6' => (isIP(host) === 6 ? 'ipv6' : 'ipv4');
  const widest = isIP(address) === 6 ? 128 : 32;
  const length = bits === undefined ? widest : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > widest || bits === '') return () => false;
  const list = new BlockList();
  list.addSubnet(address, length, family(address));
  return (host) => isIP(host) !== 0 && list.check(host, family(host));
}
