/** The queue against real servers: who runs, how fast, over how many connections, and what ends a wait. */
import { statfs } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { systemClock as clock } from '../../electron/engine/clock.ts';
import { openTestApplication, type TestApplication } from '../support/application.ts';
import { status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { expectFileEqualsSource } from '../support/expect-file.ts';
import { startOrigin } from '../support/origin.ts';
import { tempDirectory } from '../support/temp.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const nowhere = 'http://127.0.0.1:9/';
type Id = Parameters<TestApplication['row']>[0] & Awaited<ReturnType<TestApplication['add']>>;

async function addAll(app: TestApplication, urls: readonly string[], start = true): Promise<Id[]> {
  const orders = urls.map((url) => ({ request: { url } }));
  const { results } = await app.call('downloads.add', { orders, start });
  return results.flatMap((one) => (one.type === 'added' ? [one.id] : []));
}

const isRunning = (app: TestApplication, id: string): boolean => app.row(id)?.state === 'running';

describe('whose turn it is', () => {
  test('a running one that is paused gives its place to the next; forced, one runs beyond the places', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(1, 8 * MiB), clock, bytesPerSecond: 256 * KiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { activeDownloads: 1, connections: 1 });
    const [a, b, c] = (await addAll(
      app,
      ['/a', '/b', '/c'].map((path) => origin.url(path)),
    )) as [Id, Id, Id];
    await app.until(() => isRunning(app, a));
    expect([app.row(b)?.state, app.row(c)?.state]).toEqual(['queued', 'queued']);
    await app.call('downloads.force', { ids: [c] });
    await app.until(() => isRunning(app, c));
    expect(app.row(b)?.state).toBe('queued');
    await app.call('downloads.pause', { ids: [a, c] });
    await app.until(() => isRunning(app, b));
    expect([app.row(a)?.state, app.row(c)?.state]).toEqual(['paused', 'paused']);
  });

  test('next: moved to the first place it is the one that begins when a place is free', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(2, 256 * KiB), clock, bytesPerSecond: MiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { activeDownloads: 1, connections: 1 });
    const [, , , d] = (await addAll(
      app,
      ['/a', '/b', '/c', '/d'].map((path) => origin.url(path)),
    )) as [Id, Id, Id, Id];
    await app.call('downloads.move', { ids: [d], to: 'first' });
    await app.until(() => app.application.history.size === 4);
    const begun = [...new Set(origin.requests.map(({ path }) => path))];
    expect(begun).toEqual(['/a', '/d', '/b', '/c']);
  });

  test('one that waits for a dead link lets the next begin, and goes on with a new one', async () => {
    const source = content(3, 256 * KiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({
      content: source,
      clock,
      faults: [{ on: { where: ({ path }) => path.startsWith('/dead') }, times: Number.POSITIVE_INFINITY, answer: status(410) }],
    });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { activeDownloads: 1 });
    const [dead, next] = (await addAll(app, [origin.url('/dead.bin'), origin.url('/next.bin')])) as [Id, Id];
    await app.until(() => app.application.history.get(next) !== undefined);
    expect(['waiting', 'failed']).toContain(app.row(dead)?.state);
    await app.call('link.replace', { id: dead, url: origin.url('/alive.bin') });
    await app.call('downloads.start', { ids: [dead] });
    const path = await app.until(() => app.application.history.get(dead)?.path);
    await expectFileEqualsSource(path, source);
  });

  test('failed for good it rests with its cause, and a retry is a start', async () => {
    let isBroken = true;
    const source = content(4, 256 * KiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({
      content: source,
      clock,
      faults: [{ on: { where: () => isBroken }, times: Number.POSITIVE_INFINITY, answer: status(403) }],
    });
    await using app = await openTestApplication(folder.path);
    const id = await app.add(origin.url('/file.bin'));
    const row = await app.until(() => {
      const now = app.row(id);
      return (now?.state === 'failed' || now?.state === 'waiting') && now;
    });
    expect(row.failure?.message).toContain('403');
    await app.call('downloads.pause', { ids: [id] });
    isBroken = false;
    expect(await app.call('downloads.start', { ids: [id] })).toEqual({ changed: 1 });
    await expectFileEqualsSource(await app.until(() => app.application.history.get(id)?.path), source);
  });

  test('a server that goes away and comes back is gone on with, without anybody', async () => {
    const source = content(5, 4 * MiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: source, clock, bytesPerSecond: 2 * MiB });
    await using app = await openTestApplication(folder.path);
    const id = await app.add(origin.url('/file.bin'));
    await app.until(() => (app.row(id)?.counters[1] ?? 0) > MiB);
    origin.stopListening();
    origin.dropConnections('rst');
    await app.until(() => app.row(id)?.state === 'waiting');
    expect(app.row(id)?.failure?.message).toBeTruthy();
    await origin.startListening();
    // As the desktop says after sleep; a server finds out by itself.
    app.application.wake();
    await expectFileEqualsSource(await app.until(() => app.application.history.get(id)?.path), source);
  });
});

