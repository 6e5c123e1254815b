/** Answers to a range that are not quite what was asked: which are used, how much of them, and which are refused. */
import { expect, test } from 'vitest';
import { setBody } from '../../support/answer.ts';
import { named, statusLine } from '../../support/changes.ts';
import { content, joined, poison, window } from '../../support/content.ts';
import type { Exchange } from '../../support/exchange.ts';
import type { Change } from '../../support/faults.ts';
import { KiB, MiB, type Run, startRig } from '../../support/fetching.ts';
import { contentRange, limitRange, shiftEnd, shiftStart } from '../../support/range-changes.ts';

const always = Number.POSITIVE_INFINITY;
const size = 16 * MiB;
const rate = { bytesPerSecond: 4 * MiB };
/** What a client may have read of a body before it could end it: one chunk. */
const chunk = 64 * KiB;

const rangedOnly = (requests: readonly Exchange[]) => requests.filter(({ range }) => range !== undefined);

/** Nothing was refused, waited for or given up. */
function expectUntroubled(run: Run): void {
  expect(run.events.filter(({ type }) => type === 'noted' || type === 'restarted')).toEqual([]);
  expect(run.states).not.toContain('waiting');
}

test('F04: a range that begins one byte late is refused and asked for once more on another connection', async () => {
  await using rig = await startRig({
    content: content(40, size),
    ...rate,
    faults: [{ on: { ranged: true }, answer: shiftStart(1, 'poison') }],
  });
  const run = rig.download({ connections: 8, retries: 0 });
  await run.end();
  await rig.expectDone(run);
  const [refused, ...later] = rangedOnly(rig.origin.requests);
  expect(refused?.outcome).toBe('abandoned');
  const again = later.find(({ range }) => range?.start === refused?.range?.start);
  expect(again?.connection).not.toBe(refused?.connection);
  expect(run.restarts).toBe(0);
  expect(run.notes('no-ranges')).toBe(0);
  expect(rig.origin.maxStreams).toBeGreaterThan(4);
});

test('F04: a second range that begins one byte late ends ranges, and the first stream goes on alone', async () => {
  await using rig = await startRig({
    content: content(41, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, atLeast: 2, answer: shiftStart(1, 'poison') }],
  });
  const run = rig.download({ connections: 8, retries: 0 });
  await run.end();
  await rig.expectDone(run);
  const refused = rangedOnly(rig.origin.requests);
  expect(refused).toHaveLength(2);
  expect(rig.origin.requests).toHaveLength(3);
  expect(new Set(refused.map(({ connection }) => connection)).size).toBe(2);
  expect(run.receivedBytes).toBe(size);
  expect(run.notes('no-ranges')).toBe(1);
  expect(run.restarts).toBe(0);
});

for (const onChange of ['restart', 'fail'] as const) {
  test(`F04: with no stream left to go on with, late ranges lead to ${onChange}`, async () => {
    let isBroken = false;
    await using rig = await startRig({
      content: content(42, size),
      bytesPerSecond: 16 * MiB,
      faults: [{ on: { ranged: true, where: () => isBroken }, times: always, atLeast: 2, answer: shiftStart(1, 'poison') }],
    });
    const kept = await rig.leavePart(6 * MiB);
    isBroken = true;
    const before = rig.origin.requests.length;
    const run = rig.download({ connections: 8, onChange, retries: 0 });
    await run.end();
    const asked = rig.origin.requests.slice(before).map(({ range }) => range?.start);
    if (onChange === 'fail') {
      expect(run.code).toBe('E_NO_RANGE_RESUME');
      expect(asked).toEqual([kept, kept]);
      expect(await rig.claims('file.bin')).toEqual([{ start: 0, end: kept }]);
    } else {
      await rig.expectDone(run);
      expect(asked).toEqual([kept, kept, undefined]);
      expect(run.events.filter(({ type }) => type === 'restarted')).toMatchObject([{ failure: { code: 'E_NO_RANGE_RESUME' } }]);
    }
  });
}

