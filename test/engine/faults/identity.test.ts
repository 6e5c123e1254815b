/** Whether a server still has the file of which bytes are on disk: never a mix of two versions, and no needless restart. */
import { expect, test } from 'vitest';
import { type Resource, resourceOf } from '../../support/answer.ts';
import { cut, header, replaceFile } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { askedBytes, type Exchange } from '../../support/exchange.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { contentRange, ignoreRange } from '../../support/range-changes.ts';

const always = Number.POSITIVE_INFINITY;
const size = 16 * MiB;
const rate = { bytesPerSecond: 2 * MiB };
const windowBytes = 16 * KiB;

/** Requests that only compare bytes with those on disk. */
const windowsAmong = (requests: readonly Exchange[]) => requests.filter((each) => askedBytes(each) <= windowBytes);
const restartCodes = (run: Run) => run.events.flatMap((event) => (event.type === 'restarted' ? [event.failure.code] : []));
const noRanges = (requests: readonly Exchange[]) => requests.filter(({ range }) => range === undefined);

/** A total that is wrong on parts only. */
const wrongTotal = contentRange(({ start, end }, total) => `bytes ${start}-${end - 1}/${total + 49}`);

test('F11: a wrong total under the same strong tag is a server that cannot count: one stream fetches the file', async () => {
  await using rig = await startRig({
    content: content(11, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, answer: wrongTotal }],
  });
  const run = rig.download({ connections: 8, onChange: 'fail' });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests).toHaveLength(3);
  expect(run.receivedBytes).toBe(size);
  expect(run.notes('no-ranges')).toBe(1);
});

test('F11: a wrong total without a strong tag is another file', async () => {
  await using rig = await startRig({
    content: content(12, size),
    etag: undefined,
    ...rate,
    faults: [{ on: { ranged: true }, answer: wrongTotal }],
  });
  const run = rig.download({ connections: 8, onChange: 'fail' });
  await run.end();
  expect(run.code).toBe('E_REMOTE_CHANGED');
  expect(rig.origin.requests).toHaveLength(2);
});

test('F11: a file that seems to change again and again is fetched over one stream in the end', async () => {
  await using rig = await startRig({
    content: content(13, size),
    etag: undefined,
    ...rate,
    faults: [{ on: { ranged: true }, times: always, atLeast: 2, answer: wrongTotal }],
  });
  const run = rig.download({ connections: 8, onChange: 'restart' });
  await run.end();
  await rig.expectDone(run);
  expect(restartCodes(run)).toEqual(['E_REMOTE_CHANGED', 'E_REMOTE_CHANGED']);
  expect(rig.origin.requests.map(({ range }) => range === undefined)).toEqual([true, false, true, false, true]);
});

test('F14: another strong tag on other connections is settled by comparing bytes, answer by answer', async () => {
  const nodes = ({ connection }: Exchange) => (connection === 1 ? '"v1"' : '"node-2"');
  await using rig = await startRig({
    content: content(14, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, atLeast: 7, answer: header('ETag', nodes) }],
  });
  const run = rig.download({ connections: 8, onChange: 'fail', retries: 0 });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(8);
  const windows = windowsAmong(rig.origin.requests);
  const parts = rig.origin.requests.filter((each) => askedBytes(each) > windowBytes);
  const used = parts.filter(({ outcome }) => outcome === 'complete');
  expect(windows.length).toBeGreaterThan(0);
  // Each connection in doubt is refused once and then compares before each answer.
  expect(parts.length - used.length).toBeLessThanOrEqual(2 * 7);
  expect(windows.length).toBeLessThanOrEqual(parts.length);
  expect(run.notes('validators-differ')).toBeGreaterThan(0);
});

test('F14: one node with another tag costs at most three requests', async () => {
  await using rig = await startRig({
    content: content(15, size),
    ...rate,
    faults: [{ on: { connection: 3, ranged: true }, times: always, answer: header('ETag', '"node-2"') }],
  });
  const run = rig.download({ connections: 4, onChange: 'fail', retries: 0 });
  await run.end();
  await rig.expectDone(run);
  const refused = rig.origin.requests.filter(({ connection, outcome }) => connection === 3 && outcome === 'abandoned');
  expect(refused).toHaveLength(1);
  expect(windowsAmong(rig.origin.requests).length).toBeLessThanOrEqual(2);
});

interface Replacement {
  readonly name: string;
  readonly seed: number;
  readonly first?: Omit<Partial<Resource>, 'content'>;
  readonly later: Partial<Resource>;
  /** Only bytes can tell. */
  readonly isCompared: boolean;
}

const laterDate = 'Fri, 02 Jan 2026 00:00:00 GMT';
const replacements: readonly Replacement[] = [
  { name: 'another tag', seed: 150, later: { etag: '"v2"' }, isCompared: true },
  { name: 'another tag and date', seed: 151, later: { etag: '"v2"', lastModified: laterDate }, isCompared: false },
  {
    name: 'another date, without tags',
    seed: 152,
    first: { etag: undefined },
    later: { etag: undefined, lastModified: laterDate },
    isCompared: false,
  },
];

