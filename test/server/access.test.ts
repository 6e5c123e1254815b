/** Who may speak to a running server, and what everybody else is told: nothing. */

import { mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { chromium } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type Serving, startServing } from '../support/serving.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

// Each starts processes, which on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let folder: TempDirectory;
let server: Serving;
const allowed = 'chrome-extension://abcdefghijklmnop';

beforeAll(async () => {
  folder = await tempDirectory();
  mkdirSync(folder.file('files'));
  server = await startServing(folder.path, '--allow-origin', allowed);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** With full control of the headers, Host too. */
function ask(path: string, headers: Record<string, string> = {}, body?: string, method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.origin);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const bearer = (): Record<string, string> => ({ authorization: `Bearer ${server.token}`, 'content-type': 'application/json' });

/** How the server ends an attempt at its feed: the status, or `open`. */
function feed(headers: Record<string, string>, path = '/api/feed'): Promise<number | 'open'> {
  return new Promise((resolve) => {
    const socket = new WebSocket(server.origin.replace('http', 'ws') + path, { headers });
    socket.on('open', () => {
      resolve('open');
      socket.close();
    });
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', () => {});
  });
}

describe('the token', () => {
  test('without it 401, and nothing else is told, whatever is asked for', async () => {
    for (const path of ['/api/session.info', '/api/downloads.snapshot', '/api/no-such-call', '/api/session']) {
      const answer = await ask(path, { 'content-type': 'application/json' }, '{}');
      expect([answer.status, answer.text]).toEqual([401, 'a token is needed\n']);
    }
    expect(await feed({})).toBe(401);
    expect((await ask('/api/session.info', { ...bearer(), authorization: 'Bearer wrong' })).status).toBe(401);
  });

  test('with it every call is answered; the page exchanges it for a cookie that scripts cannot read', async () => {
    const info = await ask('/api/session.info', bearer());
    expect(JSON.parse(info.text)).toMatchObject({ ok: true, value: { roots: [folder.file('files')] } });
    const session = await ask('/api/session', bearer());
    expect(session.status).toBe(204);
    const cookie = String(session.headers['set-cookie']);
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toContain(server.token);
    const headers = { cookie: cookie.split(';', 1)[0] ?? '', 'content-type': 'application/json' };
    expect((await ask('/api/session.info', headers)).status).toBe(200);
    expect(await feed(headers)).toBe('open');
  });

  test('it lies in a file that only this user can read', () => {
    expect(readFileSync(folder.file('data', 'token'), 'utf8').trim()).toBe(server.token);
    for (const name of ['token', 'secret.key', 'command.sock']) {
      expect(statSync(folder.file('data', name)).mode & 0o077).toBe(0);
    }
  });

  test('ten wrong ones from an address end its tries for a minute; the right one is served all the same', async () => {
    await using other = await tempDirectory();
    await using guarded = await startServing(other.path);
    const api = (token: string) =>
      fetch(`${guarded.origin}/api/session.info`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) statuses.push((await api(`wrong${attempt}`)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    expect((await api(guarded.token)).status).toBe(200);
  });
});

describe('names and pages', () => {
  test('a foreign name in Host is 421 even with the token', async () => {
    const { port } = new URL(server.origin);
    for (const host of ['evil.test', `evil.test:${port}`, `127.0.0.1.evil.test:${port}`, '127.0.0.1:1']) {
      expect((await ask('/api/session.info', { ...bearer(), host })).status).toBe(421);
      expect((await ask('/', { host }, undefined, 'GET')).status).toBe(421);
    }
    expect((await ask('/healthz', { host: `localhost:${port}` }, undefined, 'GET')).status).toBe(200);
    expect(await feed({ ...bearer(), host: 'evil.test' })).toBe(421);
  });

  test('a foreign page in Origin is 403 even with the token, on the feed too', async () => {
    for (const origin of [
      'http://evil.test',
      'null',
      'https://127.0.0.1',
      `${server.origin}.evil.test`,
      'chrome-extension://other',
    ]) {
      const answer = await ask('/api/session.info', { ...bearer(), origin });
      expect(answer.status).toBe(403);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      expect(await feed({ ...bearer(), origin })).toBe(403);
    }
    expect((await ask('/api/session.info', { ...bearer(), origin: server.origin })).status).toBe(200);
  });

  test('an origin that was allowed by name is answered with leave, before the call and in it', async () => {
    const before = await ask(
      '/api/session.info',
      { origin: allowed, 'access-control-request-method': 'POST' },
      undefined,
      'OPTIONS',
    );
    expect(before.status).toBe(204);
    expect(before.headers['access-control-allow-origin']).toBe(allowed);
    expect(String(before.headers['access-control-allow-headers'])).toContain('authorization');
    const answer = await ask('/api/session.info', { ...bearer(), origin: allowed });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, allowed]);
  });

  test('DNS rebinding: a real browser whose name for a page leads to this server gets nothing', async () => {
    const { port } = new URL(server.origin);
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--host-resolver-rules=MAP rebind.test 127.0.0.1'],
    });
    try {
      const page = await browser.newPage();
      const answer = await page.goto(`http://rebind.test:${port}/`);
      expect(answer?.status()).toBe(421);
      const status = await page.evaluate(
        async ([token]) => {
          const response = await fetch('/api/session.info', { method: 'POST', headers: { authorization: `Bearer ${token}` } });
          return response.status;
        },
        [server.token],
      );
      expect(status).toBe(421);
    } finally {
      await browser.close();
    }
  });

  test('no page may put it into a frame, and its own scripts alone run', async () => {
    const { headers } = await ask('/', {}, undefined, 'GET');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(String(headers['content-security-policy'])).toContain("default-src 'none'");
    expect(String(headers['content-security-policy'])).not.toContain('unsafe');
  });
});

