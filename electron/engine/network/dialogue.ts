/**
 * Question and answer with a proxy over a fresh socket, before the socket is handed on as the way to the server. Ends in time,
 * and leaves in the socket what it did not read: from there on the bytes are the server's.
 */
import type { Socket } from 'node:net';
import type { ProxyServer } from './proxy.ts';
import type { OpenOptions } from './socket.ts';
import { connectTrouble, TransportError } from './trouble.ts';

/** What is said over the socket; `read` resolves with the next message, whose length `measure` tells once it can. */
export interface Dialogue {
  write(bytes: string | Uint8Array): void;
  read(measure: (received: Buffer) => number | undefined): Promise<Buffer>;
}

interface Wanted {
  readonly measure: (received: Buffer) => number | undefined;
  readonly resolve: (message: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Carries out `talk` over `socket` and gives the socket back as it is then; where that fails, closes it.
 * @throws TransportError, and what `talk` throws.
 */
export async function converse(
  socket: Socket,
  proxy: ProxyServer,
  host: string,
  options: OpenOptions,
  talk: (dialogue: Dialogue) => Promise<void>,
): Promise<void> {
  let received: Buffer = Buffer.alloc(0);
  let wanted: Wanted | undefined;
  let trouble: TransportError | undefined;
  const fail = (error: TransportError): void => {
    trouble ??= error;
    wanted?.reject(trouble);
    wanted = undefined;
  };
  const serve = (): void => {
    if (wanted === undefined) return;
    const { measure, resolve, reject } = wanted;
    try {
      const length = measure(received);
      if (length === undefined || length > received.length) return;
      wanted = undefined;
      const message = received.subarray(0, length);
      received = received.subarray(length);
      resolve(message);
    } catch (error) {
      wanted = undefined;
      reject(error);
    }
  };
  const onReadable = (): void => {
    for (let bytes = socket.read() as Buffer | null; bytes !== null; bytes = socket.read() as Buffer | null) {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    }
    serve();
  };
  const onClose = (): void =>
    fail(new TransportError('unreachable', 'E_CONNECT', `proxy ${proxy.name} hung up instead of connecting to ${host}`));
  const onError = (error: Error): void => fail(connectTrouble(error, `proxy ${proxy.name}`));
  const onAbort = (): void => fail(new TransportError('aborted', 'E_NETWORK', 'stopped'));
  const seconds = options.timeoutMs / 1000;
  const cancelTimer = options.clock.setTimer(
    () =>
      fail(new TransportError('unreachable', 'E_TIMEOUT', `proxy ${proxy.name} did not connect to ${host} within ${seconds} s`)),
    options.timeoutMs,
  );
  const listeners = { readable: onReadable, end: onClose, close: onClose, error: onError };
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
  options.signal.addEventListener('abort', onAbort);
  if (options.signal.aborted) onAbort();
  const dialogue: Dialogue = {
    write: (bytes) => socket.write(bytes),
    read: (measure) =>
      new Promise((resolve, reject) => {
        if (trouble) {
          reject(trouble);
          return;
        }
        wanted = { measure, resolve, reject };
        serve();
      }),
  };
  let isOpen = false;
  try {
    await talk(dialogue);
    isOpen = true;
  } finally {
    cancelTimer();
    options.signal.removeEventListener('abort', onAbort);
    if (!isOpen) {
      // A late error of a socket we gave up is nobody's business.
      socket.on('error', () => {});
      socket.destroy();
    }
    for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
    if (isOpen && received.length > 0) socket.unshift(received);
  }
}
