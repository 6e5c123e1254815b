import { expect, test } from 'vitest';
import { status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, startRig } from '../../support/fetching.ts';

test('F39: x', async () => {
  const startedAt = performance.now();
  await using rig = await startRig({
    content: content(39, 64 * MiB),
    bytesPerSecond: 128 * KiB,
    faults: [{ name: 'over', on: { streamsOver: 2 }, times: Number.POSITIVE_INFINITY, answer: status(503) }],
  });
  const run = rig.download();
  const end = await run.end();
  console.log(end, rig.origin.requests.length, rig.clock.now(), performance.now() - startedAt);
  for (const r of rig.origin.requests) console.log(r.n, r.at.toFixed(0), r.connection, r.status, r.headers.range, r.streams, r.outcome);
  console.log(run.events.filter(e => e.type === 'noted'));
  await rig.expectDone(run);
});
