/** What a page is sent, by the running server: enough to be right, no more than it watches, and all of it again after a gap. */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Delta, Detail, DownloadRow } from '#shared/rows';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { type FeedFace, type Serving, startServing, untilCall } from '../support/serving.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

// Each starts processes, which on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const KiB = 1024;
const MiB = 1024 * KiB;
const all = { offset: 0, limit: 10_000 };
let folder: TempDirectory;
let server: Serving;
let origin: Origin;

beforeAll(async () => {
  folder = await tempDirectory();
  mkdirSync(folder.file('files'));
  origin = await startOrigin({ content: content(1, 64 * MiB), bytesPerSecond: 64 * KiB });
  server = await startServing(folder.path);
});

beforeEach(async () => {
  const { rows } = await server.call('downloads.snapshot', all);
  if (rows.length > 0) await server.call('downloads.remove', { ids: rows.map(({ id }) => id), deleteFiles: true });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const deltas = ({ pushes }: FeedFace): Delta[] =>
  pushes.flatMap(({ name, value }) => (name === 'feed.delta' ? [value as Delta] : []));
const details = ({ pushes }: FeedFace): Detail[] =>
  pushes.flatMap(({ name, value }) => (name === 'feed.detail' ? [value as Detail] : []));

/** A list as a page keeps it: a snapshot, and every delta after it. */
function keep(rows: readonly DownloadRow[], changes: readonly Delta[]): Map<string, DownloadRow> {
  const kept = new Map(rows.map((row) => [String(row.id), row]));
  for (const { upsert, counters, remove } of changes) {
    for (const row of upsert) kept.set(row.id, row);
    for (const now of counters) {
      const row = kept.get(now[0]);
      if (row) kept.set(row.id, { ...row, counters: now });
    }
    for (const id of remove) kept.delete(id);
  }
  return kept;
}

async function add(count: number, start: boolean, from = origin): Promise<DownloadRow['id'][]> {
  const orders = Array.from({ length: count }, (_, index) => ({
    request: { url: from.url(`/release-${index}/package-${index}.tar.xz`) },
    connections: 1,
  }));
  const { results } = await server.call('downloads.add', { orders, start, duplicates: 'add' });
  return results.flatMap((one) => (one.type === 'added' ? [one.id] : []));
}

/** What calls cause is sent by then. */
async function settled(face: FeedFace, call: () => Promise<unknown>, shows: (delta: Delta) => boolean): Promise<void> {
  const before = deltas(face).length;
  await call();
  await face.until(() => deltas(face).slice(before).some(shows));
}

describe('deltas', () => {
  test('a snapshot and the deltas after it are the list, whatever happens to it', async () => {
    await using face = await server.feed();
    await face.call('feed.watch', { on: true });
    const { rows, rev } = await face.call('downloads.snapshot', all);
    const ids = await add(3, false);
    const [first, second, third] = ids as [DownloadRow['id'], DownloadRow['id'], DownloadRow['id']];
    await server.call('downloads.set', { ids: [first], priority: 'high', connections: 2 });
    await server.call('downloads.move', { ids: [third], to: 'first' });
    await server.call('downloads.start', { ids: [first] });
    await face.until(() => deltas(face).some(({ counters }) => counters.some(([id, bytes]) => id === first && bytes > 0)));
    await settled(
      face,
      () => server.call('downloads.pause', { ids: [first] }),
      ({ upsert }) => upsert.some(({ id, state }) => id === first && state === 'paused'),
    );
    await settled(
      face,
      () => server.call('downloads.remove', { ids: [second], deleteFiles: true }),
      ({ remove }) => remove.includes(second),
    );
    const kept = keep(
      rows,
      deltas(face).filter((delta) => delta.rev > rev),
    );
    const now = await server.call('downloads.snapshot', all);
    expect([...kept.values()].sort((a, b) => a.order - b.order)).toEqual(now.rows);
    const revs = deltas(face).map((delta) => delta.rev);
    expect(revs).toEqual(revs.map((_, index) => (revs[0] ?? 0) + index));
  });

  test('who missed some asks for a snapshot, and is right again', async () => {
    await using face = await server.feed();
    await face.call('feed.watch', { on: true });
    await face.call('feed.watch', { on: false });
    await using other = await server.feed();
    await other.call('feed.watch', { on: true });
    await settled(
      other,
      () => add(2, false),
      ({ upsert }) => upsert.length > 0,
    );
    expect(deltas(face)).toEqual([]);
    await face.call('feed.watch', { on: true });
    const snapshot = await face.call('downloads.snapshot', all);
    expect(snapshot.rev).toBeGreaterThanOrEqual(deltas(other).at(-1)?.rev ?? 0);
    expect(snapshot.rows).toHaveLength(2);
    const [row] = snapshot.rows;
    await settled(
      face,
      () => server.call('downloads.set', { ids: [row?.id as DownloadRow['id']], priority: 'low' }),
      ({ upsert }) => upsert.length === 1,
    );
    const kept = keep(
      snapshot.rows,
      deltas(face).filter(({ rev }) => rev > snapshot.rev),
    );
    expect([...kept.values()]).toEqual((await server.call('downloads.snapshot', all)).rows);
  });

  test('who looked away while nobody else watched is told by the revision that it missed something', async () => {
    await using face = await server.feed();
    const { rev } = await face.call('feed.watch', { on: true });
    await face.call('feed.watch', { on: false });
    await add(1, false);
    expect((await face.call('feed.watch', { on: true })).rev).toBeGreaterThan(rev);
  });

  test('nothing is sent to who does not watch, while others are kept up to date', async () => {
    await using silent = await server.feed();
    await using face = await server.feed();
    await face.call('feed.watch', { on: true });
    await add(1, true);
    await face.until(() => deltas(face).length >= 5);
    expect(silent.pushes).toEqual([]);
  });

  test('10,000 downloads of which 50 run: under 200 KB a second', async () => {
    await server.call('settings.write', { activeDownloads: 50, connectionsPerHost: 64 });
    await add(50, true);
    await add(9950, false);
    await untilCall(server.call, 'downloads.snapshot', { offset: 0, limit: 1 }, ({ totals }) => totals.running === 50);
    await using face = await server.feed();
    await face.call('feed.watch', { on: true });
    await face.until(() => deltas(face).length >= 5);
    const [before, begun, count] = [face.bytes, performance.now(), deltas(face).length];
    await face.until(() => deltas(face).length >= count + 30);
    const seconds = (performance.now() - begun) / 1000;
    // Fewer come where the machine is busy: what one costs, ten times a second.
    const bytesPerSecond = ((face.bytes - before) / (deltas(face).length - count)) * 10;
    expect(bytesPerSecond).toBeLessThan(200_000);
    expect((deltas(face).length - count) / seconds).toBeLessThan(10.5);
    expect(deltas(face).at(-1)?.counters.length).toBeGreaterThan(40);
    // One that stops reading does not fill the server's memory: it is let go of.
    await using quick = await server.feed();
    await quick.call('feed.watch', { on: true });
    face.read(false);
    const { rows } = await server.call('downloads.snapshot', all);
    for (let turn = 0; turn < 4; turn += 1) {
      await settled(
        quick,
        () => server.call('downloads.set', { ids: rows.map(({ id }) => id), limitBytesPerSecond: 1_000_000 + turn }),
        ({ upsert }) => upsert.length > 0,
      );
    }
    face.read(true);
    expect(await face.closed).toBe(1006);
    expect(quick.pushes.length).toBeGreaterThan(4);
  });
});

describe('details', () => {
  test('go to who opened the download, while it is open; its segments can be held, released, restarted and dropped', async () => {
    await using face = await server.feed();
    await using other = await server.feed();
    // Nothing has been learnt of it yet.
    await using own = await startOrigin({ content: content(2, 64 * MiB), bytesPerSecond: 64 * KiB });
    const [id] = (await add(1, true, own)) as [DownloadRow['id']];
    await server.call('downloads.set', { ids: [id], connections: 3 });
    await face.call('detail.open', { id });
    const streaming = (detail: Detail): number => detail.segments.filter(({ state }) => state === 'streaming').length;
    // One of those that stream in the same look: a later one may show others.
    const seen = await face.until(() => details(face).find((detail) => streaming(detail) === 3));
    const number = seen.segments.find(({ state }) => state === 'streaming')?.id ?? 0;
    /** In a look that came after this. */
    const becomes = (wanted: string) => {
      const from = details(face).length;
      return face.until(() => {
        const newest = details(face).slice(from).at(-1);
        return newest?.segments.some((one) => one.id === number && one.state === wanted);
      });
    };
    await face.call('segment.hold', { id, segment: number });
    await becomes('held');
    await face.call('segment.release', { id, segment: number });
    await becomes('streaming');
    const { connections } = own;
    await face.call('segment.restart', { id, segment: number });
    await own.until(() => own.connections > connections);
    // While it connects anew there may be nothing of that number to drop.
    await becomes('streaming');
    await face.call('segment.drop', { id, segment: number });
    await server.call('downloads.set', { ids: [id], connections: 1 });
    await face.until(() => streaming(details(face).at(-1) as Detail) === 1);
    expect(details(other)).toEqual([]);
    await face.call('detail.close', { id });
    const count = details(face).length;
    await face.call('feed.watch', { on: true });
    await face.until(() => deltas(face).length >= 8);
    expect(details(face).length).toBe(count);
    await expect(server.call('detail.open', { id })).rejects.toMatchObject({ code: 'NOT_NOW' });
  });

  test('segments of what does not run, and numbers that none has, are refused by name', async () => {
    const [id] = (await add(1, false)) as [DownloadRow['id']];
    for (const name of ['segment.hold', 'segment.release', 'segment.restart', 'segment.drop'] as const) {
      await expect(server.call(name, { id, segment: 1 })).rejects.toMatchObject({ code: 'NOT_NOW' });
      await expect(server.call(name, { id, segment: 0 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
      const gone = '0000000000000000' as DownloadRow['id'];
      await expect(server.call(name, { id: gone, segment: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });
});

describe('the socket', () => {
  test('only listens: what is sent to it ends it, however large, and the server goes on', async () => {
    const open = async (): Promise<WebSocket> => {
      const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/api/feed`, {
        headers: { authorization: `Bearer ${server.token}` },
      });
      await new Promise((resolve) => socket.once('open', resolve));
      return socket;
    };
    for (const [text, code] of [
      ['{"name":"downloads.snapshot"}', 1003],
      ['x'.repeat(17 * MiB), 1009],
    ] as const) {
      const socket = await open();
      socket.on('error', () => {});
      const closed = new Promise<number>((resolve) => socket.once('close', resolve));
      socket.send(text);
      expect([code, 1006]).toContain(await closed);
    }
    expect((await fetch(`${server.origin}/healthz`)).status).toBe(200);
  });

  test('settings that change are told to every page', async () => {
    await using face = await server.feed();
    await server.call('settings.write', { connections: 5 });
    const told = await face.until(() => face.pushes.find(({ name }) => name === 'feed.settings'));
    expect(told.value).toMatchObject({ connections: 5 });
  });
});
