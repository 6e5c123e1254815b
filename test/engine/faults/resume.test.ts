/** Going on with a part of an earlier process where no strong tag says that the server still has the file. */
import { expect, test } from 'vitest';
import { resourceOf } from '../../support/answer.ts';
import { content } from '../../support/content.ts';
import { askedBytes } from '../../support/exchange.ts';
import { KiB, MiB, startRig } from '../../support/fetching.ts';
import { ignoreRange } from '../../support/range-changes.ts';

const size = 16 * MiB;
const windowBytes = 16 * KiB;

test('F15: a later date without a tag ends a resume too, whatever the bytes that are compared', async () => {
  const source = content(158, size);
  await using rig = await startRig({ content: source, etag: undefined, bytesPerSecond: 4 * MiB });
  const kept = await rig.leavePart(4 * MiB);
  rig.origin.replace(undefined, resourceOf({ content: source, etag: undefined, lastModified: 'Fri, 02 Jan 2026 00:00:00 GMT' }));
  const run = rig.download({ connections: 8, onChange: 'fail' });
  await run.end();
  expect(run.code).toBe('E_REMOTE_CHANGED');
  expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: kept }]);
});

for (const [number, validators] of [
  ['F17', { etag: 'W/"x"', lastModified: undefined }],
  ['F18', { etag: undefined, lastModified: undefined }],
] as const) {
  test(`${number}: a resume with ${validators.etag ?? 'no validator'} compares bytes first, then goes on`, async () => {
    await using rig = await startRig({ content: content(17, size), ...validators, bytesPerSecond: MiB });
    const kept = await rig.leavePart(4 * MiB);
    const before = rig.origin.requests.length;
    const run = rig.download({ connections: 8, onChange: 'fail' });
    await run.end();
    await rig.expectDone(run);
    const asked = rig.origin.requests.slice(before);
    const windows = asked.filter((each) => askedBytes(each) <= windowBytes);
    expect(windows.length).toBeGreaterThanOrEqual(2);
    expect(windows.length).toBeLessThanOrEqual(3);
    // Before anything else, and one after another.
    expect(asked.slice(0, windows.length)).toEqual(windows);
    expect(windows.every(({ range, streams }) => streams === 0 && (range?.end ?? 0) <= kept)).toBe(true);
    expect(asked.filter((each) => !windows.includes(each)).every(({ range }) => (range?.start ?? 0) >= kept)).toBe(true);
    expect(rig.origin.maxStreams).toBe(8);
    for (const { headers } of rig.origin.requests) {
      expect(headers).not.toHaveProperty('if-match');
      expect(headers).not.toHaveProperty('if-range');
    }
  });
}

for (const onChange of ['fail', 'restart'] as const) {
  test(`F18: a resume without validators finds other bytes: ${onChange}`, async () => {
    const validators = { etag: undefined, lastModified: undefined };
    const v2 = content(181, size);
    await using rig = await startRig({ content: content(180, size), ...validators, bytesPerSecond: 4 * MiB });
    const kept = await rig.leavePart(6 * MiB);
    rig.origin.replace(undefined, resourceOf({ content: v2, ...validators }));
    const before = rig.origin.requests.length;
    const run = rig.download({ connections: 8, onChange });
    await run.end();
    if (onChange === 'fail') {
      expect(run.code).toBe('E_REMOTE_CHANGED');
      expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: kept }]);
      expect(rig.origin.requests.length - before).toBe(1);
    } else {
      await rig.expectDone(run, v2);
      expect(run.events.flatMap((event) => (event.type === 'restarted' ? [event.failure.code] : []))).toEqual([
        'E_REMOTE_CHANGED',
      ]);
    }
  });
}

test('F19: a server that drops ranges under If-Range serves eight connections, for none is sent', async () => {
  await using rig = await startRig({
    content: content(19, size),
    bytesPerSecond: 2 * MiB,
    faults: [
      {
        on: { where: ({ headers }) => 'if-range' in headers },
        times: Number.POSITIVE_INFINITY,
        atLeast: 0,
        answer: ignoreRange('poison'),
      },
    ],
  });
  const kept = await rig.leavePart(2 * MiB);
  expect(kept).toBeGreaterThan(0);
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(8);
  for (const { headers } of rig.origin.requests) expect(headers).not.toHaveProperty('if-range');
});
