/** Servers that cannot serve parts of a file, and what is left then: one stream from the start. */
import { expect, test } from 'vitest';
import { cut, header } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { Exchange } from '../../support/exchange.ts';
import type { RequestFault } from '../../support/faults.ts';
import { KiB, MiB, type Rig, startRig } from '../../support/fetching.ts';
import { contentRange, ignoreRange, multipart } from '../../support/range-changes.ts';

const always = Number.POSITIVE_INFINITY;
const size = 16 * MiB;
const rate = { bytesPerSecond: 4 * MiB };

/** Answers the client ended after their headers: what had gone out by then lies in socket buffers. */
const closedAtHeaders = (exchange: Exchange | undefined) => {
  expect(exchange?.outcome).toBe('abandoned');
  expect(exchange?.bytesSent).toBeLessThan(4 * MiB);
};

test('F01: a server that says it has no ranges gives the file in one stream', async () => {
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    acceptRanges: false,
    headers: [['Accept-Ranges', 'none']],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests).toHaveLength(1);
  expect(rig.origin.requests[0]?.headers.range).toBeUndefined();
  expect(rig.origin.connections).toBe(1);
  expect(run.events.find((event) => event.type === 'identified')).toMatchObject({ size, resumable: false });
});

test('F01: a server that says nothing of ranges and has none is asked once for one', async () => {
  await using rig = await startRig({ content: content(1, size), ...rate, acceptRanges: false });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(2);
  expect(run.receivedBytes).toBe(size);
  expect(run.notes('no-ranges')).toBe(1);
  expect(run.restarts).toBe(0);
});

for (const etag of ['"v1"', undefined]) {
  test(`F01: a stream without ranges, cut at the same byte each time, is given up after the retries, ${etag ?? 'no tag'}`, async () => {
    await using rig = await startRig({
      content: content(2, size),
      ...rate,
      etag,
      acceptRanges: false,
      headers: [['Accept-Ranges', 'none']],
      faults: [{ on: {}, times: always, atLeast: 9, answer: cut(3 * MiB, 'fin') }],
    });
    const run = rig.download({ connections: 8, retries: 8 });
    await run.end();
    expect(run.code).toBe('E_NO_PROGRESS');
    expect(rig.origin.requests).toHaveLength(9);
    // Under the same strong tag what was fetched stays.
    expect(run.restarts).toBe(etag === undefined ? 8 : 0);
    expect(run.download.progress().doneBytes).toBe(3 * MiB);
  });
}

test('F02: extra ranged requests answered with the whole file close at their headers and the first stream finishes alone', async () => {
  await using rig = await startRig({
    content: content(2, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: ignoreRange('poison') }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests).toHaveLength(2);
  closedAtHeaders(rig.origin.requests[1]);
  // Not a byte of the refused answer was taken, none of the first stream's twice.
  expect(run.receivedBytes).toBe(size);
  expect(run.notes('no-ranges')).toBe(1);
  expect(run.restarts).toBe(0);
});

/** A part of an earlier process, on a server that has since lost its ranges. */
async function rigWithoutRangesOnResume(seed: number): Promise<{ rig: Rig; kept: number }> {
  let hasRanges = true;
  const rig = await startRig({
    content: content(seed, 64 * MiB),
    bytesPerSecond: 32 * MiB,
    faults: [{ on: { ranged: true, where: () => !hasRanges }, times: always, answer: ignoreRange('honest') }],
  });
  const kept = await rig.leavePart(40 * MiB);
  expect(kept).toBeGreaterThan(32 * MiB);
  hasRanges = false;
  return { rig, kept };
}

test('F03: a resume answered with the whole file takes that very body from its first byte, announced', async () => {
  const { rig: made, kept } = await rigWithoutRangesOnResume(3);
  await using rig = made;
  const before = rig.origin.requests.length;
  const run = rig.download({ connections: 8, onChange: 'restart' });
  await run.end();
  await rig.expectDone(run);
  const after = rig.origin.requests.slice(before);
  expect(after).toHaveLength(1);
  expect(after[0]?.range?.start).toBe(kept);
  expect(run.events.filter((event) => event.type === 'restarted')).toMatchObject([{ failure: { code: 'E_NO_RANGE_RESUME' } }]);
  expect(run.events.findLast((event) => event.type === 'identified')).toMatchObject({ resumable: false, resumedBytes: 0 });
  expect(run.receivedBytes).toBe(64 * MiB);
});

test('F03: a resume answered with the whole file fails where nothing may be given up, and keeps part and claims', async () => {
  const { rig: made, kept } = await rigWithoutRangesOnResume(4);
  await using rig = made;
  const before = rig.origin.requests.length;
  const run = rig.download({ connections: 8, onChange: 'fail' });
  await run.end();
  expect(run.code).toBe('E_NO_RANGE_RESUME');
  expect(rig.origin.requests.length - before).toBe(1);
  expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: kept }]);
  expect(run.restarts).toBe(0);
});

