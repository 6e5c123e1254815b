/** The request of one download, edited in its panel; what comes of it is read at the origin. */
import type { Locator, Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { DownloadId } from '#shared/rows';
import { status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import type { Exchange } from '../support/exchange.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { expectPage, RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const MiB = 1024 * 1024;
let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());
beforeEach(() => running.clear());

interface Wanted {
  readonly start?: boolean;
  readonly headers?: [string, string][];
}

/** Added, and its request open in the panel. */
async function editing(page: Page, url: string, { start = false, headers = [] }: Wanted = {}): Promise<[DownloadId, Locator]> {
  await running.call('downloads.add', { orders: [{ request: { url, headers } }], start });
  const [row] = await running.rows();
  if (row === undefined) throw new Error('nothing was added');
  await page.getByRole('row', { name: row.name, exact: true }).click();
  await page.getByRole('tab', { name: 'Request' }).click();
  return [row.id, page.getByRole('tabpanel', { name: 'Request' })];
}

const cookiesFor = (host: string): [form: string, text: string, sent: string, leftOut: RegExp | undefined][] => [
  ['a Cookie header', 'Cookie: sid=1; path=tab', 'sid=1; path=tab', undefined],
  [
    'Set-Cookie headers',
    'Set-Cookie: sid=2; Path=/; HttpOnly\nSet-Cookie: other=x; Path=/elsewhere\nSet-Cookie: old=x; Max-Age=0',
    'sid=2',
    /Left out \(1\): 3: it has expired/,
  ],
  [
    'a cookies.txt',
    `# Netscape HTTP Cookie File\n${host}\tFALSE\t/\tFALSE\t0\tsid\t3\n.elsewhere.example\tTRUE\t/\tFALSE\t0\tother\tx\nnonsense\there\n`,
    'sid=3',
    /Left out \(1\): 4: /,
  ],
  [
    "an extension's JSON",
    JSON.stringify([
      { domain: host, hostOnly: true, name: 'sid', path: '/', secure: false, session: true, value: '4' },
      { domain: '.elsewhere.example', hostOnly: false, name: 'other', path: '/', secure: false, session: true, value: 'x' },
    ]),
    'sid=4',
    undefined,
  ],
];

test.each(cookiesFor('127.0.0.1'))(
  'cookies pasted as %s reach the origin, each where it belongs',
  async (_form, text, sent, leftOut) => {
    await using origin = await startOrigin({ content: content(1, 1024) });
    await using opened = await running.open();
    const [id, panel] = await editing(opened.page, origin.url('/private.zip'));
    await panel.getByRole('button', { name: 'Paste cookies' }).click();
    const field = panel.getByRole('textbox', { name: 'Paste cookies' });
    await field.fill('nonsense');
    await panel.getByRole('button', { name: 'Take over' }).click();
    await expectPage(field).toHaveAccessibleDescription(/Nothing in this text could be read/);
    await field.fill(text);
    await panel.getByRole('button', { name: 'Take over' }).click();
    if (leftOut !== undefined) await expectPage(panel.getByText(leftOut)).toBeVisible();
    await panel.getByRole('button', { name: 'Save', exact: true }).click();
    await expectPage(panel.getByText('Saved;')).toBeVisible();
    await running.call('downloads.start', { ids: [id] });
    await origin.until(() => origin.requests.length > 0);
    expect(origin.requests[0]?.headers.cookie).toBe(sent);
    expect(opened.complaints).toEqual([]);
  },
);

test('every field of the request is what the origin receives; what is secret is masked in the preview', async () => {
  await using origin = await startOrigin({ content: content(4, 1024) });
  await using proxy = await startOrigin({ content: content(4, 1024) });
  await using opened = await running.open();
  const [id, panel] = await editing(opened.page, origin.url('/form.bin'));
  const fill = (name: string, text: string) => panel.getByRole('textbox', { name, exact: true }).fill(text);
  await panel.getByRole('combobox', { name: 'Method' }).fill('post');
  await panel.getByRole('combobox', { name: 'Preset' }).selectOption('firefox');
  await fill('Referer', 'http://127.0.0.1/from');
  await panel.getByRole('button', { name: 'Paste headers' }).click();
  await fill('Paste headers', 'X-A: 1\nX-B: 2\nnonsense');
  await panel.getByRole('button', { name: 'Take over' }).click();
  await expectPage(panel.getByText('Left out (1): nonsense')).toBeVisible();
  await panel.getByRole('button', { name: 'New header' }).click();
  await fill('Header 3', 'X-Secret-C');
  await fill('Value of header 3', 'PLANTED');
  await panel.getByRole('button', { name: 'Move X-Secret-C up' }).click();
  await panel.getByRole('button', { name: 'Take X-A away' }).click();
  await panel.getByRole('button', { name: 'New cookie' }).click();
  await fill('Cookie 1', 'sid');
  await fill('Value of cookie 1', 'PLANTED');
  await fill('User name', 'ann');
  await panel.getByLabel('Password', { exact: true }).fill('PLANTED');
  await fill('Proxy', `http://127.0.0.1:${proxy.port}`);
  await fill('Body', 'a=1&b=PLANTED');
  await panel.getByRole('button', { name: 'Save', exact: true }).click();
  await expectPage(panel.getByText('Saved;')).toBeVisible();
  const preview = panel.getByRole('region', { name: 'What will be sent' });
  await expectPage(preview).toContainText('X-Secret-C: •••');
  await expectPage(preview).not.toContainText('PLANTED');
  await running.call('downloads.start', { ids: [id] });
  await proxy.until(() => proxy.requests.length > 0);
  const [sent] = proxy.requests;
  expect(sent).toMatchObject({ method: 'POST', target: origin.url('/form.bin') });
  expect(sent?.body.toString()).toBe('a=1&b=PLANTED');
  expect(sent?.headers).toMatchObject({
    ...{ referer: 'http://127.0.0.1/from', cookie: 'sid=PLANTED', 'x-secret-c': 'PLANTED', 'x-b': '2' },
    authorization: `Basic ${Buffer.from('ann:PLANTED').toString('base64')}`,
  });
  expect(sent?.headers['user-agent']).toMatch(/Firefox/);
  expect(sent?.headers).not.toHaveProperty('x-a');
  expect(sent?.fields.map(([name]) => name).filter((name) => name.startsWith('X-'))).toEqual(['X-Secret-C', 'X-B']);
});

test('a new link is seen in the open editor at once; what was typed by then stays, is said to be behind, and goes with the new link', async () => {
  await using origin = await startOrigin({ content: content(2, 1024) });
  await using opened = await running.open();
  const [id, panel] = await editing(opened.page, origin.url('/one.zip?sig=1'));
  const replace = (path: string) => {
    const url = origin.url(path);
    return running.call('link.replace', { id, url, request: { url } });
  };
  await expectPage(panel.getByText('/one.zip?…').first()).toBeVisible();
  await replace('/two.zip?sig=2');
  await expectPage(panel.getByText('/two.zip?…').first()).toBeVisible();
  await panel.getByRole('textbox', { name: 'User agent' }).fill('Typed/1');
  await expectPage(panel.getByText('Not saved yet', { exact: true })).toBeVisible();
  await replace('/three.zip?sig=3');
  await expectPage(panel.getByText('was changed elsewhere meanwhile')).toBeVisible();
  await expectPage(panel.getByText('/three.zip?…').first()).toBeVisible();
  await expectPage(panel.getByRole('textbox', { name: 'User agent' })).toHaveValue('Typed/1');
  await panel.getByRole('button', { name: 'Save', exact: true }).click();
  await expectPage(panel.getByText('Saved;')).toBeVisible();
  await running.call('downloads.start', { ids: [id] });
  await origin.until(() => origin.requests.length > 0);
  expect(origin.requests[0]).toMatchObject({ target: '/three.zip?sig=3', headers: { 'user-agent': 'Typed/1' } });
});

const lacksKey = ({ headers }: Exchange): boolean => headers['x-key'] !== 'right';

const startGuarded = (): Promise<Origin> =>
  startOrigin({
    content: content(3, 64 * MiB),
    bytesPerSecond: MiB / 4,
    faults: [{ on: { where: lacksKey }, times: Number.POSITIVE_INFINITY, answer: status(403) }],
  });

test('a wrong edit stops nothing that runs; the row says why it was refused, and one click takes it back', async () => {
  await using origin = await startGuarded();
  await using opened = await running.open();
  const { page } = opened;
  const [id, panel] = await editing(page, origin.url('/guarded.bin'), { start: true, headers: [['X-Key', 'right']] });
  await origin.until(() => origin.streams >= 4);
  await panel.getByRole('textbox', { name: 'Value of header 1' }).fill('wrong');
  await panel.getByRole('button', { name: 'Save', exact: true }).click();
  const row = page.getByRole('row', { name: 'guarded.bin' });
  const refusal = 'The change was refused (The server refused the file (403)): it goes on as before';
  await expectPage(row.getByText(refusal)).toBeVisible();
  await expectPage(panel.getByText(refusal)).toBeVisible();
  await expectPage(row.getByText('Running')).toBeVisible();
  await origin.until(() => origin.streams >= 4);
  await row.getByRole('button', { name: 'Undo the edit' }).click();
  await expectPage(row.getByText(refusal)).toBeHidden();
  const { request } = await running.call('request.read', { id, reveal: true });
  expect(request.headers).toEqual([['X-Key', 'right']]);
  await expectPage(panel.getByRole('region', { name: 'What will be sent' })).toContainText('X-Key');
  expect(origin.requests.filter(lacksKey).length).toBe(1);
});
