/** Answers that end before they are complete: what came is kept, what is missing is asked for again, and not for ever. */
import { expect, test } from 'vitest';
import { sizeOf } from '../../../electron/engine/intervals.ts';
import { cut } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { Exchange } from '../../support/exchange.ts';
import { KiB, MiB, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;

/** Numbers from 0 up to 1, the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const how of ['fin', 'rst'] as const) {
  test(`F30: what came before a ${how} in the middle is kept, the rest is asked for from there`, async () => {
    await using rig = await startRig({
      content: content(1, 64 * MiB),
      bytesPerSecond: 16 * MiB,
      faults: [{ on: { request: 1 }, answer: cut(10 * MiB, how) }],
    });
    const run = rig.download({ connections: 1 });
    await run.end();
    await rig.expectDone(run);
    const [, second] = rig.origin.requests;
    // A reset destroys what lies unread in the receiver's buffers.
    if (how === 'fin') expect(second?.range?.start).toBe(10 * MiB);
    else expect(second?.range?.start).toBeGreaterThan(8 * MiB);
    expect(run.restarts).toBe(0);
    expect(run.receivedBytes).toBe(64 * MiB);
    for (const exchange of rig.origin.requests.slice(1)) expect(exchange.headers.range).toBeDefined();
  });
}

test('F30: with others at work the missing rest does not wait for the one that was cut', async () => {
  await using rig = await startRig({
    content: content(2, 32 * MiB),
    bytesPerSecond: 2 * MiB,
    faults: [{ on: { ranged: true }, skip: 2, times: 2, answer: cut(MiB, 'fin') }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(run.receivedBytes).toBeLessThan(33 * MiB);
  expect(run.states).not.toContain('waiting');
});

test('F31: 200 resets at random bytes, each after some progress, cost no more than what was under way', async () => {
  const size = 64 * MiB;
  const random = seeded(7);
  let cuts = 0;
  const somewhere = (): number => {
    cuts += 1;
    // Beyond 256 KiB, so that each try is progress.
    return Math.floor((258 + random() * 40) * KiB);
  };
  await using rig = await startRig({
    content: content(3, size),
    bytesPerSecond: 4 * MiB,
    faults: [{ on: {}, times: 200, atLeast: 200, answer: cut(somewhere, 'rst') }],
  });
  const run = rig.download({ connections: 8, retryWaitMs: 10 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(rig.origin.bytesSent).toBeLessThanOrEqual(size + cuts * 128 * KiB);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(cuts + 60);
  // Two hundred connections take their time on a busy machine.
}, 60_000);

for (const connections of [1, 8]) {
  test(`F32: a server that gives a kibibyte and closes, for ever, is given up after the retries, on ${connections} connections`, async () => {
    await using rig = await startRig({
      content: content(4, 16 * MiB),
      bytesPerSecond: MiB,
      faults: [{ on: {}, times: always, atLeast: 9, answer: cut(KiB, 'fin') }],
    });
    const run = rig.download({ connections, retries: 8, retryWaitMs: 20 });
    await run.end();
    expect(run.download.state).toMatchObject({ type: 'failed', failure: { code: 'E_NO_PROGRESS' } });
    expect(run.download.state).toMatchObject({ failure: { message: expect.stringContaining('cut the connection') } });
    expect(rig.origin.requests.length).toBeLessThanOrEqual(9 + connections);
    expect(run.restarts).toBe(0);
    // Every crumb is kept for the next run.
    const kept = sizeOf(await rig.claims('file.bin'));
    expect(kept).toBe(run.download.progress().doneBytes);
    expect(kept).toBeGreaterThanOrEqual(9 * KiB);
  });
}

test('F32: one range that gives crumbs while others stream does not end the download', async () => {
  const isLast = ({ range }: Exchange): boolean => range !== undefined && range.end === 32 * MiB;
  await using rig = await startRig({
    content: content(5, 32 * MiB),
    bytesPerSecond: 2 * MiB,
    faults: [{ on: { ranged: true, where: isLast }, times: 6, atLeast: 3, answer: cut(KiB, 'fin') }],
  });
  const run = rig.download({ connections: 8 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
});
