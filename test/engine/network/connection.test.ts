import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../../electron/engine/clock.ts';
import { Connection } from '../../../electron/engine/network/connection.ts';
import { HostAddresses, resolveBySystem } from '../../../electron/engine/network/host-addresses.ts';
import type { Exchange } from '../../../electron/engine/network/http.ts';
import type { TransportError } from '../../../electron/engine/network/trouble.ts';
import { Slabs } from '../../../electron/engine/slabs.ts';

const MiB = 1024 * 1024;

interface Heard {
  readonly status: number;
  readonly body: Buffer;
  readonly trouble?: TransportError;
}

/** A connection to a server that does with each request (its socket and how many came before) what `serve` says. */
async function connected(serve: (socket: Socket, index: number) => void) {
  let requests = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      serve(socket, requests);
      requests += 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const slabs = new Slabs();
  const signal = new AbortController().signal;
  const connection = await Connection.open(
    { url, tls: {} },
    { clock: systemClock, addresses: new HostAddresses(systemClock, resolveBySystem), slabs, timeoutMs: 5000, signal },
  );
  return {
    connection,
    /** `onBytes` may pause and resume; what it is given is copied at once. */
    ask: (onBytes: (exchange: Exchange, bytes: Buffer) => void = () => {}, method = 'GET') =>
      new Promise<Heard>((resolve) => {
        const parts: Buffer[] = [];
        let status = 0;
        const exchange: Exchange = connection.send(
          { url, method, headers: [] },
          {
            readAtMost: () => Number.POSITIVE_INFINITY,
            onAnswer: (code) => {
              status = code;
            },
            onBytes: (bytes) => {
              parts.push(Buffer.from(bytes));
              onBytes(exchange, bytes);
            },
            onEnd: () => resolve({ status, body: Buffer.concat(parts) }),
            onTrouble: (trouble) => resolve({ status, body: Buffer.concat(parts), trouble }),
          },
        );
      }),
    [Symbol.dispose]() {
      connection.close();
      server.close();
    },
  };
}

/** Bytes that are at no other place: every 4 of them say where they lie. */
function numbered(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at + 4 <= bytes; at += 4) content.writeUInt32BE(at, at);
  return content;
}

const head = (length: number, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${more}\r\n`;
const settled = () => new Promise(setImmediate);

test('a long body arrives whole and in order, however often the reading is paused', async () => {
  const content = numbered(5 * MiB + 3);
  using server = await connected((socket) => socket.write(Buffer.concat([Buffer.from(head(content.length)), content])));
  let pauses = 0;
  const { body, trouble } = await server.ask((exchange) => {
    pauses += 1;
    exchange.pause();
    setImmediate(() => exchange.resume());
  });
  expect([trouble, pauses > 3, body.equals(content)]).toEqual([undefined, true, true]);
});

test('while paused nothing is handed on, and nothing gets lost', async () => {
  const content = numbered(2 * MiB);
  using server = await connected((socket) => socket.write(Buffer.concat([Buffer.from(head(content.length)), content])));
  let isPaused = false;
  let late = 0;
  const { body } = await server.ask((exchange) => {
    if (isPaused) late += 1;
    isPaused = true;
    exchange.pause();
    setTimeout(() => {
      isPaused = false;
      exchange.resume();
    }, 5);
  });
  expect([late, body.equals(content)]).toEqual([0, true]);
});

test('bodies of every framing follow each other on one connection', async () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  const answers = [`${head(5)}world`, chunked, head(0), 'HTTP/1.1 204 No Content\r\n\r\n', `${head(4)}last`];
  using server = await connected((socket, index) => socket.write(answers[index] ?? ''));
  const bodies: string[] = [];
  for (const _ of answers) bodies.push((await server.ask()).body.toString());
  expect([bodies, server.connection.isOpen]).toEqual([['world', 'hello', '', '', 'last'], true]);
});

test.each([
  ['of a told length', `${head(5)}world`],
  ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nworld\r\n0\r\n\r\n'],
  ['until the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nworld'],
  ['after an answer that only announces', `HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${head(5)}world`],
])('a body %s is the same wherever the network cuts the answer', async (_, answer) => {
  for (let cut = 1; cut <= answer.length; cut += 1) {
    let peer: Socket | undefined;
    using server = await connected((socket) => {
      peer = socket;
      socket.write(answer.slice(0, cut));
      // In one piece with the last bytes.
      if (cut === answer.length) socket.end();
    });
    const heard = server.ask();
    while (server.connection.receivedBytes < cut) await settled();
    await settled();
    if (cut < answer.length) peer?.end(answer.slice(cut));
    const { status, body, trouble } = await heard;
    expect([cut, status, body.toString(), trouble]).toEqual([cut, 200, 'world', undefined]);
  }
});

test.each([
  ['says it closes', head(2, 'Connection: close\r\n')],
  ['speaks HTTP/1.0', head(2).replace('1.1', '1.0')],
  ['sends more than it announced', `${head(2)}okEXCESS`],
])('a server that %s gets no second request on the connection', async (_, answer) => {
  using server = await connected((socket) => socket.write(answer.endsWith('\r\n\r\n') ? `${answer}ok` : answer));
  const { body, trouble } = await server.ask();
  expect([trouble, body.toString(), server.connection.isOpen]).toEqual([undefined, 'ok', false]);
});

test('a server of HTTP/1.0 that keeps the connection is asked again on it', async () => {
  using server = await connected((socket) => socket.write(`${head(2, 'Connection: keep-alive\r\n').replace('1.1', '1.0')}ok`));
  await server.ask();
  expect([server.connection.isOpen, (await server.ask()).body.toString()]).toEqual([true, 'ok']);
});

test('bytes that come unasked end an idle connection', async () => {
  let peer: Socket | undefined;
  using server = await connected((socket) => {
    peer = socket;
    socket.write(`${head(2)}ok`);
  });
  await server.ask();
  expect(server.connection.isOpen).toBe(true);
  peer?.write('HTTP/1.1 200 OK\r\n');
  while (server.connection.isOpen) await settled();
});

test.each(['end', 'resetAndDestroy'] as const)('a body cut short by %s is trouble, after what came of it', async (how) => {
  const content = numbered(MiB);
  let received = 0;
  let peer: Socket | undefined;
  using server = await connected((socket) => {
    peer = socket;
    socket.write(head(2 * MiB));
    socket.write(content);
  });
  const { body, trouble } = await server.ask((_exchange, bytes) => {
    received += bytes.length;
    if (received === MiB) peer?.[how]();
  });
  expect([trouble?.kind, body.equals(content)]).toEqual(['cut', true]);
});

test('the answer to HEAD has no body, whatever length it tells', async () => {
  using server = await connected((socket) => socket.write(head(1000)));
  const { status, body, trouble } = await server.ask(undefined, 'HEAD');
  expect([status, body.length, trouble, server.connection.isOpen]).toEqual([200, 0, undefined, true]);
});
