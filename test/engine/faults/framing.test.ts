/** Lengths that lie: too long, too short, two at once. What may be believed of such an answer is its Content-Range. */
import { expect, test } from 'vitest';
import { addHeader, contentLengthOff, header, trailing } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;
const size = 16 * MiB;
const rate = { bytesPerSecond: 4 * MiB };

test('F33: what follows a body belongs to nothing: it is ignored and the connection is not used again', async () => {
  await using rig = await startRig({
    content: content(1, size),
    ...rate,
    faults: [{ on: {}, times: always, atLeast: 2, answer: trailing(Buffer.alloc(3000, 0xee)) }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  const connections = rig.origin.requests.map(({ connection }) => connection);
  expect(new Set(connections).size).toBe(connections.length);
  expect(run.receivedBytes).toBeLessThan(size + MiB);
});

test('F33: a second answer nobody asked for is not taken for the next one', async () => {
  const forged = 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n';
  await using rig = await startRig({
    content: content(2, size),
    ...rate,
    faults: [
      { on: {}, times: always, atLeast: 2, answer: trailing(Buffer.concat([Buffer.from(forged), Buffer.alloc(10, 0xee)])) },
    ],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
});

test('F34: Content-Length one short on every part: the missing bytes show that it cannot serve parts, and it comes in one stream', async () => {
  await using rig = await startRig({
    content: content(3, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, atLeast: 2, answer: contentLengthOff(-1) }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(run.notes('no-ranges')).toBe(1);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(8);
});

test('F34: Content-Length one short on every part of a resumed file: said and fetched from its start', async () => {
  let isLying = false;
  await using rig = await startRig({
    content: content(3, size),
    ...rate,
    faults: [{ on: { ranged: true, where: () => isLying }, times: always, atLeast: 2, answer: contentLengthOff(-1) }],
  });
  await rig.leavePart(6 * MiB);
  isLying = true;
  const run = rig.download({ connections: 4 });
  const before = rig.origin.requests.length;
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(1);
  const [last] = rig.origin.requests.slice(-1);
  expect(last?.headers.range).toBeUndefined();
  expect(rig.origin.requests.length - before).toBeLessThanOrEqual(12);
});

test('F34: Content-Length one long on every part: the part is what its Content-Range says, and nothing failed', async () => {
  await using rig = await startRig({
    content: content(4, size),
    ...rate,
    faults: [{ on: { ranged: true }, times: always, atLeast: 3, answer: contentLengthOff(1) }],
  });
  const run = rig.download({ connections: 4 });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(run.states).not.toContain('waiting');
  expect(run.receivedBytes).toBeLessThan(size + MiB);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(12);
});

test('F34: Content-Length one long on the only answer: what is missing of it never comes, and that is not called done', async () => {
  await using rig = await startRig({
    content: content(5, 3 * MiB),
    ...rate,
    acceptRanges: false,
    faults: [{ on: {}, times: always, atLeast: 2, answer: contentLengthOff(1) }],
  });
  const run = rig.download({ connections: 1, retries: 3 });
  await run.end();
  expect(run.download.state.type).toBe('failed');
  expect(rig.origin.requests.length).toBeLessThanOrEqual(5);
});

for (const [name, changes] of [
  ['two different Content-Lengths', [addHeader('Content-Length', String(size - 5))]],
  ['Content-Length and chunked', [header('Transfer-Encoding', 'chunked')]],
] as const) {
  test(`F35: ${name} on each answer is no HTTP: tried once more, then given up`, async () => {
    await using rig = await startRig({
      content: content(6, size),
      ...rate,
      faults: [{ on: {}, times: always, atLeast: 2, answer: [...changes] }],
    });
    const run = rig.download({ connections: 4 });
    await run.end();
    expect(run.download.state).toMatchObject({ type: 'failed', failure: { code: 'E_PROTOCOL' } });
    expect(rig.origin.requests).toHaveLength(2);
    expect(run.download.progress().doneBytes).toBe(0);
  });

  test(`F35: ${name} on parts only: the plain stream that can be read fetches all of it`, async () => {
    await using rig = await startRig({
      content: content(8, size),
      ...rate,
      faults: [{ on: { ranged: true }, times: always, atLeast: 2, answer: [...changes] }],
    });
    const run = rig.download({ connections: 4 });
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
    expect(rig.origin.requests.length).toBeLessThanOrEqual(4);
  });

  test(`F35: ${name} on one answer among others costs that answer only`, async () => {
    await using rig = await startRig({
      content: content(7, size),
      ...rate,
      faults: [{ on: { ranged: true }, skip: 1, answer: [...changes] }],
    });
    const run = rig.download({ connections: 4 });
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
  });
}
