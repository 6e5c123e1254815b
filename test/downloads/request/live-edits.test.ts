/** A request changed while its download runs: taken up, never a byte lost, and taken back by one call. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openTestApplication } from '../../support/application.ts';
import { status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import type { Exchange } from '../../support/exchange.ts';
import { startOrigin } from '../../support/origin.ts';
import { tempDirectory } from '../../support/temp.ts';

const MiB = 1024 * 1024;
const file = content(91, 16 * MiB);

const withoutKey = {
  on: { where: ({ headers }: Exchange) => headers['x-key'] !== 'right' },
  times: Number.POSITIVE_INFINITY,
  answer: status(403),
};

test('a wrong edit costs one request: what runs goes on as before, the row says why, and one call takes it back', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({ content: file, bytesPerSecond: MiB, faults: [withoutKey] });
  await using app = await openTestApplication(folder.path);
  const request = { url: origin.url('/file.zip'), headers: [['X-Key', 'right'] as [string, string]] };
  const id = await app.add({ request, connections: 4 });
  await origin.until(() => origin.streams === 4 && origin.bytesSent > 3 * MiB);
  await app.call('request.write', { id, request: { ...request, headers: [['X-Key', 'wrong']] } });
  const refused = await app.until(() => app.row(id)?.editRefused && app.row(id));
  expect(refused).toMatchObject({ state: 'running', canUndoEdit: true, editRefused: { code: 'E_HTTP_403' } });
  await origin.until(() => origin.streams === 4);
  // A second wrong one: what is gone back to is still the one that worked.
  await app.call('request.write', { id, request: { ...request, headers: [['X-Key', 'worse']] } });
  await app.until(() => app.row(id)?.editRefused);
  await app.call('request.rollBack', { id });
  expect(app.row(id)).not.toHaveProperty('editRefused');
  expect(app.row(id)).not.toHaveProperty('canUndoEdit');
  expect(app.application.list.get(id)?.draft.headers).toEqual([['X-Key', 'right']]);
  const path = await app.until(() => app.application.history.get(id)?.path);
  expect(file.matches(await readFile(path), 0)).toBe(true);
  expect(origin.requests.filter(({ headers }) => headers['x-key'] !== 'right').length).toBe(2);
  expect((origin.bytesSent - file.size) / file.size).toBeLessThan(0.02);
});

test('a wrong edit while it is paused stops it at 403 with its bytes; one call takes it back, and it goes on', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({ content: file, bytesPerSecond: MiB, faults: [withoutKey] });
  await using app = await openTestApplication(folder.path);
  const request = { url: origin.url('/file.zip'), headers: [['X-Key', 'right'] as [string, string]] };
  const id = await app.add({ request, connections: 4 });
  await app.until(() => (app.row(id)?.counters[1] ?? 0) > 3 * MiB);
  await app.call('downloads.pause', { ids: [id] });
  await app.until(() => app.application.list.get(id)?.isLive === false);
  const before = app.row(id)?.counters[1] ?? 0;
  await app.call('request.write', { id, request: { ...request, headers: [['X-Key', 'wrong']] } });
  await app.call('downloads.start', { ids: [id] });
  const stuck = await app.until(() => app.row(id)?.waitingFor === 'url' && app.row(id));
  expect(stuck).toMatchObject({ canUndoEdit: true, failure: { code: 'E_LINK_EXPIRED' } });
  expect(stuck.counters[1]).toBeGreaterThanOrEqual(before);
  await app.call('request.rollBack', { id });
  const path = await app.until(() => app.application.history.get(id)?.path);
  expect(file.matches(await readFile(path), 0)).toBe(true);
  expect((origin.bytesSent - file.size) / file.size).toBeLessThan(0.02);
});

test('settings that change nothing of its request leave its connections alone', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({ content: file, bytesPerSecond: MiB });
  await using app = await openTestApplication(folder.path);
  const id = await app.add({ request: { url: origin.url('/file.zip'), userAgent: 'Mine/1' }, connections: 4 });
  await origin.until(() => origin.streams === 4 && origin.bytesSent > 3 * MiB);
  await app.call('settings.write', { soonestDyingFirst: true });
  const before = origin.bytesSent;
  await origin.until(() => origin.bytesSent > before + 2 * MiB);
  expect(origin.requests.filter(({ outcome }) => outcome === 'abandoned')).toEqual([]);
  expect(app.row(id)).toMatchObject({ state: 'running' });
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
