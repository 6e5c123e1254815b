import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { redirect } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';
import { expectPage, RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const KiB = 1024;
/** Nothing listens there: the page cannot look at such a link, and a download of it does not run. */
const nowhere = 'http://127.0.0.1:9';
let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());
beforeEach(() => running.clear());

const openAdd = async (page: Page) => {
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  return page.getByRole('dialog', { name: 'Add downloads' });
};

interface DroppedFile {
  readonly name: string;
  readonly text: string;
}

/** As a person drops it from another program. */
async function drop(page: Page, text: string, files: readonly DroppedFile[] = []): Promise<void> {
  const data = await page.evaluateHandle(
    `(() => {
      const data = new DataTransfer();
      if (${JSON.stringify(text)} !== '') data.setData('text/plain', ${JSON.stringify(text)});
      for (const { name, text } of ${JSON.stringify(files)}) data.items.add(new File([text], name));
      return data;
    })()`,
  );
  await page.dispatchEvent('body', 'dragover', { dataTransfer: data });
  await page.dispatchEvent('body', 'drop', { dataTransfer: data });
}

test('what the server tells is shown before anything is added', async () => {
  await using origin = await startOrigin({ content: content(1, 300 * KiB) });
  await using opened = await running.open();
  const { page, complaints } = opened;
  const dialog = await openAdd(page);
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/report.pdf'));
  const item = dialog.getByRole('listitem').filter({ hasText: 'report.pdf' });
  await expectPage(item).toContainText('300.0 KiB');
  await expectPage(item).toContainText('Can be resumed');
  await expectPage(item).toContainText('application/octet-stream');
  expect((await running.rows()).length).toBe(0);
  expect(complaints).toEqual([]);
});

test('where a link leads to is shown before it is added', async () => {
  await using target = await startOrigin({ content: content(8, KiB) });
  const elsewhere = target.url('/real.pdf').replace('127.0.0.1', 'localhost');
  await using origin = await startOrigin({
    ...{ content: content(8, KiB), faults: [{ on: {}, times: Number.POSITIVE_INFINITY, answer: redirect(302, elsewhere) }] },
  });
  await using opened = await running.open();
  const dialog = await openAdd(opened.page);
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/go'));
  await expectPage(dialog.getByText(elsewhere)).toBeVisible();
  expect(await running.rows()).toEqual([]);
});

test('one of a batch gets its own name, folder and category; another is left out; the rest is for all', async () => {
  const source = content(2, 40 * KiB);
  await using origin = await startOrigin({ content: source });
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openAdd(page);
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/part-[1-3].bin'));
  await expectPage(dialog.getByText('3 downloads found')).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'Take part-2.bin' }).uncheck();
  await dialog.getByRole('button', { name: 'Edit part-3.bin' }).click();
  const own = dialog.getByRole('listitem').filter({ hasText: 'part-3.bin' });
  await own.getByRole('textbox', { name: 'File name' }).fill('third.bin');
  const third = dialog.getByRole('listitem').filter({ hasText: 'third.bin' });
  await third.getByRole('textbox', { name: 'Folder' }).fill(running.file('own'));
  await third.getByRole('textbox', { name: 'Category' }).fill('Music');
  const forAll = dialog.getByRole('group').filter({ hasText: 'Where and how' });
  await forAll.getByRole('textbox', { name: 'Connections' }).fill('3');
  await forAll.getByRole('textbox', { name: 'Speed limit' }).fill('200K');
  await forAll.getByText('Later', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog).toBeHidden();
  const rows = await running.rows();
  expect(
    rows.map(({ name, state, connections, limitBytesPerSecond }) => ({ name, state, connections, limitBytesPerSecond })),
  ).toEqual(
    ['part-1.bin', 'third.bin'].map((name) => ({ name, state: 'paused', connections: 3, limitBytesPerSecond: 200 * KiB })),
  );
  expect(rows[1]).toMatchObject({ directory: running.file('own'), category: 'Music' });
  await page.getByRole('row', { name: 'third.bin' }).click();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expect.poll(async () => (await running.finished()).map(({ path }) => path)).toEqual([running.file('own', 'third.bin')]);
  expect(source.matches(await readFile(running.file('own', 'third.bin')), 0)).toBe(true);
});

