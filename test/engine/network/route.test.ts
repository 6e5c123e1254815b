/** What goes over the wire to a proxy, byte for byte, and that what is not the proxy's stays in the socket. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../electron/engine/clock.ts';
import { HostAddresses, resolveBySystem } from '../../../electron/engine/network/host-addresses.ts';
import { ProxyChoice } from '../../../electron/engine/network/proxy.ts';
import { openRoute } from '../../../electron/engine/network/route.ts';
import { watchResources } from '../../support/leaks.ts';

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

/** A proxy that reads so many bytes before each of its lines. */
async function script(...steps: readonly (readonly [bytes: number, say: Buffer | string])[]) {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    let index = 0;
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let step = steps[index]; step !== undefined && received.length >= step[0]; step = steps[index]) {
        heard.push(received.subarray(0, step[0]));
        received = received.subarray(step[0]);
        // In single bytes, as a slow network may bring them.
        for (const byte of Buffer.from(step[1] as string)) socket.write(Buffer.from([byte]));
        index += 1;
      }
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { heard, host: `127.0.0.1:${port}` };
}

const addresses = new HostAddresses(systemClock, resolveBySystem);

const open = (address: string, proxy: string, signal = new AbortController().signal): Promise<Socket> => {
  const url = new URL(address);
  const choice = new ProxyChoice({ http: proxy, https: proxy });
  return openRoute({ url, tls: {}, proxy: choice.for(url) }, { clock: systemClock, addresses, timeoutMs: 5000, signal });
};

const hello = Buffer.from([5, 0]);
const success = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

describe('a way through SOCKS5', () => {
  test.each([
    ['a name', 'http://files.test:8080/', Buffer.from([5, 1, 0, 3, 10, ...Buffer.from('files.test'), 0x1f, 0x90])],
    [
      'a name of another script',
      'http://bücher.test/',
      Buffer.from([5, 1, 0, 3, 18, ...Buffer.from('xn--bcher-kva.test'), 0, 80]),
    ],
    ['an address', 'http://10.1.2.255/', Buffer.from([5, 1, 0, 1, 10, 1, 2, 255, 0, 80])],
    [
      'a long address',
      'http://[2001:db8::ff00:42]/',
      Buffer.from([5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42, 0, 80]),
    ],
    [
      'a long address with its zeros first',
      'http://[::1]/',
      Buffer.from([5, 1, 0, 4, ...new Array<number>(15).fill(0), 1, 0, 80]),
    ],
  ])('asks for %s as it is written', async (_what, address, asked) => {
    const proxy = await script([3, hello], [asked.length, success]);
    (await open(address, `socks5://${proxy.host}`)).destroy();
    expect(proxy.heard).toEqual([Buffer.from([5, 1, 0]), asked]);
  });

  test('gives name and password where the proxy wants them', async () => {
    const login = Buffer.from([1, 2, ...Buffer.from('me'), 4, ...Buffer.from('pä:')]);
    const proxy = await script([4, Buffer.from([5, 2])], [login.length, Buffer.from([1, 0])], [10, success]);
    (await open('http://10.0.0.1/', `socks5://me:p%C3%A4%3A@${proxy.host}`)).destroy();
    expect(proxy.heard.slice(0, 2)).toEqual([Buffer.from([5, 2, 0, 2]), login]);
  });

  test('keeps them to itself where it does not', async () => {
    const proxy = await script([4, hello], [10, success]);
    (await open('http://10.0.0.1/', `socks5://me:CANARY@${proxy.host}`)).destroy();
    expect(Buffer.concat(proxy.heard).toString('latin1')).not.toContain('CANARY');
  });

  test.each([
    ['an address', success],
    ['a long address', Buffer.from([5, 0, 0, 4, ...new Array<number>(18).fill(1)])],
    ['a name', Buffer.from([5, 0, 0, 3, 5, ...Buffer.from('proxy'), 1, 2])],
  ])('reads the reply with %s to its end and leaves what follows to the server', async (_what, reply) => {
    const proxy = await script([3, hello], [10, Buffer.concat([reply, Buffer.from('HTTP/1.1 200')])]);
    const socket = await open('http://10.0.0.1/', `socks5://${proxy.host}`);
    let told = '';
    socket.on('data', (bytes: Buffer) => {
      told += bytes.toString('latin1');
    });
    while (told.length < 12) await once(socket, 'data');
    expect(told).toBe('HTTP/1.1 200');
    socket.destroy();
  });

  test('refuses a name or password longer than it can carry', async () => {
    const proxy = await script([4, Buffer.from([5, 2])]);
    await expect(open('http://10.0.0.1/', `socks5://me:${'x'.repeat(256)}@${proxy.host}`)).rejects.toMatchObject({
      code: 'E_INPUT',
      message: 'SOCKS5 carries 255 bytes of a name or password at most, and one has 256',
    });
  });

  test.each([
    [1, 'unreachable', 'could not connect'],
    [2, 'barred', 'does not allow'],
    [3, 'unreachable', 'has no network'],
    [4, 'unreachable', 'cannot reach the host'],
    [5, 'unreachable', 'was refused'],
    [6, 'unreachable', 'got no answer'],
    [7, 'barred', 'does not know how'],
    [8, 'barred', 'does not know this kind of address'],
    [99, 'unreachable', 'answered 99'],
  ])('tells what a reply of %i means', async (reply, kind, fact) => {
    // Cut off after two bytes, as some do it.
    const proxy = await script([3, hello], [10, Buffer.from([5, reply])]);
    await expect(open('http://10.0.0.1/', `socks5://${proxy.host}`)).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(new RegExp(`^proxy ${proxy.host} ${fact}.* to 10\\.0\\.0\\.1:80$`)),
    });
  });
});

