/** The list, its queue and its memory, against real servers and files, through the same calls a page makes. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../electron/engine/clock.ts';
import { openTestApplication, type TestApplication, testVault } from '../support/application.ts';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';
import { tempDirectory } from '../support/temp.ts';

const MiB = 1024 * 1024;
const clock = systemClock;
const shaOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

async function finished(app: TestApplication, id: string): Promise<string> {
  return await app.until(() => {
    const row = app.row(id);
    if (row?.state === 'failed') throw new Error(`${row.failure?.code}: ${row.failure?.message}`);
    return app.application.history.get(id)?.path;
  });
}

describe('the list', () => {
  test('a download that is added arrives whole, leaves the list for the history, and is there after a restart', async () => {
    const file = content(1, 3 * MiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: file, clock });
    let id = '';
    {
      await using app = await openTestApplication(folder.path);
      id = await app.add(origin.url('/file.bin'));
      const path = await finished(app, id);
      expect(await shaOf(path)).toBe(await file.sha256());
      expect(path).toBe(folder.file('files', 'file.bin'));
      expect((await app.call('downloads.snapshot', { offset: 0, limit: 10 })).total).toBe(0);
    }
    await using again = await openTestApplication(folder.path);
    const { rows, total } = await again.call('history.page', { offset: 0, limit: 10 });
    expect(total).toBe(1);
    expect(rows[0]).toMatchObject({ id, name: 'file.bin', size: 3 * MiB, isMissing: false });
    expect(origin.requests.length).toBeLessThanOrEqual(3);
  });

  test('no more run at once than settings say, in the order of the list, high priority first', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(2, MiB), clock, bytesPerSecond: 4 * MiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { activeDownloads: 2, connections: 1 });
    const orders = [1, 2, 3, 4, 5].map((n) => ({
      request: { url: origin.url(`/${n}.bin`) },
      ...(n === 5 && { priority: 'high' as const }),
    }));
    let most = 0;
    const began: string[] = [];
    app.application.subscribe((news) => {
      const live = [...app.application.list.all()].filter(({ isLive }) => isLive);
      most = Math.max(most, live.length);
      const listed = news.type === 'changed' ? app.application.list.get(news.id) : undefined;
      const name = listed?.isLive ? new URL(listed.draft.url).pathname : undefined;
      if (name !== undefined && !began.includes(name)) began.push(name);
    });
    await app.call('downloads.add', { orders });
    await app.until(() => app.application.history.size === 5);
    expect(most).toBe(2);
    expect(began).toEqual(['/5.bin', '/1.bin', '/2.bin', '/3.bin', '/4.bin']);
  });

  test('after a restart what ran goes on where it was, and what was paused stays paused', async () => {
    const file = content(3, 8 * MiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: file, clock, bytesPerSecond: 2 * MiB });
    let ids: string[] = [];
    {
      await using app = await openTestApplication(folder.path);
      ids = [await app.add(origin.url('/run.bin')), await app.add(origin.url('/rest.bin'), false)];
      await app.until(() => (app.row(ids[0] ?? '')?.counters[1] ?? 0) > 3 * MiB);
    }
    const before = origin.requests.length;
    const sentBefore = origin.bytesSent;
    await using app = await openTestApplication(folder.path);
    expect(app.row(ids[1] ?? '')).toMatchObject({ state: 'paused' });
    expect(app.row(ids[0] ?? '')?.counters[1]).toBeGreaterThan(3 * MiB);
    const path = await finished(app, ids[0] ?? '');
    expect(await shaOf(path)).toBe(await file.sha256());
    expect(origin.requests.slice(before).every(({ path: asked }) => asked === '/run.bin')).toBe(true);
    // What had come before was not asked for again, but for windows that are compared.
    expect(origin.bytesSent - sentBefore).toBeLessThan(5.5 * MiB);
  });

  test('paused and started again it keeps its bytes; redone it is fetched from nothing', async () => {
    const file = content(4, 4 * MiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: file, clock, bytesPerSecond: 2 * MiB });
    await using app = await openTestApplication(folder.path);
    const id = await app.add(origin.url('/file.bin'));
    await app.until(() => (app.row(id)?.counters[1] ?? 0) > MiB);
    expect(await app.call('downloads.pause', { ids: [id] })).toEqual({ changed: 1 });
    expect(app.row(id)).toMatchObject({ state: 'paused' });
    const kept = app.row(id)?.counters[1] ?? 0;
    expect(kept).toBeGreaterThan(MiB);
    expect(await app.call('downloads.start', { ids: [id] })).toEqual({ changed: 1 });
    await finished(app, id);
    const [finishedId] = [...app.application.history.all()].map((row) => row.id);
    const before = app.application.totals();
    const { changed } = await app.call('downloads.redo', { ids: [finishedId as typeof id] });
    expect(changed).toBe(1);
    const again = await finished(app, id);
    // As many are finished as before, and a face still learns that they are not the same.
    const { done, historyChanges } = app.application.totals();
    expect({ done, historyChanges }).toEqual({ done: before.done, historyChanges: before.historyChanges + 2 });
    expect(await shaOf(again)).toBe(await file.sha256());
    expect(origin.bytesSent).toBeGreaterThan(7.9 * MiB);
  });

  test('started again while it is on its way to a pause, it runs on', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(4, 4 * MiB), clock, bytesPerSecond: 2 * MiB });
    await using app = await openTestApplication(folder.path);
    const id = await app.add(origin.url('/file.bin'));
    await app.until(() => (app.row(id)?.counters[1] ?? 0) > MiB);
    const both = [app.call('downloads.pause', { ids: [id] }), app.call('downloads.start', { ids: [id] })];
    expect(await Promise.all(both)).toEqual([{ changed: 1 }, { changed: 1 }]);
    await finished(app, id);
  });

  test('removed with its files nothing of it stays; removed without, the part does', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(5, 8 * MiB), clock, bytesPerSecond: MiB });
    await using app = await openTestApplication(folder.path);
    const ids = [await app.add(origin.url('/away.bin')), await app.add(origin.url('/kept.bin'))];
    await app.until(() => ids.every((id) => (app.row(id)?.counters[1] ?? 0) > 0));
    await app.call('downloads.remove', { ids: ids.slice(0, 1), deleteFiles: true });
    await app.call('downloads.remove', { ids: ids.slice(1), deleteFiles: false });
    const left = readdirSync(folder.file('files')).sort();
    expect(left.filter((name) => name.startsWith('away'))).toEqual([]);
    expect(left).toContain('kept.bin.part');
    expect((await app.call('downloads.snapshot', { offset: 0, limit: 10 })).total).toBe(0);
  });

  test('moved before another, to the first and the last place; a thousand moves later the order still holds', async () => {
    await using folder = await tempDirectory();
    await using app = await openTestApplication(folder.path);
    const { results } = await app.call('downloads.add', {
      orders: ['a', 'b', 'c', 'd'].map((name) => ({ request: { url: `http://127.0.0.1:9/${name}` } })),
      start: false,
    });
    const ids = results.flatMap((one) => (one.type === 'added' ? [one.id] : []));
    const [a, b, c, d] = ids as [(typeof ids)[0], (typeof ids)[0], (typeof ids)[0], (typeof ids)[0]];
    const order = () => app.application.list.inOrder().map(({ id }) => id);
    await app.call('downloads.move', { ids: [d], to: { before: b } });
    expect(order()).toEqual([a, d, b, c]);
    await app.call('downloads.move', { ids: [c, a], to: 'first' });
    expect(order()).toEqual([c, a, d, b]);
    for (let turn = 0; turn < 1000; turn += 1) {
      await app.call('downloads.move', { ids: [turn % 2 === 0 ? d : a], to: { before: turn % 2 === 0 ? a : d } });
    }
    expect(order()).toEqual([c, a, d, b]);
  });
});

describe('adding', () => {
  test('F139: the same address is not taken twice unless it is asked for, in one call and later', async () => {
    await using folder = await tempDirectory();
    await using app = await openTestApplication(folder.path);
    const url = 'http://127.0.0.1:9/file.bin';
    const first = await app.call('downloads.add', {
      orders: [{ request: { url } }, { request: { url: `${url}#part` } }],
      start: false,
    });
    expect(first.results.map(({ type }) => type)).toEqual(['added', 'duplicate']);
    const later = await app.call('downloads.add', { orders: [{ request: { url } }], start: false });
    expect(later.results[0]).toMatchObject({ type: 'duplicate', of: 'url' });
    const wanted = await app.call('downloads.add', { orders: [{ request: { url } }], start: false, duplicates: 'add' });
    expect(wanted.results[0]?.type).toBe('added');
  });

  test('what cannot be fetched or written is refused by itself, with the cause, and the rest is taken', async () => {
    await using folder = await tempDirectory();
    await mkdir(folder.file('allowed'));
    symlinkSync('/etc', folder.file('allowed', 'link'));
    await using app = await openTestApplication(folder.path, {
      roots: [folder.file('allowed')],
      defaultDirectory: folder.file('allowed'),
    });
    const url = 'http://127.0.0.1:9/file.bin';
    const { results } = await app.call('downloads.add', {
      start: false,
      orders: [
        { request: { url: 'ftp://127.0.0.1/file' } },
        { request: { url: 'no address' } },
        { request: { url }, directory: '/etc' },
        { request: { url }, directory: folder.file('allowed', '..', 'other') },
        { request: { url }, directory: folder.file('allowed', 'link') },
        { request: { url }, name: '../escape' },
        { request: { url }, directory: folder.file('allowed', 'deeper') },
      ],
    });
    const codes = results.map((one) => (one.type === 'refused' ? one.failure.code : one.type));
    expect(codes).toEqual(['E_INPUT', 'E_INPUT', 'OUTSIDE_ROOTS', 'OUTSIDE_ROOTS', 'OUTSIDE_ROOTS', 'E_INPUT', 'added']);
  });

  test('a category chooses the folder by ending, by host, and by what the answer calls the file', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({
      content: content(6, 100_000),
      clock,
      headers: [['Content-Disposition', 'attachment; filename="film.mkv"']],
    });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', {
      categories: [{ name: 'Video', directory: folder.file('films'), extensions: ['mkv', 'mp4'], hosts: [], patterns: [] }],
    });
    const early = await app.add('http://127.0.0.1:9/x.mp4', false);
    expect(app.row(early)).toMatchObject({ category: 'Video', directory: folder.file('films') });
    const late = await app.add(origin.url('/download?id=7'));
    expect(await finished(app, late)).toBe(folder.file('films', 'film.mkv'));
  });

  test('unfinished files lie in the staging folder, finished ones in their own, and no file is written over', async () => {
    await using folder = await tempDirectory();
    await mkdir(folder.file('files'));
    writeFileSync(folder.file('files', 'file.bin'), 'mine');
    await using origin = await startOrigin({ content: content(7, MiB), clock, bytesPerSecond: MiB });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { stagingDirectory: folder.file('staging') });
    const id = await app.add(origin.url('/file.bin'));
    await app.until(() => (app.row(id)?.counters[1] ?? 0) > 0);
    expect(readdirSync(folder.file('staging'))).toContain('file.bin.part');
    expect(await finished(app, id)).toBe(folder.file('files', 'file (1).bin'));
    expect(readFileSync(folder.file('files', 'file.bin'), 'utf8')).toBe('mine');
    expect(readdirSync(folder.file('staging'))).toEqual([]);
  });

  test('a look at an address tells name, size and folder, and leaves nothing behind', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(8, 50 * MiB), clock, bytesPerSecond: MiB });
    await using app = await openTestApplication(folder.path);
    const found = await app.call('downloads.probe', { key: 'k', order: { request: { url: origin.url('/big.iso') } } });
    expect(found).toMatchObject({ name: 'big.iso', size: 50 * MiB, category: 'Programs' });
    expect(readdirSync(folder.file('data')).filter((name) => name.startsWith('probe'))).toEqual([]);
    await expect(
      app.call('downloads.probe', { key: 'k', order: { request: { url: 'http://127.0.0.1:9/none' } } }),
    ).rejects.toMatchObject({ code: 'E_CONNECT' });
  });
});

describe('what is kept', () => {
  test('secrets are not readable in any file of the store, and are there after a restart', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(9, 1000), clock });
    const vault = testVault();
    const request = {
      url: origin.url('/file.bin').replace('://', '://ann:CANARY1@'),
      headers: [['X-Api-Key', 'CANARY2'] as [string, string]],
      cookies: [{ name: 'session', value: 'CANARY3' }],
      proxy: '',
    };
    let id = '';
    {
      await using app = await openTestApplication(folder.path, { vault });
      id = await app.add({ request }, false);
    }
    const all = readdirSync(folder.file('data')).map((name) => readFileSync(folder.file('data', name), 'utf8'));
    expect(all.join('\n')).not.toContain('CANARY');
    await using app = await openTestApplication(folder.path, { vault });
    await app.call('downloads.start', { ids: [id as never] });
    await finished(app, id);
    const [asked] = origin.requests;
    expect(asked?.headers).toMatchObject({ 'x-api-key': 'CANARY2', cookie: 'session=CANARY3' });
    expect(asked?.headers.authorization).toBe(`Basic ${Buffer.from('ann:CANARY1').toString('base64')}`);
  });

  test('a store file that cannot be read is set aside and said, and the rest is there', async () => {
    await using folder = await tempDirectory();
    let id = '';
    {
      await using app = await openTestApplication(folder.path);
      id = await app.add('http://127.0.0.1:9/file.bin', false);
      await app.call('settings.write', { connections: 3 });
    }
    writeFileSync(folder.file('data', 'settings.json'), '{"connections": 3, "dir');
    await using app = await openTestApplication(folder.path);
    const notice = await app.until(() => app.pushes.find(({ name }) => name === 'feed.notice'));
    expect(JSON.stringify(notice.value)).toContain('settings.json');
    expect(app.row(id)?.state).toBe('paused');
    expect((await app.call('settings.read')).connections).toBe(8);
    const aside = readdirSync(folder.file('data')).find((name) => name.startsWith('settings.json.unreadable'));
    expect(readFileSync(folder.file('data', aside ?? ''), 'utf8')).toContain('"dir');
  });

  test('F124: a second process is told who has the data folder, and changes nothing', async () => {
    await using folder = await tempDirectory();
    await using app = await openTestApplication(folder.path);
    await expect(openTestApplication(folder.path)).rejects.toThrow(`process ${process.pid} uses ${folder.file('data')} already`);
    await app.add('http://127.0.0.1:9/file.bin', false);
  });

  test('F125: a torn shard costs that file alone, and it is set aside', async () => {
    await using folder = await tempDirectory();
    const orders = Array.from({ length: 300 }, (_, index) => ({ request: { url: `http://127.0.0.1:9/${index}` } }));
    {
      await using app = await openTestApplication(folder.path);
      await app.call('downloads.add', { orders, start: false });
    }
    const shard = readdirSync(folder.file('data')).find((name) => name.startsWith('downloads-')) ?? '';
    const text = readFileSync(folder.file('data', shard), 'utf8');
    const inShard = Object.keys((JSON.parse(text) as { rows: object }).rows).length;
    writeFileSync(folder.file('data', shard), text.slice(0, text.length / 2));
    await using app = await openTestApplication(folder.path);
    expect(app.application.list.size).toBe(300 - inShard);
    await app.until(() => app.pushes.some(({ value }) => JSON.stringify(value).includes(shard)));
  });

  test('F126: a folder that a newer version wrote is left alone', async () => {
    await using folder = await tempDirectory();
    await mkdir(folder.file('data'));
    const text = '{"version": 99, "connections": 3}';
    writeFileSync(folder.file('data', 'settings.json'), text);
    await expect(openTestApplication(folder.path)).rejects.toThrow(/newer Sluice/);
    expect(readFileSync(folder.file('data', 'settings.json'), 'utf8')).toBe(text);
  });

  test('the list goes to a file and back, with what was fetched', async () => {
    const file = content(10, 6 * MiB);
    await using folder = await tempDirectory();
    await using other = await tempDirectory();
    await using origin = await startOrigin({ content: file, clock, bytesPerSecond: 2 * MiB });
    let text = '';
    {
      await using app = await openTestApplication(folder.path);
      const id = await app.add(origin.url('/file.bin'));
      await app.until(() => (app.row(id)?.counters[1] ?? 0) > 2 * MiB);
      await app.call('downloads.pause', { ids: [id] });
      ({ text } = await app.call('list.export', {}));
    }
    const sent = origin.bytesSent;
    await using app = await openTestApplication(other.path);
    expect(await app.call('list.import', { text })).toEqual({ added: 1, refused: [] });
    expect((await app.call('list.import', { text })).refused).toHaveLength(1);
    const [row] = (await app.call('downloads.snapshot', { offset: 0, limit: 10 })).rows;
    expect(row?.state).toBe('paused');
    await app.call('downloads.start', { ids: [row?.id as NonNullable<typeof row>['id']] });
    const path = await finished(app, row?.id ?? '');
    expect(await shaOf(path)).toBe(await file.sha256());
    expect(origin.bytesSent - sent).toBeLessThan(4.5 * MiB);
    await expect(app.call('list.import', { text: '{"downloads": 3}' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('hours', () => {
  test('F140: out of hours what runs is stopped with its bytes, says so, and goes on when they open', async () => {
    const file = content(11, 4 * MiB);
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: file, clock, bytesPerSecond: MiB });
    await using app = await openTestApplication(folder.path);
    const id = await app.add(origin.url('/file.bin'));
    await app.until(() => (app.row(id)?.counters[1] ?? 0) > 0);
    await app.call('settings.write', { schedule: { isOn: true, windows: [] } });
    await app.until(() => app.row(id)?.waitingFor === 'schedule');
    const kept = app.row(id)?.counters[1] ?? 0;
    expect(kept).toBeGreaterThan(0);
    const whole = { weekdays: [0, 1, 2, 3, 4, 5, 6], startMinute: 0, endMinute: 1440, limitBytesPerSecond: 0 };
    await app.call('settings.write', { schedule: { isOn: true, windows: [whole] } });
    expect(await shaOf(await finished(app, id))).toBe(await file.sha256());
  });
});

describe('programs to run', () => {
  test('when one is done: what the server calls its file is one argument, never a command', async () => {
    await using folder = await tempDirectory();
    const hostile = 'a; touch PWNED $(touch PWNED) `touch PWNED`.bin';
    await using origin = await startOrigin({
      content: content(12, 1000),
      clock,
      headers: [['Content-Disposition', `attachment; filename="${hostile}"`]],
    });
    await using app = await openTestApplication(folder.path);
    const script = 'require("fs").writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))';
    await app.call('settings.write', { whenOneDone: [process.execPath, '-e', script, folder.file('ran'), '{name}', 'x{path}'] });
    const path = await finished(app, await app.add(origin.url('/x')));
    const args = await app.until(() =>
      readFile(folder.file('ran'), 'utf8').then(
        (text) => text !== '' && text,
        () => undefined,
      ),
    );
    const name = path.slice(path.lastIndexOf('/') + 1);
    expect(JSON.parse(args)).toEqual([name, `x${path}`]);
    expect(name).toContain('touch PWNED');
    await expect(stat(folder.file('files', 'PWNED'))).rejects.toThrow();
  });
});

test('one that is removed while it is brought to its folder is removed, and nothing waits for it for ever', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({ content: content(9, MiB) });
  await using app = await openTestApplication(folder.path);
  const removing = Promise.withResolvers<unknown>();
  const unsubscribe = app.application.subscribe((news) => {
    if (news.type !== 'changed' || app.row(news.id)?.phase !== 'finalizing') return;
    unsubscribe();
    removing.resolve(app.call('downloads.remove', { ids: [news.id], deleteFiles: false }));
  });
  await app.add(origin.url('/late.zip'));
  expect(await removing.promise).toEqual({ changed: 1 });
  // What is added next is answered once it is on disk.
  await app.add(origin.url('/next.zip'), false);
});
