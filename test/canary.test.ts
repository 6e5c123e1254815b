/** Secrets are planted in every place where a person can put one, and then looked for wherever Sluice shows, says or keeps something. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { openTestApplication } from './support/application.ts';
import { lacksLogin, redirect, status } from './support/changes.ts';
import { content } from './support/content.ts';
import { startOrigin } from './support/origin.ts';
import { startProxy } from './support/proxy.ts';
import { runCommand, startServing } from './support/serving.ts';
import { tempDirectory } from './support/temp.ts';

vi.setConfig({ testTimeout: 90_000 });

const MiB = 1024 * 1024;
/** Part of every planted secret. */
const canary = 'CANARY';
/** Long enough that no masking by length hides it, and each told from the others. */
const secret = (name: string): string => `${canary}-${name}-0123456789`;

const loginOf = (user: string, password: string): string => Buffer.from(`${user}:${password}`).toString('base64');
/** In any spelling it could leak in. */
const spellings = (proxied: boolean): string[] => [
  canary,
  loginOf('ann', secret('login')).slice(4),
  ...(proxied ? [loginOf('way', secret('proxy')).slice(4)] : []),
  Buffer.from(canary).toString('hex'),
];

function expectClean(places: Readonly<Record<string, unknown>>): void {
  const found = Object.entries(places).flatMap(([place, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
    return spellings(true).flatMap((spelling) => {
      const at = text.indexOf(spelling);
      return at < 0 ? [] : [`${place}: …${text.slice(Math.max(0, at - 60), at + 40)}…`];
    });
  });
  expect(found).toEqual([]);
}

const requestFor = (url: string) => ({
  url: `${url}?token=${secret('url')}&Expires=2000000000`,
  headers: [['X-Api-Key', secret('header')] as [string, string], ['Authorization-Extra', secret('header2')] as [string, string]],
  cookies: [{ name: 'session', value: secret('cookie') }],
  referer: `https://forum.example/?sid=${secret('referer')}`,
  login: { username: 'ann', password: secret('login') },
});

const filesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((one) => one.isFile())
      .map(({ name }) => [`file ${name}`, readFileSync(`${folder}/${name}`, 'latin1')]),
  );

test('in no view, log, transcript, export, error, push or file of the application', async () => {
  await using folder = await tempDirectory();
  await using origin = await startOrigin({
    content: content(61, 4 * MiB),
    bytesPerSecond: MiB,
    faults: [
      {
        on: { path: '/go.bin' },
        times: Number.POSITIVE_INFINITY,
        answer: redirect(302, `/file.bin?signature=${secret('location')}`, {
          headers: [['Set-Cookie', `sid=${secret('set-cookie')}; Path=/`]],
        }),
      },
      {
        on: { path: '/refused.bin' },
        times: Number.POSITIVE_INFINITY,
        answer: status(401, { headers: [['WWW-Authenticate', 'Basic realm="planted"']] }),
      },
      {
        on: { path: '/file.bin', where: lacksLogin('ann', secret('login')) },
        times: Number.POSITIVE_INFINITY,
        atLeast: 0,
        answer: status(401),
      },
    ],
  });
  await using proxy = await startProxy({ login: { user: 'way', password: secret('proxy') } });
  await using app = await openTestApplication(folder.path);
  const way = proxy.url('http');
  await app.call('profiles.write', {
    profiles: [
      {
        name: 'planted',
        hosts: ['127.0.0.1'],
        headers: [['X-Profile-Token', secret('profile-header')]],
        cookie: `profile=${secret('profile-cookie')}`,
        login: { username: 'ann', password: secret('profile-login') },
        proxy: way,
      },
    ],
  });
  await app.call('settings.write', { proxy: { mode: 'manual', url: way, noProxy: [] } });
  const id = await app.add({ request: { ...requestFor(origin.url('/go.bin')), proxy: way } });
  const posted = await app.add({
    request: { ...requestFor(origin.url('/post.bin')), method: 'POST', body: `password=${secret('body')}` },
  });
  const refused = await app.add({ request: requestFor(origin.url('/refused.bin')) });
  await app.until(() => (app.row(id)?.counters[1] ?? 0) > MiB);
  const details = await Promise.all([id, posted, refused].map((one) => app.call('detail.open', { id: one })));
  await app.call('feed.watch', { on: true });
  await app.until(() => app.row(refused)?.state === 'failed');
  const badCalls = await Promise.allSettled([
    app.call('link.replace', { id, url: `ftp://ann:${secret('bad')}@127.0.0.1/?token=${secret('bad')}` }),
    app.call('link.replace', { id: refused, url: origin.url(`/refused.bin?token=${secret('bad')}`), waitMs: 1000 }),
    app.call('request.write', {
      id,
      request: { url: origin.url('/go.bin'), headers: [['X-Api-Key', `${secret('bad')}\u0001`]] },
    }),
    app.call('request.write', { id, request: { url: origin.url('/go.bin'), proxy: `gopher://way:${secret('bad')}@x` } }),
    app.call('downloads.probe', { key: 'k', order: { request: requestFor('http://127.0.0.1:9/file.bin') } }),
    app.call('downloads.add', { orders: [{ request: { url: `ftp://ann:${secret('bad')}@x/?t=${secret('bad')}` } }] }),
    app.call('list.import', { text: `{"sluiceList": 1, "downloads": [{"request": {"url": 3, "cookie": "${secret('bad')}"}}]}` }),
  ]);
  const views = async () => ({
    snapshot: await app.call('downloads.snapshot', { offset: 0, limit: 10 }),
    reads: await Promise.all(
      [id, posted, refused].filter((one) => app.row(one)).map((one) => app.call('request.read', { id: one })),
    ),
    transcripts: await Promise.all(
      [id, posted, refused].filter((one) => app.row(one)).map((one) => app.call('transcript.read', { id: one })),
    ),
    exports: await Promise.all(
      [id, posted, refused].filter((one) => app.row(one)).map((one) => app.call('transcript.export', { id: one })),
    ),
    curl: await Promise.all(
      [id, posted, refused].filter((one) => app.row(one)).map((one) => app.call('curl.export', { id: one })),
    ),
    profiles: await app.call('profiles.read', {}),
    profileTest: await app.call('profiles.test', { url: `${origin.url('/x')}?token=${secret('url')}` }),
    settings: await app.call('settings.read'),
    history: await app.call('history.page', { offset: 0, limit: 10 }),
    session: await app.call('session.info'),
  });
  const parsed = await app.call('text.parse', { text: `curl 'https://x/?t=${secret('bad')}' -H 'X-Key: ${secret('bad')}` });
  const early = await views();
  await app.until(() => app.application.history.get(id) && app.application.history.get(posted));
  expectClean({
    details,
    ...early,
    late: await views(),
    pushes: app.pushes,
    errors: badCalls.map((one) => (one.status === 'rejected' ? String(one.reason) : one.value)),
    remarks: parsed.remarks,
  });
  // What was planted did go out: else nothing was looked for.
  expect(JSON.stringify(early.transcripts)).toContain('•••');
  expect(origin.requests.some(({ headers }) => headers['x-api-key'] === secret('header'))).toBe(true);
  expect(origin.requests.some(({ body }) => String(body).includes(secret('body')))).toBe(true);
  // Addresses are kept as they are, so that the download can go on; see docs/requests.md.
  const withoutAddresses = (text: string) =>
    ['url', 'referer', 'bad'].reduce((rest, name) => rest.replaceAll(secret(name), ''), text);
  const kept = Object.entries(filesIn(folder.file('data'))).map(([name, text]) => [name, withoutAddresses(text)] as const);
  expect(kept.length).toBeGreaterThan(3);
  expectClean(Object.fromEntries(kept));
  const { text: list } = await app.call('list.export', {});
  expectClean({ list: withoutAddresses(list) });
});