test('a name that not every system allows is said beside its field and adds nothing; mended, it is used', async () => {
  await using origin = await startOrigin({ content: content(6, KiB) });
  await using opened = await running.open();
  const dialog = await openAdd(opened.page);
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/plain.zip'));
  await dialog.getByRole('button', { name: 'Edit plain.zip' }).click();
  const name = dialog.getByRole('textbox', { name: 'File name' });
  await name.fill('a<b>.zip');
  await expectPage(name).toHaveAccessibleDescription(/without < > :/);
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog.getByRole('alert')).toContainText('it contains <, which some systems do not allow');
  await expectPage(name).toHaveValue('a<b>.zip');
  expect(await running.rows()).toEqual([]);
  await name.fill('a-b.zip');
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog).toBeHidden();
  await expect.poll(async () => (await running.finished()).map((row) => row.name)).toEqual(['a-b.zip']);
});

test('a link that dies before its download can be through is told when it is added, in its row and in the panel', async () => {
  await using origin = await startOrigin({ content: content(7, 64 * KiB * KiB), bytesPerSecond: 8 * KiB });
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openAdd(page);
  const dies = Math.floor(Date.now() / 1000) + 42 * 60;
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url(`/signed.zip?Expires=${dies}&Signature=x`));
  await expectPage(dialog.getByText(/The link dies in 4[12] min/)).toBeVisible();
  await dialog.getByRole('group').filter({ hasText: 'Where and how' }).getByRole('textbox', { name: 'Speed limit' }).fill('16K');
  await expectPage(dialog.getByText(/dies in 4[12] min.*, needs 1 h 0?8 min/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  const both = /dies in 4[12] min.*, needs \d+ h/;
  await expectPage(page.getByRole('row', { name: 'signed.zip' }).getByText(both)).toBeVisible();
  await page.getByRole('row', { name: 'signed.zip' }).click();
  await page.getByRole('tab', { name: 'File' }).click();
  await expectPage(page.getByRole('tabpanel', { name: 'File' }).getByText(both)).toBeVisible();
});

test('what is written under "What is sent" reaches the server', async () => {
  await using origin = await startOrigin({ content: content(3, 4 * KiB) });
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openAdd(page);
  await dialog.getByText('What is sent').click();
  await dialog.getByRole('textbox', { name: 'User agent' }).fill('Own/1.0');
  await dialog.getByRole('textbox', { name: 'Referer' }).fill('http://127.0.0.1/from');
  await dialog.getByRole('textbox', { name: 'Cookies' }).fill('a=1; b=2');
  await dialog.getByRole('textbox', { name: 'User name' }).fill('ann');
  await dialog.getByRole('textbox', { name: 'Password' }).fill('secret');
  await dialog.getByRole('textbox', { name: 'Headers' }).fill('X-One: yes');
  await dialog.getByRole('textbox', { name: 'Links' }).fill(origin.url('/sent.bin'));
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expect.poll(async () => (await running.finished()).length).toBe(1);
  expect(origin.requests.at(-1)?.headers).toMatchObject({
    'user-agent': 'Own/1.0',
    referer: 'http://127.0.0.1/from',
    cookie: 'a=1; b=2',
    authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`,
    'x-one': 'yes',
  });
});

test('a field says what is wrong beside it, and nothing is sent meanwhile', async () => {
  await using opened = await running.open();
  const dialog = await openAdd(opened.page);
  const download = dialog.getByRole('button', { name: 'Download', exact: true });
  await dialog.getByRole('textbox', { name: 'Links' }).fill(`${nowhere}/a.bin`);
  for (const [name, wrong, said, right] of [
    ['Speed limit', 'fast', 'Write a number', '2M'],
    ['Checksum', 'abc', 'Write auto, or ALGO=HEX', 'auto'],
  ] as const) {
    const field = dialog.getByRole('textbox', { name });
    await field.fill(wrong);
    await expectPage(field).toHaveAccessibleDescription(new RegExp(said));
    await expectPage(download).toBeDisabled();
    await field.fill(right);
    await expectPage(download).toBeEnabled();
  }
  await dialog.getByRole('textbox', { name: 'Links' }).fill('nothing here is a link');
  await expectPage(dialog.getByText('No link was found in this text')).toBeVisible();
});

test('a link that was not read yet is not called wrong', async () => {
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openAdd(page);
  await page.evaluate(`
    window.complaints = 0;
    const look = () => { if (document.body.textContent.includes('No link was found')) window.complaints += 1; };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  `);
  await dialog.getByRole('textbox', { name: 'Links' }).fill(`${nowhere}/a.bin`);
  await expectPage(dialog.getByRole('listitem').filter({ hasText: 'a.bin' })).toBeVisible();
  expect(await page.evaluate('window.complaints')).toBe(0);
});

test('links that are there already come with choices, and each does what it says', async () => {
  const names = ['again', 'skipped', 'shown', 'renewed'];
  await running.call('downloads.add', {
    orders: names.map((name) => ({ request: { url: `${nowhere}/${name}.zip` } })),
    start: false,
  });
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openAdd(page);
  await dialog.getByRole('textbox', { name: 'Links' }).fill(names.map((name) => `${nowhere}/${name}.zip`).join('\n'));
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  const item = (name: string) => dialog.getByRole('listitem').filter({ hasText: `${name}.zip` });
  await expectPage(dialog.getByText('The same address is in the list')).toHaveCount(4);
  expect(await running.rows()).toHaveLength(4);
  await item('skipped').getByRole('button', { name: 'Leave it out' }).click();
  await expectPage(item('skipped')).toBeHidden();
  await item('again').getByRole('button', { name: 'Download it all the same' }).click();
  await expectPage(item('again')).toBeHidden();
  await expect.poll(async () => (await running.rows()).length).toBe(5);
  await item('shown').getByRole('button', { name: 'Show the one in the list' }).click();
  await expectPage(dialog).toBeHidden();
  await expectPage(page.getByRole('row', { name: 'shown.zip' })).toHaveAttribute('aria-selected', 'true');
});

test('links, text and link files that are dropped on the page are found', async () => {
  await using opened = await running.open();
  const { page, complaints } = opened;
  const dialog = page.getByRole('dialog', { name: 'Add downloads' });
  await drop(page, `get ${nowhere}/one.bin and ${nowhere}/two.bin`);
  await expectPage(dialog.getByText('2 downloads found')).toBeVisible();
  await page.keyboard.press('Escape');
  await expectPage(dialog).toBeHidden();
  await drop(page, '', [
    { name: 'links.txt', text: `${nowhere}/three.bin\n${nowhere}/four.bin\n` },
    { name: 'site.url', text: `[InternetShortcut]\r\nURL=${nowhere}/five.bin\r\n` },
    {
      name: 'mac.webloc',
      text: `<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>URL</key><string>${nowhere}/six.bin</string></dict></plist>`,
    },
    { name: 'bookmarks.html', text: `<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF="${nowhere}/seven.bin">seven</A></DL>` },
  ]);
  await expectPage(dialog.getByText('7 downloads found')).toBeVisible();
  await dialog.getByText('Later', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog).toBeHidden();
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].map((name) => `${name}.bin`);
  expect((await running.rows()).map(({ name }) => name)).toEqual(names);
  expect(complaints).toEqual([]);
});

test('a paste anywhere on the page opens the dialog with it', async () => {
  await using opened = await running.open();
  const { page } = opened;
  await page.evaluate(`(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', '${nowhere}/pasted.bin');
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  })()`);
  const dialog = page.getByRole('dialog', { name: 'Add downloads' });
  await expectPage(dialog.getByRole('textbox', { name: 'Links' })).toHaveValue(`${nowhere}/pasted.bin`);
  await expectPage(dialog.getByText('1 download found')).toBeVisible();
});

test('what was typed outlives an application that does not answer, and a dialog that was closed', async () => {
  await using opened = await running.open();
  const { page } = opened;
  const dialog = await openAdd(page);
  const links = dialog.getByRole('textbox', { name: 'Links' });
  await links.fill(`${nowhere}/kept.bin`);
  await expectPage(dialog.getByText('it can be added all the same')).toBeVisible();
  await running.stopServer();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(page.getByRole('alert').filter({ hasText: 'Sluice does not answer' })).toBeVisible();
  await expectPage(links).toHaveValue(`${nowhere}/kept.bin`);
  await page.keyboard.press('Escape');
  await running.startServer();
  await expectPage(page.getByText('The connection to Sluice is lost')).toBeHidden({ timeout: 30_000 });
  await page.keyboard.press('n');
  await expectPage(links).toHaveValue(`${nowhere}/kept.bin`);
  await dialog.getByText('Later', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expect.poll(async () => (await running.rows()).map(({ name }) => name)).toEqual(['kept.bin']);
});
