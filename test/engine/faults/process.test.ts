/** What the system does to the process: its clock is set, its files and sockets run out. */
import { expect, test } from 'vitest';
import { retryAfterDate, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const dayMs = 24 * 3_600_000;

for (const [name, byMs] of [
  ['back', -dayMs],
  ['forward', dayMs],
] as const) {
  test(`F127: a clock set ${name} by a day changes neither speeds nor waits nor the download`, async () => {
    await using rig = await startRig({ content: content(127, 32 * MiB), bytesPerSecond: MiB });
    const run = rig.download({ connections: 4 });
    run.download.start();
    await rig.origin.until(() => run.download.progress().doneBytes > 8 * MiB);
    const before = run.download.progress().bytesPerSecond;
    rig.clock.wallOffsetMs += byMs;
    await rig.origin.until(() => run.download.progress().doneBytes > 16 * MiB);
    expect(run.download.progress().bytesPerSecond).toBeGreaterThan(before / 2);
    expect(run.download.progress().bytesPerSecond).toBeLessThan(before * 2);
    await run.end();
    await rig.expectDone(run);
    expect(rig.clock.now()).toBeLessThan(60_000);
    expect(run.events.filter(({ type }) => type === 'noted')).toEqual([]);
  });

  test(`F127: set ${name} by a day while a host asks to be left alone, it is left alone as long as it asked`, async () => {
    await using rig = await startRig({
      content: content(128, MiB),
      faults: [{ on: { request: 1 }, answer: [status(503), retryAfterDate(30_000)] }],
    });
    const run = rig.download();
    run.download.start();
    await run.untilState('waiting');
    const at = rig.clock.now();
    rig.clock.wallOffsetMs += byMs;
    await run.end();
    await rig.expectDone(run);
    const waitedMs = rig.clock.now() - at;
    expect(waitedMs).toBeGreaterThan(28_000);
    expect(waitedMs).toBeLessThan(33_000);
  });
}
