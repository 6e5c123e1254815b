/** A part that needs no more bytes, and servers that answer 416 although it does. */
import { expect, test } from 'vitest';
import { header, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { Change } from '../../support/faults.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;
const size = 16 * MiB;
const rate = { bytesPerSecond: 4 * MiB };

/** 416 that tells this total, or none. */
const unsatisfiable = (total?: number): readonly Change[] => [
  status(416),
  header('Content-Range', total === undefined ? undefined : `bytes */${total}`),
];

test('F23: a part with every byte claimed is done without any request', async () => {
  await using rig = await startRig({ content: content(23, size) });
  const hex = await rig.content.sha256();
  const checksum = { algorithm: 'sha-256', hex } as const;
  const first = rig.download({ checksum });
  first.download.start();
  await first.untilState('verifying');
  await first.download.pause();
  expect(first.download.state.type).toBe('paused');
  expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: size }]);
  await rig.restartEngine();
  const before = rig.origin.requests.length;
  const second = rig.download({ checksum });
  await second.end();
  await rig.expectDone(second);
  expect(rig.origin.requests.length).toBe(before);
  expect(second.download.progress().resumedBytes).toBe(size);
});

test('F24: a 416 of one node for a range inside the file is asked again on another connection', async () => {
  await using rig = await startRig({
    content: content(24, size),
    ...rate,
    faults: [{ on: { ranged: true }, answer: unsatisfiable(size) }],
  });
  const run = rig.download({ connections: 4, retries: 0, onChange: 'fail' });
  await run.end();
  await rig.expectDone(run);
  const [refused, again] = rig.origin.requests.filter(({ range }) => range !== undefined);
  expect(again?.range?.start).toBe(refused?.range?.start);
  expect(again?.connection).not.toBe(refused?.connection);
  expect(run.notes('no-ranges')).toBe(0);
  expect(rig.origin.maxStreams).toBe(4);
});

for (const [name, total] of [
  ['with the known size', size],
  ['without a size', undefined],
] as const) {
  test(`F24: 416 again and again, ${name}, leaves the first stream to finish alone`, async () => {
    await using rig = await startRig({
      content: content(25, size),
      ...rate,
      faults: [{ on: { ranged: true }, times: always, atLeast: 2, answer: unsatisfiable(total) }],
    });
    const run = rig.download({ connections: 8, retries: 0, onChange: 'fail' });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests).toHaveLength(3);
    expect(run.notes('no-ranges')).toBe(1);
    expect(run.receivedBytes).toBe(size);
  });

  test(`F24: 416 on resume, ${name}, ends in one plain request for the whole file`, async () => {
    let isBroken = false;
    await using rig = await startRig({
      content: content(26, size),
      bytesPerSecond: 16 * MiB,
      faults: [{ on: { ranged: true, where: () => isBroken }, times: always, atLeast: 2, answer: unsatisfiable(total) }],
    });
    const kept = await rig.leavePart(6 * MiB);
    isBroken = true;
    const before = rig.origin.requests.length;
    const run = rig.download({ connections: 8, retries: 0 });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.slice(before).map(({ range }) => range?.start)).toEqual([kept, kept, undefined]);
    expect(run.restarts).toBe(1);
  });
}

test('F24: a 416 that tells another size is another file', async () => {
  let isBroken = false;
  await using rig = await startRig({
    content: content(27, size),
    bytesPerSecond: 16 * MiB,
    faults: [{ on: { ranged: true, where: () => isBroken }, answer: unsatisfiable(5 * MiB) }],
  });
  const kept = await rig.leavePart(6 * MiB);
  isBroken = true;
  const before = rig.origin.requests.length;
  const run = rig.download({ connections: 8, onChange: 'fail' });
  await run.end();
  expect(run.code).toBe('E_REMOTE_CHANGED');
  expect(rig.origin.requests.length - before).toBe(1);
  expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: kept }]);
});
