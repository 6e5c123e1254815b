/** What the system does to the process: its clock is set, its files and sockets run out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { retryAfterDate, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { expectFileEqualsSource } from '../../support/expect-file.ts';
import { MiB, startRig } from '../../support/fetching.ts';
import { startOrigin } from '../../support/origin.ts';
import { tempDirectory } from '../../support/temp.ts';

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

for (const operation of ['open', 'syncDirectory'] as const) {
  test(`F129: ${operation} without a free place waits for one, and nobody hears of it`, async () => {
    await using rig = await startRig({
      content: content(129, 8 * MiB),
      diskFaults: [{ on: { operation }, times: 12, do: { error: 'EMFILE' } }],
    });
    const run = rig.download();
    await run.end();
    await rig.expectDone(run);
    expect(rig.clock.now()).toBeGreaterThan(5000);
    expect(run.events.filter(({ type }) => type === 'noted')).toEqual([]);
  });
}

test('F129: without a free place for a minute it fails, and says why', async () => {
  await using rig = await startRig({
    content: content(129, 8 * MiB),
    diskFaults: [{ on: { operation: 'open', path: /\.part$/ }, times: Number.POSITIVE_INFINITY, do: { error: 'EMFILE' } }],
  });
  const run = rig.download();
  expect(await run.end()).toMatchObject({
    type: 'failed',
    failure: { code: 'E_FS_BUSY', message: 'cannot make file.bin.part: too many files and connections are open (EMFILE)' },
  });
  expect(rig.disk.openHandles).toBe(0);
});

// Windows has no such bound.
test.skipIf(process.platform === 'win32').each([26, 40])(
  'F129: the command, allowed %d files and connections, takes as many connections as it may have, and does not fail',
  async (places) => {
    const source = content(129, 16 * MiB);
    await using origin = await startOrigin({ content: source, bytesPerSecond: 2 * MiB });
    await using directory = await tempDirectory();
    const get = [process.execPath, 'out/sluice.cjs', 'get', origin.url(), '-d', directory.path, '-x', '32', '--quiet'];
    const child = spawn('bash', ['-c', `ulimit -n ${places} && exec "$@"`, 'bash', ...get], {
      env: { PATH: process.env.PATH, SLUICE_DATA: directory.file('data') },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
    await expectFileEqualsSource(directory.file('file.bin'), source);
    // It did run out of them.
    expect(origin.maxStreams).toBeGreaterThan(1);
    expect(origin.maxStreams).toBeLessThan(places - 16);
  },
);
