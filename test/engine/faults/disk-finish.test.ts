/** The last step: a file that another program holds, a file system without links, a disk that kept something else. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const forEver = Number.POSITIVE_INFINITY;

test('F115: a file that another program holds for twenty seconds is put in place after that', async () => {
  await using rig = await startRig({
    content: content(115, 4 * MiB),
    diskFaults: [{ on: { operation: 'link' }, times: 12, atLeast: 12, do: { error: 'EBUSY' } }],
  });
  const run = rig.download();
  const begun = rig.clock.now();
  await run.end();
  await rig.expectDone(run);
  expect(rig.clock.now() - begun).toBeGreaterThan(15_000);
});

test('F115: held for ever it fails after a minute, complete, and is put in place later without any request', async () => {
  await using rig = await startRig({
    content: content(116, 4 * MiB),
    diskFaults: [{ on: { operation: 'link' }, times: forEver, do: { error: 'EBUSY' } }],
  });
  const run = rig.download();
  expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_FS_BUSY' } });
  expect(rig.disk.openHandles).toBe(0);
  rig.disk.heal();
  const requests = rig.origin.requests.length;
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBe(requests);
});

for (const errno of ['EPERM', 'EXDEV', 'ENOTSUP']) {
  test(`F116: without hard links (${errno}) it is put in place all the same, and no file of the user is replaced`, async () => {
    await using rig = await startRig({
      content: content(117, 4 * MiB),
      bytesPerSecond: MiB,
      diskFaults: [{ on: { operation: 'link' }, times: forEver, do: { error: errno } }],
    });
    const run = rig.download();
    run.download.start();
    await run.untilState('active');
    await writeFile(rig.directory.file('file.bin'), 'made by the user meanwhile');
    await run.end();
    expect(await rig.expectDone(run)).toBe(rig.directory.file('file (1).bin'));
    expect(await readFile(rig.directory.file('file.bin'), 'utf8')).toBe('made by the user meanwhile');
  });
}

test('F118: a wrong bit on the disk fails the given sum; the file is kept aside and no final name appears', async () => {
  const source = content(118, 16 * MiB);
  await using rig = await startRig({
    content: source,
    diskFaults: [{ on: { operation: 'writev', path: /\.part$/, nth: 20 }, do: { flipBit: true } }],
  });
  const run = rig.download({ checksum: { algorithm: 'sha-256', hex: await source.sha256() } });
  expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_HASH' } });
  expect(await readdir(rig.directory.path)).toEqual(['file.bin.part.aside']);
  await run.end();
  await rig.expectDone(run);
});
