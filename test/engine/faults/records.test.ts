/** Records that are whole, but of something else: never believed, what lies beside them never lost. */
import { copyFile, readdir, rename } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { resourceOf } from '../../support/answer.ts';
import { content } from '../../support/content.ts';
import { expectRangesEqualSource } from '../../support/expect-file.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const paced = { content: content(122, 8 * MiB), bytesPerSecond: 2 * MiB };

test('F122: the record of another address is left alone: the file gets another name, and the other download its bytes', async () => {
  await using rig = await startRig(paced);
  const kept = await rig.leavePart(4 * MiB);
  const part = rig.directory.file('file.bin.part');
  const claims = await rig.claims('file.bin');

  const other = rig.download({}, { url: rig.origin.url('/file.bin?other') });
  await other.end();
  expect(other.download.state).toMatchObject({ type: 'done', path: rig.directory.file('file (1).bin') });
  expect(other.download.progress().resumedBytes).toBe(0);
  await expectRangesEqualSource(part, claims, rig.content);

  const first = rig.download();
  await first.end();
  await rig.expectDone(first);
  expect(first.download.progress().resumedBytes).toBe(kept);
});

test('F122: the record of a file of another size is given up, and said, before anything is fetched to its place', async () => {
  const now = content(123, 7 * MiB);
  await using rig = await startRig(paced);
  await rig.leavePart(4 * MiB);
  rig.origin.replace(undefined, resourceOf({ content: now, etag: '"v2"' }));
  const run = rig.download();
  await run.end();
  await rig.expectDone(run, now);
  expect(run.restarts).toBe(1);
});

test('F122: a record beside a copy of its part is not of that file: the copy is kept aside, and said', async () => {
  await using rig = await startRig(paced);
  await rig.leavePart(4 * MiB);
  const part = rig.directory.file('file.bin.part');
  const claims = await rig.claims('file.bin');
  await copyFile(part, `${part}.copy`);
  await rename(`${part}.copy`, part);

  const run = rig.download();
  await run.end();
  expect(run.download.state.type).toBe('done');
  await rig.expectDone(run);
  expect(run.download.progress().resumedBytes).toBe(0);
  expect(run.notes('part-set-aside')).toBe(1);
  expect(await readdir(rig.directory.path)).toEqual(['file.bin', 'file.bin.part.aside']);
  await expectRangesEqualSource(`${part}.aside`, claims, rig.content);
  expect(claims).not.toEqual([]);
});