describe('a way through CONNECT', () => {
  const request = (authority: string, ...fields: string[]): string =>
    [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...fields, '', ''].join('\r\n');

  test.each([
    ['https://files.test/', 'files.test:443'],
    ['https://[::1]:8443/x', '[::1]:8443'],
  ])('to %s names host and port', async (address, authority) => {
    const asked = request(authority);
    const proxy = await script([asked.length, 'HTTP/1.1 403 No\r\n\r\n']);
    await expect(open(address, `http://${proxy.host}`)).rejects.toMatchObject({
      kind: 'barred',
      code: 'E_HTTP_403',
      message: `proxy ${proxy.host} answered 403 when asked to connect to ${authority}`,
    });
    expect(String(proxy.heard[0])).toBe(asked);
  });

  test('carries the login, and waits through announcements', async () => {
    const asked = request('files.test:443', `Proxy-Authorization: Basic ${Buffer.from('me:pä').toString('base64')}`);
    const answers = 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 500\r\n\r\n';
    const proxy = await script([asked.length, answers]);
    await expect(open('https://files.test/', `http://me:p%C3%A4@${proxy.host}`)).rejects.toMatchObject({ code: 'E_HTTP_500' });
    expect(String(proxy.heard[0])).toBe(asked);
  });

  test('gives the first words of a server that speaks too early to TLS, which refuses them', async () => {
    const asked = request('files.test:443');
    const proxy = await script([asked.length, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello']);
    await expect(open('https://files.test/', `http://${proxy.host}`)).rejects.toMatchObject({ kind: 'unreachable' });
  });
});

test.each([
  // An empty label: no resolver is asked.
  ['http://a..b:1', 'dns', 'E_DNS', 'the name of proxy a..b:1 cannot be resolved'],
  ['socks5://127.0.0.1:1', 'proxy', 'E_CONNECT', 'proxy 127.0.0.1:1 refused the connection'],
])('a proxy that cannot be reached (%s) is told apart from a server', async (proxy, kind, code, message) => {
  await expect(open('https://files.test/', proxy)).rejects.toMatchObject({ kind, code, message });
});

test('a way that is given up in the middle leaves nothing behind', async () => {
  const proxy = await script([3, hello]);
  const watch = watchResources(['TCPSocketWrap', 'TLSWrap', 'Timeout']);
  const stop = new AbortController();
  const opening = open('http://10.0.0.1/', `socks5://${proxy.host}`, stop.signal);
  while (proxy.heard.length === 0) await new Promise(setImmediate);
  stop.abort();
  await expect(opening).rejects.toMatchObject({ kind: 'aborted' });
  await watch.expectNone();
  await expect(open('http://10.0.0.1/', `socks5://${proxy.host}`, stop.signal)).rejects.toMatchObject({ kind: 'aborted' });
});