test('F05: of a range that begins a block early the first bytes are dropped and the rest is used', async () => {
  await using rig = await startRig({
    content: content(5, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: shiftStart(-4096, 'honest') }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  const ranged = rangedOnly(rig.origin.requests).length;
  expect(ranged).toBeGreaterThanOrEqual(7);
  expect(run.receivedBytes).toBeGreaterThanOrEqual(size + 7 * 4096);
  expect(run.receivedBytes).toBeLessThan(size + ranged * (4096 + 4 * chunk));
});

test('F06: short answers are used to their end, asked on from there on the same connection, and not counted as failures', async () => {
  const most = 1.5 * MiB;
  await using rig = await startRig({
    content: content(6, size),
    bytesPerSecond: 16 * MiB,
    faults: [{ on: { ranged: true }, times: always, answer: limitRange(most) }],
  });
  const kept = await rig.leavePart(4 * MiB);
  const before = rig.origin.requests.length;
  const run = rig.download({ connections: 1, retries: 0 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  const asked = rig.origin.requests.slice(before);
  expect(new Set(asked.map(({ connection }) => connection)).size).toBe(1);
  const starts = asked.map(({ range }) => range?.start);
  expect(starts).toEqual(starts.map((_start, index) => kept + index * most));
  // After two such answers the server is not asked for more at once.
  const lengths = asked.map(({ range }) => (range === undefined ? 0 : range.end - range.start));
  expect(lengths[0]).toBe(size - kept);
  expect(Math.max(...lengths.slice(2))).toBe(most);
  expect(run.receivedBytes).toBe(size - kept);
});

test('F06: short answers cost eight connections no more requests than they are short', async () => {
  const most = 1.5 * MiB;
  const big = 48 * MiB;
  await using rig = await startRig({
    content: content(7, big),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: limitRange(most) }],
  });
  const run = rig.download({ connections: 8, retries: 0 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(Math.ceil(big / most) + 16);
  expect(rig.origin.maxStreams).toBe(8);
});

test('F07: an answer longer than asked is read as far as it is wanted', async () => {
  await using rig = await startRig({
    content: content(70, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: shiftEnd(300 * KiB) }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  expect(rig.origin.maxStreams).toBe(4);
  expect(run.receivedBytes).toBeLessThan(size + rig.origin.requests.length * 4 * chunk);
});

/** Honest bytes up to the end Content-Range names, then more that Content-Length announces too. */
const padded: Change = named('padded with poison', (answer) => {
  const padding = joined(window(answer.body, answer.start, answer.end), poison(512 * KiB));
  return answer.status === 206 ? setBody(answer, padding) : answer;
});

test('F07: bytes beyond the end that Content-Range names are never taken, though the length covers them', async () => {
  const big = 48 * MiB;
  await using rig = await startRig({
    content: content(71, big),
    bytesPerSecond: MiB,
    faults: [{ on: { ranged: true }, times: always, answer: padded }],
  });
  const run = rig.download({ connections: 2 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
});

test('F09: a range without the total is accepted where the size is known', async () => {
  await using rig = await startRig({
    content: content(90, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: contentRange(({ start, end }) => `bytes ${start}-${end - 1}/*`) }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  expect(rig.origin.maxStreams).toBe(4);
});

test('F10: a Content-Range written in another form is accepted where its numbers match', async () => {
  const forms = ['bytes=#', 'bytes: #', '#', '  bytes   #  ', 'BYTES #', 'Bytes #'];
  let count = 0;
  await using rig = await startRig({
    content: content(10, size),
    ...rate,
    faults: [
      {
        on: { ranged: true },
        times: always,
        atLeast: forms.length,
        answer: contentRange(({ start, end }, total) => {
          count += 1;
          return (forms[count % forms.length] ?? '').replace('#', `${start}-${end - 1}/${total}`);
        }),
      },
    ],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  expect(rig.origin.maxStreams).toBe(4);
});

test('F12: a 200 with exactly the Content-Range and length asked for is a part', async () => {
  await using rig = await startRig({
    content: content(12, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: statusLine(200) }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expectUntroubled(run);
  expect(rig.origin.maxStreams).toBe(4);
});
