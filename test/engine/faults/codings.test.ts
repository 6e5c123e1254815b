/** F20 to F22: answers that are coded although nobody asked for it. */

import { readFile, stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { addHeader, chunked, cut, encoded, header, withBody } from '../../support/changes.ts';
import { content, literal } from '../../support/content.ts';
import type { Change } from '../../support/faults.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;
const file = content(120, 6 * MiB);
const both =
  (...changes: Change[]): Change =>
  (answer, exchange, origin) =>
    changes.reduce((changed, change) => change(changed, exchange, origin), answer);

test.each(['gzip', 'deflate', 'br', 'zstd'] as const)(
  'F20: a whole file coded as %s is decoded while it comes, on one stream',
  async (coding) => {
    await using rig = await startRig({ content: file, faults: [{ on: {}, times: always, answer: encoded(coding) }] });
    const run = rig.download({ connections: 8 });
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
    expect(rig.origin.requests.length).toBe(1);
    expect(rig.origin.requests[0]?.headers['accept-encoding']).toBe('identity');
  },
);

test('F20: an archive labelled as coded is stored as it was sent', async () => {
  const archive = gzipSync(Buffer.from('the file itself is an archive'));
  const labelled = both(header('Content-Type', 'application/x-gzip'), header('Content-Encoding', 'gzip'));
  await using rig = await startRig({
    content: content(121, MiB),
    faults: [{ on: {}, times: always, answer: both(withBody(literal(archive)), labelled) }],
  });
  const run = rig.download({}, { url: rig.origin.url('/backup.tar.gz') });
  await run.end();
  expect(run.download.state).toMatchObject({ type: 'done' });
  expect(await readFile(rig.directory.file('backup.tar.gz'))).toEqual(archive);
});

test('F20: a coded answer has no digest of its own to be compared with', async () => {
  const wrong = `sha-256=:${Buffer.alloc(32).toString('base64')}:`;
  const answer = both(encoded('gzip'), addHeader('Repr-Digest', wrong));
  await using rig = await startRig({ content: content(122, MiB), faults: [{ on: {}, times: always, answer }] });
  const run = rig.download({ checksum: 'auto' });
  await run.end();
  await rig.expectDone(run);
});

test('F21: parts that are coded are refused, and the file is fetched as one stream', async () => {
  await using rig = await startRig({
    content: content(123, 16 * MiB),
    bytesPerSecond: 4 * MiB,
    faults: [{ on: { ranged: true }, times: always, atLeast: 1, answer: encoded('gzip') }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.filter(({ range }) => range === undefined).length).toBeLessThanOrEqual(2);
});

test('F21: parts coded as identity are parts', async () => {
  await using rig = await startRig({
    content: content(124, 16 * MiB),
    bytesPerSecond: 4 * MiB,
    faults: [{ on: {}, times: always, answer: header('Content-Encoding', 'identity') }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(4);
  expect(run.restarts).toBe(0);
});

test('F22: a coded file that is cut at its announced length is fetched anew once, then it is an error', async () => {
  await using rig = await startRig({
    content: content(125, 2 * MiB),
    faults: [{ on: {}, times: always, atLeast: 2, answer: encoded('gzip', MiB) }],
  });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe('E_PROTOCOL');
  expect(run.restarts).toBe(1);
  expect(rig.origin.requests.length).toBe(2);
  await expect(stat(rig.directory.file('file.bin'))).rejects.toThrow();
});

test('F22: a coded file that was cut once is done after the second try', async () => {
  await using rig = await startRig({
    content: content(126, 2 * MiB),
    faults: [
      { on: { where: ({ n }) => n === 1 }, answer: encoded('gzip', MiB) },
      { on: { where: ({ n }) => n > 1 }, answer: encoded('gzip') },
    ],
  });
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(1);
});

test('a bomb is left as soon as it shows, and nothing of it is kept', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * MiB), { level: 9 });
  await using rig = await startRig({
    content: content(127, MiB),
    faults: [{ on: {}, times: always, answer: both(withBody(literal(bomb)), header('Content-Encoding', 'gzip')) }],
  });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe('E_PROTOCOL');
  expect(run.download.state).toMatchObject({ failure: { message: expect.stringContaining('unpacks') } });
  expect(rig.origin.requests.length).toBe(1);
});

test('a stream of unknown length that is cut is not begun again where starting over is not wanted', async () => {
  await using rig = await startRig({
    content: content(128, 4 * MiB),
    faults: [{ on: {}, times: always, answer: both(chunked(), cut(3 * MiB, 'rst')) }],
  });
  const run = rig.download({ onChange: 'fail' });
  await run.end();
  expect(run.code).toBe('E_NO_RANGE_RESUME');
  expect(run.restarts).toBe(0);
  expect(rig.origin.requests.length).toBe(1);
});