test('in nothing that the command line or the server says', async () => {
  await using folder = await tempDirectory();
  await mkdir(folder.file('files'));
  await using origin = await startOrigin({
    content: content(62, MiB),
    faults: [{ on: { path: '/gone.bin' }, times: Number.POSITIVE_INFINITY, answer: status(404) }],
  });
  const env = { ...process.env, SLUICE_DATA: folder.file('memory') };
  const query = `?token=${secret('url')}`;
  const given = [
    '-H',
    `X-Api-Key: ${secret('header')}`,
    '--cookie',
    `session=${secret('cookie')}`,
    '--user',
    `ann:${secret('login')}`,
  ];
  const get = (...words: string[]) => runCommand(['get', ...words, ...given, '-d', folder.path], env);
  const ran = {
    'get --json': await get('--json', origin.url(`/file.bin${query}`)),
    'get, plain': await get(origin.url(`/plain.bin${query}`), '--data', `password=${secret('body')}`),
    'get, failing': await get(origin.url(`/gone.bin${query}`)),
    'get, a bad proxy': await get(
      origin.url(`/x.bin${query}`),
      '--proxy',
      `http://way:${secret('proxy')}@127.0.0.1:9`,
      '--retries',
      '0',
    ),
    'get, a bad option': await get(`ftp://ann:${secret('bad')}@x/${query}`),
    'get, a bad command': await get('--curl', `curl 'https://x/${query}' -H 'X: ${secret('bad')}`),
  };
  expect(ran['get --json'].status).toBe(0);
  expect(ran['get, failing'].status).toBe(1);
  await using server = await startServing(folder.path);
  const served = {
    add: await server.run('add', '--json', '--paused', ...given, origin.url(`/file.bin${query}`)),
    again: await server.run('add', ...given, origin.url(`/file.bin${query}`)),
    gone: await server.run('add', ...given, origin.url(`/gone.bin${query}`)),
    curl: await server.run('add', '--curl', `curl 'https://x/${query}' -H 'X: ${secret('bad')}`),
    list: await server.run('list'),
    'list --json': await server.run('list', '--json'),
    status: await server.run('status', '--json'),
  };
  expect(served.list.stdout).toContain('file.bin');
  expectClean({ ...ran, ...served, console: server.errors });
});