describe('limits', () => {
  test('of one download and of all; taken away while it runs', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(6, 64 * MiB), clock });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { limitBytesPerSecond: 2 * MiB });
    const [one, other] = (await addAll(app, [origin.url('/one'), origin.url('/other')], false)) as [Id, Id];
    await app.call('downloads.set', { ids: [one], limitBytesPerSecond: 256 * KiB });
    await app.call('downloads.start', { ids: [one, other] });
    const bytes = (id: Id): number => app.row(id)?.counters[1] ?? 0;
    await app.until(() => bytes(other) > 0 && bytes(one) > 0);
    const [begun, oneBefore, otherBefore] = [performance.now(), bytes(one), bytes(other)];
    await app.until(() => bytes(other) > otherBefore + 5 * MiB);
    const seconds = (performance.now() - begun) / 1000;
    // A busy machine makes it slower, never faster.
    expect((bytes(one) - oneBefore) / seconds).toBeLessThan(1.5 * 256 * KiB);
    expect((bytes(one) + bytes(other) - oneBefore - otherBefore) / seconds).toBeLessThan(1.25 * 2 * MiB);
    await app.call('settings.write', { limitBytesPerSecond: 0 });
    await app.until(() => app.application.history.get(other) !== undefined);
    await app.call('downloads.set', { ids: [one], limitBytesPerSecond: 0 });
    await app.until(() => app.application.history.get(one) !== undefined);
  });

  test('a window of the schedule has a limit of its own, which ends with it', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(7, 16 * MiB), clock });
    await using app = await openTestApplication(folder.path);
    const always = { weekdays: [0, 1, 2, 3, 4, 5, 6], startMinute: 0, endMinute: 1440 };
    await app.call('settings.write', {
      schedule: { isOn: true, windows: [{ ...always, limitBytesPerSecond: MiB }] },
    });
    const id = await app.add(origin.url('/file.bin'));
    const bytes = (): number => app.row(id)?.counters[1] ?? 0;
    await app.until(() => bytes() > 0);
    const [begun, before] = [performance.now(), bytes()];
    await app.until(() => bytes() > before + 2 * MiB);
    expect((bytes() - before) / ((performance.now() - begun) / 1000)).toBeLessThan(1.5 * MiB);
    await app.call('settings.write', { schedule: { isOn: false, windows: [] } });
    await app.until(() => app.application.history.get(id) !== undefined);
  });

  test('connections per server hold for all downloads together, and change while they run', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(8, 64 * MiB), clock, bytesPerSecond: 128 * KiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { connectionsPerHost: 3, connections: 4 });
    await addAll(app, [origin.url('/a'), origin.url('/b')]);
    await origin.until(() => origin.streams === 3 && origin.bytesSent > MiB);
    expect(origin.maxOpenConnections).toBe(3);
    await app.call('settings.write', { connectionsPerHost: 6 });
    await origin.until(() => origin.streams === 6);
    expect(origin.maxOpenConnections).toBe(6);
  });

  test('what is changed in the moment a download begins counts', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(11, 64 * MiB), clock, bytesPerSecond: 128 * KiB });
    await using app = await openTestApplication(folder.path);
    const id = await app.add({ request: { url: origin.url('/a') }, connections: 1 }, false);
    const listed = app.application.list.require(id);
    await listed.queue();
    listed.begin();
    // It is at work, and the engine knows nothing of it yet.
    expect([listed.isLive, listed.progress()]).toEqual([true, undefined]);
    listed.record = { ...listed.record, connections: 3 };
    listed.reassign();
    await origin.until(() => origin.streams === 3);
  });

  test('connections of one download change while it runs', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(9, 64 * MiB), clock, bytesPerSecond: 128 * KiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { connections: 1 });
    const id = await app.add(origin.url('/a'));
    await origin.until(() => origin.bytesSent > 256 * KiB);
    expect(origin.maxStreams).toBe(1);
    await app.call('downloads.set', { ids: [id], connections: 5 });
    await origin.until(() => origin.streams === 5);
    await app.call('downloads.set', { ids: [id], connections: 2 });
    await origin.until(() => origin.streams === 2);
  });
});

