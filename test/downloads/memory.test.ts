/** What outlives a download: the history, its files, lists from elsewhere, what is run when something is done. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { writeListFile } from '#shared/list-file';
import { systemClock as clock } from '../../electron/engine/clock.ts';
import { openTestApplication, type TestApplication } from '../support/application.ts';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';
import { tempDirectory } from '../support/temp.ts';

const nowhere = 'http://127.0.0.1:9/';
type Id = Awaited<ReturnType<TestApplication['add']>>;
const script = 'require("fs").appendFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)) + "\\n")';
const pathOf = (app: TestApplication, id: string): Promise<string> => app.until(() => app.application.history.get(id)?.path);

/** Finished downloads as an earlier run left them. */
function writeHistory(data: string, files: string, count: number): void {
  mkdirSync(data, { recursive: true });
  for (let file = 0; file * 500 < count; file += 1) {
    const rows = Array.from({ length: Math.min(500, count - file * 500) }, (_, index) => {
      const number = file * 500 + index;
      const id = number.toString(16).padStart(16, '0');
      const name = `file-${String(number).padStart(5, '0')}.bin`;
      const request = { url: `https://${number % 2 === 0 ? 'even' : 'odd'}.test/${name}` };
      const row = { id, request, hasSecrets: false, category: number % 3 === 0 ? 'Video' : '', addedAt: 1, name };
      return [id, { ...row, path: `${files}/${name}`, size: 1000 - (number % 1000), finishedAt: number, isProven: false }];
    });
    writeFileSync(`${data}/history-0${file}.json`, JSON.stringify({ version: 1, rows: Object.fromEntries(rows) }));
  }
}

describe('the history', () => {
  test('comes in pages, sorted and searched over all of it, and a page looks at the files it shows alone', async () => {
    await using folder = await tempDirectory();
    writeHistory(folder.file('data'), folder.file('files'), 1200);
    mkdirSync(folder.file('files'));
    writeFileSync(folder.file('files', 'file-01199.bin'), Buffer.alloc(801));
    writeFileSync(folder.file('files', 'file-01198.bin'), Buffer.alloc(3));
    await using app = await openTestApplication(folder.path);
    const page = async (query: object) => await app.call('history.page', { offset: 0, limit: 3, ...query });
    const names = async (query: object) => (await page(query)).rows.map(({ name }) => Number(name.slice(5, 10)));
    const newest = await page({});
    expect(newest.total).toBe(1200);
    // There; there, but of another size; not there.
    expect(newest.rows.map(({ name, isMissing }) => [name, isMissing])).toEqual([
      ['file-01199.bin', false],
      ['file-01198.bin', true],
      ['file-01197.bin', true],
    ]);
    expect(await names({ offset: 1198 })).toEqual([1, 0]);
    expect(await names({ descending: false })).toEqual([0, 1, 2]);
    expect(await names({ sort: 'name', descending: false, offset: 5 })).toEqual([5, 6, 7]);
    expect(await names({ sort: 'size', descending: false, limit: 1 })).toEqual([999]);
    expect(await page({ search: 'EVEN.test' })).toMatchObject({ total: 600 });
    expect(await page({ category: 'Video', search: '0119' })).toMatchObject({ total: 3, rows: [{}, {}, {}] });
    expect(await page({ search: 'nothing like it' })).toEqual({ total: 0, rows: [] });
    await expect(page({ limit: 1001 })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });

  test('a result that is moved or gone is said, verified and removed for what it is', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(1, 5000), clock });
    await using app = await openTestApplication(folder.path);
    const [moved, kept] = [await app.add(origin.url('/moved.bin')), await app.add(origin.url('/kept.bin'))];
    const movedPath = await pathOf(app, moved);
    const keptPath = await pathOf(app, kept);
    expect(await app.call('file.verify', { id: kept })).toMatchObject({ isRight: true, algorithm: 'sha-256' });
    renameSync(movedPath, folder.file('elsewhere'));
    await expect(app.call('file.verify', { id: moved })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { rows } = await app.call('history.page', { offset: 0, limit: 10, sort: 'name', descending: false });
    expect(rows.map(({ name, isMissing }) => [name, isMissing])).toEqual([
      ['kept.bin', false],
      ['moved.bin', true],
    ]);
    // What has taken its place since is not deleted with it.
    writeFileSync(movedPath, 'of somebody else');
    await app.call('history.remove', { ids: [moved, kept], deleteFiles: true });
    expect(readdirSync(folder.file('files'))).toEqual(['moved.bin']);
    expect(keptPath).toContain('kept.bin');
    expect((await app.call('history.page', { offset: 0, limit: 10 })).total).toBe(0);
  });

  test('only a sum that was compared is called right', async () => {
    await using folder = await tempDirectory();
    const file = content(2, 5000);
    await using origin = await startOrigin({ content: file, clock });
    await using app = await openTestApplication(folder.path);
    const add = async (name: string, checksum?: string) =>
      await pathOf(app, await app.add({ request: { url: origin.url(name) }, ...(checksum !== undefined && { checksum }) }));
    await add('/none');
    await add('/right', `sha256=${await file.sha256()}`);
    // The server sends no digest: nothing was compared.
    await add('/auto', 'auto');
    const { rows } = await app.call('history.page', { offset: 0, limit: 10 });
    const sums = Object.fromEntries(rows.map(({ name, checksum }) => [name.replace(/\..*/, ''), checksum]));
    expect(sums).toEqual({ none: 'none', right: 'right', auto: 'none' });
  });

  test('what is there already and is kept as asked is in the history as it is', async () => {
    await using folder = await tempDirectory();
    mkdirSync(folder.file('files'));
    writeFileSync(folder.file('files', 'file.bin'), 'mine');
    await using origin = await startOrigin({ content: content(3, 5000), clock });
    await using app = await openTestApplication(folder.path);
    await pathOf(app, await app.add({ request: { url: origin.url('/file.bin') }, ifExists: 'skip', checksum: 'auto' }));
    const { rows } = await app.call('history.page', { offset: 0, limit: 10 });
    expect(rows).toMatchObject([{ name: 'file.bin', size: 4, isMissing: false, checksum: 'none' }]);
    expect(readFileSync(folder.file('files', 'file.bin'), 'utf8')).toBe('mine');
  });

  test('and is looked for in its folder, whatever folder and name it would be fetched to first', async () => {
    await using folder = await tempDirectory();
    mkdirSync(folder.file('files'));
    mkdirSync(folder.file('films'));
    const kept = [folder.file('files', 'file.bin'), folder.file('films', 'my film.mkv')] as const;
    for (const path of kept) writeFileSync(path, 'mine');
    await using origin = await startOrigin({ content: content(3, 64 * 1024 * 1024), bytesPerSecond: 1024 * 1024 });
    await using app = await openTestApplication(folder.path);
    const films = { name: 'Video', extensions: ['mkv'], hosts: [], patterns: [], directory: folder.file('films') };
    await app.call('settings.write', {
      ...{
        stagingDirectory: folder.file('staging'),
        ifExists: 'skip',
        categories: [{ ...films, fileName: 'my {stem}{extension}' }],
      },
    });
    // Its name is chosen: no server is asked.
    expect(await pathOf(app, await app.add({ request: { url: origin.url('/any') }, name: 'file.bin' }))).toBe(kept[0]);
    expect(origin.requests).toEqual([]);
    // The first answer tells the name.
    expect(await pathOf(app, await app.add(origin.url('/file.bin')))).toBe(kept[0]);
    expect(await pathOf(app, await app.add(origin.url('/film.mkv')))).toBe(kept[1]);
    expect(origin.bytesSent).toBeLessThan(8 * 1024 * 1024);
    expect(readdirSync(folder.file('staging'))).toEqual([]);
    for (const path of kept) expect(readFileSync(path, 'utf8')).toBe('mine');
    expect([readdirSync(folder.file('files')), readdirSync(folder.file('films'))]).toEqual([['file.bin'], ['my film.mkv']]);
  });
});

