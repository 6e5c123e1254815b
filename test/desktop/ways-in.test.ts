/** Every way a link reaches the app, each followed to the file it brings. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { electronProgram, launch } from '../support/electron/launch.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, mainScript, RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const source = content(1, 1024 * 1024);
let origin: Origin;
let running: RunningApp;
let page: Page;

beforeAll(async () => {
  origin = await startOrigin({ content: source });
  running = await RunningApp.start();
  page = await running.page();
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

const dialog = () => page.getByRole('dialog', { name: 'Add downloads' });
const links = () => dialog().getByRole('textbox', { name: 'Links' });

async function agree(): Promise<void> {
  await dialog().getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog()).toBeHidden();
}

/** It lies where it should, byte for byte. */
async function expectArrived(name: string): Promise<void> {
  await expect
    .poll(() => readFile(running.file(name)).then((bytes) => source.matches(bytes, 0) && bytes.length))
    .toBe(source.size);
}

/** A drop as a browser's page gets it. */
const drop = (target: Page, kind: 'text' | 'file', text: string): Promise<void> =>
  target.evaluate(`{
    const data = new DataTransfer();
    if (${JSON.stringify(kind)} === 'file') data.items.add(new File([${JSON.stringify(text)}], 'links.txt'));
    else data.setData('text/plain', ${JSON.stringify(text)});
    (document.querySelector('textarea') ?? document.body).dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
  }`);

test('typed into the window', async () => {
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await links().fill(origin.url('/typed.bin'));
  await agree();
  await expectArrived('typed.bin');
});

test('copied: the add dialog looks into the clipboard when it opens, and takes links alone', async () => {
  await running.app.evaluate(({ clipboard }) => clipboard.writeText('my password is hunter2'));
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expectPage(links()).toHaveValue('');
  await page.keyboard.press('Escape');
  await running.app.evaluate(({ clipboard }, url) => clipboard.writeText(`see ${url}`), origin.url('/copied.bin'));
  await running.app.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('add')?.click());
  await expectPage(links()).toHaveValue(/copied\.bin/);
  await agree();
  await expectArrived('copied.bin');
  await running.app.evaluate(({ clipboard }) => clipboard.writeText(''));
});

test('dropped on the window: text, and a file of links', async () => {
  await drop(page, 'text', origin.url('/dropped.bin'));
  await agree();
  await expectArrived('dropped.bin');
  await drop(page, 'file', `one: ${origin.url('/from-file.bin')}`);
  await agree();
  await expectArrived('from-file.bin');
});

test("pasted or dropped into the tray's small window", async () => {
  const openIt = () => running.app.evaluate((_, __, desk) => desk.trays[0]?.menu?.getMenuItemById('quick-add')?.click());
  await openIt();
  const small = await running.app.window('quick-add.html');
  await small.getByRole('textbox').fill(origin.url('/quick.bin'));
  const closed = small.waitForEvent('close');
  await small.getByRole('button', { name: 'Download', exact: true }).click();
  await closed;
  await expectArrived('quick.bin');
  await openIt();
  const again = await running.app.window('quick-add.html');
  await again.getByRole('textbox').waitFor();
  await drop(again, 'text', origin.url('/quick-dropped.bin'));
  await expectPage(again.getByRole('textbox')).toHaveValue(/quick-dropped/);
  // What is there already, or needs more, goes to the window's own dialog.
  await again.getByRole('button', { name: 'More options' }).click();
  await expectPage(links()).toHaveValue(/quick-dropped/);
  await agree();
  await expectArrived('quick-dropped.bin');
});

test('by a second start: it hands its links over and ends, and no server is asked before the person agrees', async () => {
  const words = [origin.url('/second.bin'), `sluice:add?url=${encodeURIComponent(origin.url('/own-scheme.bin'))}`];
  const second = await launch({ main: mainScript, args: words, env: running.env }).catch((error: Error) => error);
  expect(String(second)).toMatch(/ended with 0/);
  await expectPage(dialog().getByRole('note')).toContainText(`127.0.0.1:${origin.port}`);
  await expectPage(dialog().getByText('2 downloads found')).toBeVisible();
  expect(origin.requests.map(({ target }) => target)).not.toContain('/second.bin');
  await agree();
  await expectArrived('second.bin');
  await expectArrived('own-scheme.bin');
});

