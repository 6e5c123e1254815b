/** What went over the wire, told for people: whole, masked and bounded. */
import { expect, test } from 'vitest';
import { Journal } from '../../../electron/downloads/list/journal.ts';
import { openTestApplication } from '../../support/application.ts';
import { cut, redirect } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { startOrigin } from '../../support/origin.ts';
import { tempDirectory } from '../../support/temp.ts';

const MiB = 1024 * 1024;
const always = Number.POSITIVE_INFINITY;

test('a redirect and its answer are told with their headers, times and bytes, secrets masked; as text too', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({
    content: content(41, 32 * MiB),
    bytesPerSecond: MiB,
    faults: [
      {
        on: { path: '/go' },
        times: always,
        answer: redirect(302, '/file.zip?signature=planted', { headers: [['Set-Cookie', 'sid=planted; Path=/']] }),
      },
      { on: { path: '/file.zip' }, answer: cut(MiB, 'fin') },
    ],
  });
  await using app = await openTestApplication(folder.path);
  const id = await app.add({ request: { url: origin.url('/go'), headers: [['X-Token', 'planted']] }, connections: 1 });
  await app.until(() => app.application.list.require(id).journal.exchanges.length >= 2);
  const { exchanges } = await app.call('transcript.read', { id });
  const [first, second] = exchanges;
  expect(first).toMatchObject({ status: 302, request: `GET ${origin.url('/go')}` });
  expect(first?.responseHeaders.map(([name, value]) => [name.toLowerCase(), value])).toContainEqual(['location', '/file.zip?…']);
  expect(second).toMatchObject({ status: 200, request: `GET ${origin.url('/file.zip')}?…`, bytes: MiB });
  expect(second?.endMs).toBeGreaterThanOrEqual(second?.headersMs ?? Number.NaN);
  const { text } = await app.call('transcript.export', { id });
  for (const part of [
    'GET ',
    '> X-Token: •••',
    '< 302 after ',
    'ocation: /file.zip?…',
    '> Cookie: sid=•••',
    `${MiB} bytes in `,
  ]) {
    expect(text).toContain(part);
  }
  expect(text + JSON.stringify(exchanges)).not.toContain('planted');
});

test('only the newest forty are kept, however long a download goes on', () => {
  const journal = new Journal();
  const exchange = { method: 'GET', url: 'http://x/', requestHeaders: [], responseHeaders: [], endMs: 1, bytes: 1 };
  for (let at = 1; at <= 1000; at += 1) journal.exchanged({ ...exchange, at });
  expect(journal.exchanges.map(({ at }) => at)).toEqual(Array.from({ length: 40 }, (_, index) => 961 + index));
});

test('what is posted goes over one connection, with its body, and is said to be no download to resume', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({ content: content(43, 8 * MiB), bytesPerSecond: 4 * MiB });
  await using app = await openTestApplication(folder.path);
  const id = await app.add({ request: { url: origin.url('/report'), method: 'POST', body: 'year=2026' }, connections: 8 });
  const row = await app.until(() => app.row(id)?.resumable !== undefined && app.row(id));
  expect(row.resumable).toBe(false);
  await app.until(() => app.application.history.get(id));
  expect(origin.requests.map(({ method, body }) => [method, String(body)])).toEqual([['POST', 'year=2026']]);
  expect(origin.maxOpenConnections).toBe(1);
});
