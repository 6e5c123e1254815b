/** The server on a local port: the page, the calls, the feed, and aria2's protocol where it is on. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Door } from '#ipc/door';
import { Access, type Refusal } from './access.ts';
import type { Rpc } from './aria2/gateway.ts';
import { FeedSockets } from './feed-sockets.ts';
import { PageFiles } from './page-files.ts';
import { createRoutes, visitorOf } from './routes.ts';

export interface ServerOptions {
  readonly door: Door;
  /** Default 127.0.0.1. Another one than loopback is reached by others: the token is all that keeps them out. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token: string;
  readonly pageFolder: string;
  readonly allowedOrigins: readonly string[];
  /** aria2's protocol, where it is on. `isRight`: the token, whose wrong ones are counted by address. */
  createRpc?(isRight: (token: string, address: string) => boolean): Rpc;
}

export interface RunningServer {
  readonly port: number;
  /** With the token as a fragment, which no server and no log ever sees. */
  readonly url: string;
  /** Ends every connection; resolves when the port is free. */
  close(): Promise<void>;
}

const MiB = 1024 * 1024;
const mostConnections = 512;
/** Unsent bytes at which a client that does not read is let go. */
const mostUnsentBytes = 16 * MiB;

/** @throws the system's error where the port cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { door, host, port, token, pageFolder, allowedOrigins } = options;
  const access = new Access({ host, token, allowedOrigins });
  const rpc = options.createRpc?.((given, address) => access.refuseToken(given, address) === undefined);
  const sockets = new FeedSockets(door);
  const page = new PageFiles(pageFolder);
  const routes = createRoutes({ door, access, sockets, page, rpc });
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 32 * 1024 },
    getRequestListener(routes.fetch),
  );
  server.maxConnections = mostConnections;
  const upgrades = new WebSocketServer({ noServer: true, maxPayload: 16 * MiB, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    const take = takerOf(request);
    const refusal = take === undefined ? { status: 404, text: 'there is nothing here\n' } : refuseUpgrade(request);
    if (take === undefined || refusal) {
      refuse(socket, refusal ?? { status: 404, text: '' });
      return;
    }
    upgrades.handleUpgrade(request, socket, head, take);
  });
  function takerOf(request: IncomingMessage): ((socket: WebSocket) => void) | undefined {
    const path = request.url?.split('?', 1)[0];
    if (path === '/api/feed') return (socket) => sockets.take(socket);
    return path === '/jsonrpc' && rpc ? (socket) => takeRpc(socket, rpc, request.socket.remoteAddress ?? '') : undefined;
  }
  function refuseUpgrade(request: IncomingMessage): Refusal | undefined {
    const get = (name: string): string | undefined => request.headers[name] as string | undefined;
    const visitor = visitorOf({ get }, request.socket.remoteAddress);
    // aria2's messages carry the token inside.
    return access.refusePlace(visitor) ?? (request.url?.startsWith('/jsonrpc') ? undefined : access.refuseStranger(visitor));
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  access.port = actual;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    port: actual,
    url: `http://${name}:${actual}/#token=${token}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of upgrades.clients) socket.terminate();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A refused upgrade is answered and its connection ended: one left open would hold up the end of the server. */
function refuse(socket: Duplex, { status, text }: { readonly status: number; readonly text: string }): void {
  socket.on('error', () => socket.destroy());
  const head = `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}`;
  socket.end(`${head}\r\n\r\n${text}`, () => socket.destroy());
}

function takeRpc(socket: WebSocket, rpc: Rpc, address: string): void {
  const line = rpc.line((text) => {
    if (socket.bufferedAmount > mostUnsentBytes) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(text);
  }, address);
  socket.on('message', (data) => line.receive(String(data)));
  socket.on('error', () => socket.terminate());
  socket.on('close', () => line.close());
}