test('by the first start: what it is given is shown once there is a window', async () => {
  await using first = await RunningApp.start({ args: [origin.url('/first.bin')] });
  const shown = (await first.page()).getByRole('dialog', { name: 'Add downloads' });
  await expectPage(shown.getByRole('textbox', { name: 'Links' })).toHaveValue(/first\.bin/);
  await shown.getByRole('button', { name: 'Download', exact: true }).click();
  await expect.poll(() => readFile(first.file('first.bin')).then(({ length }) => length)).toBe(source.size);
});

// Nobody but macOS can do it to the real one.
test.skipIf(electronProgram !== undefined)('by the link that starts it, as macOS sends it before the app is ready', async () => {
  const link = `sluice:add?url=${encodeURIComponent(origin.url('/starts-it.bin'))}`;
  await using first = await RunningApp.start({ desk: { startedWith: [link] } });
  const shown = (await first.page()).getByRole('dialog', { name: 'Add downloads' });
  await expectPage(shown.getByRole('textbox', { name: 'Links' })).toHaveValue(origin.url('/starts-it.bin'));
});

test('by the system: a link of our scheme and a link file, as macOS sends them', async () => {
  const file = running.folder.file('shortcut.url');
  await writeFile(file, `[InternetShortcut]\r\nURL=${origin.url('/shortcut.bin')}\r\n`);
  await running.app.evaluate(({ app }, path) => app.emit('open-file', { preventDefault: () => {} }, path), file);
  await expectPage(dialog().getByText('1 download found')).toBeVisible();
  await agree();
  await expectArrived('shortcut.bin');
  const link = `sluice://add?url=${encodeURIComponent(origin.url('/by-link.bin'))}`;
  await running.app.evaluate(({ app }, url) => app.emit('open-url', { preventDefault: () => {} }, url), link);
  await expectPage(dialog().getByText('1 download found')).toBeVisible();
  await dialog().getByRole('button', { name: 'Ask the servers' }).click();
  await origin.until(() => origin.requests.some(({ target }) => target === '/by-link.bin'));
  await agree();
  await expectArrived('by-link.bin');
});

test("dropped on the tray's icon, as macOS lets: text, and a file of links", async () => {
  await running.app.evaluate((_, url, desk) => desk.trays[0]?.emit('drop-text', {}, url), origin.url('/tray-text.bin'));
  await expectPage(links()).toHaveValue(/tray-text\.bin/);
  await agree();
  await expectArrived('tray-text.bin');
  const file = running.folder.file('tray.txt');
  await writeFile(file, origin.url('/tray-file.bin'));
  await running.app.evaluate((_, path, desk) => desk.trays[0]?.emit('drop-files', {}, [path]), file);
  await expectPage(dialog().getByText('1 download found')).toBeVisible();
  await agree();
  await expectArrived('tray-file.bin');
});

test('by the command, which drives the running app', async () => {
  const sluice = (...words: string[]) =>
    promisify(execFile)(process.execPath, [resolve(mainScript, '../../sluice.cjs'), ...words], {
      env: { ...process.env, ...running.env },
    });
  const { stdout } = await sluice('add', origin.url('/command.bin'));
  expect(stdout).toMatch(/^[0-9a-f]{16}\n$/);
  await expectArrived('command.bin');
  await sluice('add', '--paused', origin.url('/later.bin'));
  expect((await sluice('list')).stdout).toContain('later.bin');
  await expectPage(page.getByRole('row', { name: 'later.bin' })).toBeVisible();
});

test('by a copied link, where the person wants the clipboard watched', async () => {
  const { desktop } = await running.call('settings.read');
  await running.app.evaluate(({ clipboard }, url) => clipboard.writeText(url), origin.url('/unwatched.bin'));
  await running.call('settings.write', { desktop: { ...desktop, watchClipboard: true } });
  const offers = () => running.held('notifications')?.filter(({ title }) => /copied/.test(title)).length ?? 0;
  await running.app.evaluate(({ clipboard }, url) => clipboard.writeText(url), origin.url('/watched.bin'));
  await expect.poll(offers, { timeout: 10_000 }).toBe(1);
  await expectPage(dialog()).toBeHidden();
  await running.app.evaluate((_, __, desk) => desk.notifications.at(-1)?.emit('click'));
  await expectPage(links()).toHaveValue(/watched\.bin/);
  await running.call('settings.write', { desktop });
});
