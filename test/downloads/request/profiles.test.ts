/** Profiles: which one a download gets, what it gives, and that the preview is what the server receives. */
import { describe, expect, test } from 'vitest';
import type { Profile } from '#shared/settings';
import { openTestApplication, type TestApplication } from '../../support/application.ts';
import { content } from '../../support/content.ts';
import { startOrigin } from '../../support/origin.ts';
import { startProxy } from '../../support/proxy.ts';
import { tempDirectory } from '../../support/temp.ts';

const MiB = 1024 * 1024;
const profile: Profile = {
  name: 'mine',
  hosts: ['127.0.0.1'],
  headers: [
    ['X-Both', 'of the profile'],
    ['X-Profile', 'of the profile'],
    ['X-Api-Key', 'profile-secret'],
  ],
  userAgent: 'profile/1',
  cookie: 'who=profile',
  login: { username: 'ann', password: 'profile-password' },
  connections: 3,
  limitBytesPerSecond: 5 * MiB,
};
const login = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

async function received(
  app: TestApplication,
  id: string,
  requests: readonly { fields: readonly (readonly [string, string])[] }[],
) {
  await app.until(() => app.application.history.get(id));
  // Its name goes out in small letters.
  return (requests[0]?.fields ?? []).map(([name, value]) => `${name === 'host' ? 'Host' : name}: ${value}`);
}

describe('what a download asks for itself wins over its profile, and that over the settings', () => {
  test.each([
    ['settings alone', 'localhost', {}, { ua: 'settings/1', both: undefined, cookie: undefined, auth: undefined, n: 5 }],
    [
      'a profile',
      '127.0.0.1',
      {},
      { ua: 'profile/1', both: 'of the profile', cookie: 'who=profile', auth: login('ann', 'profile-password'), n: 3 },
    ],
    [
      'a profile and its own',
      '127.0.0.1',
      {
        userAgent: 'own/1',
        headers: [['x-both', 'its own'] as [string, string]],
        cookies: [{ name: 'who', value: 'me' }],
        login: { username: 'bob', password: 'own-password' },
      },
      { ua: 'own/1', both: 'its own', cookie: 'who=me', auth: login('bob', 'own-password'), n: 2 },
    ],
  ])('%s; the preview is, line for line, what the server receives', async (_what, host, own, wanted) => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(51, 100_000) });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { userAgent: 'settings/1', connections: 5 });
    await app.call('profiles.write', { profiles: [profile] });
    const order = { request: { url: origin.url('/file.bin?key=planted', host), ...own } };
    const id = await app.add({ ...order, ...(wanted.n === 2 && { connections: 2 }) }, false);
    expect(app.row(id)?.connections).toBe(wanted.n);
    const open = await app.call('request.read', { id, reveal: true });
    const masked = await app.call('request.read', { id });
    expect(open.profile).toBe(host === 'localhost' ? undefined : 'mine');
    await app.call('downloads.start', { ids: [id] });
    const lines = await received(app, id, origin.requests);
    const preview = open.preview.map(({ line }) => line);
    expect(preview[0]).toBe('GET /file.bin?key=planted HTTP/1.1');
    expect(preview.slice(1).toSorted()).toEqual(lines.filter((line) => !/^connection:/i.test(line)).toSorted());
    const [asked] = origin.requests;
    expect(asked?.headers['user-agent']).toBe(wanted.ua);
    expect(asked?.headers['x-both']).toBe(wanted.both);
    expect(asked?.headers.cookie).toBe(wanted.cookie);
    expect(asked?.headers.authorization).toBe(wanted.auth);
    const shown = JSON.stringify(masked);
    for (const secret of ['profile-secret', 'profile-password', 'own-password', 'planted', '=me', 'who=profile']) {
      expect(shown).not.toContain(secret);
    }
    expect(masked.preview.map(({ from }) => from)).toEqual(open.preview.map(({ from }) => from));
  });

  test('its proxy leads to the hosts of the profile alone', async () => {
    await using folder = await tempDirectory();
    await using origin = await startOrigin({ content: content(52, 1000) });
    await using proxy = await startProxy({ login: { user: 'way', password: 'in' } });
    await using app = await openTestApplication(folder.path);
    await app.call('settings.write', { proxy: { mode: 'direct', url: '', noProxy: [] } });
    await app.call('profiles.write', { profiles: [{ name: 'far', hosts: ['127.0.0.1'], proxy: proxy.url('http') }] });
    for (const host of ['127.0.0.1', 'localhost']) {
      const id = await app.add(origin.url(`/${host}.bin`, host));
      await app.until(() => app.application.history.get(id));
    }
    expect(proxy.requests.map(({ login: given }) => given)).toEqual(['way:in']);
  });
});

test('the tester says which profile an address gets, by which rule, and why', async () => {
  await using folder = await tempDirectory();
  await using app = await openTestApplication(folder.path);
  const named = (name: string, ...hosts: string[]): Profile => ({ name, hosts });
  await app.call('profiles.write', {
    profiles: [
      named('exact', 'files.example.org'),
      named('below', '*.example.org', '*.files.example.org'),
      named('letters', 'bücher.example'),
      named('rest', '*'),
    ],
  });
  const tested = async (host: string) => {
    const { profile: name, rule, reason } = await app.call('profiles.test', { url: `https://${host}/x` });
    expect(reason).toContain(host === 'bücher.example' ? 'bücher.example' : host);
    return [name, rule];
  };
  expect(await tested('files.example.org')).toEqual(['exact', 'files.example.org']);
  expect(await tested('a.files.example.org')).toEqual(['below', '*.files.example.org']);
  expect(await tested('b.example.org')).toEqual(['below', '*.example.org']);
  expect(await tested('example.org')).toEqual(['rest', '*']);
  expect(await tested('bücher.example')).toEqual(['letters', 'bücher.example']);
  await expect(app.call('profiles.test', { url: 'nonsense' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

test.each([
  ['https://example.org', 'column 6: ":"'],
  ['example.org:8080', 'column 12: ":"'],
  ['*.exam*ple.org', 'column 7: "*"'],
  ['exam ple', 'column 5: " "'],
  ['*.', 'column 3: a name is missing'],
  ['a..b', 'column 2: a name is missing'],
])('the pattern %s is refused, and the place in it is named', async (pattern, place) => {
  await using folder = await tempDirectory();
  await using app = await openTestApplication(folder.path);
  const write = app.call('profiles.write', { profiles: [{ name: 'a', hosts: ['example.org', pattern] }] });
  await expect(write).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining(`profiles.0.hosts.1: ${place}`),
  });
  expect(await app.call('profiles.read', {})).toEqual([]);
});
