import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const KiB = 1024;
const MiB = 1024 * KiB;
let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());
beforeEach(() => running.clear());

/** A download that runs for as long as a test looks, opened in the panel. */
async function startSlow(page: Page, origin: Origin, connections: number): Promise<void> {
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/slow.bin') }, connections }] });
  await page.getByRole('row', { name: 'slow.bin' }).click();
}

const hostile = '<img src=x onerror=alert(1)>';
const lines = (page: Page) => page.getByRole('table', { name: 'Connections' }).getByRole('row');
const doneBytes = async () => (await running.rows())[0]?.counters[1] ?? 0;
const connections = async () => (await running.rows())[0]?.connections;

test('segments move; a connection is held, let go on, restarted and dropped; their number changes while it runs', async () => {
  await using origin = await startOrigin({ content: content(1, 64 * MiB), bytesPerSecond: 96 * KiB });
  await using opened = await running.open();
  const { page, complaints } = opened;
  await startSlow(page, origin, 3);
  // The head is a row too.
  await expectPage(lines(page)).toHaveCount(1 + 3);
  await origin.until(() => origin.streams === 3);
  const map = page.getByRole('img', { name: /Map of the file/ });
  const picture = async () => (await map.screenshot()).toString('base64');
  const [drawn, before] = [await picture(), await doneBytes()];
  await expect.poll(doneBytes).toBeGreaterThan(before + 256 * KiB);
  await expect.poll(picture).not.toBe(drawn);

  await page.getByRole('button', { name: 'Hold connection 2' }).click();
  await expectPage(lines(page).getByText('Held')).toBeVisible();
  await origin.until(() => origin.streams === 2);
  const held = origin.requests.length;
  await page.getByRole('button', { name: 'Let connection 2 go on' }).click();
  await origin.until(() => origin.requests.length > held && origin.streams === 3);

  const asked = origin.requests.length;
  await page.getByRole('button', { name: 'Restart connection 1' }).click();
  await origin.until(() => origin.requests.length > asked && origin.streams === 3);
  await page.getByRole('button', { name: 'Drop connection 3' }).click();
  await expectPage(lines(page)).toHaveCount(1 + 2);
  await origin.until(() => origin.streams === 2);

  const allowed = 2;
  await expect.poll(connections).toBe(allowed);
  await expectPage(page.getByRole('tabpanel').locator('output')).toHaveText('2');
  // Twice at once are two, though the row has not told of the first by then.
  await page.getByRole('button', { name: 'One connection more' }).dblclick();
  await expect.poll(connections).toBe(allowed + 2);
  await origin.until(() => origin.streams === allowed + 2);
  await page.getByRole('button', { name: 'One connection less' }).dblclick();
  await expect.poll(connections).toBe(allowed);
  await origin.until(() => origin.streams === allowed);
  expect(complaints).toEqual([]);
});

test('speed, log and exchanges tell what happened; what a server says is shown as text, whatever is in it', async () => {
  await using origin = await startOrigin({
    ...{ content: content(2, 64 * MiB), bytesPerSecond: 200 * KiB },
    headers: [['X-Note', hostile]],
  });
  await using opened = await running.open();
  const { page, complaints } = opened;
  await startSlow(page, origin, 2);
  await page.getByRole('tab', { name: 'Speed' }).click();
  await expectPage(page.getByRole('img', { name: 'Speed over time' })).toBeVisible();
  await expectPage(page.getByText('No speed was measured yet.')).toBeHidden();
  await page.getByRole('tab', { name: 'Log' }).click();
  await expectPage(page.getByRole('tabpanel', { name: 'Log' }).getByRole('listitem').first()).toBeVisible();
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expectPage(page.getByRole('row', { name: 'slow.bin' }).getByText('Paused')).toBeVisible();
  await page.getByText('Exchanges', { exact: true }).click();
  const panel = page.getByRole('tabpanel', { name: 'Log' });
  await panel.getByRole('button', { name: 'Read again' }).click();
  const exchange = panel.getByText(/GET .*\/slow\.bin/).first();
  await expectPage(exchange).toBeVisible();
  await exchange.click();
  await expectPage(panel.getByText(`X-Note: ${hostile}`).first()).toBeVisible();
  expect(await panel.locator('img[src="x"]').count()).toBe(0);
  const saving = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Save as a file' }).click();
  expect(await readFile(await (await saving).path(), 'utf8')).toContain('/slow.bin');
  expect(complaints).toEqual([]);
});