test('F03: paused at any moment of giving up what it had, it leaves nothing open and starts over when asked', async () => {
  for (const turns of [1, 2, 4, 8, 16]) {
    let hasRanges = true;
    await using rig = await startRig({
      content: content(5, size),
      bytesPerSecond: 16 * MiB,
      faults: [{ on: { ranged: true, where: () => !hasRanges }, times: always, answer: ignoreRange('honest') }],
    });
    await rig.leavePart(6 * MiB);
    hasRanges = false;
    const run = rig.download();
    const asked = rig.origin.requests.length;
    run.download.start();
    await rig.origin.until(() => rig.origin.requests.length > asked);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    await run.download.pause();
    expect(run.download.state.type).toBe('paused');
    await rig.restartEngine();
    const again = rig.download();
    await again.end();
    await rig.expectDone(again);
  }
});

const withoutContentRange = (given: Partial<RequestFault> = {}): RequestFault => ({
  on: { ranged: true },
  answer: [contentRange(() => undefined), header('X-Fault', 'no Content-Range')],
  ...given,
});

test('F08: parts without Content-Range are refused, and the first stream finishes alone', async () => {
  await using rig = await startRig({ content: content(8, size), ...rate, faults: [withoutContentRange({ times: always })] });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  const [first, ...refused] = rig.origin.requests;
  expect(first?.range).toBeUndefined();
  // Tried once more on another connection: it might have been one bad node.
  expect(refused).toHaveLength(2);
  expect(new Set(refused.map(({ connection }) => connection)).size).toBe(2);
  for (const each of refused) closedAtHeaders(each);
  expect(run.receivedBytes).toBe(size);
  expect(run.notes('no-ranges')).toBe(1);
});

test('F08: a part without Content-Range is refused although its length fits and earlier parts were right', async () => {
  await using rig = await startRig({ content: content(9, size), ...rate, faults: [withoutContentRange({ skip: 2, times: 1 })] });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  const ranged = rig.origin.requests.filter(({ range }) => range !== undefined);
  const refused = ranged[2];
  closedAtHeaders(refused);
  // Asked again from the same byte, on another connection.
  const again = ranged.slice(3).find(({ range }) => range?.start === refused?.range?.start);
  expect(again?.connection).not.toBe(refused?.connection);
  expect(run.receivedBytes).toBeLessThan(size + 512 * KiB);
  expect(run.notes('no-ranges')).toBe(0);
  expect(rig.origin.maxStreams).toBe(4);
});

test('F13: a multipart answer to one range is refused at once', async () => {
  await using rig = await startRig({
    content: content(13, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: multipart('poison') }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests).toHaveLength(2);
  closedAtHeaders(rig.origin.requests[1]);
  expect(run.receivedBytes).toBe(size);
  expect(run.notes('no-ranges')).toBe(1);
});
