/** A request changed while its download runs: taken up, never a byte lost, and taken back by one call. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openTestApplication } from '../../support/application.ts';
import { status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { startOrigin } from '../../support/origin.ts';
import { tempDirectory } from '../../support/temp.ts';

const MiB = 1024 * 1024;
const file = content(91, 16 * MiB);

test('a wrong edit stops it at 403 with its bytes; one call takes it back, and at most a fiftieth is sent twice', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({
    content: file,
    bytesPerSecond: MiB,
    faults: [
      {
        on: { where: ({ headers }) => headers['x-key'] !== 'right' },
        times: Number.POSITIVE_INFINITY,
        answer: status(403),
      },
    ],
  });
  await using app = await openTestApplication(folder.path);
  const request = { url: origin.url('/file.zip'), headers: [['X-Key', 'right'] as [string, string]] };
  const id = await app.add({ request, connections: 4 });
  await app.until(() => (app.row(id)?.counters[1] ?? 0) > 3 * MiB);
  const before = app.row(id)?.counters[1] ?? 0;
  await app.call('request.write', { id, request: { ...request, headers: [['X-Key', 'wrong']] } });
  const stuck = await app.until(() => app.row(id)?.waitingFor === 'url' && app.row(id));
  expect(stuck).toMatchObject({ canUndoEdit: true, failure: { code: 'E_LINK_EXPIRED' } });
  expect(stuck.counters[1]).toBeGreaterThanOrEqual(before);
  await app.call('request.rollBack', { id });
  const path = await app.until(() => app.application.history.get(id)?.path);
  expect(file.matches(await readFile(path), 0)).toBe(true);
  expect(origin.requests.some(({ headers }) => headers['x-key'] === 'wrong')).toBe(true);
  expect((origin.bytesSent - file.size) / file.size).toBeLessThan(0.02);
});

test('a right edit reaches every connection, costs next to nothing, and is no edit to take back once it brought bytes', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({ content: file, bytesPerSecond: MiB });
  await using app = await openTestApplication(folder.path);
  const request = { url: origin.url('/file.zip'), headers: [['X-Key', 'one'] as [string, string]] };
  const id = await app.add({ request, connections: 4 });
  await origin.until(() => origin.streams === 4 && origin.bytesSent > 3 * MiB);
  await app.call('request.write', { id, request: { ...request, headers: [['X-Key', 'two']] } });
  const withTwo = () => origin.requests.filter(({ headers }) => headers['x-key'] === 'two');
  await origin.until(() => new Set(withTwo().map(({ connection }) => connection)).size >= 4);
  await app.until(() => app.row(id)?.canUndoEdit === undefined);
  const path = await app.until(() => app.application.history.get(id)?.path);
  expect(file.matches(await readFile(path), 0)).toBe(true);
  expect((origin.bytesSent - file.size) / file.size).toBeLessThan(0.02);
});

test('an edit that cures a failed download starts it again', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({
    content: content(92, MiB),
    faults: [
      {
        on: { where: ({ headers }) => headers['user-agent'] !== 'Planted/1.0' },
        times: Number.POSITIVE_INFINITY,
        answer: status(403),
      },
    ],
  });
  await using app = await openTestApplication(folder.path);
  const request = { url: origin.url('/file.zip') };
  const id = await app.add({ request });
  await app.until(() => app.row(id)?.state === 'failed');
  await app.call('request.write', { id, request: { ...request, userAgent: 'Planted/1.0' } });
  await app.until(() => app.application.history.get(id));
});
