/** Section C of the fault catalogue: where redirects lead, what goes along, and which of them are not followed. */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { DownloadRequest } from '#shared/download';
import { delayHead, instead, lacksCookie, redirect, stall, status } from '../../support/changes.ts';
import { content, poison } from '../../support/content.ts';
import type { Exchange } from '../../support/exchange.ts';
import type { Change, RequestFault } from '../../support/faults.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { type Origin, startOrigin } from '../../support/origin.ts';

const always = Number.POSITIVE_INFINITY;
const file = content(60, 16 * MiB);

/** Each path answers with the change beside it. */
const at = (plan: Record<string, Change | Change[]>): RequestFault[] =>
  Object.entries(plan).map(([path, answer]) => ({ name: path, on: { path }, times: always, answer }));

const pathsOf = (origin: Origin): string[] => origin.requests.map(({ path }) => path);

/** An origin beside the rig's own, with the same file. */
const mirror = (rig: Rig, options: Parameters<typeof startOrigin>[0] = {}): Promise<Origin> =>
  startOrigin({ content: rig.content, clock: rig.clock, bytesPerSecond: MiB, ...options });

test('F60: a chain of all five statuses is walked by every kind of Location, once', async () => {
  const faults = at({
    '/start': redirect(301, 'step/1#part'),
    '/step/1': redirect(302, ({ headers }) => `//${headers.host}/step/2`),
    '/step/2': redirect(303, '../step/3?token=%C3%A4%2F'),
    '/step/3': redirect(307, Buffer.from('/电影 4')),
    '/%E7%94%B5%E5%BD%B1%204': redirect(308, Buffer.from([0x2f, 0xe4, 0x2e, 0x62, 0x69, 0x6e])),
  });
  await using rig = await startRig({ content: file, bytesPerSecond: MiB, faults });
  const run = rig.download({}, { url: `${rig.origin.url('/start')}#ignored` });
  await run.end();
  await rig.expectDone(run);
  const paths = pathsOf(rig.origin);
  expect(paths.slice(0, 5)).toEqual(['/start', '/step/1', '/step/2', '/step/3', '/%E7%94%B5%E5%BD%B1%204']);
  // The probe's body is used, and every further connection goes straight to where it led.
  expect(new Set(paths.slice(5))).toEqual(new Set(['/%E4.bin']));
  expect(rig.origin.requests[3]?.target).toBe('/step/3?token=%C3%A4%2F');
  expect(rig.origin.requests[5]?.range).toBeUndefined();
  expect(paths.length).toBeLessThanOrEqual(5 + 16);
  expect(rig.origin.maxStreams).toBe(8);
});

test('F60: twenty redirects are followed', async () => {
  const hop = (exchange: Exchange): string => `/hop?n=${Number(exchange.query.get('n') ?? 0) + 1}`;
  const faults = [{ on: { path: '/hop', where: ({ n }: Exchange) => n <= 20 }, times: always, answer: redirect(302, hop) }];
  await using rig = await startRig({ content: content(61, MiB), faults });
  const run = rig.download({}, { url: rig.origin.url('/hop') });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBe(21);
});

test('F60: what was posted is posted again where the status says so, and else fetched', async () => {
  const faults = at({ '/keep': redirect(307, '/ask'), '/ask': redirect(303, '/file.bin') });
  await using rig = await startRig({ content: content(62, MiB), faults });
  const run = rig.download({}, { url: rig.origin.url('/keep'), method: 'POST', body: 'id=ä' });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
    'POST /keep id=ä',
    'POST /ask id=ä',
    'GET /file.bin ',
  ]);
});

test('F60: a posted form that led to a file is posted again after a cut, not the form to the file', async () => {
  const faults: RequestFault[] = [
    ...at({ '/form': redirect(303, '/file.bin') }),
    { on: { path: '/file.bin' }, answer: (answer) => ({ ...answer, delivery: { cut: { afterBytes: MiB, how: 'rst' } } }) },
  ];
  await using rig = await startRig({ content: content(63, 4 * MiB), faults });
  const run = rig.download({}, { url: rig.origin.url('/form'), method: 'POST', body: 'id=1' });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /form',
    'GET /file.bin',
    'POST /form',
    'GET /file.bin',
  ]);
});

