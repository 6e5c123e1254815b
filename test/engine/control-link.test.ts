/** A new link and a changed request, while the download runs, waits or is paused. */
import { describe, expect, test } from 'vitest';
import { status } from '../support/changes.ts';
import { type Content, content } from '../support/content.ts';
import type { RequestFault } from '../support/faults.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../support/fetching.ts';
import { startOrigin } from '../support/origin.ts';
import { ignoreRange } from '../support/range-changes.ts';

const always = Number.POSITIVE_INFINITY;
const file = content(20, 32 * MiB);
const passes = (rig: Rig, ms: number): Promise<void> => new Promise((resolve) => void rig.clock.setTimer(resolve, ms));

/** Begun, with a third of the file received. */
async function begun(rig: Rig, request = {}): Promise<Run> {
  const run = rig.download({}, request);
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 10 * MiB);
  return run;
}

const other = (lying: Content, etag?: string) => ({
  content: lying,
  contentType: 'application/octet-stream',
  acceptRanges: true,
  headers: [],
  etag,
});

/** Bytes the origin sent for requests that came after the one of this number. */
const sentAfter = (rig: Rig, number: number): number =>
  rig.origin.requests.filter(({ n }) => n > number).reduce((sum, { bytesSent }) => sum + bytesSent, 0);

