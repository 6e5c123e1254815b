/** Opens the sockets that connections live on: plain or TLS, with a deadline, TLS sessions resumed per origin. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates, type SecureContext, type TLSSocket } from 'node:tls';
import type { Clock } from './clock.ts';
import { connectTrouble, TransportError } from './trouble.ts';

export interface TlsOptions {
  /** PEM certificates trusted besides the built-in ones. */
  readonly ca?: string;
  readonly insecure?: boolean;
}

/** A second address family is tried after this long: Node's 250 ms gives up on every far server (400 ms round trips). */
const FAMILY_ATTEMPT_MS = 1000;

/** A new TLS connection resumes the last session of its origin: one round trip less. Bounded: the oldest goes first. */
const sessions = new Map<string, Buffer>();
const MAX_SESSIONS = 100;
/** Parsing the built-in authorities takes long, so a context with an own one is made once. */
const contexts = new Map<string, SecureContext>();

export function openSocket(
  url: URL,
  tls: TlsOptions,
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Socket> {
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) {
      reject(new TransportError('aborted', 'E_NETWORK', 'stopped'));
      return;
    }
    const address = {
      host,
      port: Number(url.port) || (isTls ? 443 : 80),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: FAMILY_ATTEMPT_MS,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    };
    let socket: Socket;
    try {
      socket = isTls ? secureSocket(url, host, address, tls) : connectPlain(address);
    } catch (error) {
      reject(connectTrouble(error, url.host));
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
      reject(connectTrouble(error, url.host));
    };
    const onError = (error: Error): void => fail(error);
    const onClose = (): void => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    const onAbort = (): void => fail(new TransportError('aborted', 'E_NETWORK', 'stopped'));
    const limitMs = isTls ? options.timeoutMs * 1.5 : options.timeoutMs;
    const cancelTimer = options.clock.setTimer(
      () =>
        fail(
          new TransportError('unreachable', 'E_TIMEOUT', `${url.host} did not accept a connection within ${limitMs / 1000} s`),
        ),
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

function secureSocket(url: URL, host: string, address: object, tls: TlsOptions): TLSSocket {
  const isName = !/^[\d.]+$|:/.test(host);
  // A session stands for a certificate that was checked: one made under other rules must not be resumed.
  const sessionKey = `${url.origin} ${tls.ca ?? ''}`;
  const session = tls.insecure ? undefined : sessions.get(sessionKey);
  const socket = connectTls({
    ...address,
    host,
    // Server names are names: an address is not sent (RFC 6066 section 3).
    ...(isName ? { servername: host } : {}),
    ...(session === undefined ? {} : { session }),
    ...(tls.ca === undefined ? {} : { secureContext: contextWith(tls.ca) }),
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

function contextWith(ca: string): SecureContext {
  let context = contexts.get(ca);
  if (context === undefined) {
    context = createSecureContext({ ca: [...getCACertificates('default'), ca] });
    contexts.set(ca, context);
  }
  return context;
}