describe('what is asked', () => {
  test('unknown calls, bad JSON, bad input and forms are refused by name, and the server goes on', async () => {
    expect(JSON.parse((await ask('/api/no.such', bearer(), '{}')).text)).toMatchObject({ ok: false, code: 'UNKNOWN_CALL' });
    expect((await ask('/api/downloads.add', bearer(), '{"orders": [')).status).toBe(400);
    const input = await ask('/api/downloads.add', bearer(), '{"orders": [{"request": {}}]}');
    expect(JSON.parse(input.text)).toMatchObject({ ok: false, code: 'BAD_INPUT' });
    expect(JSON.parse(input.text).message).toContain('orders.0.request.url');
    const form = { authorization: `Bearer ${server.token}`, 'content-type': 'text/plain' };
    expect((await ask('/api/session.info', form, '{}')).status).toBe(415);
    expect((await ask('/api/__proto__', bearer(), '{}')).status).toBe(200);
    expect((await ask('/healthz', {}, undefined, 'GET')).text).toBe('ok\n');
  });

  test('a call is a mebibyte at most, a list sixteen', async () => {
    const long = (bytes: number): string => JSON.stringify({ text: 'x'.repeat(bytes) });
    expect((await ask('/api/profiles.test', bearer(), long(1.1 * 1024 * 1024))).status).toBe(413);
    expect((await ask('/api/text.parse', bearer(), long(15 * 1024 * 1024))).status).toBe(200);
    expect((await ask('/api/text.parse', bearer(), long(16.5 * 1024 * 1024))).status).toBe(413);
  });

  test('a target outside the allowed folders is refused, by a link in one of them too', async () => {
    symlinkSync('/etc', folder.file('files', 'link'));
    const orders = ['/etc', folder.file('files', '..'), folder.file('files', 'link', 'deeper')].map((directory) => ({
      request: { url: 'http://127.0.0.1:9/file' },
      directory,
    }));
    const { results } = await server.call('downloads.add', { orders, start: false });
    expect(results.map((one) => (one.type === 'refused' ? one.failure.code : one.type))).toEqual([
      'OUTSIDE_ROOTS',
      'OUTSIDE_ROOTS',
      'OUTSIDE_ROOTS',
    ]);
    await expect(server.call('settings.write', { stagingDirectory: '/etc' })).rejects.toMatchObject({ code: 'OUTSIDE_ROOTS' });
  });

  test('paths of the page lead nowhere else', async () => {
    for (const path of ['/../package.json', '/..%2fpackage.json', '/%2e%2e/package.json', '/assets/../../package.json', '/\0']) {
      const answer = await ask(path, {}, undefined, 'GET').catch(() => ({ status: 400, text: '' }));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.text).not.toContain('devDependencies');
    }
  });

  test('upgrades that are refused do not hold up the end', async () => {
    await using other = await tempDirectory();
    await using guarded = await startServing(other.path);
    const { port } = new URL(guarded.origin);
    const sockets = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(
        `GET /api/feed HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
      );
      return socket;
    });
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
    const begun = performance.now();
    guarded.child.kill('SIGTERM');
    expect(await guarded.ended()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