describe('a new link', () => {
  test('to the same file goes on where the old one stopped, after a look at bytes on disk', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const run = await begun(rig);
    const asked = rig.origin.requests.length;
    run.download.setUrl(rig.origin.url('/new.bin?token=2'));
    const { receivedBytes } = run.download.progress();
    await run.end();
    expect(await rig.expectDone(run)).toBe(rig.directory.file('file.bin'));
    expect(run.restarts).toBe(0);
    expect(rig.origin.requests.slice(asked).every(({ path }) => path === '/new.bin')).toBe(true);
    const compared = rig.origin.requests.slice(asked, asked + 3);
    expect(compared.every(({ range }) => range !== undefined && range.end - range.start <= 16 * KiB)).toBe(true);
    // What had been received was kept, up to what lay in eight sockets.
    expect(run.receivedBytes - receivedBytes).toBeLessThanOrEqual(file.size - receivedBytes + MiB);
    expect(rig.origin.maxStreams).toBe(8);
  });

  test('is what a new process finds the part by, once it was proven', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const run = await begun(rig);
    const url = rig.origin.url('/file.bin?token=2');
    run.download.setUrl(url);
    await run.until(() => run.notes('link-proven') === 1);
    await run.download.pause();
    await rig.restartEngine();
    const again = rig.download({}, { url });
    await again.end();
    await rig.expectDone(again);
    expect(again.download.progress().resumedBytes).toBeGreaterThan(8 * MiB);
    // The same address: nothing had to be proven again.
    expect(again.notes('link-proven')).toBe(0);
  });

  test('to another file leaves the part to the old link', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    await using wrong = await startOrigin({ content: content(21, 32 * MiB), clock: rig.clock });
    const run = await begun(rig);
    run.download.setUrl(wrong.url('/file.bin'));
    await run.untilState('waiting');
    await run.download.pause();
    await rig.restartEngine();
    const again = rig.download();
    await again.end();
    await rig.expectDone(again);
    expect(again.download.progress().resumedBytes).toBeGreaterThan(8 * MiB);
  });

  test('renews the patience: what the old one failed at is not held against it', async () => {
    const isOld = ({ path }: { readonly path: string }): boolean => path === '/file.bin';
    let hasBegun = false;
    await using rig = await startRig({
      content: file,
      bytesPerSecond: MiB,
      faults: [
        { on: { where: (exchange) => isOld(exchange) && hasBegun }, times: always, atLeast: 2, answer: status(500) },
        { on: { where: (exchange) => !isOld(exchange) }, times: 2, answer: status(500) },
      ],
    });
    const run = rig.download({ retries: 2, connections: 1 });
    run.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    await run.download.pause();
    hasBegun = true;
    const end = run.end();
    await rig.origin.until(() => rig.origin.requests.filter(({ status: code }) => code === 500).length === 2);
    await run.untilState('waiting');
    run.download.setUrl(rig.origin.url('/new.bin'));
    await end;
    await rig.expectDone(run);
  });

  test('on another server is asked without the secrets of the first, unless it is given its own', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    await using other = await startOrigin({ content: file, clock: rig.clock, bytesPerSecond: MiB });
    const secrets = {
      cookie: 'session=CANARY',
      headers: [
        ['X-Api-Key', 'CANARY'],
        ['User-Agent', 'mine'],
      ] as const,
      login: { user: 'ann', password: 'CANARY' },
    };
    const run = await begun(rig, secrets);
    expect(JSON.stringify(rig.origin.requests.at(-1)?.headers)).toContain('CANARY');
    run.download.setUrl(other.url('/file.bin'));
    await other.until(() => other.bytesSent > 4 * MiB);
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) {
      expect(headers['user-agent']).toBe('mine');
      expect(headers).not.toHaveProperty('x-api-key');
      expect(headers).not.toHaveProperty('cookie');
      expect(headers).not.toHaveProperty('authorization');
    }
    run.download.setUrl(rig.origin.url('/again.bin'), { cookie: 'session=fresh' });
    await run.end();
    await rig.expectDone(run);
    const again = rig.origin.requests.filter(({ path }) => path === '/again.bin');
    expect(again.length).toBeGreaterThan(0);
    expect(again.every(({ headers }) => headers.cookie === 'session=fresh' && !headers.authorization)).toBe(true);
  });

  test.each([
    ['another size', other(content(21, 31 * MiB))],
    ['other bytes', other(content(21, 32 * MiB))],
    ['other bytes under the same ETag', other(content(21, 32 * MiB), '"v1"')],
  ])('to a file of %s is refused, with nothing given up, and the next one is tried', async (_what, wrong) => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB, resources: { '/wrong.bin': wrong } });
    const run = await begun(rig);
    run.download.setUrl(rig.origin.url('/wrong.bin'));
    await run.untilState('waiting');
    expect(run.download.state).toMatchObject({ for: 'url', cause: { code: 'E_REMOTE_CHANGED' } });
    await passes(rig, 1000);
    const { done } = run.download.progress();
    expect(run.download.progress().doneBytes).toBeGreaterThan(9 * MiB);
    await passes(rig, 300_000);
    expect(rig.origin.requests.filter(({ path }) => path === '/wrong.bin').length).toBeLessThanOrEqual(3);
    expect(run.download.progress().done).toEqual(done);
    expect(run.restarts).toBe(0);
    run.download.setUrl(rig.origin.url('/right.bin'));
    await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
    await rig.expectDone(run);
  });

  test('to a server that cannot go on is refused too, and one that can is taken', async () => {
    const faults = [{ on: { path: '/whole.bin', ranged: true }, times: always, answer: ignoreRange('poison') }];
    await using rig = await startRig({ content: file, bytesPerSecond: MiB, faults });
    const run = await begun(rig);
    run.download.setUrl(rig.origin.url('/whole.bin'));
    await run.untilState('waiting');
    expect(run.download.state).toMatchObject({ for: 'url', cause: { code: 'E_NO_RANGE_RESUME' } });
    expect(run.restarts).toBe(0);
    run.download.setUrl(rig.origin.url('/right.bin'));
    await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
    await rig.expectDone(run);
    expect(rig.origin.maxStreams).toBe(8);
  });

  test('that only refuses waits for a better one', async () => {
    const faults = [{ on: { path: '/dead.bin' }, times: always, answer: status(404) }];
    await using rig = await startRig({ content: file, bytesPerSecond: MiB, faults });
    const run = await begun(rig);
    run.download.setUrl(rig.origin.url('/dead.bin'));
    await run.untilState('waiting');
    expect(run.download.state).toMatchObject({ for: 'url' });
    run.download.setUrl(rig.origin.url('/right.bin'));
    await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
    await rig.expectDone(run);
  });

  test('given while paused is used from there on, under the same name', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const run = await begun(rig);
    await run.download.pause();
    const { doneBytes } = run.download.progress();
    const asked = rig.origin.requests.length;
    run.download.setUrl(rig.origin.url('/new.bin'));
    await run.end();
    expect(await rig.expectDone(run)).toBe(rig.directory.file('file.bin'));
    expect(run.download.progress().resumedBytes).toBe(doneBytes);
    expect(sentAfter(rig, asked)).toBeLessThan(file.size - doneBytes + MiB);
  });

  test('given while paused, then removed: nothing stays', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const run = await begun(rig);
    await run.download.pause();
    run.download.setUrl(rig.origin.url('/new.bin'));
    await run.download.remove({ deleteFiles: true });
    expect(await rig.disk.list(rig.directory.path)).toEqual([]);
  });

  test('set in the middle of the first answer compares what was received so far', async () => {
    await using rig = await startRig({
      content: file,
      bytesPerSecond: MiB,
      resources: { '/wrong.bin': other(content(21, 32 * MiB), '"v1"') },
    });
    const run = rig.download();
    run.download.start();
    await run.untilState('active');
    await rig.origin.until(() => rig.origin.bytesSent > 100 * KiB);
    run.download.setUrl(rig.origin.url('/wrong.bin'));
    await run.until(({ download }) => ['waiting', 'done', 'failed'].includes(download.state.type));
    // Never a mix: either nothing was received and the new file is the file, or it is refused.
    expect(run.download.state).toMatchObject({ type: 'waiting', for: 'url' });
    await run.download.pause();
  });

  test('that cannot be read is refused at once and changes nothing', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const run = await begun(rig);
    const before = run.download.request;
    expect(() => run.download.setUrl('ftp://example.org/x')).toThrow(expect.objectContaining({ code: 'E_INPUT' }));
    expect(() => run.download.setUrl('nonsense')).toThrow(expect.objectContaining({ code: 'E_INPUT' }));
    expect(run.download.request).toBe(before);
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.every(({ path }) => path === '/file.bin')).toBe(true);
  });
});

