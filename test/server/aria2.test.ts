/** aria2's protocol on the running server: what each option does at the origin and on disk, and what nobody may do by it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { resourceOf } from '../support/answer.ts';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { RpcClient, RpcSocket } from '../support/rpc.ts';
import { type Serving, startServing } from '../support/serving.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const MiB = 1024 * 1024;
const large = content(21, 12 * MiB);
const small = content(22, 1000);

let folder: TempDirectory;
let origin: Origin;
let server: Serving;
let rpc: RpcClient;
let socket: RpcSocket;

beforeAll(async () => {
  folder = await tempDirectory();
  mkdirSync(folder.file('files'));
  mkdirSync(folder.file('files/below'));
  mkdirSync(folder.file('outside'));
  const resources = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`/small-${index}.bin`, resourceOf({ content: small })]),
  );
  origin = await startOrigin({ resources: { ...resources, '/large.bin': resourceOf({ content: large }) }, bytesPerSecond: MiB });
  server = await startServing(folder.path, '--aria2');
  rpc = new RpcClient(`${server.origin}/jsonrpc`, server.token);
  socket = await RpcSocket.open(rpc.url);
});

afterAll(async () => {
  await socket[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

let files = 0;
/** A file of its own for each download. */
const nextFile = (): string => origin.url(`/small-${files++}.bin`);

async function fetched(url: string, options: object = {}): Promise<{ gid: string; path: string }> {
  const gid = await rpc.call<string>('aria2.addUri', [url], options);
  await socket.notified('onDownloadComplete', gid);
  const [file] = await rpc.call<{ path: string }[]>('aria2.getFiles', gid);
  return { gid, path: file?.path ?? '' };
}

const requestOf = (url: string) => origin.requests.find(({ path }) => path === new URL(url).pathname);

describe('what addUri is given', () => {
  test('the file arrives as it is, over as many connections as were asked for', async () => {
    const { path } = await fetched(origin.url('/large.bin'), { split: '4', 'max-connection-per-server': '4' });
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(await large.sha256());
    expect(origin.maxStreams).toBe(4);
  });

  test('headers, user-agent, referer and a login reach the origin', async () => {
    const url = nextFile();
    const header = ['X-One: 1', 'X-Two: a, b', 'Cookie: a=1; b=2'];
    await fetched(url, { header, 'user-agent': 'Me/1.0', referer: '*', 'http-user': 'me', 'http-passwd': 'pass:word' });
    expect(requestOf(url)?.headers).toMatchObject({
      'x-one': '1',
      'x-two': 'a, b',
      cookie: 'a=1; b=2',
      'user-agent': 'Me/1.0',
      referer: url,
      authorization: `Basic ${Buffer.from('me:pass:word').toString('base64')}`,
    });
  });

  test('out and dir say where it goes', async () => {
    const { path } = await fetched(nextFile(), { out: 'other name.bin', dir: folder.file('files/below') });
    expect(path).toBe(folder.file('files/below/other name.bin'));
    expect(readFileSync(path)).toHaveLength(small.size);
  });

  test('a right checksum is proven, a wrong one fails with the code of aria2', async () => {
    await fetched(nextFile(), { checksum: `sha-256=${await small.sha256()}` });
    const gid = await rpc.call<string>('aria2.addUri', [nextFile()], { checksum: `sha-256=${'0'.repeat(64)}` });
    await socket.notified('onDownloadError', gid);
    expect(await rpc.call('aria2.tellStatus', gid, ['status', 'errorCode'])).toEqual({ status: 'error', errorCode: '32' });
  });

  test('pause and position: it waits in its place', async () => {
    const add = (options: object, ...position: number[]) => rpc.call<string>('aria2.addUri', [nextFile()], options, ...position);
    const one = await add({ pause: 'true' });
    const two = await add({ pause: 'true' });
    const first = await add({ pause: 'true' }, 0);
    const order = async () => (await rpc.call<{ gid: string }[]>('aria2.tellWaiting', 0, 10, ['gid'])).map(({ gid }) => gid);
    expect(await order()).toEqual([first, one, two]);
    expect(await rpc.call('aria2.changePosition', first, 1, 'POS_CUR')).toBe(1);
    expect(await order()).toEqual([one, first, two]);
    expect(await rpc.call('aria2.changePosition', one, 0, 'POS_END')).toBe(2);
    expect(await order()).toEqual([first, two, one]);
    expect(await rpc.call('aria2.changePosition', one, -100, 'POS_SET')).toBe(0);
    expect(await order()).toEqual([one, first, two]);
    expect(await rpc.call('aria2.getGlobalStat')).toMatchObject({ numWaiting: '3' });
    await rpc.call('aria2.unpauseAll');
    for (const gid of [one, two, first]) await socket.notified('onDownloadComplete', gid);
  });

  test('a gid that is used already, or is none, is refused and nothing is added', async () => {
    const gid = 'feedfacefeedface';
    await rpc.call('aria2.addUri', [nextFile()], { gid, pause: 'true' });
    await expect(rpc.call('aria2.addUri', [nextFile()], { gid })).rejects.toThrow(gid);
    await expect(rpc.call('aria2.addUri', [nextFile()], { gid: 'xyz' })).rejects.toThrow("option '--gid'");
    expect(await rpc.call<unknown[]>('aria2.tellWaiting', 0, 10)).toHaveLength(1);
    await rpc.call('aria2.remove', gid);
    await expect(rpc.call('aria2.tellStatus', gid)).rejects.toThrow(`GID ${gid} is not found`);
  });

  test('of several addresses the first that can be fetched is taken', async () => {
    const url = nextFile();
    const gid = await rpc.call<string>('aria2.addUri', ['ftp://127.0.0.1/a', url, nextFile()]);
    await socket.notified('onDownloadComplete', gid);
    expect(requestOf(url)).toBeDefined();
    await expect(rpc.call('aria2.addUri', ['magnet:?xt=urn:btih:1', 'file:///etc/passwd'])).rejects.toThrow(
      'No URI to download.',
    );
  });

  test('what other programs send along is left out without a word', async () => {
    await fetched(nextFile(), { continue: 'true', 'file-allocation': 'none', 'seed-ratio': '1.0', 'bt-max-peers': '55' });
  });
});

