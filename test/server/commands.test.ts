/** The commands that drive a running server, over its socket: what they print, what they change, how they fail. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DownloadRow } from '#shared/rows';
import { content } from '../support/content.ts';
import { expectFileEqualsSource } from '../support/expect-file.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { command, runCommand, type Serving, startServing, untilCall } from '../support/serving.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

// Each starts processes, which on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MiB = 1024 * 1024;
const source = content(1, 4 * MiB);
const all = { offset: 0, limit: 1000 };
let folder: TempDirectory;
let server: Serving;
let origin: Origin;

beforeAll(async () => {
  folder = await tempDirectory();
  mkdirSync(folder.file('files'));
  origin = await startOrigin({ content: source, bytesPerSecond: MiB });
  server = await startServing(folder.path);
});

beforeEach(async () => {
  await server.run('remove', 'all', '--delete-files');
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
const rows = async (): Promise<DownloadRow[]> => (await server.call('downloads.snapshot', all)).rows;

describe('add, and what follows', () => {
  test('a download that is added arrives whole; its id is what add prints', async () => {
    const added = await server.run('add', origin.url('/whole.bin'));
    expect([added.status, added.stderr]).toEqual([0, '']);
    const id = added.stdout.trim();
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    await untilCall(server.call, 'history.page', all, ({ rows: found }) => found.some((row) => row.id === id));
    await expectFileEqualsSource(folder.file('files', 'whole.bin'), source);
    const status = await server.run('status');
    expect(status.stdout).toMatch(/^Sluice \S+: 0 running, 0 queued, 0 waiting, 0 paused, 0 failed, 1 done; /);
  });

  test('every option of add reaches the server it is asked of, and secrets are shown nowhere', async () => {
    const added = await server.run(
      ...['add', origin.url('/asked.bin'), '-o', 'named.bin', '-x', '1', '--user-agent', 'CANARY-agent/1'],
      ...['--referer', 'http://referer.test/', '--cookie', 'a=CANARY-cookie', '--user', 'ann:CANARY-password'],
      ...['-H', 'X-Token: CANARY-token', '--limit-rate', '512K', '--json'],
    );
    expect(added.status).toBe(0);
    expect(lines(added.stdout)).toMatchObject([{ type: 'added' }]);
    await origin.until(() => origin.requests.some(({ path }) => path === '/asked.bin'));
    const asked = origin.requests.find(({ path }) => path === '/asked.bin');
    expect(asked?.headers).toMatchObject({
      'user-agent': 'CANARY-agent/1',
      referer: 'http://referer.test/',
      cookie: 'a=CANARY-cookie',
      'x-token': 'CANARY-token',
      authorization: `Basic ${Buffer.from('ann:CANARY-password').toString('base64')}`,
    });
    const [row] = await rows();
    expect(row).toMatchObject({ name: 'named.bin', connections: 1, limitBytesPerSecond: 512 * 1024 });
    const shown = [await server.run('list', '--json'), await server.run('list'), await server.run('status', '--json')];
    expect(JSON.stringify(shown)).not.toMatch(/CANARY-(cookie|password|token)/);
  });

  test('paused, first, again: where it stands, and what is there already', async () => {
    const first = (await server.run('add', '--paused', origin.url('/a'))).stdout.trim();
    const second = (await server.run('add', '--paused', '--first', origin.url('/b'))).stdout.trim();
    expect((await rows()).map(({ id, state }) => [id, state])).toEqual([
      [second, 'paused'],
      [first, 'paused'],
    ]);
    const twice = await server.run('add', '--paused', origin.url('/a'), origin.url('/c'));
    expect(twice.status).toBe(1);
    expect(twice.stderr).toContain(`it is there already (${first}); --again adds it anyway`);
    expect(twice.stdout.trim()).toMatch(/^[0-9a-f]{16}$/);
    expect((await server.run('add', '--paused', '--again', origin.url('/a'))).status).toBe(0);
    expect(await rows()).toHaveLength(4);
  });

  test('what is refused is one line with the cause, and exit 1; what is not given right is exit 2', async () => {
    const outside = await server.run('add', origin.url('/x'), '--dir', '/etc');
    expect([outside.status, outside.stdout]).toEqual([1, '']);
    expect(outside.stderr).toMatch(/^sluice: .*is not inside the folders that downloads may go to\n$/);
    const scheme = await server.run('add', 'gopher://127.0.0.1/x');
    expect([scheme.status, scheme.stderr.split('\n').length]).toEqual([1, 2]);
    const names = await server.run('add', '-o', 'one', origin.url('/a'), origin.url('/b'));
    expect([names.status, names.stderr]).toEqual([2, expect.stringContaining('--output names one file')]);
    expect(await rows()).toEqual([]);
  });
});

describe('list, pause, resume, limit, remove', () => {
  test('a table for people, one JSON value a line for scripts', async () => {
    expect((await server.run('list')).stdout).toBe('The list is empty: sluice add ADDRESS puts something in.\n');
    const id = (await server.run('add', '--limit-rate', '256K', origin.url('/table.bin'))).stdout.trim();
    await untilCall(server.call, 'downloads.snapshot', all, ({ rows: [row] }) => (row?.counters[1] ?? 0) > 0);
    const [head = '', line = ''] = (await server.run('list')).stdout.split('\n');
    expect(head).toMatch(/^ID +Name +State +Progress +Size +Speed$/);
    expect(line).toMatch(new RegExp(`^${id.slice(0, 8)}  table\\.bin +Running +[█░]+ +\\d+%  4\\.0 MiB`));
    expect(lines((await server.run('list', '--json')).stdout)).toMatchObject([{ id, name: 'table.bin', state: 'running' }]);
  });

  test('by the beginning of an id, or all; what means none or several is refused and changes nothing', async () => {
    const ids = lines((await server.run('add', '--json', '--paused', origin.url('/1'), origin.url('/2'))).stdout).map(
      (one) => (one as { id: string }).id,
    );
    const [one = '', two = ''] = ids;
    expect((await server.run('limit', '64K', one.slice(0, 10))).status).toBe(0);
    expect((await server.run('resume', one.slice(0, 10))).status).toBe(0);
    await untilCall(server.call, 'downloads.snapshot', all, ({ rows: [row] }) => row?.state === 'running');
    expect((await rows()).map(({ limitBytesPerSecond }) => limitBytesPerSecond)).toEqual([64 * 1024, 0]);
    expect(lines((await server.run('pause', 'all', '--json')).stdout)).toEqual([{ changed: 1 }]);
    expect((await rows()).map(({ state }) => state)).toEqual(['paused', 'paused']);
    const unknown = await server.run('pause', 'zzzz');
    expect([unknown.status, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('there is no download of the list with that id'),
    ]);
    const several = await server.run('remove', '');
    expect([several.status, several.stderr]).toEqual([1, expect.stringContaining('2 downloads begin with that id')]);
    expect(await rows()).toHaveLength(2);
    expect((await server.run('remove', two)).status).toBe(0);
    expect((await rows()).map(({ id }) => id)).toEqual([one]);
  });

  test('without an id the limit is for all together', async () => {
    expect((await server.run('limit', '2M')).status).toBe(0);
    expect((await server.call('settings.read')).limitBytesPerSecond).toBe(2 * MiB);
    expect((await server.run('limit', '0')).status).toBe(0);
    expect((await server.call('settings.read')).limitBytesPerSecond).toBe(0);
    const wrong = await server.run('limit', 'fast');
    expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('fast')]);
  });
});

test('each says what it did to a script: one JSON value a line, and nothing else', async () => {
  const [{ id = '' } = {}] = lines((await server.run('add', '--json', '--paused', origin.url('/script.bin'))).stdout) as {
    id?: string;
  }[];
  const said = async (...words: string[]) => lines((await server.run(...words, '--json')).stdout);
  expect(await said('list')).toMatchObject([{ id, state: 'paused' }]);
  expect(await said('limit', '64K', id)).toEqual([{ changed: 1 }]);
  expect(await said('limit', '0')).toHaveLength(1);
  expect(await said('resume', id)).toEqual([{ changed: 1 }]);
  expect(await said('pause', id)).toEqual([{ changed: 1 }]);
  expect(await said('status')).toMatchObject([{ paused: 1, running: 0, dataFolder: folder.file('data') }]);
  expect(await said('remove', id)).toEqual([{ changed: 1 }]);
  expect(await said('list')).toEqual([]);
});

describe('link', () => {
  test('another file is refused by name and changes nothing; the same file goes on from its new address with what is there', async () => {
    await using wrong = await startOrigin({ content: content(2, 4 * MiB) });
    const id = (await server.run('add', origin.url('/old.bin'))).stdout.trim();
    await untilCall(server.call, 'downloads.snapshot', all, ({ rows: [row] }) => (row?.counters[1] ?? 0) > MiB);
    await server.run('pause', id);
    const refused = await server.run('link', id, wrong.url('/other.bin'), '--json');
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^sluice: .+\n$/);
    expect(await rows()).toMatchObject([{ url: origin.url('/old.bin'), state: 'paused' }]);
    const unknown = await server.run('link', 'zzzz', origin.url('/new.bin'), '--json');
    expect([unknown.status, unknown.stdout]).toEqual([1, '']);
    const taken = await server.run('link', id.slice(0, 8), origin.url('/new.bin'), '--json');
    expect([taken.status, taken.stderr, lines(taken.stdout)]).toEqual([0, '', [{ changed: 1 }]]);
    const sentBefore = origin.bytesSent;
    await server.run('resume', id);
    const { rows: done } = await untilCall(server.call, 'history.page', all, ({ rows: found }) =>
      found.some((row) => row.id === id),
    );
    await expectFileEqualsSource(done.find((row) => row.id === id)?.path ?? '', source);
    expect(origin.requests.at(-1)?.target).toBe('/new.bin');
    expect(origin.bytesSent - sentBefore).toBeLessThan(3.5 * MiB);
  });
});

describe('watch', () => {
  test('one event a line, from the state it finds to the end; the end of the server ends it', async () => {
    await using other = await tempDirectory();
    await using short = await startServing(other.path);
    await short.call('downloads.add', { orders: [{ request: { url: origin.url('/first.bin') } }], start: false });
    const child = spawn(process.execPath, [command, 'watch', '--json', '--data', short.data], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const events: { event: string; id?: string; name?: string; state?: string; bytes?: number }[] = [];
    const found = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      events.push(JSON.parse(line) as (typeof events)[0]);
      found.resolve();
      if (events.at(-1)?.event === 'left') left.resolve();
    });
    await found.promise;
    expect(events[0]).toMatchObject({ event: 'row', name: 'first.bin', state: 'paused' });
    const added = (await short.run('add', origin.url('/second.bin'))).stdout.trim();
    await left.promise;
    const its = events.filter(({ id }) => id === added);
    expect(its.filter(({ event }) => event === 'row').at(0)?.name).toBe('second.bin');
    expect(its.some(({ event, bytes = 0 }) => event === 'progress' && bytes > 0)).toBe(true);
    expect(its.at(-1)?.event).toBe('left');
    const ended = once(child, 'exit');
    short.child.kill('SIGTERM');
    expect(await ended).toEqual([1, null]);
  });
});

describe('the socket', () => {
  test('only its user may open it', () => {
    expect(statSync(folder.file('data', 'command.sock')).mode & 0o777).toBe(0o600);
  });

  test('where no server runs, one line says what to do', async () => {
    await using empty = await tempDirectory();
    for (const words of [['list'], ['status', '--json'], ['add', 'http://127.0.0.1:9/x'], ['watch']]) {
      const { status, stdout, stderr } = await runCommand([...words, '--data', empty.path]);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        `sluice: no app or server runs with ${empty.path}: start sluice serve, or give its folder with --data\n`,
      );
    }
  });

  test('what is no JSON, no call or no end is answered or cut off, and the server goes on', async () => {
    const socket = connect(folder.file('data', 'command.sock'));
    socket.on('error', () => {});
    const answers = createInterface({ input: socket })[Symbol.asyncIterator]();
    const next = async (): Promise<unknown> => JSON.parse(String((await answers.next()).value));
    socket.write('no JSON\n');
    expect(await next()).toMatchObject({ id: null, reply: { ok: false, code: 'BAD_INPUT' } });
    socket.write('null\n');
    expect(await next()).toMatchObject({ id: null, reply: { ok: false, code: 'BAD_INPUT' } });
    socket.write('{"id": 7, "name": "constructor", "input": {}}\n');
    expect(await next()).toMatchObject({ id: 7, reply: { ok: false, code: 'UNKNOWN_CALL' } });
    socket.write('{"id": 8, "name": "downloads.pause", "input": {"ids": ["x"]}}\n');
    expect(await next()).toMatchObject({ id: 8, reply: { ok: false, code: 'BAD_INPUT' } });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const piece = Buffer.alloc(MiB, 'x');
    for (let sent = 0; sent < 20 && !socket.destroyed; sent += 1) {
      if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    await closed;
    expect((await server.run('status')).status).toBe(0);
  });
});