describe('a changed request', () => {
  test('is taken up by every running connection, each going on with its own rest', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const run = await begun(rig, { headers: [['X-Token', '1']] });
    const asked = rig.origin.requests.length;
    run.download.setRequest({ headers: [['X-Token', '2']], cookie: 'sid=2' });
    await rig.origin.until(() => rig.origin.streams === 8 && rig.origin.requests.length >= asked + 8);
    const later = rig.origin.requests.slice(asked);
    expect(later.every(({ headers }) => headers['x-token'] === '2' && headers.cookie === 'sid=2')).toBe(true);
    await run.end();
    await rig.expectDone(run);
    expect(run.receivedBytes - file.size).toBeLessThan(MiB);
    expect(run.restarts).toBe(0);
    expect(run.download.request).toMatchObject({ headers: [['X-Token', '2']], cookie: 'sid=2' });
  });

  test('cures a refusal: what waited for a link goes on by itself', async () => {
    const lacksToken: RequestFault = {
      on: { where: ({ bytesServed, headers }) => bytesServed > 4 * MiB && headers['x-token'] !== 'new' },
      times: always,
      answer: status(403),
    };
    await using rig = await startRig({ content: content(22, 40 * MiB), bytesPerSecond: MiB, faults: [lacksToken] });
    const run = rig.download({ connections: 2 });
    run.download.start();
    await run.untilState('waiting');
    expect(run.download.state).toMatchObject({ for: 'url' });
    run.download.setRequest({ headers: [['X-Token', 'new']] });
    await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
  });

  test('lets a stream that could not go on elsewhere finish as it was asked for', async () => {
    await using rig = await startRig({ content: content(22, 8 * MiB), bytesPerSecond: MiB, acceptRanges: false });
    const run = rig.download();
    run.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    run.download.setRequest({ headers: [['X-Token', '2']] });
    await run.end();
    await rig.expectDone(run);
    expect(run.receivedBytes).toBe(8 * MiB);
    expect(run.restarts).toBe(0);
  });

  test('that cannot be sent is refused at once and changes nothing', async () => {
    await using rig = await startRig({ content: content(22, 4 * MiB), bytesPerSecond: MiB });
    const run = rig.download({}, { headers: [['X-Token', '1']] });
    run.download.start();
    await run.untilState('active');
    const broken = (): void => run.download.setRequest({ headers: [['X-Token', '2\r\nX-Evil: 1']] });
    expect(broken).toThrow(expect.objectContaining({ code: 'E_INPUT' }));
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.every(({ headers }) => headers['x-token'] === '1')).toBe(true);
  });
});
