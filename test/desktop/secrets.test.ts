/** What is secret in a request is sealed by the system's key store, and in no file, log or message. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { electronProgram } from '../support/electron/launch.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const request = (origin: Origin) => ({
  url: origin.url('/private.bin').replace('://', '://ann:CANARY1@'),
  headers: [['X-Api-Key', 'CANARY2'] as [string, string]],
  cookies: [{ name: 'session', value: 'CANARY3' }],
});

/** Every file that the app, its window's browser and the download left, by name, where the word is in it. */
function filesWith(running: RunningApp, word: string): string[] {
  const all = readdirSync(running.folder.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return all.map((entry) => join(entry.parentPath, entry.name)).filter((path) => readFileSync(path).includes(word));
}

const startAll = async (running: RunningApp): Promise<void> => {
  const { rows } = await running.call('downloads.snapshot', { offset: 0, limit: 10 });
  await running.call('downloads.start', { ids: rows.map(({ id }) => id) });
};

test('sealed: after a new start they are sent, and no file tells them', async () => {
  await using origin = await startOrigin({ content: content(61, 1000) });
  await using running = await RunningApp.start();
  await running.page();
  await running.call('downloads.add', { orders: [{ request: request(origin) }], start: false });
  await running.call('profiles.write', {
    profiles: [
      {
        name: 'p',
        hosts: ['elsewhere.example'],
        proxy: 'http://u:CANARY4@proxy:1',
        login: { username: 'n', password: 'CANARY5' },
      },
    ],
  });
  expect((await running.call('session.info')).keepsSecrets).toBe('sealed');
  expect(await running.app.quit()).toBe(0);
  expect(filesWith(running, 'CANARY')).toEqual([]);
  const sealed = running.folder.file('data', 'secret.sealed');
  expect(statSync(sealed).mode & 0o777).toBe(0o600);
  for (const name of readdirSync(running.folder.file('data')).filter((each) => each.endsWith('.json'))) {
    expect(statSync(running.folder.file('data', name)).mode & 0o077, name).toBe(0);
  }
  await running.start();
  await startAll(running);
  await origin.until(() => origin.requests.length > 0);
  expect(origin.requests[0]?.headers).toMatchObject({ 'x-api-key': 'CANARY2', cookie: 'session=CANARY3' });
  expect(origin.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('ann:CANARY1').toString('base64')}`);
  expect(await running.app.quit()).toBe(0);
  expect(filesWith(running, 'CANARY')).toEqual([]);
  expect(running.app.output).not.toContain('CANARY');
});

// A real key store is not taken away by a test.
const onStandIn = test.skipIf(electronProgram !== undefined);

onStandIn.each([
  ['no key store', { isAvailable: false, backend: 'unknown', isLocked: false }],
  ['only a key that everybody knows', { isAvailable: true, backend: 'basic_text', isLocked: false }],
])('%s: it is said, and they are kept in memory alone', async (_what, keyStore) => {
  await using origin = await startOrigin({ content: content(62, 1000) });
  await using running = await RunningApp.start({ desk: { keyStore } });
  const page = await running.page();
  await expectPage(page.getByRole('region', { name: 'Notices' })).toContainText('no key store');
  await running.call('downloads.add', { orders: [{ request: request(origin) }], start: false });
  expect((await running.call('session.info')).keepsSecrets).toBe('memory');
  await startAll(running);
  await origin.until(() => origin.requests.length > 0);
  expect(origin.requests[0]?.headers.cookie).toBe('session=CANARY3');
  expect(await running.app.quit()).toBe(0);
  expect(filesWith(running, 'CANARY')).toEqual([]);
});

onStandIn('a key store that stays closed today: it is said, and what it sealed is there when it opens again', async () => {
  await using origin = await startOrigin({ content: content(63, 1000) });
  await using running = await RunningApp.start();
  await running.page();
  await running.call('downloads.add', { orders: [{ request: request(origin) }], start: false });
  expect(await running.app.quit()).toBe(0);
  const sealed = running.folder.file('data', 'secret.sealed');
  const before = readFileSync(sealed);
  await running.start({ desk: { keyStore: { isAvailable: true, backend: 'gnome_libsecret', isLocked: true } } });
  await expectPage((await running.page()).getByRole('region', { name: 'Notices' })).toContainText('did not open');
  expect(await running.app.quit()).toBe(0);
  expect(readFileSync(sealed)).toEqual(before);
  await running.start();
  await startAll(running);
  await origin.until(() => origin.requests.length > 0);
  expect(origin.requests[0]?.headers.cookie).toBe('session=CANARY3');
});
