/** The way to a server: straight, or through a proxy. Whatever the way, what comes out is a socket that speaks with the server. */
import type { Socket } from 'node:net';
import { converse } from './dialogue.ts';
import { connectByHttp } from './http-connect.ts';
import { type ProxyServer, passesOn } from './proxy.ts';
import { type OpenOptions, openSocket, type Peer, peerOf, secureOver } from './socket.ts';
import { connectBySocks } from './socks5.ts';
import { TransportError } from './trouble.ts';
import type { TlsOptions } from './trust.ts';

export interface ConnectionTarget {
  readonly url: URL;
  readonly tls: TlsOptions;
  /** Undefined: straight to the server. */
  readonly proxy?: ProxyServer | undefined;
}

/** What a host has taught us holds for the way there: a proxy has bounds of its own. Ends where another key may begin. */
export const hostKey = ({ url, proxy }: ConnectionTarget): string => `${url.origin} ${proxy?.key ?? 'direct'} `;

/** @throws TransportError, or DownloadError E_PROXY_AUTH. Each leg of the way has the time a whole straight one has. */
export async function openRoute(target: ConnectionTarget, options: OpenOptions): Promise<Socket> {
  const { url, tls, proxy } = target;
  const server = peerOf(url);
  if (proxy === undefined) return await openSocket(server, tls, options);
  const { intake: _intake, ...proxyOptions } = options;
  const socket = await openProxy(proxy, tls, proxyOptions);
  if (passesOn(proxy, url)) return socket;
  const authority = `${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`;
  await converse(socket, proxy, authority, options, (dialogue) =>
    proxy.scheme === 'socks5'
      ? connectBySocks(dialogue, proxy, server.host, server.port)
      : connectByHttp(dialogue, proxy, authority),
  );
  return server.isTls ? await secureOver(socket, server, tls, options) : socket;
}

async function openProxy(proxy: ProxyServer, tls: TlsOptions, options: OpenOptions): Promise<Socket> {
  const peer: Peer = { host: proxy.host, port: proxy.port, isTls: proxy.scheme === 'https', name: `proxy ${proxy.name}` };
  // `insecure` is said of the server: the proxy's login goes to nobody who cannot prove to be the proxy.
  const { ca } = tls;
  try {
    return await openSocket(peer, ca === undefined ? {} : { ca }, options);
  } catch (error) {
    if (error instanceof TransportError && error.kind === 'unreachable') {
      throw new TransportError('proxy', error.code, error.message, error);
    }
    if (error instanceof TransportError && error.kind === 'dns') {
      throw new TransportError('dns', error.code, `the name of proxy ${proxy.name} cannot be resolved`, error);
    }
    throw error;
  }
}
