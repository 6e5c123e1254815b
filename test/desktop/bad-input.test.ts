/**
 * What other programs, pages, files and servers send is hostile: nothing of it is run, opened, written or asked of a server. After each
 * attack comes an honest link: when that is seen, the attack has had its turn.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { resourceOf } from '../support/answer.ts';
import { content, literal } from '../support/content.ts';
import { launch } from '../support/electron/launch.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, mainScript, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const markup = '<img src=x onerror="window.planted=1">';
const source = content(81, 50_000);
let origin: Origin;
let running: RunningApp;
let page: Page;

beforeAll(async () => {
  const named = (filename: string) => ({
    headers: [['Content-Disposition', `attachment; filename="${filename}"`]] as [string, string][],
  });
  origin = await startOrigin({
    content: source,
    resources: {
      '/markup': resourceOf({ content: source, ...named(markup.replaceAll('"', '\\"')) }),
      '/outside': resourceOf({ content: source, ...named('../../outside.txt') }),
      '/page.html': resourceOf({ content: literal(`<script>window.planted = 1</script>${markup}`), contentType: 'text/html' }),
    },
  });
  running = await RunningApp.start();
  page = await running.page();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const dialog = () => page.getByRole('dialog', { name: 'Add downloads' });
const openUrl = (url: string): Promise<void> =>
  running.app.evaluate(({ app }, given) => void app.emit('open-url', { preventDefault: () => {} }, given), url);
const openFile = (path: string): Promise<void> =>
  running.app.evaluate(({ app }, given) => void app.emit('open-file', { preventDefault: () => {} }, given), path);

/** The honest link comes through, alone, and is not asked for before anybody agrees. */
async function expectHonestAlone(): Promise<void> {
  await openUrl(`sluice:add?url=${encodeURIComponent(origin.url('/honest.bin'))}`);
  await expectPage(dialog().getByRole('textbox', { name: 'Links' })).toHaveValue(origin.url('/honest.bin'));
  await expectPage(dialog().getByText('1 download found')).toBeVisible();
  // What was not agreed to is kept for the next time.
  await dialog().getByRole('textbox', { name: 'Links' }).fill('');
  await page.keyboard.press('Escape');
  await expectPage(dialog()).toBeHidden();
}

/** Nothing was run, opened, written or asked, whatever was tried. */
afterEach(async () => {
  expect(running.opened()).toEqual([]);
  expect(await page.evaluate('window.planted ?? 0')).toBe(0);
  const outside = readdirSync(running.folder.path).filter(
    (name) => !['.cache', 'bin', 'config', 'data', 'desktop', 'files', 'sent', 'stand-in-key'].includes(name),
  );
  expect(outside).toEqual([]);
  expect(running.app.windows()).toHaveLength(1);
});

const hostileLinks = [
  ...[
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'http://ours.example/not-our-scheme',
    'sluice:',
    'sluice://',
  ],
  ...[
    'sluice:javascript:alert(1)',
    'sluice:file:///etc/passwd',
    'sluice:add?url=file%3A%2F%2F%2Fetc%2Fpasswd',
    'sluice:add?url=',
  ],
  ...[
    'sluice:add?url=sluice%3Aadd%3Furl%3Dhttp%3A%2F%2Fa%2F',
    'sluice:quit',
    'sluice:settings?whenOneDone=rm',
    'sluice:get http://a/ -o /x',
  ],
  ...[
    'sluice:add?url=ms-msdt%3A%2Fid',
    'sluice:add?curl=curl%20http%3A%2F%2Fa%2F',
    `sluice:add?url=http://a/${'a'.repeat(20_000)}`,
  ],
  ...['sluice:add?url=http%3A%2F%2F', '\u0000', '', 'sluice:%00', 'SLUICE:ADD?URL=http://a/'],
];

test('a link of our scheme: nothing but web addresses, and nothing happens', async () => {
  const requests = origin.requests.length;
  for (const link of hostileLinks) await openUrl(link);
  await expectHonestAlone();
  expect(await running.listed()).toEqual([]);
  expect(origin.requests.length).toBe(requests);
});

test('a link of our scheme chooses neither folder nor name nor header', async () => {
  const more = {
    directory: running.folder.path,
    dir: '/etc',
    name: '../evil',
    output: '/evil',
    header: 'X-Planted: 1',
    cookie: 'a=1',
    start: '1',
  };
  const query = new URLSearchParams({ ...more, url: origin.url('/chosen.bin') });
  await openUrl(`sluice:add?${query}`);
  await expectPage(dialog().getByRole('note')).toBeVisible();
  await dialog().getByRole('button', { name: 'Download', exact: true }).click();
  await expect.poll(() => existsSync(running.file('chosen.bin'))).toBe(true);
  const asked = origin.requests.filter(({ target }) => target === '/chosen.bin');
  expect(asked.length).toBeGreaterThan(0);
  for (const { headers } of asked) expect([headers['x-planted'], headers.cookie]).toEqual([undefined, undefined]);
});

