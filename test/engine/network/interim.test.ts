import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../../electron/engine/clock.ts';
import { Connection } from '../../../electron/engine/network/connection.ts';
import { HostAddresses, resolveBySystem } from '../../../electron/engine/network/host-addresses.ts';
import type { TransportError } from '../../../electron/engine/network/trouble.ts';
import { Slabs } from '../../../electron/engine/slabs.ts';

const final = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const interims = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

interface Heard {
  readonly statuses: number[];
  readonly body: string;
  readonly trouble?: TransportError;
}

/** Two requests on one connection; each is answered with `slices`, one write each. `how` ends the connection after the first. */
async function hear(slices: readonly string[], how: 'keep' | 'fin' = 'keep'): Promise<Heard[]> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', async () => {
      for (const slice of slices) {
        socket.write(slice);
        await new Promise(setImmediate);
      }
      if (how === 'fin') socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const signal = new AbortController().signal;
  const connection = await Connection.open(
    { url, tls: {} },
    {
      clock: systemClock,
      addresses: new HostAddresses(systemClock, resolveBySystem),
      slabs: new Slabs(),
      timeoutMs: 5000,
      signal,
    },
  );
  const heard: Heard[] = [];
  for (let count = 0; count < (how === 'keep' ? 2 : 1); count += 1) heard.push(await exchange(connection, url));
  connection.close();
  server.close();
  return heard;
}

function exchange(connection: Connection, url: URL): Promise<Heard> {
  const statuses: number[] = [];
  let body = '';
  return new Promise((resolve) => {
    connection.send(
      { url, method: 'GET', headers: [] },
      {
        readAtMost: () => Number.POSITIVE_INFINITY,
        onAnswer: (status) => void statuses.push(status),
        onBytes: (bytes) => {
          body += bytes.toString();
        },
        onEnd: () => resolve({ statuses, body }),
        onTrouble: (trouble) => resolve({ statuses, body, trouble }),
      },
    );
  });
}

const good = { statuses: [200], body: 'hello' };

test('interim answers before the final one are passed over, on every request of a connection', async () => {
  expect(await hear([interims + final])).toEqual([good, good]);
  expect(await hear([interims, final])).toEqual([good, good]);
});

test('so they are wherever the stream is cut into pieces', async () => {
  expect(await hear([...(interims + final)])).toEqual([good, good]);
  expect(await hear([...final])).toEqual([good, good]);
});

test('what is no HTTP still reaches the parser and is said', async () => {
  const [heard] = await hear(['SSH-2.0-OpenSSH_9.6\r\n']);
  expect(heard?.trouble?.kind).toBe('garbled');
});

test.each(['HTT', 'HTTP/1.1 10', 'HTTP/1.1 100 Continue\r\n', interims])(
  'an end of the connection after %j is a cut',
  async (text) => {
    const [heard] = await hear([text], 'fin');
    expect([heard?.statuses, heard?.trouble?.kind]).toEqual([[], 'cut']);
  },
);

test('an interim head without an end is not collected for ever', async () => {
  const line = `X-Filler: ${'x'.repeat(1000)}\r\n`;
  const [heard] = await hear(['HTTP/1.1 100 Continue\r\n', ...Array.from({ length: 100 }, () => line)]);
  expect(heard?.trouble).toBeDefined();
});
