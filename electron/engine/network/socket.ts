/** Opens the sockets that connections live on: plain or TLS, with a deadline, TLS sessions resumed per origin. */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '#engine/clock';
import { barredCode, type HostAddresses } from './host-addresses.ts';
import type { Intake } from './intake.ts';
import { connectTrouble, TransportError } from './trouble.ts';
import { contextTrusting, type TlsOptions, trustKey } from './trust.ts';

/** A second address family is tried after this long: Node's 250 ms gives up on every far server (400 ms round trips). */
const FAMILY_ATTEMPT_MS = 1000;

/** A new TLS connection resumes the last session of its origin: one round trip less. Bounded: the oldest goes first. */
const sessions = new Map<string, Buffer>();
const MAX_SESSIONS = 100;

export interface OpenOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly addresses: HostAddresses;
  /** Takes what the socket receives, from its first byte on; else it is read like any stream. */
  readonly intake?: Intake;
}

/** Who is to be reached, a server or a proxy. */
export interface Peer {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** For messages. */
  readonly name: string;
  /** A server, which may not be at every address, and not a proxy. */
  readonly isServer?: boolean;
}

export function peerOf(url: URL): Peer {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(url.port) || (isTls ? 443 : 80), isTls, name: url.host, isServer: true };
}

/** A connected socket, secured where the peer wants it. @throws TransportError. */
export async function openSocket(peer: Peer, tls: TlsOptions, options: OpenOptions): Promise<Socket> {
  const { host, port, isTls, name, isServer = false } = peer;
  const { addresses } = options;
  // What is an address already is never looked up.
  if (isServer && isIP(host) !== 0 && !addresses.mayReach(host)) throw connectTrouble({ code: barredCode }, name);
  const address = {
    host,
    port,
    lookup: isServer ? addresses.lookupServer : addresses.lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: FAMILY_ATTEMPT_MS,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...(options.intake ? { onread: options.intake.option() } : {}),
  };
  try {
    const socket = await established(peer, options, () => (isTls ? secureSocket(peer, address, tls) : connectPlain(address)));
    if (socket.remoteAddress !== undefined) addresses.noteAnswered(host, socket.remoteAddress);
    return socket;
  } catch (error) {
    if (!options.signal.aborted) addresses.noteUnreachable(host);
    throw error;
  }
}

/** TLS with the peer over a socket that leads there already. Closes that socket where it fails. @throws TransportError. */
export async function secureOver(socket: Socket, peer: Peer, tls: TlsOptions, options: OpenOptions): Promise<Socket> {
  // From here on its troubles are told by the one above.
  socket.on('error', () => {});
  try {
    return await established(peer, options, () => secureSocket(peer, { socket }, tls));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function established(peer: Peer, options: OpenOptions, begin: () => Socket): Promise<Socket> {
  const { name, isTls } = peer;
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) {
      reject(new TransportError('aborted', 'E_NETWORK', 'stopped'));
      return;
    }
    let socket: Socket;
    try {
      socket = begin();
    } catch (error) {
      reject(connectTrouble(error, name));
      return;
    }
    const settle = (): void => {
      cancelTimer();
      options.signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      socket.off('close', onClose);
    };
    const fail = (error: unknown): void => {
      settle();
      // A late error of a socket we gave up is nobody's business.
      socket.on('error', () => {});
      socket.destroy();
      reject(connectTrouble(error, name));
    };
    const onError = (error: Error): void => fail(error);
    const onClose = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const onAbort = (): void => fail(new TransportError('aborted', 'E_NETWORK', 'stopped'));
    const limitMs = isTls ? options.timeoutMs * 1.5 : options.timeoutMs;
    const cancelTimer = options.clock.setTimer(
      () =>
        fail(new TransportError('unreachable', 'E_TIMEOUT', `${name} did not accept a connection within ${limitMs / 1000} s`)),
      limitMs,
    );
    options.signal.addEventListener('abort', onAbort);
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function secureSocket({ host, port }: Peer, address: object, tls: TlsOptions): TLSSocket {
  const isName = !/^[\d.]+$|:/.test(host);
  // A session stands for a certificate that was checked: one made under other rules must not be resumed.
  const sessionKey = `${host}:${port} ${trustKey(tls)}`;
  const session = tls.insecure ? undefined : sessions.get(sessionKey);
  const socket = connectTls({
    ...address,
    host,
    // Server names are names: an address is not sent (RFC 6066 section 3).
    ...(isName ? { servername: host } : {}),
    ...(session === undefined ? {} : { session }),
    ...(tls.ca === undefined ? {} : { secureContext: contextTrusting(tls.ca) }),
    rejectUnauthorized: !tls.insecure,
    ALPNProtocols: ['http/1.1'],
  });
  if (tls.insecure) return socket;
  socket.on('session', (fresh: Buffer) => {
    sessions.delete(sessionKey);
    sessions.set(sessionKey, fresh);
    const oldest = sessions.keys().next().value;
    if (sessions.size > MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
  });
  return socket;
}
