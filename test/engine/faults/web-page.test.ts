/** A login or error page in place of the rest of a file: nothing of it is written, and a new link goes on where it stopped. */
import { expect, test } from 'vitest';
import { html, redirect } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';

const always = Number.POSITIVE_INFINITY;
const size = 16 * MiB;
const rate = { bytesPerSecond: 4 * MiB };

/** Waits until only a person can help, and a while longer: nothing more is asked meanwhile. */
async function untilStranded(rig: Rig, run: Run): Promise<void> {
  run.download.start();
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ type: 'waiting', for: 'url' });
  const { length } = rig.origin.requests;
  await new Promise<void>((resolve) => {
    rig.clock.setTimer(resolve, 20_000);
  });
  expect(rig.origin.requests).toHaveLength(length);
}

test('F36: a page instead of the rest of a .zip is refused as an expired link; with a new link it goes on', async () => {
  let hasExpired = false;
  const isOld = ({ query }: { readonly query: URLSearchParams }): boolean => hasExpired && !query.has('renewed');
  await using rig = await startRig({
    content: content(1, size),
    contentType: 'application/zip',
    ...rate,
    faults: [{ on: { where: isOld }, times: always, answer: html() }],
  });
  const url = rig.origin.url('/file.zip');
  const first = rig.download({ connections: 1 }, { url });
  first.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 6 * MiB);
  await first.download.pause();
  const kept = first.download.progress().doneBytes;
  await rig.restartEngine();

  hasExpired = true;
  const before = rig.origin.requests.length;
  const run = rig.download({ connections: 8 }, { url });
  await untilStranded(rig, run);
  expect(run.code).toBe('E_NOT_FILE');
  expect(rig.origin.requests.length - before).toBeLessThanOrEqual(2);
  expect(run.download.progress().doneBytes).toBe(kept);
  expect(await rig.claims('file.zip')).toEqual([{ start: 0, end: kept }]);

  const asked = rig.origin.requests.length;
  run.download.setUrl(`${url}?renewed=1`);
  await run.download.finished();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(run.download.progress().resumedBytes).toBe(kept);
  // The bytes kept are not fetched again but for what is compared.
  const again = rig.origin.requests.slice(asked).filter(({ range }) => range !== undefined && range.start < kept);
  for (const { bytesSent } of again) expect(bytesSent).toBeLessThanOrEqual(64 * KiB);
});

test('F36: where the page comes from the address a redirect led to, the original is asked again and the new one is used', async () => {
  let visits = 0;
  let hasExpired = false;
  await using rig = await startRig({
    content: content(2, size),
    contentType: 'application/zip',
    ...rate,
    faults: [
      {
        on: { path: '/file.zip' },
        times: always,
        atLeast: 2,
        answer: redirect(302, () => {
          visits += 1;
          return `/signed/file.zip?token=${visits}`;
        }),
      },
      {
        on: { path: '/signed/file.zip', where: ({ query }) => hasExpired && query.get('token') === '1' },
        times: always,
        answer: html(),
      },
    ],
  });
  const run = rig.download({ connections: 4 }, { url: rig.origin.url('/file.zip') });
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 6 * MiB);
  hasExpired = true;
  rig.origin.dropConnections('rst');
  await run.end();
  await rig.expectDone(run);
  expect(visits).toBe(2);
  expect(run.restarts).toBe(0);
});

test('F36: a file that is a page itself is resumed like any other', async () => {
  await using rig = await startRig({ content: content(3, size), contentType: 'text/html; charset=utf-8', ...rate });
  const url = rig.origin.url('/page.html');
  const first = rig.download({ connections: 1 }, { url });
  first.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > 6 * MiB);
  await first.download.pause();
  await rig.restartEngine();
  const run = rig.download({ connections: 8 }, { url });
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBe(0);
  expect(run.download.progress().resumedBytes).toBeGreaterThan(4 * MiB);
});

const page = { content: content(4, 3000), contentType: 'text/html; charset=utf-8' };

test.each([
  ['the address names a file', '/get/file.zip?id=7', undefined],
  ['the person named one', '/get?id=7', 'film.mkv'],
])('a page where %s is never saved: it fails as no file, and nothing is left', async (_why, path, name) => {
  await using rig = await startRig(page);
  const run = rig.download({}, { url: rig.origin.url(path) }, name === undefined ? {} : { name });
  await run.end();
  expect(run.code).toBe('E_NOT_FILE');
  expect(rig.origin.requests).toHaveLength(1);
  expect(await rig.disk.list(rig.directory.path)).toEqual([]);
});

test('a page that the way led to by a login is never saved, whatever was asked for', async () => {
  const faults = [{ on: { path: '/download' }, times: always, answer: redirect(302, '/login?next=%2Fdownload') }];
  await using rig = await startRig({ ...page, faults });
  const run = rig.download({}, { url: rig.origin.url('/download') });
  await run.end();
  expect(run.code).toBe('E_NOT_FILE');
  expect(await rig.disk.list(rig.directory.path)).toEqual([]);
});

test.each([
  [
    'it is offered to be saved',
    '/file.zip',
    { headers: [['Content-Disposition', 'attachment; filename="file.zip"'] as const] },
    undefined,
  ],
  ['the person wants the page', '/file.zip', {}, 'page.html'],
  ['nothing says that a file is there', '/get?id=7', {}, undefined],
  ['the address ends like one of a site', '/sites/example.org', {}, undefined],
])('a page is taken where %s', async (_why, path, more, name) => {
  await using rig = await startRig({ ...page, ...more });
  const run = rig.download({}, { url: rig.origin.url(path) }, name === undefined ? {} : { name });
  await run.end();
  await rig.expectDone(run);
});
