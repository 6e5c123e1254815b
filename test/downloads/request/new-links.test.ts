/** A new link for a download whose own has died: compared before a byte of it is trusted, and never waited for without end. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Resource, resourceOf } from '../../support/answer.ts';
import { openTestApplication, type TestApplication } from '../../support/application.ts';
import { chunked, header, instead, status } from '../../support/changes.ts';
import { type Content, content } from '../../support/content.ts';
import type { Fault } from '../../support/faults.ts';
import { type Origin, startOrigin } from '../../support/origin.ts';
import { ignoreRange } from '../../support/range-changes.ts';
import { tempDirectory } from '../../support/temp.ts';

const MiB = 1024 * 1024;
const always = Number.POSITIVE_INFINITY;
const file = content(81, 12 * MiB);
const resource = (source: Content): Resource => resourceOf({ content: source, contentType: 'application/zip' });

interface Scene {
  readonly origin: Origin;
  readonly app: TestApplication;
  readonly id: Awaited<ReturnType<TestApplication['add']>>;
  readonly doneBytes: number;
}

/** A download of which some megabytes are there: its link is dead, or it is paused. */
async function scene({ origin, kill }: Server, app: TestApplication, how: 'dead' | 'paused'): Promise<Scene> {
  const id = await app.add({ request: { url: origin.url('/old.zip') }, connections: 4 });
  await app.until(() => (app.row(id)?.counters[1] ?? 0) > 3 * MiB);
  if (how === 'paused') await app.call('downloads.pause', { ids: [id] });
  kill();
  if (how === 'dead') await app.until(() => app.row(id)?.waitingFor === 'url');
  return { origin, app, id, doneBytes: app.row(id)?.counters[1] ?? 0 };
}

interface Server extends AsyncDisposable {
  readonly origin: Origin;
  /** The old link dies, and what streams ends. */
  kill(): void;
}

async function startServer(faults: readonly Fault[] = []): Promise<Server> {
  let isDead = false;
  const dead: Fault = {
    name: 'the old link is dead',
    on: { path: '/old.zip', where: () => isDead },
    times: always,
    atLeast: 0,
    answer: status(403),
  };
  const origin = await startOrigin({
    resources: {
      '/old.zip': resource(file),
      '/new.zip': resource(file),
      '/shorter.zip': resource(content(82, 11 * MiB)),
      '/other.zip': resource(content(83, 12 * MiB)),
      '/whole.zip': resource(file),
      '/silent.zip': resource(file),
    },
    bytesPerSecond: MiB,
    faults: [dead, ...faults],
  });
  return {
    origin,
    kill() {
      isDead = true;
      origin.dropConnections('fin');
    },
    [Symbol.asyncDispose]: () => origin[Symbol.asyncDispose](),
  };
}

async function expectWhole(app: TestApplication, id: string): Promise<void> {
  const path = await app.until(() => app.application.history.get(id)?.path);
  expect(file.matches(await readFile(path), 0)).toBe(true);
}

const replace = ({ app, id, origin }: Scene, path: string, waitMs = 20_000) =>
  app.call('link.replace', { id, url: origin.url(path), waitMs });

