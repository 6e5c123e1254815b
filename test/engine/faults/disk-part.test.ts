/** What others do to the part, its folder and its volume, while it is written and between two runs. */
import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';

const forEver = Number.POSITIVE_INFINITY;

const passes = (rig: Rig, ms: number): Promise<void> =>
  new Promise((resolve) => {
    rig.clock.setTimer(resolve, ms);
  });

/** Something is done to the part of a download that runs, or is paused. */
const deeds: readonly (readonly [name: string, deed: (part: string) => Promise<void>])[] = [
  ['removed', (part) => rm(part)],
  ['cut to a third', (part) => truncate(part, 10 * MiB)],
  ['emptied', (part) => truncate(part, 0)],
  [
    'replaced by a copy with other bytes',
    async (part) => {
      await copyFile(part, `${part}.copy`);
      await writeFile(`${part}.copy`, 'not what was fetched', { flag: 'r+' });
      await rename(`${part}.copy`, part);
    },
  ],
];

async function reaches(rig: Rig, run: Run, bytes: number): Promise<void> {
  run.download.start();
  await rig.origin.until(() => run.download.progress().doneBytes >= bytes);
}

for (const [name, deed] of deeds) {
  test(`F112: a part that is ${name} while it is written is noticed, said and fetched again, and never called done`, async () => {
    await using rig = await startRig({ content: content(112, 32 * MiB), bytesPerSecond: MiB / 2 });
    const run = rig.download();
    await reaches(rig, run, 12 * MiB);
    await deed(rig.directory.file('file.bin.part'));
    await run.until(() => run.states.includes('waiting'));
    expect(run.events).toContainEqual(
      expect.objectContaining({
        type: 'state',
        state: expect.objectContaining({ cause: expect.objectContaining({ code: 'E_FS_GONE' }) }),
      }),
    );
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBeGreaterThan(0);
  });

  test(`F112: a part that is ${name} while the download is paused is noticed, said and fetched again`, async () => {
    await using rig = await startRig({ content: content(113, 32 * MiB), bytesPerSecond: MiB / 2 });
    const run = rig.download();
    await reaches(rig, run, 12 * MiB);
    await run.download.pause();
    await deed(rig.directory.file('file.bin.part'));
    await run.end();
    await rig.expectDone(run);
    expect(run.restarts).toBeGreaterThan(0);
  });
}

test('F112: what somebody put in the place of the part is kept aside, and said', async () => {
  await using rig = await startRig({ content: content(114, 32 * MiB), bytesPerSecond: MiB / 2 });
  const run = rig.download();
  await reaches(rig, run, 12 * MiB);
  await run.download.pause();
  const part = rig.directory.file('file.bin.part');
  // Kept elsewhere, or the new file could get its number.
  await rename(part, rig.directory.file('moved'));
  await writeFile(part, 'a file of the user');
  await run.end();
  await rig.expectDone(run);
  expect(run.notes('part-set-aside')).toBe(1);
  expect(await readFile(`${part}.aside`, 'utf8')).toBe('a file of the user');
});

test('F113: a folder that is gone is waited for without requests; when it is back the download goes on where it was', async () => {
  await using rig = await startRig({ content: content(115, 32 * MiB), bytesPerSecond: MiB / 2 });
  const away = `${rig.directory.path}-away`;
  const run = rig.download();
  await reaches(rig, run, 16 * MiB);
  await rename(rig.directory.path, away);
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ for: 'disk', cause: { code: 'E_FS_GONE' } });
  expect(rig.engine.openConnections).toBe(0);
  const requests = rig.origin.requests.length;
  await passes(rig, 45_000);
  expect(rig.origin.requests.length).toBe(requests);
  expect(await readdir(away)).toContain('file.bin.part');
  await rename(away, rig.directory.path);
  await run.end();
  await rig.expectDone(run);
  expect(run.download.progress().receivedBytes).toBeLessThan(32 * MiB + 8 * MiB);
});

for (const errno of ['ENODEV', 'ENXIO', 'ESTALE']) {
  test(`F113: a volume that answers ${errno} is waited for, and what it holds is gone on with`, async () => {
    await using rig = await startRig({ content: content(116, 32 * MiB), bytesPerSecond: MiB / 2 });
    const run = rig.download();
    await reaches(rig, run, 20 * MiB);
    rig.disk.addFault({
      on: { operation: ['writev', 'datasync', 'open', 'list', 'space', 'identity', 'truncate'] },
      times: forEver,
      do: { error: errno },
    });
    await run.untilState('waiting');
    expect(run.code).toBe('E_FS_GONE');
    const requests = rig.origin.requests.length;
    await passes(rig, 45_000);
    expect(rig.origin.requests.length).toBe(requests);
    rig.disk.heal();
    await run.end();
    await rig.expectDone(run);
    expect(run.download.progress().receivedBytes).toBeLessThan(32 * MiB + 20 * MiB);
  });
}

for (const errno of ['EROFS', 'EACCES']) {
  test(`F114: ${errno} where the part is to be made fails at once with E_FS_PERM and leaves nothing`, async () => {
    await using rig = await startRig({
      content: content(117, 8 * MiB),
      diskFaults: [{ on: { operation: 'open', path: /\.part$/ }, times: forEver, do: { error: errno } }],
    });
    const run = rig.download();
    expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_FS_PERM' } });
    expect(await readdir(rig.directory.path)).toEqual([]);
    expect(rig.engine.openConnections).toBe(0);
  });
}