test.each([307, 308] as const)('a body posted to one server is not handed to another by a %d', async (code) => {
  const faults = at({ '/form': redirect(code, (): string => other.url('/file.bin')) });
  await using rig = await startRig({ content: content(64, MiB), faults });
  await using other = await mirror(rig);
  const run = rig.download({}, { url: rig.origin.url('/form'), method: 'POST', body: 'password=CANARY' });
  await run.end();
  expect(run.code).toBe('E_REDIRECT_UNSAFE');
  expect(run.download.state).toMatchObject({ failure: { message: expect.stringContaining(new URL(other.url('/')).host) } });
  expect(other.requests.map(({ body }) => body)).toEqual([]);
});

test('F61: a loop is left after twenty hops and not tried again', async () => {
  await using rig = await startRig({ content: file, faults: at({ '/a': redirect(302, '/b'), '/b': redirect(302, '/a') }) });
  const run = rig.download({}, { url: rig.origin.url('/a') });
  await run.end();
  expect(run.code).toBe('E_TOO_MANY_REDIRECTS');
  expect(rig.origin.requests.length).toBe(21);
  expect(await readdir(rig.directory.path)).toEqual([]);
});

test('F61: a chain one too long is left, though it would end', async () => {
  const hop = (exchange: Exchange): string => `/hop?n=${exchange.n}`;
  const faults = [{ on: { path: '/hop', where: ({ n }: Exchange) => n <= 21 }, times: always, answer: redirect(302, hop) }];
  await using rig = await startRig({ content: file, faults });
  const run = rig.download({}, { url: rig.origin.url('/hop') });
  await run.end();
  expect(run.code).toBe('E_TOO_MANY_REDIRECTS');
  expect(rig.origin.requests.length).toBe(21);
});

test.each([
  ['no Location', undefined],
  ['an empty one', ''],
  ['one that cannot be read', 'http://[::1'],
])('F62: a redirect with %s ends at once', async (_what, location) => {
  await using rig = await startRig({ content: file, faults: [{ on: {}, answer: redirect(302, location) }] });
  const run = rig.download();
  await run.end();
  expect(run.code).toBe('E_PROTOCOL');
  expect(rig.origin.requests.length).toBe(1);
});

const secret = 'geheim';
const secretive: Partial<DownloadRequest> = {
  headers: [
    ['Authorization', `Bearer ${secret}`],
    ['X-Api-Key', secret],
    ['Referer', `https://example.org/?s=${secret}`],
    ['User-Agent', 'Mine/1'],
  ],
  cookie: `sid=${secret}`,
};

const secretsIn = (exchange: Exchange): string[] =>
  exchange.fields.filter(([, value]) => value.includes(secret)).map(([name]) => name.toLowerCase());

/** Nothing the run told and nothing it left on disk holds the secret. */
async function expectNoSecret(rig: Rig, run: Run): Promise<void> {
  expect(JSON.stringify(run.events)).not.toContain(secret);
  for (const name of await readdir(rig.directory.path)) {
    const isText = name.endsWith('.ckpt');
    if (isText) expect(await readFile(rig.directory.file(name), 'latin1')).not.toContain(secret);
  }
}

test('F66: no secret follows a redirect to another origin, and each is there again at its own', async () => {
  const faults = at({
    '/start': redirect(302, ({ query }) => query.get('to') ?? '', { headers: [['Set-Cookie', `set=${secret}`]] }),
  });
  await using rig = await startRig({ content: file, faults });
  await using other = await mirror(rig, { faults: at({ '/back': redirect(302, () => rig.origin.url('/own')) }) });
  const away = `${rig.origin.url('/start')}?s=${secret}&to=${other.url('/file.bin', 'localhost')}`;
  const run = rig.download({}, { ...secretive, url: away });
  run.download.start();
  await other.until(() => other.streams === 8);
  await expectNoSecret(rig, run);
  await run.end();
  await rig.expectDone(run);
  expect(secretsIn(rig.origin.requests[0] as Exchange)).toEqual(['authorization', 'x-api-key', 'referer', 'cookie']);
  expect(other.requests.flatMap(secretsIn)).toEqual([]);
  expect(other.requests[0]?.headers['user-agent']).toBe('Mine/1');
  await expectNoSecret(rig, run);

  const round = rig.download({}, { ...secretive, url: `${rig.origin.url('/start')}?to=${other.url('/back', 'localhost')}` });
  await round.end();
  await rig.expectDone(round);
  expect(secretsIn(other.requests.at(-1) as Exchange)).toEqual([]);
  expect(secretsIn(rig.origin.requests.at(-1) as Exchange)).toEqual(['authorization', 'x-api-key', 'referer', 'cookie']);
});

