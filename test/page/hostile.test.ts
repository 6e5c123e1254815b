/** The server that makes people give up, beaten from the page: the command is pasted, the link dies, the new one is offered. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect as expectPage } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { startHostileOrigin } from '../support/hostile-origin.ts';
import { startOrigin } from '../support/origin.ts';
import { RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MiB = 1024 * 1024;
const KiB = 1024;
let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());

beforeEach(() => running.clear());

test('a pasted command downloads; at half the link dies; the new link, pasted, is offered to it and finishes the file', async () => {
  const file = content(72, 24 * MiB);
  await using hostile = await startHostileOrigin({ content: file, bytesPerSecond: 75 * KiB });
  await using opened = await running.open();
  const { page, complaints } = opened;
  const dialog = page.getByRole('dialog', { name: 'Add downloads' });
  const links = dialog.getByRole('textbox', { name: 'Links' });
  const row = page.getByRole('row', { name: 'file.zip' });

  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await links.fill(hostile.curl(hostile.newLink()));
  await expectPage(dialog.getByText(/The link dies in \d+ s/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Download', exact: true }).click();
  await expectPage(dialog).toBeHidden();
  await expectPage(row.getByText(/dies in \d+ s, needs .*\d/)).toBeVisible();

  await hostile.dead();
  await expectPage(row.getByText(/Needs a new link/)).toBeVisible();
  const [waiting] = (await running.call('downloads.snapshot', { offset: 0, limit: 1 })).rows;
  expect((waiting?.counters[1] ?? 0) / file.size).toBeGreaterThan(0.25);
  expect((waiting?.counters[1] ?? 0) / file.size).toBeLessThan(0.75);
  await expectPage(row.getByRole('button', { name: 'New link' })).toBeVisible();
  await expectPage(row.getByRole('button', { name: 'Edit request' })).toBeVisible();

  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await links.fill(hostile.curl(hostile.newLink()));
  await expectPage(dialog.getByText('This may be the new link of file.zip')).toBeVisible();
  await dialog.getByRole('button', { name: 'Use it as the new link' }).click();
  await expect.poll(async () => (await running.call('history.page', { offset: 0, limit: 1 })).total, { timeout: 60_000 }).toBe(1);

  const sha = createHash('sha256').update(await readFile(running.file('file.zip')));
  expect(sha.digest('hex')).toBe(await file.sha256());
  expect(hostile.origin.firedTimes('the login page')).toBeGreaterThan(0);
  expect((hostile.origin.bytesSent - file.size) / file.size).toBeLessThan(0.02);
  expect(complaints).toEqual([]);
});

test('planted secrets are nowhere in the page, nor in its console, whatever tab is open', async () => {
  await using origin = await startOrigin({ content: content(73, 64 * MiB), bytesPerSecond: 128 * KiB });
  const secret = (name: string) => `CANARY-${name}`;
  const request = {
    url: origin.url(`/planted.bin?token=${secret('url')}`),
    headers: [['X-Api-Key', secret('header')] as [string, string]],
    cookies: [{ name: 'sid', value: secret('cookie') }],
    referer: `https://forum.example/?sid=${secret('referer')}`,
    login: { username: 'ann', password: secret('login') },
  };
  await running.call('profiles.write', {
    profiles: [
      {
        name: 'planted',
        hosts: ['127.0.0.1'],
        cookie: `p=${secret('profile')}`,
        login: { username: 'ann', password: secret('profile') },
      },
    ],
  });
  await running.call('downloads.add', {
    orders: [{ request }, { request: { ...request, method: 'POST', body: secret('body') } }],
    duplicates: 'add',
  });
  await using opened = await running.open();
  const { page, complaints } = opened;
  const shown: string[] = [];
  const look = async () => {
    const fields = await page.locator('input:not([type=checkbox]), textarea').all();
    const values = await Promise.all(fields.map((field) => field.inputValue()));
    shown.push(await page.content(), page.url(), ...values);
  };
  await origin.until(() => origin.bytesSent > 256 * KiB);
  for (const row of await page.getByRole('row', { name: /^planted/ }).all()) {
    await row.click();
    for (const name of ['Segments', 'Speed', 'Request', 'Log', 'File']) {
      await page.getByRole('tab', { name, exact: true }).click();
      await expectPage(page.getByRole('tabpanel').first()).toBeVisible();
      if (name === 'Request') await expectPage(page.getByRole('region', { name: 'What will be sent' })).toContainText('•••');
      if (name === 'Log') await page.getByText('Exchanges', { exact: true }).click();
      await look();
    }
  }
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('searchbox').fill('profile');
  await look();
  expect(shown.join('\n')).toContain('planted.bin');
  const found = [...shown, ...complaints].filter((text) => text.includes('CANARY'));
  expect(found.map((text) => text.slice(Math.max(0, text.indexOf('CANARY') - 80), text.indexOf('CANARY') + 30))).toEqual([]);
  await running.call('profiles.write', { profiles: [] });
  await running.clear();
});