describe('a category', () => {
  test('gives its files their names, but not those a person named', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(4, 5000), clock });
    await using app = await openTestApplication(folder.path);
    const category = { name: 'Video', extensions: ['mkv'], hosts: [], patterns: [], directory: folder.file('films') };
    await app.call('settings.write', { categories: [{ ...category, fileName: '{host} {stem} (1080p){extension}' }] });
    const own = await app.add({ request: { url: origin.url('/other.mkv') }, name: 'mine.mkv' });
    expect(await pathOf(app, await app.add(origin.url('/film.mkv')))).toBe(folder.file('films', '127.0.0.1 film (1080p).mkv'));
    expect(await pathOf(app, own)).toBe(folder.file('films', 'mine.mkv'));
    expect(readdirSync(folder.file('films')).sort()).toEqual(['127.0.0.1 film (1080p).mkv', 'mine.mkv']);
  });
});

describe('a file that is whole and not in its folder', () => {
  test('fails by name, and is brought there by the next start, without a request', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(5, 5000), clock });
    writeFileSync(folder.file('files'), 'no folder');
    let id: Id;
    let requests = 0;
    {
      await using app = await openTestApplication(folder.path);
      await app.call('settings.write', { stagingDirectory: folder.file('staging') });
      id = await app.add(origin.url('/file.bin'));
      const row = await app.until(() => app.row(id)?.state === 'failed' && app.row(id));
      expect(row.failure?.message).toMatch(/file\.bin cannot be moved into .*files/);
      expect(readdirSync(folder.file('staging'))).toEqual(['file.bin']);
      requests = origin.requests.length;
    }
    await rm(folder.file('files'));
    await using app = await openTestApplication(folder.path);
    expect(await pathOf(app, id)).toBe(folder.file('files', 'file.bin'));
    expect(readdirSync(folder.file('staging'))).toEqual([]);
    expect(origin.requests).toHaveLength(requests);
  });

  test('removed with its files it goes; taken away by somebody it is fetched anew when it is started', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(6, 5000), clock });
    writeFileSync(folder.file('files'), 'no folder');
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { stagingDirectory: folder.file('staging') });
    const [gone, again] = [await app.add(origin.url('/gone.bin')), await app.add(origin.url('/again.bin'))];
    await app.until(() => app.row(gone)?.state === 'failed' && app.row(again)?.state === 'failed');
    await app.call('downloads.remove', { ids: [gone], deleteFiles: true });
    expect(readdirSync(folder.file('staging'))).toEqual(['again.bin']);
    await rm(folder.file('staging', 'again.bin'));
    await rm(folder.file('files'));
    await app.call('downloads.start', { ids: [again] });
    await app.until(() => app.row(again)?.failure?.code === 'E_FS_GONE');
    await app.call('downloads.start', { ids: [again] });
    expect(await pathOf(app, again)).toBe(folder.file('files', 'again.bin'));
  });
});

