/** What follows a status: a back-off by formula, the end, a bad node, a server that dislikes ranges. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { cut, interim, status, statusLine } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, startRig } from '../../support/fetching.ts';
import { expectWaits, waitsOf } from '../../support/instants.ts';

const always = Number.POSITIVE_INFINITY;
const small = content(50, 2 * MiB);

describe.each([500, 502, 504, 520, 521, 522, 523, 524, 408, 425, 503])('F50: %i', (code) => {
  test(`F50: ${code} on all requests is tried again after 1, 2, 4 … 60 s and fails when the budget is used up`, async () => {
    await using rig = await startRig({
      content: small,
      engine: { tickMs: 10_000 },
      faults: [{ on: {}, times: always, answer: status(code) }],
    });
    const run = rig.download();
    await run.end();
    expect(run.code).toBe(`E_HTTP_${code}`);
    expectWaits(waitsOf(rig.origin), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(await readdir(rig.directory.path)).toEqual([]);
  });
});

test('F50: each wait is up to a fifth shorter or longer, so that not all come back at once', async () => {
  const draws = [0, 1, 0.25, 0.75];
  await using rig = await startRig({
    content: small,
    engine: { tickMs: 10_000 },
    random: () => draws.shift() ?? 0.5,
    faults: [{ on: {}, times: 5, atLeast: 5, answer: status(500) }],
  });
  await rig.download({ retries: 4 }).end();
  expectWaits(waitsOf(rig.origin), [800, 2400, 3600, 8800]);
});

test('F50: a Retry-After is waited for as long as the host asks, and counts all the same', async () => {
  await using rig = await startRig({
    content: small,
    engine: { tickMs: 10_000 },
    faults: [{ on: {}, times: 3, atLeast: 3, answer: status(502, { headers: [['Retry-After', '100']] }) }],
  });
  const run = rig.download({ retries: 2 });
  const end = run.end();
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ for: 'host' });
  await end;
  expect(run.code).toBe('E_HTTP_502');
  expectWaits(waitsOf(rig.origin), [100_000, 100_000]);
});

test('F50: the first wait is an option', async () => {
  await using rig = await startRig({
    content: small,
    faults: [{ on: {}, times: 3, atLeast: 3, answer: status(500) }],
  });
  const run = rig.download({ retryWaitMs: 300 });
  await run.end();
  await rig.expectDone(run);
  expectWaits(waitsOf(rig.origin), [300, 600, 1200]);
});

test('F50: in the middle of a file the bytes are kept, and progress renews the budget', async () => {
  await using rig = await startRig({
    content: content(50, 6 * MiB),
    faults: [
      { on: { request: [1, 4, 7] }, times: 3, atLeast: 3, answer: cut(MiB, 'fin') },
      { on: { request: [2, 3, 5, 6, 8, 9] }, times: 6, atLeast: 6, answer: status(502) },
    ],
  });
  const run = rig.download({ connections: 1, retries: 3 });
  await run.end();
  await rig.expectDone(run);
  expectWaits(waitsOf(rig.origin), [1000, 2000, 4000, 1000, 2000, 4000, 1000, 2000, 4000]);
  expect(run.restarts).toBe(0);
  expect(run.download.progress().receivedBytes).toBe(6 * MiB);
});

test('F50: eight connections that fail together are one failure', async () => {
  let outage = { start: always, end: always };
  await using rig = await startRig({
    content: content(50, 32 * MiB),
    bytesPerSecond: MiB,
    faults: [
      { name: 'outage', on: { where: ({ at }) => at >= outage.start && at < outage.end }, times: always, answer: status(500) },
    ],
  });
  const run = rig.download({ retries: 3 });
  const end = run.end();
  await rig.origin.until(() => rig.origin.streams === 8);
  outage = { start: rig.clock.now(), end: rig.clock.now() + 2500 };
  rig.origin.dropConnections('rst');
  await end;
  await rig.expectDone(run);
  expect(rig.origin.firedTimes('outage')).toBeLessThanOrEqual(24);
});

test('F51: 404 at the first request fails at once and leaves nothing behind', async () => {
  await using rig = await startRig({ content: small, faults: [{ on: {}, answer: status(404) }] });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe('E_HTTP_404');
  expect(rig.origin.requests).toHaveLength(1);
  expect(await readdir(rig.directory.path)).toEqual([]);
});

describe('F52', () => {
  test('F52: a node without the file is asked again on fresh connections after 1 s and 3 s, then the host is capped', async () => {
    await using rig = await startRig({
      content: content(52, 22 * MiB),
      bytesPerSecond: 128 * KiB,
      faults: [{ name: 'bad node', on: { connection: [3, 4, 5] }, times: always, answer: status(404) }],
    });
    const run = rig.download({ connections: 3, retries: 0 });
    await run.end();
    await rig.expectDone(run);
    const refused = rig.origin.requests.filter((request) => request.status === 404);
    expect(new Set(refused.map(({ connection }) => connection)).size).toBe(3);
    const [first = 0, second = 0, third = 0] = refused.map(({ at }) => at);
    expectWaits([second - first, third - second], [1000, 3000]);
    expect(run.notes('host-capped')).toBe(1);
    const next = rig.origin.requests.find(({ at, connection }) => at > third && connection > 5);
    expect(((next?.at ?? 0) - third) / 1000).toBeGreaterThanOrEqual(60);
  });

  test('F52: one that has the file at the second try costs a second', async () => {
    await using rig = await startRig({
      content: content(52, 16 * MiB),
      bytesPerSecond: 512 * KiB,
      faults: [{ on: { connection: 3 }, answer: status(404) }],
    });
    const run = rig.download({ connections: 3, retries: 0 });
    await run.end();
    await rig.expectDone(run);
    expect(run.notes('host-capped')).toBe(0);
    expect(rig.origin.maxStreams).toBe(3);
  });

  test('F52: refused everywhere, the link is dead and what was fetched stays', async () => {
    await using rig = await startRig({
      content: content(52, 8 * MiB),
      bytesPerSecond: MiB,
      faults: [{ name: 'gone', on: { after: 4 * MiB }, times: always, answer: status(404) }],
    });
    const run = rig.download({ connections: 2 });
    const end = run.end();
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    rig.origin.dropConnections('rst');
    await run.until(() => run.code === 'E_LINK_EXPIRED');
    expect(run.download.state).toMatchObject({ type: 'waiting', for: 'url' });
    expect(rig.origin.firedTimes('gone')).toBeLessThanOrEqual(6);
    await run.download.pause();
    await end;
    expect((await rig.claims('file.bin')).reduce((sum, { start, end: until }) => sum + until - start, 0)).toBeGreaterThan(
      3 * MiB,
    );
  });
});

test.each([410, 451])('F53: %i is final', async (code) => {
  await using rig = await startRig({ content: small, faults: [{ on: {}, answer: status(code) }] });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe(`E_HTTP_${code}`);
  expect(rig.origin.requests).toHaveLength(1);
  expect(await readdir(rig.directory.path)).toEqual([]);
});

describe('F58', () => {
  test.each([201, 202, 203])('F58: %i is read as 200', async (code) => {
    await using rig = await startRig({ content: small, faults: [{ on: { ranged: false }, answer: statusLine(code) }] });
    const run = rig.download();
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests).toHaveLength(1);
  });

  test.each([204, 205, 304])('F58: %i, which nobody asked for, carries no file', async (code) => {
    await using rig = await startRig({ content: small, faults: [{ on: {}, answer: status(code) }] });
    const run = rig.download();
    await run.end();
    expect(run.code).toBe('E_PROTOCOL');
    expect(rig.origin.requests).toHaveLength(1);
    expect(await readdir(rig.directory.path)).toEqual([]);
  });

  test.each([204, 304])('F58: %i on one connection among good ones does not end the download', async (code) => {
    await using rig = await startRig({
      content: content(58, 16 * MiB),
      bytesPerSecond: MiB,
      faults: [{ on: { connection: 3 }, answer: status(code) }],
    });
    const run = rig.download();
    await run.end();
    await rig.expectDone(run);
  });

  test('F58: 100, 102 and 103 before an answer are announcements, on every request', async () => {
    await using rig = await startRig({
      content: content(58, 16 * MiB),
      bytesPerSecond: 2 * MiB,
      faults: [
        {
          on: {},
          times: always,
          atLeast: 3,
          answer: [interim(100), interim(102), interim(103, [['Link', '</style.css>; rel=preload']])],
        },
      ],
    });
    const run = rig.download({ retries: 0 });
    await run.end();
    await rig.expectDone(run);
  });
});
