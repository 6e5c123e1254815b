/** Files whose length the server does not tell, and files of no length: one stream, and its end has to be believed or not. */
import { expect, test } from 'vitest';
import { resourceOf } from '../../support/answer.ts';
import { chunked, closeAfter, closeDelimited, cut, replaceFile } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { Change } from '../../support/faults.ts';
import { KiB, MiB, type Rig, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;
const size = 8 * MiB;
const rate = { bytesPerSecond: 4 * MiB };

/** Clock milliseconds between one request and the next. */
const gaps = ({ origin }: Rig): number[] =>
  origin.requests.slice(1).map(({ at }, index) => at - (origin.requests[index]?.at ?? 0));

for (const [name, changes] of [
  ['with Content-Length: 0', []],
  ['chunked, without any chunk', [chunked()]],
  ['ended by the end of the connection', [closeDelimited()]],
] as [string, Change[]][]) {
  test(`F25: an empty file, ${name}, is an empty file after one request`, async () => {
    await using rig = await startRig({ content: content(1, 0), faults: [{ on: {}, answer: changes, times: always }] });
    const run = rig.download({ connections: 8 });
    await run.end();
    await rig.expectDone(run);
    expect(run.download.state).toMatchObject({ type: 'done', size: 0 });
    expect(rig.origin.requests).toHaveLength(1);
  });
}

test('F26: a chunked file of unknown length comes in one stream and is proven by its last chunk', async () => {
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    faults: [{ on: {}, times: always, answer: chunked() }],
  });
  const run = rig.download({ connections: 8 });
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > size / 2);
  const halfway = run.download.progress();
  expect(halfway.size).toBeUndefined();
  expect(halfway.doneBytes).toBeGreaterThan(MiB);
  expect(halfway.connections).toBe(1);
  await run.end();
  await rig.expectDone(run);
  expect(run.download.state).toMatchObject({ type: 'done', size, lengthVerified: true });
  expect(rig.origin.requests).toHaveLength(1);
  expect(run.restarts).toBe(0);
});

for (const bytes of [1, 100 * KiB, 3 * MiB]) {
  test(`F27: a stream of unknown length that is cut after ${bytes} bytes does not start over where that is not wanted`, async () => {
    await using rig = await startRig({
      content: content(1, size),
      ...rate,
      faults: [
        { on: {}, times: always, answer: chunked() },
        { on: {}, answer: cut(bytes, 'fin') },
      ],
    });
    const run = rig.download({ onChange: 'fail' });
    expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_NO_RANGE_RESUME' } });
    expect(rig.origin.requests).toHaveLength(1);
    expect(run.restarts).toBe(0);
  });
}

test('F27: a chunked stream cut by FIN starts again from the beginning after a back-off that grows', async () => {
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    faults: [
      { on: {}, times: always, answer: chunked() },
      { on: {}, times: 3, answer: cut(100 * KiB, 'fin') },
    ],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests).toHaveLength(4);
  for (const { headers } of rig.origin.requests) expect(headers.range).toBeUndefined();
  expect(run.restarts).toBe(3);
  for (const [index, gap] of gaps(rig).entries()) {
    expect(gap).toBeGreaterThanOrEqual(1000 * 2 ** index);
    expect(gap).toBeLessThan(1000 * 2 ** index + 500);
  }
});

for (const [name, bytes] of [
  ['crumbs', 100 * KiB],
  ['nearly all of it', size - KiB],
] as const) {
  test(`F27: one that is cut each time, after ${name}, is given up when the retries are used up`, async () => {
    await using rig = await startRig({
      content: content(1, size),
      ...rate,
      faults: [
        { on: {}, times: always, answer: chunked() },
        { on: {}, times: always, answer: cut(bytes, 'fin') },
      ],
    });
    const run = rig.download({ connections: 8, retryWaitMs: 20 });
    await run.end();
    expect(run.download.state.type).toBe('failed');
    expect(['E_NO_PROGRESS', 'E_NETWORK']).toContain(run.code);
    expect(rig.origin.requests).toHaveLength(9);
    expect(await rig.claims('file.bin')).toEqual([]);
  });
}

test('F27: nothing of a longer first try is left behind a shorter second one', async () => {
  const shorter = content(2, 3 * MiB);
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    faults: [
      { on: { from: 2 }, times: always, answer: replaceFile(resourceOf({ content: shorter, etag: undefined })) },
      { on: {}, times: always, answer: chunked() },
      { on: { request: 1 }, answer: cut(6 * MiB, 'fin') },
    ],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run, shorter);
  expect(rig.origin.requests).toHaveLength(2);
  expect(run.restarts).toBe(1);
});

test('F28: without length and framing the end of the connection is the end of the file, and that is said', async () => {
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    faults: [{ on: {}, times: always, answer: [closeDelimited(), closeAfter()] }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(run.download.state).toMatchObject({ type: 'done', size, lengthVerified: false });
  expect(rig.origin.requests).toHaveLength(1);
});

test('F29: a reset is no end: the file is fetched again, and never taken for whole', async () => {
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    faults: [
      { on: {}, times: always, answer: closeDelimited() },
      { on: {}, times: 2, answer: cut(5 * MiB, 'rst') },
    ],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(run.download.state).toMatchObject({ type: 'done', size, lengthVerified: false });
  expect(rig.origin.requests).toHaveLength(3);
  expect(run.restarts).toBe(2);
});

test('F29: a reset right after the last byte is no end either', async () => {
  await using rig = await startRig({
    content: content(1, MiB),
    ...rate,
    faults: [{ on: {}, times: always, answer: closeDelimited('rst') }],
  });
  const run = rig.download({ connections: 8, retries: 2 });
  await run.end();
  expect(run.download.state.type).toBe('failed');
  expect(rig.origin.requests).toHaveLength(3);
});
