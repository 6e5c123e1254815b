/** A tunnel through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6). */

import type { DownloadError } from '#engine/errors';
import { parseChallenges } from './challenge.ts';
import type { Dialogue } from './dialogue.ts';
import { loginRefused, type ProxyServer, proxyAuthorization } from './proxy.ts';
import { TransportError } from './trouble.ts';

const MAX_HEAD_BYTES = 64 * 1024;
const start = 'HTTP/1.';

/** @throws TransportError, or DownloadError E_PROXY_AUTH. `authority` is `host:port`, with brackets where the host has colons. */
export async function connectByHttp(dialogue: Dialogue, proxy: ProxyServer, authority: string): Promise<void> {
  const login = proxyAuthorization(proxy);
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (login !== undefined) lines.push(`Proxy-Authorization: ${login}`);
  dialogue.write(`${lines.join('\r\n')}\r\n\r\n`);
  for (;;) {
    const head = (await dialogue.read((received) => headLength(received, proxy))).toString('latin1');
    const status = Number(/^HTTP\/1\.[01] (\d{3})[ \r\n]/.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(status)) throw garbled(proxy);
    // 1xx answers announce; the real one follows. What a 2xx says of a body is void here: its bytes are the server's.
    if (status >= 200 && status < 300) return;
    if (status >= 200 || status === 101) throw refusal(status, head, proxy, authority);
  }
}

function headLength(received: Buffer, proxy: ProxyServer): number | undefined {
  const text = received.toString('latin1', 0, start.length);
  if (!start.startsWith(text.slice(0, start.length))) throw garbled(proxy);
  const end = received.indexOf('\r\n\r\n');
  if (end >= 0) return end + 4;
  if (received.length > MAX_HEAD_BYTES) throw garbled(proxy);
  return undefined;
}

const garbled = (proxy: ProxyServer): TransportError =>
  new TransportError('garbled', 'E_PROTOCOL', `proxy ${proxy.name} did not answer in HTTP`);

/** A proxy's way of saying that it cannot, now (5xx, 408, 429), or will not. */
function refusal(status: number, head: string, proxy: ProxyServer, authority: string): DownloadError {
  if (status === 407) {
    const challenges = [...head.matchAll(/^proxy-authenticate:(.*)$/gim)].map(([, value = '']) => value);
    return loginRefused(proxy, parseChallenges(challenges));
  }
  const isPassing = status >= 500 || status === 408 || status === 429;
  const message = `proxy ${proxy.name} answered ${status} when asked to connect to ${authority}`;
  return new TransportError(isPassing ? 'unreachable' : 'barred', `E_HTTP_${status}`, message);
}
