/** Servers that refuse a request for its Range: a plain one finds out, and what was fetched stays until it has answered. */
import { describe, expect, test } from 'vitest';
import { resourceOf } from '../../support/answer.ts';
import { cut, status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;

describe('a server that dislikes ranges', () => {
  test.each([400, 405, 501])('F54: by %i is read over its first stream, and nothing else is asked', async (code) => {
    await using rig = await startRig({
      content: content(54, 16 * MiB),
      bytesPerSecond: 2 * MiB,
      faults: [{ on: { ranged: true }, times: always, answer: status(code) }],
    });
    const run = rig.download({ retries: 0 });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests.length).toBeLessThanOrEqual(2);
    expect(run.restarts).toBe(0);
  });

  test('F55: by 403 is read over its first stream; one connection is what it takes, until a trial a minute later', async () => {
    await using rig = await startRig({
      content: content(55, 16 * MiB),
      bytesPerSecond: 256 * KiB,
      faults: [{ name: 'forbidden', on: { ranged: true }, times: always, answer: status(403) }],
    });
    const run = rig.download({ retries: 0 });
    await run.end();
    await rig.expectDone(run);
    // 64 s: the second connection and one trial.
    expect(rig.origin.firedTimes('forbidden')).toBeLessThanOrEqual(2);
    expect(run.restarts).toBe(0);
  });

  test.each([400, 403])(
    'F54: by %i and cuts its stream is read once more from its start, with what was fetched kept',
    async (code) => {
      await using rig = await startRig({
        content: content(54, 8 * MiB),
        bytesPerSecond: 2 * MiB,
        faults: [
          { on: { ranged: true }, times: always, answer: status(code) },
          { on: { ranged: false }, answer: cut(4 * MiB, 'rst') },
        ],
      });
      const run = rig.download();
      await run.end();
      await rig.expectDone(run);
      expect(run.restarts).toBe(0);
      // One plain request and one ranged at the beginning, one of each after the cut.
      expect(rig.origin.requests.length).toBeLessThanOrEqual(4);
    },
  );

  test.each([400, 403])('F54: by %i is found out after a restart too, when only a range is left to ask', async (code) => {
    await using rig = await startRig({
      content: content(54, 8 * MiB),
      bytesPerSecond: 2 * MiB,
      faults: [{ on: { ranged: true }, times: always, answer: status(code) }],
    });
    const first = rig.download({ connections: 1 });
    first.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    await first.download.pause();
    await rig.restartEngine();
    const second = rig.download({ connections: 1 });
    await second.end();
    await rig.expectDone(second);
    // The same strong tag: what is on disk needs no second look.
    expect(second.restarts).toBe(0);
    expect(second.download.progress().resumedBytes).toBeGreaterThan(3 * MiB);
  });

  test.each(['restart', 'fail'] as const)(
    'F54: found out after a restart, with the file changed meanwhile: %s',
    async (onChange) => {
      const later = content(55, 8 * MiB);
      await using rig = await startRig({
        content: content(54, 8 * MiB),
        bytesPerSecond: 2 * MiB,
        faults: [{ on: { ranged: true }, times: always, answer: status(403) }],
      });
      const first = rig.download({ connections: 1 });
      first.download.start();
      await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
      await first.download.pause();
      await rig.restartEngine();
      rig.origin.replace(undefined, resourceOf({ content: later, etag: '"v2"' }));
      const second = rig.download({ connections: 1, onChange });
      await second.end();
      if (onChange === 'restart') {
        await rig.expectDone(second, later);
        expect(second.restarts).toBe(1);
      } else {
        expect(second.code).toBe('E_NO_RANGE_RESUME');
        expect(await rig.claims('file.bin')).not.toEqual([]);
      }
    },
  );

  test('F54: a link that is refused with a range and without one is dead, and nothing is lost', async () => {
    await using rig = await startRig({
      content: content(54, 8 * MiB),
      bytesPerSecond: 2 * MiB,
      faults: [{ on: { after: 4 * MiB }, times: always, answer: status(403) }],
    });
    const first = rig.download({ connections: 1 });
    first.download.start();
    await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
    await first.download.pause();
    await rig.restartEngine();
    const second = rig.download({ connections: 1 });
    const end = second.end();
    await second.until(() => second.code === 'E_LINK_EXPIRED');
    expect(rig.origin.requests.slice(1).map(({ range }) => range !== undefined)).toEqual([true, false]);
    await second.download.pause();
    await end;
    expect(await rig.claims('file.bin')).not.toEqual([]);
  });
});
