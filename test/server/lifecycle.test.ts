/** A server from its first line to its last, and back after whatever ended it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { decodeSlot, slotBytes } from '../../electron/engine/disk/checkpoint-format.ts';
import { stall } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { expectFileEqualsSource } from '../support/expect-file.ts';
import { startOrigin } from '../support/origin.ts';
import { runCommand, startServing, untilCall } from '../support/serving.ts';
import { tempDirectory } from '../support/temp.ts';

// Each starts processes, which on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const MiB = 1024 * 1024;
const KiB = 1024;
const all = { offset: 0, limit: 1000 };
const dead = 'http://127.0.0.1:9/file.bin';

/** How many parts in a folder have bytes on record that a kill leaves them. */
function claimed(directory: string): number {
  const checkpoints = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.part.ckpt')) : [];
  return checkpoints.filter((name) => {
    const bytes = readFileSync(join(directory, name));
    const records = [bytes.subarray(0, slotBytes), bytes.subarray(slotBytes)].flatMap((slot) => decodeSlot(slot)?.record ?? []);
    return records.some(({ hard, soft }) => [...hard, ...soft].some(({ start, end }) => end - start > MiB));
  }).length;
}

describe('the start', () => {
  test('one line with the address and the token; the port is open and the page is there by then', async () => {
    await using folder = await tempDirectory();
    await using server = await startServing(folder.path);
    expect((await fetch(`${server.origin}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.origin}/`)).headers.get('content-type')).toContain('text/html');
    expect(readFileSync(folder.file('data', 'token'), 'utf8').trim()).toBe(server.token);
    expect(statSync(folder.file('data')).mode & 0o077).toBe(0);
  });

  test('what cannot be had is named with its value, and nothing is left running', async () => {
    await using folder = await tempDirectory();
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as { port: number };
    try {
      const serve = (...words: string[]) => runCommand(['serve', '--data', folder.file('data'), ...words]);
      const taken = await serve('--port', String(port));
      expect([taken.status, taken.stdout]).toEqual([1, '']);
      expect(taken.stderr).toContain(`port ${port} is taken`);
      const elsewhere = await serve('--host', '203.0.113.7', '--port', '0');
      expect([elsewhere.status, elsewhere.stderr]).toEqual([1, expect.stringContaining('203.0.113.7')]);
      writeFileSync(folder.file('short'), 'abc\n');
      const token = await serve('--token-file', folder.file('short'), '--port', '0');
      expect([token.status, token.stderr]).toEqual([1, expect.stringContaining('holds no token')]);
      const origin = await serve('--allow-origin', 'example.org/page', '--port', '0');
      expect([origin.status, origin.stderr]).toEqual([2, expect.stringContaining('expected an origin')]);
      const long = folder.file('x'.repeat(120));
      const path = await runCommand(['serve', '--data', long, '--port', '0']);
      expect([path.status, path.stderr]).toEqual([1, expect.stringContaining('choose a shorter one')]);
    } finally {
      blocker.close();
    }
    expect(readdirSync(folder.file('data'))).not.toContain('lock');
  });

  test('F124: a second one on the same data folder says who has it, and harms nothing', async () => {
    await using folder = await tempDirectory();
    await using server = await startServing(folder.path);
    const second = await runCommand(['serve', '--port', '0', '--data', folder.file('data')]);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`process ${server.child.pid} uses ${folder.file('data')} already`);
    expect((await server.run('status')).status).toBe(0);
  });

  test('F126: a folder that a newer version wrote is not touched', async () => {
    await using folder = await tempDirectory();
    mkdirSync(folder.file('data'));
    const text = '{"version": 99, "rows": {}}';
    writeFileSync(folder.file('data', 'downloads-07.json'), text);
    const refused = await runCommand(['serve', '--port', '0', '--data', folder.file('data')]);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('newer Sluice (version 99)')]);
    expect(readFileSync(folder.file('data', 'downloads-07.json'), 'utf8')).toBe(text);
  });

  test.skipIf(process.platform !== 'linux')(
    'F138: with 10,000 queued it is up in two seconds, and takes next to nothing of a processor while none may begin',
    async () => {
      await using folder = await tempDirectory();
      {
        await using server = await startServing(folder.path);
        // No hours: all are queued and none may begin.
        await server.call('settings.write', { schedule: { isOn: true, windows: [] } });
        const orders = Array.from({ length: 10_000 }, (_, index) => ({ request: { url: `${dead}?${index}` } }));
        await server.call('downloads.add', { orders });
        server.child.kill('SIGTERM');
        expect(await server.ended()).toBe(0);
      }
      const begun = performance.now();
      await using server = await startServing(folder.path);
      expect(performance.now() - begun).toBeLessThan(2000);
      expect((await server.call('downloads.snapshot', { offset: 0, limit: 1 })).total).toBe(10_000);
      /** User and system time so far, in hundredths of a second. */
      const used = (): number => {
        const text = readFileSync(`/proc/${server.child.pid}/stat`, 'utf8');
        const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return Number(fields[11]) + Number(fields[12]);
      };
      const quietMs = 5000;
      // What follows a start is done by then; the span itself is what is measured.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const before = used();
      await new Promise((resolve) => setTimeout(resolve, quietMs));
      // One per cent is the aim; a busy machine's caches are cold.
      expect(((used() - before) * 10) / quietMs).toBeLessThan(0.02);
    },
  );

  test('F125: a torn shard costs its last write alone; it is set aside, and said to who looks first', async () => {
    await using folder = await tempDirectory();
    let ids: string[] = [];
    {
      await using server = await startServing(folder.path);
      const orders = Array.from({ length: 300 }, (_, index) => ({ request: { url: `${dead}?${index}` } }));
      const { results } = await server.call('downloads.add', { orders, start: false });
      ids = results.flatMap((one) => (one.type === 'added' ? [one.id] : []));
      server.child.kill('SIGTERM');
      expect(await server.ended()).toBe(0);
    }
    const shard = readdirSync(folder.file('data')).find((name) => /^downloads-\d+\.json$/.test(name)) ?? '';
    const inShard = Object.keys((JSON.parse(readFileSync(folder.file('data', shard), 'utf8')) as { rows: object }).rows);
    const changed = inShard[0] ?? '';
    {
      await using server = await startServing(folder.path);
      await server.call('downloads.set', { ids: [changed as never], connections: 3 });
      server.child.kill('SIGKILL');
      await server.ended();
    }
    const whole = readFileSync(folder.file('data', shard), 'utf8');
    expect(JSON.parse(whole).rows[changed].connections).toBe(3);
    writeFileSync(folder.file('data', shard), whole.slice(0, whole.length / 2));
    await using server = await startServing(folder.path);
    const { rows } = await server.call('downloads.snapshot', all);
    expect(rows.map(({ id }) => String(id)).sort()).toEqual([...ids].sort());
    expect(rows.find(({ id }) => id === changed)?.connections).toBe(8);
    expect(server.errors.join('\n')).toContain(shard);
    await using page = await server.feed();
    await page.call('feed.watch', { on: true });
    const notice = await page.until(() => page.pushes.find(({ name }) => name === 'feed.notice'));
    expect(JSON.stringify(notice)).toContain('it was set aside as');
    const aside = readdirSync(folder.file('data')).find((name) => name.startsWith(`${shard}.unreadable`));
    expect(whole.startsWith(readFileSync(folder.file('data', aside ?? ''), 'utf8'))).toBe(true);
  });
});

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s saves what runs and ends with 0 in two seconds', async (signal) => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(1, 8 * MiB), bytesPerSecond: 512 * KiB });
    await using server = await startServing(folder.path);
    await using page = await server.feed();
    await page.call('feed.watch', { on: true });
    await server.call('downloads.add', { orders: [{ request: { url: origin.url('/file.bin') } }] });
    const { rows } = await untilCall(server.call, 'downloads.snapshot', all, ({ rows: [row] }) => (row?.counters[1] ?? 0) > MiB);
    const begun = performance.now();
    server.child.kill(signal);
    expect(await server.ended()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2000);
    const stored = readdirSync(folder.file('data'))
      .filter((name) => /^downloads-\d+\.json$/.test(name))
      .flatMap((name) => Object.values(JSON.parse(readFileSync(folder.file('data', name), 'utf8')).rows as object));
    expect(stored).toMatchObject([{ id: rows[0]?.id }]);
    expect((stored[0] as { doneBytes: number }).doneBytes).toBeGreaterThan(MiB);
    expect(readdirSync(folder.file('data'))).not.toContain('lock');
  });

  test('SIGKILL while twenty run: all twenty go on after a restart, and every one is right', async () => {
    const count = 20;
    const size = 3 * MiB;
    await using folder = await tempDirectory();
    const sources = Array.from({ length: count }, (_, index) => content(100 + index, size));
    const resources = Object.fromEntries(
      sources.map((source, index) => [
        `/${index}.bin`,
        { content: source, contentType: 'application/octet-stream', acceptRanges: true, headers: [] },
      ]),
    );
    // All stand in the middle when the kill comes.
    let isRestarted = false;
    await using origin = await startOrigin({
      resources,
      faults: [{ on: { where: () => !isRestarted }, times: Number.POSITIVE_INFINITY, answer: stall(2 * MiB) }],
    });
    {
      await using server = await startServing(folder.path);
      await server.call('settings.write', { activeDownloads: count, connections: 1, connectionsPerHost: 64 });
      const orders = sources.map((_, index) => ({ request: { url: origin.url(`/${index}.bin`) } }));
      await server.call('downloads.add', { orders });
      await untilCall(server.call, 'downloads.snapshot', all, () => claimed(folder.file('files')) === count);
      const { rows, totals } = await server.call('downloads.snapshot', all);
      expect([rows.length, totals.running + totals.waiting]).toEqual([count, count]);
      server.child.kill('SIGKILL');
      expect(await server.ended()).toBe('SIGKILL');
    }
    isRestarted = true;
    const requestsBefore = origin.requests.length;
    const sentBefore = origin.bytesSent;
    await using server = await startServing(folder.path);
    await untilCall(server.call, 'history.page', all, ({ total }) => total === count);
    const finished = await server.call('history.page', all);
    expect(finished.rows.every(({ isMissing }) => !isMissing)).toBe(true);
    for (const [index, source] of sources.entries()) await expectFileEqualsSource(folder.file('files', `${index}.bin`), source);
    expect(readdirSync(folder.file('files')).filter((name) => name.includes('.part'))).toEqual([]);
    // They went on: each asked for what it had not, and little of what it had.
    const furthest = new Map<string, number>();
    for (const { path, headers } of origin.requests.slice(requestsBefore)) {
      const start = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
      furthest.set(path, Math.max(start, furthest.get(path) ?? 0));
    }
    expect([...furthest.values()].filter((start) => start > MiB)).toHaveLength(count);
    expect(origin.bytesSent - sentBefore).toBeLessThan(count * size * 0.8);
  });

  test('killed at any moment the lock and the socket it left do not stop the next one', async () => {
    await using folder = await tempDirectory();
    for (let turn = 0; turn < 2; turn += 1) {
      await using server = await startServing(folder.path);
      expect((await server.run('status')).status).toBe(0);
      server.child.kill('SIGKILL');
      await server.ended();
      expect(readdirSync(folder.file('data'))).toEqual(expect.arrayContaining(['lock', 'command.sock']));
    }
    expect(await readFile(folder.file('data', 'token'), 'utf8')).toMatch(/^\S+\n$/);
  });
});