test('F66: another port is another origin, and a login in the address goes to neither', async () => {
  await using rig = await startRig({ content: file, faults: at({ '/start': redirect(302, () => other.url()) }) });
  await using other = await mirror(rig);
  const url = rig.origin.url('/start').replace('//', `//me:${secret}@`);
  const run = rig.download({}, { ...secretive, url });
  await run.end();
  await rig.expectDone(run);
  expect(other.requests.flatMap(secretsIn)).toEqual([]);
  expect(other.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});

test.each(['file:///etc/passwd', 'data:text/plain,x', 'ftp://127.0.0.1/x', 'javascript:alert(1)'])(
  'F67: a redirect to %s is refused',
  async (location) => {
    await using rig = await startRig({ content: file, faults: [{ on: {}, answer: redirect(302, location) }] });
    const run = rig.download({ allowUnsafeRedirects: true });
    await run.end();
    expect(run.code).toBe('E_REDIRECT_UNSAFE');
    expect(rig.origin.requests.length).toBe(1);
    expect(await readdir(rig.directory.path)).toEqual([]);
  },
);

test('F67: a forbidden redirect of one connection more is news about the host, not the end', async () => {
  const faults: RequestFault[] = [{ on: { extra: true }, times: always, answer: redirect(302, 'ftp://127.0.0.1/busy') }];
  await using rig = await startRig({ content: file, bytesPerSecond: MiB, faults });
  const run = rig.download();
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.requests.length).toBeLessThanOrEqual(4);
});

test('F68: a cookie set on one hop is there on the next, and on every later connection', async () => {
  const faults: RequestFault[] = [
    ...at({
      '/start': redirect(302, '/gate', {
        headers: [
          ['Set-Cookie', 'one=1; Path=/'],
          ['Set-Cookie', 'sub=1; Path=/gate'],
        ],
      }),
    }),
    { on: { path: '/gate', where: lacksCookie('sub=1') }, atLeast: 0, times: always, answer: status(403) },
    ...at({ '/gate': redirect(302, '/file.bin', { headers: [['Set-Cookie', Buffer.from('name=ä; Path=/')]] }) }),
    { on: { path: '/file.bin', where: lacksCookie('one=1') }, atLeast: 0, times: always, answer: status(403) },
    { on: { path: '/file.bin', where: lacksCookie('name=ä') }, atLeast: 0, times: always, answer: status(403) },
    { on: { path: '/file.bin', where: (each) => !lacksCookie('sub=1')(each) }, atLeast: 0, times: always, answer: status(403) },
  ];
  await using rig = await startRig({ content: file, bytesPerSecond: MiB, faults });
  const run = rig.download({}, { url: rig.origin.url('/start'), cookie: 'mine=ö; one=1' });
  await run.end();
  await rig.expectDone(run);
  expect(rig.origin.maxStreams).toBe(8);
  expect(rig.origin.requests.at(-1)?.headers.cookie).toBe('mine=ö; one=1; name=ä');
});

test('F70: a redirect with an endless body is left at its headers', async () => {
  await using rig = await startRig({ content: file, faults: at({ '/start': redirect(302, '/file.bin', { body: poison() }) }) });
  const run = rig.download({}, { url: rig.origin.url('/start') });
  await run.end();
  await rig.expectDone(run);
  const [first, second] = rig.origin.requests;
  expect(first?.outcome).toBe('abandoned');
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(1000);
});

test('F70: a redirect whose short body never comes is left after a second', async () => {
  const slow = [redirect(302, '/file.bin', { body: poison(1000) }), stall(10)];
  await using rig = await startRig({ content: file, faults: at({ '/start': slow }) });
  const run = rig.download({}, { url: rig.origin.url('/start') });
  await run.end();
  await rig.expectDone(run);
  const [first, second] = rig.origin.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeLessThan(1500);
});

test('F70: where it leads is watched for silence like any other address', async () => {
  const faults: RequestFault[] = [
    ...at({ '/start': redirect(302, '/file.bin', { body: poison() }) }),
    { on: { path: '/file.bin' }, answer: instead('silence') },
    { on: { path: '/file.bin' }, skip: 1, answer: delayHead(1000) },
  ];
  await using rig = await startRig({ content: file, faults });
  const run = rig.download({}, { url: rig.origin.url('/start') });
  await run.end();
  await rig.expectDone(run);
  const asked = rig.origin.requests.filter(({ path }) => path === '/file.bin');
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(20_000);
  expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeLessThan(25_000);
});
