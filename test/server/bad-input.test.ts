/** What may come from anybody who has the token, and from those who do not: each is refused in words, and the server goes on. */
import { mkdirSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { calls } from '#shared/contract';
import { type Serving, startServing } from '../support/serving.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

// Each starts processes, which on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MiB = 1024 * 1024;
let folder: TempDirectory;
let server: Serving;

beforeAll(async () => {
  folder = await tempDirectory();
  mkdirSync(folder.file('files'));
  server = await startServing(folder.path);
});

afterEach(async () => {
  expect(await (await fetch(`${server.origin}/healthz`)).text()).toBe('ok\n');
  expect(server.errors).toEqual([]);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const headers = (): Record<string, string> => ({
  authorization: `Bearer ${server.token}`,
  'content-type': 'application/json',
});
const post = (path: string, body: string): Promise<Response> =>
  fetch(`${server.origin}${path}`, { method: 'POST', headers: headers(), body });

/** Sends raw bytes and gives all that comes back. */
function raw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.end(bytes);
  });
}

const long = 'x'.repeat(100_000);
const values: readonly unknown[] = [
  ...[null, [], {}, 'text', 7, true, { __proto__: { id: 1 } }],
  { id: '../../etc/passwd' },
  { id: '0000000000000000', ids: ['0000000000000000'], segment: 1, name: '..', deleteFiles: true },
  { ids: Array.from({ length: 10_001 }, () => '0000000000000000'), deleteFiles: true },
  { orders: [{ request: { url: `http://${long}` } }] },
  { orders: [{ request: { url: 'http://127.0.0.1:9/', headers: [['A\r\nB', 'c']] } }] },
  { orders: [{ request: { url: 'http://127.0.0.1:9/' }, directory: '/a\0b' }] },
  { key: 'k', order: { request: { url: 'javascript:alert(1)' } } },
  { text: '\0\u202e{"sluiceList":1,"downloads":[[]]}' },
  { url: 'http://[::1' },
  { directory: 'relative/folder' },
  { limitBytesPerSecond: -1 },
  { limitBytesPerSecond: 1e308 },
  { offset: -1, limit: 0 },
  { profiles: [{ name: '', hosts: [] }] },
];
const nested = 100_000;
const bodies: readonly string[] = [
  ...values.map((value) => JSON.stringify(value)),
  '['.repeat(nested) + ']'.repeat(nested),
  `${'{"ids":'.repeat(nested)}1${'}'.repeat(nested)}`,
];

describe('calls', () => {
  test.each(Object.keys(calls))(
    '%s answers whatever is sent with a code and a sentence, never with a mistake of its own',
    async (name) => {
      for (const body of bodies) {
        const response = await post(`/api/${name}`, body);
        expect([200, 400, 413]).toContain(response.status);
        if (response.status === 413) continue;
        const reply = (await response.json()) as { ok: boolean; code?: string; message?: string };
        if (reply.ok) continue;
        expect(reply.code).toMatch(/^(BAD_INPUT|NOT_FOUND|NOT_NOW|NOT_HERE|OUTSIDE_ROOTS|E_[A-Z_]+)$/);
        expect(reply.message).toMatch(/^\S[^\n]{3,400}$/);
      }
      expect(readdirSync(folder.file('files'))).toEqual([]);
    },
  );

  test('names that are no calls, whatever objects have by that name', async () => {
    for (const name of [
      'toString',
      'constructor',
      '__proto__',
      'hasOwnProperty',
      'downloads',
      'downloads.',
      '%00',
      'x'.repeat(5000),
    ]) {
      const response = await post(`/api/${name}`, '{}');
      const reply = (await response.json()) as { code?: string };
      expect([response.status, reply.code]).toEqual([200, 'UNKNOWN_CALL']);
    }
  });

  test('what is no JSON, no UTF-8 or nothing', async () => {
    for (const body of ['{', 'undefined', '{"a":1}{"b":2}', '\ufeff', '{"orders":[{]}', "{'a':1}"]) {
      const response = await post('/api/session.info', body);
      expect([response.status, await response.json()]).toEqual([400, expect.objectContaining({ code: 'BAD_INPUT' })]);
    }
    const response = await fetch(`${server.origin}/api/session.info`, {
      method: 'POST',
      headers: headers(),
      body: Buffer.from([0x22, 0xff, 0xfe, 0x22]),
    });
    expect(await response.json()).toMatchObject({ ok: false, code: 'BAD_INPUT' });
    expect((await post('/api/session.info', '')).status).toBe(200);
  });

  test('a body that does not say how long it is ends at the same limit, and the answer arrives', async () => {
    const { hostname, port } = new URL(server.origin);
    for (const [path, bytes, status] of [
      ['/api/profiles.test', 1.5 * MiB, 413],
      ['/api/text.parse', 17 * MiB, 413],
      ['/api/profiles.test', 0.9 * MiB, 200],
    ] as const) {
      const seen = await new Promise<number>((resolve, reject) => {
        const sent = request({ hostname, port, path, method: 'POST', headers: headers() }, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', reject);
        sent.write('{"url":"');
        for (let left = bytes; left > 0; left -= 64 * 1024) sent.write('x'.repeat(64 * 1024));
        sent.end('"}');
      });
      expect(seen).toBe(status);
    }
  });
});

describe('the port', () => {
  test('methods and paths that it does not have', async () => {
    for (const [method, path, status] of [
      ['PUT', '/api/session.info', 404],
      ['DELETE', '/', 404],
      ['GET', '/api/session.info', 404],
      ['GET', '/nothing', 404],
      ['POST', '/', 404],
      ['POST', '/jsonrpc', 404],
    ] as const) {
      const response = await fetch(`${server.origin}${path}`, { method, headers: headers() });
      expect([method, path, response.status]).toEqual([method, path, status]);
    }
  });

  test('what is no HTTP, two lengths at once, or a head without an end', async () => {
    const { host } = new URL(server.origin);
    expect(await raw('\x16\x03\x01\x02\x00\x01\x00')).toMatch(/^(HTTP\/1\.1 400|$)/);
    const smuggled = `POST /api/session.info HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    expect(await raw(smuggled)).toMatch(/^HTTP\/1\.1 400/);
    expect(await raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
    expect(await raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nHost: evil.test\r\n\r\n`)).not.toMatch(/^HTTP\/1\.1 200/);
    expect(await raw('GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 4/);
  });

  test('without the token a large body is refused all the same, and costs no memory', async () => {
    const response = await fetch(`${server.origin}/api/downloads.add`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(12 * MiB),
    }).catch(() => undefined);
    expect([401, undefined]).toContain(response?.status);
  });
});