test('words on the command line: switches, commands of others, files that are no link files', async () => {
  const words = [
    '--inspect=0',
    '--remote-debugging-port=0',
    '--no-sandbox',
    '/etc/passwd',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ];
  const attack = [...words, '--', origin.url('/after-the-end.bin')];
  const second = await launch({ main: mainScript, args: attack, env: running.env }).catch(String);
  expect(second).toMatch(/ended with 0/);
  await expectHonestAlone();
  expect(origin.requests.filter(({ target }) => target.includes('after'))).toEqual([]);
});

test('files: pipes, devices, folders, what is too large, what is no list of links, what leads to other files', async () => {
  mkdirSync(running.folder.file('sent'));
  const sent = (name: string): string => running.folder.file('sent', name);
  // More than there are threads for files: one that waits for a writer would be one fewer for every download.
  const pipes = Array.from({ length: 20 }, (_, index) => sent(`pipe-${index}.txt`));
  execFileSync('mkfifo', pipes);
  symlinkSync('/dev/zero', sent('zero.txt'));
  mkdirSync(sent('folder.txt'));
  writeFileSync(sent('huge.txt'), 'http://huge.example/');
  truncateSync(sent('huge.txt'), 17 * 1024 * 1024);
  writeFileSync(sent('run.sh'), `curl ${origin.url('/by-script')}`);
  writeFileSync(sent('list.json'), JSON.stringify([origin.url('/by-json')]));
  writeFileSync(sent('.bashrc'), 'secret');
  const names = ['zero.txt', 'folder.txt', 'huge.txt', 'run.sh', 'list.json', '.bashrc', 'not-there.txt'];
  for (const path of [...pipes, ...names.map(sent), '/etc/passwd', '../../etc/passwd']) await openFile(path);
  await expectHonestAlone();
  // These are read, and hold nothing that could be downloaded.
  writeFileSync(sent('other.url'), '[InternetShortcut]\r\nURL=file:///etc/passwd\r\nIconFile=\\\\host\\share\r\n');
  writeFileSync(sent('page.html'), `<a href="javascript:alert(1)">x</a><script>window.planted = 1</script>${markup}`);
  writeFileSync(sent('noise.webloc'), Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 73) % 256)));
  for (const name of ['other.url', 'page.html', 'noise.webloc']) {
    await openFile(sent(name));
    await expectPage(dialog()).toBeVisible();
    await expectPage(dialog().getByRole('button', { name: 'Download', exact: true })).toBeDisabled();
    await page.keyboard.press('Escape');
    await expectPage(dialog()).toBeHidden();
  }
  await expectHonestAlone();
  expect(origin.requests.filter(({ target }) => target.includes('by-'))).toEqual([]);
});

test('the clipboard: what is no list of links is told to nobody, and a copied command reads and writes no file', async () => {
  const copy = (text: string): Promise<void> => running.app.evaluate(({ clipboard }, given) => clipboard.writeText(given), text);
  const seen = (): Promise<unknown> => page.evaluate("sluice.call('desktop.clipboard').then(({ value }) => value.text)");
  for (const text of [
    'my password is hunter2',
    markup,
    'javascript:alert(1)',
    'file:///etc/passwd',
    `${origin.url('/x')} ${'x'.repeat(300_000)}`,
  ]) {
    await copy(text);
    expect(await seen(), text.slice(0, 40)).toBe('');
  }
  const target = running.folder.file('written-by-curl');
  const commands = [
    `curl -d @/etc/hostname -o ${target} ${origin.url('/curl-1.bin')}`,
    `curl -K /etc/hostname -T /etc/hostname --netrc ${origin.url('/curl-2.bin')}`,
    `curl "${origin.url('/curl-3.bin')}?$(touch ${target})\`touch ${target}\`"`,
    `curl ${origin.url('/curl-4.bin')} --next file:///etc/hostname; touch ${target}`,
  ];
  for (const command of commands) {
    await page.evaluate(`sluice.call('text.parse', { text: ${JSON.stringify(command)} }).then(({ value }) => value.requests.length > 0 &&
      sluice.call('downloads.add', { orders: value.requests.map((request) => ({ request })) }))`);
  }
  await expect
    .poll(async () => (await running.call('downloads.snapshot', { offset: 0, limit: 100 })).totals)
    .toMatchObject({ running: 0, queued: 0 });
  const hostname = (await readFile('/etc/hostname', 'utf8')).trim();
  for (const { target: asked, body } of origin.requests as { target: string; body?: unknown }[]) {
    if (asked.includes('curl')) expect(String(body ?? ''), asked).not.toContain(hostname);
  }
  expect(existsSync(target)).toBe(false);
});

test('names and texts that a server sends are words: no markup of the page, no path out of the folder', async () => {
  await running.call('downloads.add', {
    orders: ['/markup', '/outside', `/${encodeURIComponent(markup)}`].map((path) => ({ request: { url: origin.url(path) } })),
  });
  await expect
    .poll(() => readdirSync(running.file('')).filter((name) => /img|outside/.test(name) && !name.includes('.part')).length)
    .toBe(3);
  await expectPage(page.getByRole('row', { name: /outside\.txt/ })).toBeVisible();
  await expectPage(page.getByRole('row', { name: /img src/ })).toHaveCount(2);
  await page
    .getByRole('row', { name: /img src/ })
    .first()
    .click();
  await expectPage(page.getByRole('tab', { name: 'Log' })).toBeVisible();
  expect(existsSync(running.folder.file('outside.txt'))).toBe(false);
});