describe('what changes a download', () => {
  test('limit, connections, request and checksum of a running one', async () => {
    const gid = await rpc.call<string>('aria2.addUri', [`${origin.url('/large.bin')}?change`], { out: 'change.bin', split: '1' });
    await socket.notified('onDownloadStart', gid);
    const options = {
      'max-download-limit': '2M',
      split: '3',
      header: ['X-New: 1'],
      'user-agent': 'Other/2',
      checksum: `sha-256=${await large.sha256()}`,
    };
    expect(await rpc.call('aria2.changeOption', gid, options)).toBe('OK');
    expect(await rpc.call('aria2.getOption', gid)).toMatchObject({
      split: '3',
      'max-download-limit': String(2 * MiB),
      'user-agent': 'Other/2',
      out: 'change.bin',
    });
    await socket.notified('onDownloadComplete', gid);
    const changed = origin.requests.filter(({ headers }) => headers['x-new'] === '1');
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.every(({ headers }) => headers['user-agent'] === 'Other/2')).toBe(true);
  });

  test('a new address for one that waits', async () => {
    const [url, next] = [nextFile(), nextFile()];
    const gid = await rpc.call<string>('aria2.addUri', [url], { pause: 'true' });
    await expect(rpc.call('aria2.changeUri', gid, 1, [url], [])).rejects.toThrow('give another one with it');
    await expect(rpc.call('aria2.changeUri', gid, 2, [url], [next])).rejects.toThrow('fileIndex');
    expect(await rpc.call('aria2.changeUri', gid, 1, [url], [next])).toEqual([1, 1]);
    expect(await rpc.call('aria2.getUris', gid)).toEqual([{ status: 'used', uri: next }]);
    // It may have gone on by itself, to be proven.
    await rpc.call('aria2.unpauseAll');
    await socket.notified('onDownloadComplete', gid);
    expect(requestOf(next)).toBeDefined();
    expect(requestOf(url)).toBeUndefined();
  });

  test('a running one that is removed is told of as removed until it is forgotten; its bytes stay', async () => {
    const gid = await rpc.call<string>('aria2.addUri', [`${origin.url('/large.bin')}?gone`], { out: 'gone.bin' });
    await socket.notified('onDownloadStart', gid);
    await rpc.call('aria2.forceRemove', gid);
    await socket.notified('onDownloadStop', gid);
    expect(await rpc.call('aria2.tellStatus', gid, ['status', 'errorCode'])).toEqual({ status: 'removed', errorCode: '31' });
    await expect(rpc.call('aria2.remove', gid)).rejects.toThrow('Active Download not found');
    expect(await rpc.call('aria2.removeDownloadResult', gid)).toBe('OK');
    await expect(rpc.call('aria2.tellStatus', gid)).rejects.toThrow('is not found');
  });

  test('global limits are settings of the server', async () => {
    await rpc.call('aria2.changeGlobalOption', {
      'max-overall-download-limit': '5M',
      'max-concurrent-downloads': '7',
      split: '6',
    });
    expect(await server.call('settings.read')).toMatchObject({
      limitBytesPerSecond: 5 * MiB,
      activeDownloads: 7,
      connections: 6,
    });
    expect(await rpc.call('aria2.getGlobalOption')).toMatchObject({
      'max-overall-download-limit': String(5 * MiB),
      'max-concurrent-downloads': '7',
      dir: folder.file('files'),
    });
    await rpc.call('aria2.changeGlobalOption', { 'max-overall-download-limit': '0' });
  });

  test('finished results are paged from both ends, and forgotten while the files stay', async () => {
    const done = [await fetched(nextFile()), await fetched(nextFile()), await fetched(nextFile())];
    const gids = async (offset: number, count: number) =>
      (await rpc.call<{ gid: string }[]>('aria2.tellStopped', offset, count, ['gid'])).map(({ gid }) => gid);
    const all = await gids(0, 1000);
    expect(await gids(-1, 2)).toEqual(all.slice(-2).reverse());
    expect(await gids(all.length, 5)).toEqual([]);
    await expect(rpc.call('aria2.tellStopped', 0, -1)).rejects.toThrow('positive');
    await rpc.call('aria2.purgeDownloadResult');
    expect(await gids(0, 1000)).toEqual([]);
    for (const { path } of done) expect(readFileSync(path)).toHaveLength(small.size);
  });

  test('torrents and metalink files are refused in plain words', async () => {
    await expect(rpc.call('aria2.addTorrent', 'x')).rejects.toThrow('not supported by Sluice');
    await expect(rpc.call('aria2.addMetalink', 'x')).rejects.toThrow('not supported by Sluice');
  });
});

