/** A way through a SOCKS5 proxy (RFC 1928), with a login by name and password (RFC 1929). Names are resolved by the proxy. */
import { isIP, isIPv4 } from 'node:net';
import { DownloadError } from '#engine/errors';
import type { Dialogue } from './dialogue.ts';
import type { ProxyServer } from './proxy.ts';
import { TransportError, type TroubleKind } from './trouble.ts';

const VERSION = 5;
const LOGIN_VERSION = 1;
const NO_LOGIN = 0;
const BY_PASSWORD = 2;
const NONE_ACCEPTED = 0xff;
const CONNECT = 1;
const SUCCEEDED = 0;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

type Reply = readonly [kind: TroubleKind, code: DownloadError['code'], fact: string];

/** What the second byte of the reply says (RFC 1928 section 6). */
const replies: Readonly<Record<number, Reply>> = {
  1: ['unreachable', 'E_CONNECT', 'could not connect'],
  2: ['barred', 'E_CONNECT', 'does not allow to connect'],
  3: ['unreachable', 'E_CONNECT', 'has no network to connect'],
  4: ['unreachable', 'E_CONNECT', 'cannot reach the host when asked to connect'],
  5: ['unreachable', 'E_CONNECT', 'was refused when asked to connect'],
  6: ['unreachable', 'E_TIMEOUT', 'got no answer in time when asked to connect'],
  7: ['barred', 'E_CONNECT', 'does not know how to connect'],
  8: ['barred', 'E_CONNECT', 'does not know this kind of address when asked to connect'],
};

/** @throws TransportError, or DownloadError E_PROXY_AUTH. */
export async function connectBySocks(dialogue: Dialogue, proxy: ProxyServer, host: string, port: number): Promise<void> {
  const methods = proxy.login === undefined ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD];
  dialogue.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [, method] = await dialogue.read((received) => lengthOf(received, 2, proxy));
  if (method === NONE_ACCEPTED) {
    const fact = proxy.login === undefined ? 'wants a login' : 'takes no login by name and password';
    throw new DownloadError('E_PROXY_AUTH', `proxy ${proxy.name} ${fact}`);
  }
  if (method === undefined || !methods.includes(method)) throw garbled(proxy);
  if (method === BY_PASSWORD) await logIn(dialogue, proxy);
  dialogue.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressBytes(host), Buffer.from([port >> 8, port & 0xff])]));
  const [, status = SUCCEEDED] = await dialogue.read((received) => lengthOf(received, replyLength(received, proxy), proxy));
  if (status === SUCCEEDED) return;
  const [kind, code, fact] =
    replies[status] ?? (['unreachable', 'E_CONNECT', `answered ${status} when asked to connect`] as const);
  throw new TransportError(kind, code, `proxy ${proxy.name} ${fact} to ${host}:${port}`);
}

async function logIn(dialogue: Dialogue, proxy: ProxyServer): Promise<void> {
  const { user = '', password = '' } = proxy.login ?? {};
  dialogue.write(Buffer.concat([Buffer.from([LOGIN_VERSION]), counted(user), counted(password)]));
  // Some proxies answer with the version of SOCKS; only the status matters.
  const [, status] = await dialogue.read(() => 2);
  if (status !== 0) throw new DownloadError('E_PROXY_AUTH', `proxy ${proxy.name} refused the login`);
}

/** One byte of length, then the bytes. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > 255) {
    throw new DownloadError('E_INPUT', `SOCKS5 carries 255 bytes of a name or password at most, and one has ${bytes.length}`);
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function addressBytes(host: string): Buffer {
  if (isIPv4(host)) return Buffer.from([IPV4, ...host.split('.').map(Number)]);
  if (isIP(host) === 6) return Buffer.concat([Buffer.from([IPV6]), ipv6Bytes(host)]);
  return Buffer.concat([Buffer.from([NAME]), counted(host)]);
}

/** 16 bytes. `host` is in the form URL gives: hexadecimal groups, at most one `::`. */
function ipv6Bytes(host: string): Buffer {
  const [before = '', after] = host.split('::');
  const groups = (text: string | undefined): number[] =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(before), groups(after)];
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Refused at its first byte: waiting for more of what is no SOCKS would end only with the time allowed. */
function lengthOf(received: Buffer, length: number | undefined, proxy: ProxyServer): number | undefined {
  if (received.length > 0 && received[0] !== VERSION) throw garbled(proxy);
  return length;
}

function replyLength(received: Buffer, proxy: ProxyServer): number | undefined {
  const [, status, , kind, length] = received;
  // A refusal is told by its first bytes, and not every proxy sends the rest.
  if (status !== undefined && status !== SUCCEEDED) return 2;
  if (kind === undefined) return undefined;
  if (kind === IPV4) return 4 + 4 + 2;
  if (kind === IPV6) return 4 + 16 + 2;
  if (kind !== NAME) throw garbled(proxy);
  return length === undefined ? undefined : 4 + 1 + length + 2;
}

const garbled = (proxy: ProxyServer): TransportError =>
  new TransportError('garbled', 'E_PROTOCOL', `proxy ${proxy.name} did not answer in SOCKS5`);