test('a lowered cap, its host, number and cause, is told in the language of the page', async () => {
  await using origin = await startOrigin({
    ...{ content: content(4, 64 * MiB), bytesPerSecond: 96 * KiB },
    faults: [{ on: { streamsOver: 2 }, times: Number.POSITIVE_INFINITY, answer: status(503) }],
  });
  await using opened = await running.open({ locale: 'zh-CN' });
  const { page } = opened;
  await startSlow(page, origin, 4);
  await page.getByRole('tab', { name: '日志' }).click();
  const { host } = new URL(origin.url());
  await expectPage(page.getByRole('tabpanel').getByText(`${host} 同时最多接受 2 个连接：服务器`).first()).toBeVisible();
});

test('name, folder and checksum are edited before the first byte; the finished file is compared with it', async () => {
  const source = content(3, 128 * KiB);
  await using origin = await startOrigin({ content: source });
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/old.bin') } }], start: false });
  await using opened = await running.open();
  const { page } = opened;
  await page.getByRole('row', { name: 'old.bin' }).click();
  await page.getByRole('tab', { name: 'File' }).click();
  const panel = page.getByRole('tabpanel', { name: 'File' });
  await panel.getByRole('textbox', { name: 'Name' }).fill('new.bin');
  await panel.getByRole('textbox', { name: 'Folder' }).fill(running.file('elsewhere'));
  const checksum = panel.getByRole('textbox', { name: 'Expected checksum' });
  await checksum.fill('md5');
  await expectPage(checksum).toHaveAccessibleDescription(/Write auto, or ALGO=HEX/);
  const hex = await source.sha256();
  await checksum.fill(`sha-256=${hex}`);
  await panel.getByRole('button', { name: 'Save', exact: true }).click();
  await expectPage(page.getByRole('row', { name: 'new.bin' })).toBeVisible();
  await expectPage(panel.getByText('Compared when it is complete')).toBeVisible();
  await page.getByRole('button', { name: 'Resume', exact: true }).click();
  await expectPage(page.getByRole('row', { name: 'new.bin' }).getByText('Done')).toBeVisible();
  expect((await running.finished())[0]).toMatchObject({ path: running.file('elsewhere', 'new.bin'), checksum: 'right' });
  await expectPage(panel.getByText('Compared, and right')).toBeVisible();
  await panel.getByRole('button', { name: 'Check the file' }).click();
  await expectPage(panel.getByText(`The file is right: sha-256 ${hex}`)).toBeVisible();
});

test('a failed row names its cause, and the new link it asks for completes the file', async () => {
  await using origin = await startOrigin({});
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/gone.zip') }, name: 'gone.zip' }] });
  await using opened = await running.open();
  const { page } = opened;
  const row = page.getByRole('row', { name: 'gone.zip' });
  await expectPage(row.getByText('The server refused the file (404)')).toBeVisible();
  const source = content(4, 64 * KiB);
  await using other = await startOrigin({ content: source });
  await row.getByRole('button', { name: 'New link' }).click();
  const dialog = page.getByRole('dialog', { name: 'New link for gone.zip' });
  await dialog.getByRole('textbox').fill(other.url('/here.zip'));
  await dialog.getByRole('button', { name: 'Use this link' }).click();
  await expectPage(row.getByText('Done')).toBeVisible({ timeout: 20_000 });
  expect(source.matches(await readFile(running.file('gone.zip')), 0)).toBe(true);
});

test('the panel closes by its button and by Escape, stays closed, and is sized by keyboard', async () => {
  await running.call('downloads.add', { orders: [{ request: { url: 'http://127.0.0.1:9/a.bin' } }], start: false });
  await using opened = await running.open();
  const { page } = opened;
  const panel = page.getByRole('region', { name: 'Details of a.bin' });
  await page.getByRole('row', { name: 'a.bin' }).click();
  await expectPage(panel).toBeVisible();
  const grip = page.getByRole('separator', { name: 'Height of the details' });
  const before = Number(await grip.getAttribute('aria-valuenow'));
  await grip.press('ArrowUp');
  await expectPage(grip).toHaveAttribute('aria-valuenow', String(before + 24));
  await page.getByRole('button', { name: 'Close the details' }).click();
  await expectPage(panel).toBeHidden();
  await page.keyboard.press('Enter');
  await expectPage(panel).toBeVisible();
  await page.keyboard.press('Escape');
  await expectPage(panel).toBeHidden();
});