describe('what nobody may do by it', () => {
  const everything = (): string[] =>
    readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('data'));

  test.each([
    ['on-download-complete', '/bin/true'],
    ['on-download-start', '/bin/true'],
    ['input-file', '/etc/passwd'],
    ['save-session', '/tmp/x'],
    ['conf-path', '/tmp/x'],
    ['load-cookies', '/etc/passwd'],
    ['save-cookies', '/tmp/x'],
    ['log', '/tmp/x'],
    ['rpc-secret', 'x'],
    ['rpc-listen-all', 'true'],
    ['netrc-path', '/etc/passwd'],
    ['certificate', '/etc/passwd'],
    ['private-key', '/etc/passwd'],
    ['constructor', 'x'],
  ])('the option %s is refused wherever it is given, and nothing changes', async (name, value) => {
    const before = everything();
    const waiting = await rpc.call('aria2.tellWaiting', 0, 100);
    const options = JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`) as object;
    const isKnown = name !== 'constructor';
    if (isKnown)
      await expect(rpc.call('aria2.addUri', [origin.url('/small-39.bin')], options)).rejects.toThrow('not allowed here');
    if (isKnown) await expect(rpc.call('aria2.changeGlobalOption', options)).rejects.toThrow('not allowed here');
    else await rpc.call('aria2.changeGlobalOption', options);
    expect(everything()).toEqual(before);
    expect(await rpc.call('aria2.tellWaiting', 0, 100)).toEqual(waiting);
  });

  test('no file is put outside the allowed folders, by folder or by name', async () => {
    const before = readdirSync(folder.file('outside'));
    const attempts = [
      { dir: folder.file('outside') },
      { dir: `${folder.file('files')}/../outside` },
      { dir: '/etc' },
      { out: '../outside/a.bin' },
      { out: join(folder.file('outside'), 'a.bin') },
      { out: 'a\0b' },
      { out: '..' },
    ];
    for (const options of attempts)
      await expect(rpc.call('aria2.addUri', [origin.url('/small-39.bin')], options)).rejects.toThrow();
    await expect(rpc.call('aria2.changeGlobalOption', { dir: folder.file('outside') })).rejects.toThrow('not allowed here');
    expect(readdirSync(folder.file('outside'))).toEqual(before);
    expect(origin.requests.some(({ path }) => path === '/small-39.bin')).toBe(false);
  });

  test('a header with a line break is no way to a second request', async () => {
    await expect(rpc.call('aria2.addUri', [nextFile()], { header: ['A: b\r\nnonsense'] })).rejects.toThrow("option '--header'");
    await expect(rpc.call('aria2.addUri', [nextFile()], { 'user-agent': 'a\r\nX: y' })).rejects.toThrow();
  });

  test('no secret is told by the options', async () => {
    const options = { pause: 'true', header: ['Authorization: Bearer CANARY'], 'http-user': 'me', 'http-passwd': 'CANARY' };
    const gid = await rpc.call<string>('aria2.addUri', [nextFile()], options);
    expect(JSON.stringify([await rpc.call('aria2.getOption', gid), await rpc.call('aria2.getGlobalOption')])).not.toContain(
      'CANARY',
    );
    expect(JSON.stringify(await rpc.call('aria2.tellStatus', gid))).not.toContain('CANARY');
    await rpc.call('aria2.remove', gid);
  });

  test('a foreign Host or Origin is refused before anything is read, on the socket too', async () => {
    const headers = { origin: 'http://evil.test' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'aria2.getVersion', params: [`token:${server.token}`] });
    expect((await fetch(rpc.url, { method: 'POST', body, headers })).status).toBe(403);
    expect((await fetch(rpc.url)).status).toBe(404);
    const refused = new WebSocket(rpc.url.replace('http', 'ws'), { headers });
    const status = await new Promise((resolve) =>
      refused.on('unexpected-response', (_request, response) => resolve(response.statusCode)),
    );
    expect(status).toBe(403);
  });

  test('ten wrong tokens bring a pause for wrong ones; the right one is served all the while', async () => {
    await using other = await startServing(folder.file('other'), '--aria2');
    const client = new RpcClient(`${other.origin}/jsonrpc`, other.token);
    const wrong = new RpcClient(client.url, 'wrong');
    for (let count = 0; count < 12; count += 1) {
      expect((await wrong.ask('aria2.getVersion')).reply.error?.message).toBe('Unauthorized');
    }
    const page = await fetch(`${other.origin}/api/settings.read`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer wrong' },
    });
    expect(page.status).toBe(429);
    expect((await client.ask('aria2.getVersion')).status).toBe(200);
  });

  test('a call of more than sixteen mebibytes is refused', async () => {
    const response = await fetch(rpc.url, { method: 'POST', body: Buffer.alloc(16 * MiB + 1, 32) });
    expect(response.status).toBe(413);
  });

  test('it is not there unless it was asked for', async () => {
    await using plain = await startServing(folder.file('plain'));
    const client = new RpcClient(`${plain.origin}/jsonrpc`, plain.token);
    const response = await fetch(client.url, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });

  test('whatever is sent, it answers in the protocol and goes on', async () => {
    const methods = await rpc.call<string[]>('system.listMethods');
    const harmless = methods.filter((name) => !/shutdown/i.test(name));
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        '',
        '0',
        -1,
        0,
        1e9,
        null,
        true,
        [],
        {},
        ['http://127.0.0.1:1/'],
        { gid: '1' },
        '__proto__',
        'POS_SET',
      ),
      fc.jsonValue(),
    );
    const asked = fc.record({ method: fc.constantFrom(...harmless), params: fc.array(value, { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(asked, async ({ method, params }) => {
        const { reply, status } = await rpc.ask(method, ...params);
        expect([200, 400, 500]).toContain(status);
        expect(reply.jsonrpc).toBe('2.0');
        expect(reply.error?.message ?? '').not.toMatch(/\bat .*\(|inside Sluice|node:/);
      }),
      { numRuns: 300 },
    );
    expect(server.errors).toEqual([]);
    expect((await rpc.ask('aria2.getVersion')).status).toBe(200);
  });
});

test('a client may end the server, which has everything on disk then', async () => {
  const gid = await rpc.call<string>('aria2.addUri', [nextFile()], { pause: 'true' });
  expect(await rpc.call('aria2.saveSession')).toBe('OK');
  expect(await rpc.call('aria2.shutdown')).toBe('OK');
  expect(await server.ended()).toBe(0);
  await using again = await startServing(folder.path, '--aria2');
  const client = new RpcClient(`${again.origin}/jsonrpc`, again.token);
  expect(await client.call('aria2.tellStatus', gid, ['status'])).toEqual({ status: 'paused' });
});