/** The rig of a file that is replaced as a connection asks for a part of it. */
async function rigOfReplacedFile(seed: number, later: Resource, first: Omit<Partial<Resource>, 'content'> = {}): Promise<Rig> {
  const faults = [{ on: { after: 2 * MiB, ranged: true }, answer: replaceFile(later) }];
  return await startRig({ content: content(seed, size), ...first, ...rate, faults });
}

for (const { name, seed, first, later, isCompared } of replacements) {
  test(`F15: a file replaced by one of ${name} ends the download and keeps what was fetched`, async () => {
    const v2 = content(seed + 10, size);
    await using rig = await rigOfReplacedFile(seed, resourceOf({ content: v2, ...later }), first);
    const run = rig.download({ connections: 8, onChange: 'fail' });
    await run.end();
    expect(run.code).toBe('E_REMOTE_CHANGED');
    const seenAt = rig.origin.requests.find(({ bytesServed, range }) => range !== undefined && bytesServed >= 2 * MiB)?.at ?? 0;
    expect(rig.clock.now() - seenAt).toBeLessThan(1500);
    expect(windowsAmong(rig.origin.requests).length > 0).toBe(isCompared);
    expect((await rig.claims('file.bin')).length).toBeGreaterThan(0);
    expect(run.restarts).toBe(0);
  });

  test(`F15: a file replaced by one of ${name} is fetched anew, announced and never mixed`, async () => {
    const v2 = content(seed + 20, size);
    await using rig = await rigOfReplacedFile(seed + 5, resourceOf({ content: v2, ...later }), first);
    const run = rig.download({ connections: 8, onChange: 'restart' });
    await run.end();
    await rig.expectDone(run, v2);
    expect(restartCodes(run)).toEqual(['E_REMOTE_CHANGED']);
    expect(noRanges(rig.origin.requests)).toHaveLength(2);
    expect(rig.origin.maxStreams).toBe(8);
  });
}

test('F15: paused at any moment of giving up what it had, it leaves nothing open and fetches the new file when asked', async () => {
  for (const turns of [0, 1, 3, 6]) {
    const v2 = content(157, size);
    await using rig = await rigOfReplacedFile(156, resourceOf({ content: v2, etag: '"v2"' }));
    const run = rig.download();
    run.download.start();
    await run.until(() => run.restarts > 0);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    await run.download.pause();
    expect(run.download.state.type).toBe('paused');
    await rig.restartEngine();
    const again = rig.download();
    await again.end();
    await rig.expectDone(again, v2);
  }
});

for (const { name, validators } of [
  { name: 'with tags', validators: (tag: string) => ({ etag: `"${tag}"` }) },
  { name: 'without any validator', validators: () => ({ etag: undefined, lastModified: undefined }) },
]) {
  test(`F15: a file replaced between two plain streams is never mixed, ${name}`, async () => {
    const v2 = content(171, size);
    await using rig = await startRig({
      content: content(170, size),
      acceptRanges: false,
      ...validators('v1'),
      ...rate,
      faults: [
        { on: { ranged: true }, times: always, answer: ignoreRange('poison') },
        { on: { request: 1 }, answer: cut(6 * MiB, 'fin') },
        { on: { from: 3 }, answer: replaceFile(resourceOf({ content: v2, acceptRanges: false, ...validators('v2') })) },
      ],
    });
    const run = rig.download({ connections: 2 });
    await run.end();
    await rig.expectDone(run, v2);
    expect(run.restarts).toBe(1);
    expect(rig.origin.requests).toHaveLength(3);
  });
}

test('F15: a plain stream that begins again under the same strong tag loses nothing', async () => {
  await using rig = await startRig({
    content: content(172, size),
    acceptRanges: false,
    headers: [['Accept-Ranges', 'none']],
    ...rate,
    faults: [{ on: { request: 1 }, answer: cut(6 * MiB, 'fin') }],
  });
  const run = rig.download({ connections: 8, onChange: 'fail' });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(rig.origin.requests).toHaveLength(2);
});

for (const onChange of ['fail', 'restart'] as const) {
  test(`F16: a file replaced by one of another size is not compared: ${onChange}`, async () => {
    const v2 = content(161, size + MiB);
    await using rig = await rigOfReplacedFile(160, resourceOf({ content: v2, etag: '"v2"' }));
    const run = rig.download({ connections: 8, onChange });
    await run.end();
    expect(windowsAmong(rig.origin.requests)).toEqual([]);
    if (onChange === 'fail') {
      expect(run.code).toBe('E_REMOTE_CHANGED');
      expect((await rig.claims('file.bin')).length).toBeGreaterThan(0);
    } else {
      await rig.expectDone(run, v2);
      expect(restartCodes(run)).toEqual(['E_REMOTE_CHANGED']);
    }
  });
}