describe('a list from elsewhere', () => {
  test('is taken row by row: what cannot be used is named, and the rest is there', async () => {
    await using folder = await tempDirectory();
    await using app = await openTestApplication(folder.path, {
      roots: [folder.file('files')],
      defaultDirectory: folder.file('files'),
    });
    const good = { request: { url: `${nowhere}good` }, directory: folder.file('files') };
    const rows: unknown[] = [
      good,
      { ...good, request: { url: `${nowhere}1` }, directory: '/etc' },
      { ...good, request: { url: `${nowhere}2` }, partDirectory: '/etc' },
      { ...good, request: { url: `${nowhere}3` }, name: '../escape' },
      { ...good, request: { url: `${nowhere}4` }, connections: 1e9 },
      { ...good, request: { url: 'file:///etc/passwd' } },
      { ...good, request: { url: `${nowhere}5`, headers: [['X\r\nY', 'z']] } },
      { ...good, request: { url: `${nowhere}6` }, doneBytes: -5 },
      'no row',
      null,
      { ...good, request: { url: `${nowhere}last` }, isPaused: true },
    ];
    const { added, refused } = await app.call('list.import', { text: JSON.stringify({ sluiceList: 1, downloads: rows }) });
    expect([added, refused.length]).toEqual([2, rows.length - 2]);
    expect(refused.join('\n')).toContain('/etc is not inside the folders');
    for (const text of ['', 'null', '[]', '{"sluiceList": 2, "downloads": []}', '{"sluiceList": 1}']) {
      await expect(app.call('list.import', { text })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    }
  });

  test('goes out without secrets unless they are asked for, and comes back with all else', async () => {
    await using folder = await tempDirectory();
    await using other = await tempDirectory();
    await using app = await openTestApplication(folder.path);
    const request = { url: `${nowhere}a`, headers: [['X-Api-Key', 'CANARY']] as [string, string][], userAgent: 'agent' };
    await app.add(
      { request, directory: folder.file('d'), priority: 'high', connections: 3, limitBytesPerSecond: 5, name: 'n' },
      false,
    );
    const plain = (await app.call('list.export', {})).text;
    expect(plain).not.toContain('CANARY');
    const { text } = await app.call('list.export', { withSecrets: true });
    await using second = await openTestApplication(other.path);
    await second.call('list.import', { text });
    expect(JSON.parse((await second.call('list.export', { withSecrets: true })).text)).toEqual(JSON.parse(text));
    expect(writeListFile(JSON.parse(text).downloads)).toBe(text);
  });
});

describe('programs to run', () => {
  test('when all are done, once; off by default', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(7, 5000), clock });
    await using app = await openTestApplication(folder.path);
    expect(await app.call('settings.read')).toMatchObject({ whenOneDone: [], whenAllDone: [] });
    const all = [process.execPath, '-e', script, folder.file('ran'), 'all', '{path}'];
    await app.call('settings.write', { whenAllDone: all });
    const orders = ['/a', '/b', '/c'].map((path) => ({ request: { url: origin.url(path) } }));
    await app.call('downloads.add', { orders });
    await app.until(() => app.application.history.size === 3);
    const ran = () => readFile(folder.file('ran'), 'utf8').catch(() => '');
    await app.until(async () => (await ran()) !== '');
    expect(await ran()).toBe('["all",""]\n');
  });

  test('one that cannot be started is said, and harms nothing', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(8, 5000), clock });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { whenOneDone: [folder.file('no-such-program'), '{path}'] });
    await pathOf(app, await app.add(origin.url('/a')));
    const notice = await app.until(() => app.pushes.find(({ value }) => JSON.stringify(value).includes('command-failed')));
    expect(JSON.stringify(notice.value)).toContain('no-such-program');
  });

  test('a server that is confined to folders takes none, by whichever field', async () => {
    await using folder = await tempDirectory();
    await using app = await openTestApplication(folder.path, { roots: [folder.path] });
    for (const change of [{ whenOneDone: ['x'] }, { whenAllDone: ['x'] }, { whenOneDone: [], whenAllDone: ['x'] }]) {
      await expect(app.call('settings.write', change)).rejects.toMatchObject({ code: 'NOT_HERE' });
    }
    expect(await app.call('settings.read')).toMatchObject({ whenOneDone: [], whenAllDone: [] });
  });
});