describe('a long list', () => {
  test('F138: 10,000 queued take 30 MB at most, and are there again after a restart, in order', { timeout: 60_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    await using folder = await tempDirectory();
    const urls = Array.from({ length: 10_000 }, (_, index) => `${nowhere}release-${index}/package-${index}.tar.xz`);
    let ids: Id[] = [];
    {
      await using app = await openTestApplication(folder.path);
      // No hours: all are queued and none may begin.
      await app.call('settings.write', { schedule: { isOn: true, windows: [] } });
      const before = used();
      ids = await addAll(app, urls);
      expect(used() - before).toBeLessThan(30 * MiB);
      expect(app.application.totals().running).toBe(0);
    }
    await using app = await openTestApplication(folder.path);
    expect(app.application.list.inOrder().map(({ id }) => id)).toEqual(ids);
  });
});

describe('room', () => {
  test('is told for the whole list, by volume, and said once when all of it does not fit', async () => {
    await using folder = await tempDirectory();
    // Each fits, the two of them do not.
    const { bavail, bsize } = await statfs(folder.path);
    const size = Math.floor(bavail * bsize * 0.6);
    await using origin = await startOrigin({ content: content(10, size), clock, bytesPerSecond: 64 * KiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { activeDownloads: 1, connections: 1 });
    const before = await app.call('disk.space', { directory: folder.path });
    expect(before.neededBytes).toBe(0);
    const entry = (name: string) => ({ request: { url: origin.url(name) }, directory: folder.file('files'), size });
    const text = JSON.stringify({ sluiceList: 1, downloads: [entry('/one.bin'), entry('/two.bin')] });
    expect(await app.call('list.import', { text })).toEqual({ added: 2, refused: [] });
    const notice = await app.until(() => app.pushes.find(({ value }) => JSON.stringify(value).includes('short-of-room')));
    expect(JSON.stringify(notice.value)).toMatch(/the list needs [\d.]+ [GT]iB where .*files is, and [\d.]+ [GT]iB are free/);
    // Another folder of the same volume.
    const { freeBytes, neededBytes } = await app.call('disk.space', { directory: folder.file('data') });
    expect(neededBytes).toBeGreaterThan(2 * size - 16 * MiB);
    expect(freeBytes).toBeGreaterThan(0);
    expect(app.pushes.filter(({ value }) => JSON.stringify(value).includes('short-of-room'))).toHaveLength(1);
    await expect(app.call('disk.space', { directory: folder.file('none') })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
