/** One segment at a time: held, released, restarted, dropped. */
import { expect, test } from 'vitest';
import type { SegmentView } from '#shared/download';
import { content } from '../support/content.ts';
import type { Exchange } from '../support/exchange.ts';
import { MiB, type Rig, type Run, startRig } from '../support/fetching.ts';

const paced = { content: content(134, 32 * MiB), bytesPerSecond: MiB };
const passes = (rig: Rig, ms: number): Promise<void> => new Promise((resolve) => void rig.clock.setTimer(resolve, ms));

/** With all eight connections streaming. */
async function streaming(rig: Rig): Promise<Run> {
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.streams === 8);
  await passes(rig, 1000);
  return run;
}

function segmentOf(run: Run, id: number): SegmentView {
  const segment = run.download.progress().segments.find((each) => each.id === id);
  if (segment === undefined) throw new Error(`there is no segment ${id}`);
  return segment;
}

test('F134: a held segment waits, the others finish, the download waits for it, and released it is done', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  run.download.hold(3);
  const { cursor, end, start } = segmentOf(run, 3);
  expect(segmentOf(run, 3).state).toBe('held');
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ type: 'waiting', for: 'held' });
  expect(run.download.state).not.toHaveProperty('until');
  const asked = rig.origin.requests.length;
  await passes(rig, 300_000);
  expect(rig.origin.requests.length).toBe(asked);
  // Exactly its rest is missing: nobody took it over.
  expect(run.download.progress().doneBytes).toBe(rig.content.size - (end - cursor));
  expect(cursor).toBeGreaterThan(start);
  run.download.release(3);
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests[asked]?.range).toEqual({ start: cursor, end });
});

test('F134: released while the others run, it goes on at once with the rest of its range', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  run.download.hold(5);
  const { cursor, end } = segmentOf(run, 5);
  await passes(rig, 500);
  const asked = rig.origin.requests.length;
  run.download.release(5);
  const ofSegment = (): Exchange | undefined => rig.origin.requests.slice(asked).find(({ range }) => range?.start === cursor);
  await rig.origin.until(() => ofSegment() !== undefined);
  expect(ofSegment()?.range).toEqual({ start: cursor, end });
  await run.end();
  await rig.expectDone(run);
  expect(run.states).not.toContain('waiting');
});

test('F134: all held, it waits; paused and resumed, nobody is held any more', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  for (let id = 1; id <= 8; id += 1) run.download.hold(id);
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ for: 'held' });
  await passes(rig, 1000);
  expect(rig.origin.streams).toBe(0);
  await run.download.pause();
  const { doneBytes } = run.download.progress();
  await run.end();
  await rig.expectDone(run);
  expect(run.download.progress().resumedBytes).toBe(doneBytes);
});

test('F134: a restarted segment goes on over a new connection, and all bytes before are kept', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  const { connections } = rig.origin;
  const { cursor } = segmentOf(run, 4);
  run.download.restart(4);
  const ofSegment = (): Exchange | undefined => rig.origin.requests.find(({ range }) => range?.start === cursor);
  await rig.origin.until(() => ofSegment() !== undefined);
  expect(ofSegment()?.connection).toBeGreaterThan(connections);
  await run.end();
  await rig.expectDone(run);
  expect(run.receivedBytes - rig.content.size).toBeLessThan(MiB);
});

test('F134: a dropped segment leaves its rest to the others, which stay one fewer', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  run.download.drop(2);
  await rig.origin.until(() => rig.origin.streams === 7);
  await passes(rig, 1000);
  expect(rig.origin.streams).toBe(7);
  await run.end();
  await rig.expectDone(run);
  expect(run.receivedBytes - rig.content.size).toBeLessThan(MiB);
});

test('F134: a dropped segment stays dropped over a pause', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  run.download.drop(2);
  run.download.drop(3);
  await rig.origin.until(() => rig.origin.streams === 6);
  await run.download.pause();
  const end = run.end();
  await rig.origin.until(() => rig.origin.streams === 6);
  await passes(rig, 1000);
  expect(rig.origin.streams).toBe(6);
  await end;
  await rig.expectDone(run);
});

test('F134: the last connection cannot be dropped away: it begins anew', async () => {
  await using rig = await startRig(paced);
  const run = rig.download({ connections: 1 });
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > MiB);
  run.download.drop(1);
  await run.end();
  await rig.expectDone(run);
});

test('F134: segments that do not exist are nobody', async () => {
  await using rig = await startRig(paced);
  const run = await streaming(rig);
  for (const id of [0, -1, 9, 1.5, Number.NaN]) {
    run.download.hold(id);
    run.download.release(id);
    run.download.restart(id);
    run.download.drop(id);
  }
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(8);
  run.download.hold(1);
  expect(run.download.state.type).toBe('done');
});

test('F134: held before the first answer, the download waits and begins when released', async () => {
  await using rig = await startRig(paced);
  const run = rig.download();
  run.download.start();
  await rig.origin.until(() => rig.origin.requests.length === 1);
  run.download.hold(1);
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ for: 'held' });
  run.download.release(1);
  await run.end();
  await rig.expectDone(run);
});