describe.each(['dead', 'paused'] as const)('of a download that is %s', (how) => {
  test.each(['/shorter.zip', '/other.zip'])('a link to another file (%s) is refused, and nothing changes', async (wrong) => {
    await using folder = await tempDirectory();
    await using server = await startServer();
    await using app = await openTestApplication(folder.path);
    const now = await scene(server, app, how);
    await expect(replace(now, wrong)).rejects.toMatchObject({ code: 'WRONG_FILE' });
    const { request } = await app.call('request.read', { id: now.id, reveal: true });
    expect(request.url).toBe(server.origin.url('/old.zip'));
    const isBack = () => (how === 'paused' ? app.row(now.id)?.state === 'paused' : app.row(now.id)?.waitingFor === 'url');
    await app.until(isBack);
    expect(app.row(now.id)?.counters[1]).toBeGreaterThanOrEqual(now.doneBytes);
    expect(await replace(now, '/new.zip')).toEqual({ isOpen: false, startsOver: false });
    if (how === 'paused') {
      expect(app.row(now.id)?.state).toBe('paused');
      await app.call('downloads.start', { ids: [now.id] });
    }
    await expectWhole(app, now.id);
    const again = server.origin.requests
      .filter(({ path }) => path === '/new.zip')
      .reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    expect(again + now.doneBytes - file.size).toBeLessThan(file.size / 50);
  });

  test('a server that cannot go on from the middle is refused, not begun anew', async () => {
    await using folder = await tempDirectory();
    const faults = [{ on: { path: '/whole.zip', ranged: true }, times: always, answer: ignoreRange('poison') }];
    await using server = await startServer(faults);
    await using app = await openTestApplication(folder.path);
    const now = await scene(server, app, how);
    await expect(replace(now, '/whole.zip')).rejects.toMatchObject({ code: 'LINK_REFUSED' });
    await replace(now, '/new.zip');
    await app.call('downloads.start', { ids: [now.id] });
    await expectWhole(app, now.id);
  });

  test('a server that says nothing is not waited for: the next link is taken', async () => {
    await using folder = await tempDirectory();
    await using server = await startServer([{ on: { path: '/silent.zip' }, times: always, answer: instead('silence') }]);
    await using app = await openTestApplication(folder.path);
    const now = await scene(server, app, how);
    expect(await replace(now, '/silent.zip', 500)).toEqual({ isOpen: true, startsOver: false });
    // What was asked for first is still what a wrong link is taken back to.
    await expect(replace(now, '/other.zip')).rejects.toMatchObject({ code: 'WRONG_FILE' });
    const { request } = await app.call('request.read', { id: now.id, reveal: true });
    expect(request.url).toBe(server.origin.url('/old.zip'));
    await replace(now, '/new.zip');
    await app.call('downloads.start', { ids: [now.id] });
    await expectWhole(app, now.id);
  });
});

test('a link that turns out wrong after nobody waited any more is taken back by itself', async () => {
  await using folder = await tempDirectory();
  await using server = await startServer([{ on: { path: '/other.zip' }, times: always, answer: header('X-Late', 'yes') }]);
  await using app = await openTestApplication(folder.path);
  const now = await scene(server, app, 'dead');
  expect(await replace(now, '/other.zip', 0)).toEqual({ isOpen: true, startsOver: false });
  const log = await app.until(() => {
    const { lines } = app.application.list.require(now.id).journal;
    return lines.find(({ code }) => code === 'link-refused');
  });
  expect(log.message).toMatch(/the one before is back/);
  await app.until(async () => (await app.call('request.read', { id: now.id, reveal: true })).request.url.endsWith('/old.zip'));
});

test('a link is offered to the downloads it may belong to: by size, then name, then host; never where the size differs', async () => {
  await using folder = await tempDirectory();
  await using server = await startServer();
  await using app = await openTestApplication(folder.path);
  const { id } = await scene(server, app, 'dead');
  const match = async (url: string, size?: number) =>
    (await app.call('link.match', { url, ...(size !== undefined && { size }) })).ids;
  expect(await match('https://elsewhere.example/x', file.size)).toEqual([id]);
  expect(await match('https://elsewhere.example/old.zip?signature=new')).toEqual([id]);
  expect(await match(server.origin.url('/anything'))).toEqual([id]);
  expect(await match(server.origin.url('/anything'), file.size + 1)).toEqual([]);
  expect(await match('https://elsewhere.example/x')).toEqual([]);
  expect(await match(server.origin.url('/old.zip'))).toEqual([]);
});

test('where no server told a size nothing can be compared: it is said that the new link starts the file over', async () => {
  await using folder = await tempDirectory();
  const unmeasured = (path: string): Fault => ({ on: { path }, times: always, answer: chunked() });
  await using server = await startServer([unmeasured('/old.zip'), unmeasured('/new.zip')]);
  await using app = await openTestApplication(folder.path);
  const now = await scene(server, app, 'paused');
  expect(app.row(now.id)?.size).toBeUndefined();
  expect(await replace(now, '/new.zip')).toEqual({ isOpen: false, startsOver: true });
  const { lines } = app.application.list.require(now.id).journal;
  expect(lines.find(({ code }) => code === 'link-uncompared')?.message).toMatch(/starts it over/);
  await app.call('downloads.start', { ids: [now.id] });
  await expectWhole(app, now.id);
});
