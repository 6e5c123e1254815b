/** A new link and a changed request, while the download runs, waits or is paused. */
import { describe, expect, test } from 'vitest';
import type { Answer } from '../support/answer.ts';
import { delayHead, html, status } from '../support/changes.ts';
import { type Content, content } from '../support/content.ts';
import type { Exchange } from '../support/exchange.ts';
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
  test('is taken up one by one: the next connection moves over when the one before receives, and the others go on', async () => {
    const isNew = ({ headers }: Exchange): boolean => headers['x-token'] === '2';
    /** Of the changed requests before it, those that had brought no byte, as each came in. */
    const openBefore: number[] = [];
    const watch = (answer: Answer, exchange: Exchange): Answer => {
      openBefore.push(
        rig.origin.requests.filter((other) => isNew(other) && other.n < exchange.n && other.bytesSent === 0).length,
      );
      return answer;
    };
    await using rig: Rig = await startRig({
      // So large that no lease ends by itself meanwhile.
      content: content(23, 96 * MiB),
      bytesPerSecond: MiB,
      faults: [{ on: { where: isNew }, times: always, answer: [watch, delayHead(300)] }],
    });
    const run = await begun(rig, { headers: [['X-Token', '1']] });
    const asked = rig.origin.requests.length;
    run.download.setRequest({ headers: [['X-Token', '2']], cookie: 'sid=2' });
    const taken = (): Exchange[] => rig.origin.requests.slice(asked).filter(isNew);
    await rig.origin.until(() => rig.origin.streams === 8 && taken().length >= 8);
    const firstEight = taken().slice(0, 8);
    expect(firstEight.every(({ headers }) => headers.cookie === 'sid=2')).toBe(true);
    expect(openBefore.slice(0, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(Math.min(...firstEight.map(({ streams }) => streams))).toBeGreaterThanOrEqual(6);
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.at(-1)?.headers['x-token']).toBe('2');
    expect(run.receivedBytes - rig.content.size).toBeLessThan(MiB);
    expect(run.restarts).toBe(0);
    expect(run.download.request).toMatchObject({ headers: [['X-Token', '2']], cookie: 'sid=2' });
  });

  test.each([
    ['403', 1, status(403), 'E_HTTP_403'],
    ['401', 1, status(401), 'E_HTTP_401'],
    ['404', 1, status(404), 'E_HTTP_404'],
    ['a page', 1, html(), 'E_NOT_FILE'],
    ['the whole file, twice', 2, ignoreRange('poison'), 'E_NO_RANGE_RESUME'],
    ['a server error, three times', 3, status(500), 'E_HTTP_500'],
  ])(
    'that is answered with %s costs one connection a moment: all go on as before, and it is said',
    async (_what, tries, answer, code) => {
      const isWrong = ({ headers }: Exchange): boolean => headers['x-token'] === 'wrong';
      await using rig = await startRig({
        content: file,
        bytesPerSecond: MiB,
        faults: [{ on: { where: isWrong }, times: always, answer }],
      });
      const run = await begun(rig, { headers: [['X-Token', 'right']] });
      const refusals = () => run.events.flatMap((event) => (event.type === 'edit-refused' ? [event.failure] : []));
      const asked = rig.origin.requests.length;
      run.download.setRequest({ headers: [['X-Token', 'wrong']] });
      await run.until(() => refusals().length === 1);
      expect(refusals()).toMatchObject([{ code }]);
      const wrong = rig.origin.requests.filter(isWrong);
      expect(wrong.length).toBe(tries);
      expect(Math.min(...wrong.map(({ streams }) => streams))).toBeGreaterThanOrEqual(6);
      expect(run.states).not.toContain('waiting');
      await rig.origin.until(() => rig.origin.streams === 8);
      // Taken back, there is nothing to take up.
      const before = rig.origin.requests.length;
      run.download.setRequest({ headers: [['X-Token', 'right']] });
      await passes(rig, 200);
      expect(rig.origin.requests.length).toBeLessThanOrEqual(before + 3);
      expect(rig.origin.streams).toBeGreaterThanOrEqual(7);
      await run.end();
      await rig.expectDone(run);
      expect(rig.origin.requests.slice(asked).filter(isWrong)).toEqual(wrong);
      expect(run.receivedBytes - file.size).toBeLessThan(MiB);
      expect(run.restarts).toBe(0);
    },
  );

  test('by a proxy that cannot be reached is given up after three tries, and nothing else stops', async () => {
    await using rig = await startRig({ content: file, bytesPerSecond: MiB });
    const closed = await startOrigin({ content: file, clock: rig.clock });
    const address = `http://127.0.0.1:${closed.port}`;
    await closed[Symbol.asyncDispose]();
    const run = await begun(rig);
    run.download.setRequest({ proxy: { http: address, https: address } });
    await run.until(() => run.events.some(({ type }) => type === 'edit-refused'));
    expect(run.download.progress().connections).toBeGreaterThanOrEqual(7);
    await run.end();
    await rig.expectDone(run);
    expect(run.states).not.toContain('waiting');
  });

  test('that is wrong leaves an only connection to go on with its rest', async () => {
    const isWrong = ({ headers }: Exchange): boolean => headers['x-token'] === 'wrong';
    const faults = [{ on: { where: isWrong }, times: always, answer: status(403) }];
    await using rig = await startRig({ content: content(22, 8 * MiB), bytesPerSecond: MiB, faults });
    const run = rig.download({ connections: 1 });
    run.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    run.download.setRequest({ headers: [['X-Token', 'wrong']] });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.filter(isWrong).length).toBe(1);
    expect(run.states).not.toContain('waiting');
    expect(run.receivedBytes - 8 * MiB).toBeLessThan(MiB);
  });

  test('that comes as the old one is refused is all there is: the download goes on by it', async () => {
    let isOver = false;
    const isOld = ({ headers }: Exchange): boolean => headers['x-token'] !== 'new';
    await using rig = await startRig({
      content: file,
      bytesPerSecond: MiB,
      faults: [{ on: { where: (exchange) => isOver && isOld(exchange) }, times: always, atLeast: 0, answer: status(403) }],
    });
    const run = await begun(rig);
    isOver = true;
    rig.origin.dropConnections('rst');
    run.download.setRequest({ headers: [['X-Token', 'new']] });
    await run.until(({ download }) => ['done', 'failed'].includes(download.state.type));
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
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
