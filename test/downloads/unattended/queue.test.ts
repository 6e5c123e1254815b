import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { FinishedMemory } from '../../../electron/downloads/unattended/finished.ts';
import {
  type DownloadOrder,
  Downloads,
  type DownloadsEvent,
  type DownloadsOptions,
} from '../../../electron/downloads/unattended/queue.ts';
import { createEngine, systemClock } from '../../../electron/engine/index.ts';
import type { DownloadTarget } from '../../../shared/download.ts';
import { instead, status } from '../../support/changes.ts';
import { content, literal } from '../../support/content.ts';
import { expectFileEqualsSource } from '../../support/expect-file.ts';
import { watchResources } from '../../support/leaks.ts';
import { type Origin, type OriginOptions, startOrigin } from '../../support/origin.ts';
import { tempDirectory } from '../../support/temp.ts';

const MiB = 1024 * 1024;

/** A queue on a real engine, an origin, and folders that go away with the test. */
async function setUp(options: OriginOptions, queue: Partial<DownloadsOptions> = {}) {
  const directory = await tempDirectory();
  const origin: Origin = await startOrigin(options);
  await mkdir(directory.file('target'));
  const makeQueue = (): Downloads =>
    new Downloads(
      { jobs: 2, ...queue },
      { engine: createEngine(), clock: systemClock, memory: new FinishedMemory(directory.file('data')) },
    );
  let downloads = makeQueue();
  const events: DownloadsEvent[] = [];
  downloads.subscribe((event) => events.push(event));
  return {
    origin,
    events,
    get downloads() {
      return downloads;
    },
    order: (path: string, target: Partial<DownloadTarget> = {}): DownloadOrder => ({
      request: { url: origin.url(path) },
      target: { directory: directory.file('target'), ifExists: 'rename', ...target },
    }),
    file: (name: string) => directory.file('target', name),
    data: directory.file('data'),
    names: () => readdir(directory.file('target')),
    outcomes: () => downloads.rows().map(({ outcome }) => outcome?.type),
    async restart() {
      await downloads.close();
      downloads = makeQueue();
      downloads.subscribe((event) => events.push(event));
    },
    async [Symbol.asyncDispose]() {
      await downloads.close();
      await origin[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('a queue of downloads', () => {
  test('runs as many at once as it is told, in the order of adding, and takes more at any time', async () => {
    const source = content(1, 2 * MiB);
    await using rig = await setUp({ content: source, bytesPerSecond: 8 * MiB });
    const { downloads, events, order } = rig;
    let running = 0;
    let most = 0;
    downloads.subscribe((event) => {
      if (event.type === 'started') running += 1;
      if (event.type === 'ended') running -= 1;
      most = Math.max(most, running);
      if (event.type === 'ended' && event.row.id === 1) downloads.add(order('/late.bin'));
    });
    for (const name of ['a', 'b', 'c', 'd']) downloads.add(order(`/${name}.bin`));
    await downloads.drained();
    expect(most).toBe(2);
    const started = events.filter(({ type }) => type === 'started').map((event) => 'row' in event && event.row.id);
    expect(started).toEqual([1, 2, 3, 4, 5]);
    expect(rig.outcomes()).toEqual(['done', 'done', 'done', 'done', 'done']);
    for (const name of ['a', 'b', 'c', 'd', 'late']) await expectFileEqualsSource(rig.file(`${name}.bin`), source);
  });

  test('ends each with its own outcome: a failure of one is none of another', async () => {
    await using rig = await setUp({ resources: { '/good.bin': { content: literal('good'), ...plainResource } } });
    rig.downloads.add(rig.order('/missing.bin'));
    rig.downloads.add(rig.order('/good.bin'));
    rig.downloads.add({ ...rig.order('/good.bin'), request: { url: rig.origin.url('/good.bin'), headers: [['A B', 'c']] } });
    await rig.downloads.drained();
    expect(rig.downloads.rows().map(({ outcome }) => outcome)).toMatchObject([
      { type: 'failed', failure: { code: 'E_HTTP_404' } },
      { type: 'done', path: rig.file('good.bin'), size: 4 },
      { type: 'failed', failure: { code: 'E_INPUT' } },
    ]);
  });

  test('is drained while nothing is in it', async () => {
    await using rig = await setUp({});
    await rig.downloads.drained();
    expect(rig.downloads.rows()).toEqual([]);
  });

  test('stopped, it ends all as stopped with every byte kept, and a later one goes on', async () => {
    const source = content(2, 16 * MiB);
    await using rig = await setUp({ content: source, bytesPerSecond: 4 * MiB }, { jobs: 1 });
    rig.downloads.add(rig.order('/a.bin'));
    rig.downloads.add(rig.order('/b.bin'));
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    await rig.downloads.stop();
    expect(rig.outcomes()).toEqual(['stopped', 'stopped']);
    const kept = await rig.names();
    expect(kept).toEqual(expect.arrayContaining(['a.bin.part', 'a.bin.part.ckpt']));
    expect(kept.filter((name) => !name.startsWith('a.bin.part'))).toEqual([]);
    rig.downloads.add(rig.order('/c.bin'));
    expect(rig.outcomes()).toEqual(['stopped', 'stopped', 'stopped']);
    await rig.restart();
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    await expectFileEqualsSource(rig.file('a.bin'), source);
    const resumed = rig.events.find(
      (event) => event.type === 'told' && event.event.type === 'identified' && event.event.resumedBytes > 0,
    );
    expect(resumed).toBeDefined();
  });

  test('closed, it leaves no socket and no timer', async () => {
    const watch = watchResources(['TCPSocketWrap', 'Timeout', 'FSReqPromise']);
    {
      await using rig = await setUp({ content: content(3, 16 * MiB), bytesPerSecond: MiB });
      rig.downloads.add(rig.order('/a.bin'));
      await rig.origin.until(() => rig.origin.bytesSent > 0);
    }
    await watch.expectNone();
  });
});

describe('a target that is there already', () => {
  test('from the same address and untouched costs no request, by its name or without one', async () => {
    await using rig = await setUp({ content: content(4, 1000) });
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    await rig.restart();
    rig.downloads.add(rig.order('/a.bin'));
    rig.downloads.add(rig.order('/a.bin', { name: 'a.bin' }));
    await rig.downloads.drained();
    expect(rig.downloads.rows().map(({ outcome }) => outcome)).toEqual(
      Array(2).fill({ type: 'already-there', path: rig.file('a.bin'), size: 1000 }),
    );
    expect(rig.origin.requests).toHaveLength(1);
  });

  test('but changed since is another file: it stays, and the new one gets a number', async () => {
    await using rig = await setUp({ content: content(5, 1000) });
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    await writeFile(rig.file('a.bin'), 'mine now');
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    expect((await rig.names()).sort()).toEqual(['a (1).bin', 'a.bin']);
    expect(await readFile(rig.file('a.bin'), 'utf8')).toBe('mine now');
    await expectFileEqualsSource(rig.file('a (1).bin'), content(5, 1000));
  });

  test('is fetched anew by who asks to overwrite', async () => {
    await using rig = await setUp({ content: content(6, 1000) });
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    rig.downloads.add(rig.order('/a.bin', { ifExists: 'overwrite' }));
    await rig.downloads.drained();
    expect(rig.outcomes()).toEqual(['done', 'done']);
    expect(await rig.names()).toEqual(['a.bin']);
    expect(rig.origin.requests).toHaveLength(2);
  });

  test('and is foreign is left alone by who asks to skip', async () => {
    await using rig = await setUp({ content: content(7, 1000) });
    await writeFile(rig.file('a.bin'), 'mine');
    rig.downloads.add(rig.order('/a.bin', { ifExists: 'skip' }));
    rig.downloads.add(rig.order('/elsewhere', { ifExists: 'skip', name: 'a.bin' }));
    await rig.downloads.drained();
    expect(rig.outcomes()).toEqual(['skipped', 'skipped']);
    expect(await readFile(rig.file('a.bin'), 'utf8')).toBe('mine');
    expect(rig.origin.requests.map(({ path }) => path)).toEqual(['/a.bin']);
  });

  test('cannot be known without a memory, which is said once and harms nothing', async () => {
    await using rig = await setUp({ content: content(8, 1000) });
    await writeFile(rig.data, 'a file where the folder should be');
    rig.downloads.add(rig.order('/a.bin'));
    rig.downloads.add(rig.order('/b.bin'));
    await rig.downloads.drained();
    expect(rig.outcomes()).toEqual(['done', 'done']);
    expect(rig.events.filter(({ type }) => type === 'forgetful')).toHaveLength(1);
  });
});

describe('without a person to wait for', () => {
  test('a server that names an hour is given up at once, with what it said', async () => {
    const retryAfter = status(503, { headers: [['Retry-After', '3600']] });
    await using rig = await setUp(
      { content: content(9, 1000), faults: [{ on: { from: 1 }, times: Number.POSITIVE_INFINITY, answer: retryAfter }] },
      {
        maxWaitMs: 30_000,
      },
    );
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    expect(rig.downloads.rows()[0]?.outcome).toMatchObject({
      type: 'failed',
      failure: { message: expect.stringContaining('503') },
    });
    expect(await rig.names()).toEqual([]);
  });

  test('short waits add up to the end of patience when no byte comes between them', async () => {
    const retryAfter = status(503, { headers: [['Retry-After', '1']] });
    await using rig = await setUp(
      { content: content(10, 1000), faults: [{ on: { from: 1 }, times: Number.POSITIVE_INFINITY, answer: retryAfter }] },
      {
        maxWaitMs: 1800,
      },
    );
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    expect(rig.outcomes()).toEqual(['failed']);
    expect(rig.origin.requests.length).toBeLessThanOrEqual(3);
    expect(rig.origin.requests.length).toBeGreaterThanOrEqual(2);
  });

  test('a wait that ends in time is waited for', async () => {
    const source = content(11, 1000);
    const retryAfter = status(503, { headers: [['Retry-After', '1']] });
    await using rig = await setUp(
      { content: source, faults: [{ on: { request: 1 }, answer: retryAfter }] },
      { maxWaitMs: 30_000 },
    );
    rig.downloads.add(rig.order('/a.bin'));
    await rig.downloads.drained();
    expect(rig.outcomes()).toEqual(['done']);
    await expectFileEqualsSource(rig.file('a.bin'), source);
  });

  test('retries are counted by the engine and not cut short', async () => {
    const source = content(12, 1000);
    await using rig = await setUp(
      { content: source, faults: [{ on: { request: 1 }, answer: instead('rst') }] },
      { maxWaitMs: 0 },
    );
    rig.downloads.add({ ...rig.order('/a.bin'), options: { retryWaitMs: 50 } });
    await rig.downloads.drained();
    expect(rig.outcomes()).toEqual(['done']);
  });
});

const plainResource = { contentType: 'application/octet-stream', acceptRanges: true, headers: [] };
