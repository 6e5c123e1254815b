import type { Page } from '@playwright/test';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';
import { expectPage, RunningPage } from './running-page.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const MiB = 1024 * 1024;
let running: RunningPage;

beforeAll(async () => {
  running = await RunningPage.start();
});
afterAll(() => running[Symbol.asyncDispose]());
beforeEach(() => running.clear());

/** Paused downloads of these names, that have nothing to be fetched from. */
const addPaused = (names: readonly string[]) =>
  running.call('downloads.add', {
    orders: names.map((name) => ({ request: { url: `http://127.0.0.1:9/${name}` } })),
    start: false,
  });

const namesInOrder = async () => [...(await running.rows())].sort((a, b) => a.order - b.order).map(({ name }) => name);
const rowOf = (page: Page, name: string) => page.getByRole('grid', { name: 'Downloads' }).getByRole('row', { name, exact: true });

/** The names on the page from top to bottom. */
const shownNames = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('[role="grid"] [role="row"][aria-label]')]
    .map((row) => ({ name: row.getAttribute('aria-label'), top: row.getBoundingClientRect().top }))
    .sort((a, b) => a.top - b.top)
    .map(({ name }) => name)`);

async function command(page: Page, name: string, item: string): Promise<void> {
  await rowOf(page, name).click({ button: 'right' });
  await page.getByRole('menuitem', { name: item, exact: true }).click();
  await expectPage(page.getByRole('menu')).toBeHidden();
}

test('rows are dragged to another place of the queue, one or several, and moved by keyboard', async () => {
  await addPaused(['a.bin', 'b.bin', 'c.bin', 'd.bin']);
  await using opened = await running.open();
  const { page, complaints } = opened;
  await rowOf(page, 'd.bin').dragTo(rowOf(page, 'a.bin'), { targetPosition: { x: 60, y: 4 } });
  await expect.poll(namesInOrder).toEqual(['d.bin', 'a.bin', 'b.bin', 'c.bin']);
  await expect.poll(() => shownNames(page)).toEqual(['d.bin', 'a.bin', 'b.bin', 'c.bin']);
  await rowOf(page, 'd.bin').click();
  await rowOf(page, 'a.bin').click({ modifiers: ['ControlOrMeta'] });
  await rowOf(page, 'a.bin').dragTo(rowOf(page, 'c.bin'), { targetPosition: { x: 60, y: 48 } });
  await expect.poll(namesInOrder).toEqual(['b.bin', 'c.bin', 'd.bin', 'a.bin']);
  await rowOf(page, 'c.bin').click();
  await page.keyboard.press('Alt+ArrowUp');
  await expect.poll(namesInOrder).toEqual(['c.bin', 'b.bin', 'd.bin', 'a.bin']);
  expect(complaints).toEqual([]);
});

test('in a small window the cause of a failure is read whole, and what else may help is in the menu', async () => {
  await using origin = await startOrigin({});
  await running.call('downloads.add', { orders: [{ request: { url: origin.url('/gone.zip') }, name: 'gone.zip' }] });
  await using opened = await running.open({ viewport: { width: 1280, height: 720 } });
  const { page } = opened;
  const row = rowOf(page, 'gone.zip');
  const cause = row.getByText('The server refused the file (404)');
  await expectPage(cause).toBeVisible();
  const cutOff = cause.evaluate((element: unknown) => {
    const { scrollWidth, clientWidth } = element as { scrollWidth: number; clientWidth: number };
    return scrollWidth - clientWidth;
  });
  expect(await cutOff).toBe(0);
  const places = await Promise.all(
    [row.getByText('gone.zip'), row.getByRole('button', { name: 'New link' }), cause].map((part) => part.boundingBox()),
  );
  const [name, cure, why] = places.map((place) => place ?? { x: 0, y: 0, width: 0, height: 0 });
  expect(cure?.x).toBeGreaterThanOrEqual((name?.x ?? 0) + (name?.width ?? 0));
  expect(why?.y).toBeGreaterThanOrEqual((name?.y ?? 0) + (name?.height ?? 0));
  await expectPage(row.getByRole('button', { name: 'Edit request' })).toBeHidden();
  await row.click({ button: 'right' });
  await expectPage(page.getByRole('menuitem').first()).toHaveText('New link');
  await page.getByRole('menuitem', { name: 'Edit request', exact: true }).click();
  await expectPage(page.getByRole('tab', { name: 'Request', exact: true })).toHaveAttribute('aria-selected', 'true');
});

test('the menu of a row moves, limits, copies, redoes and removes', async () => {
  await addPaused(['a.bin', 'b.bin', 'c.bin']);
  await using opened = await running.open({ permissions: ['clipboard-read', 'clipboard-write'] });
  const { page } = opened;
  for (const [item, order] of [
    ['Move to the end of the queue', ['b.bin', 'c.bin', 'a.bin']],
    ['Move up', ['b.bin', 'a.bin', 'c.bin']],
    ['Move to the front of the queue', ['a.bin', 'b.bin', 'c.bin']],
    ['Move down', ['b.bin', 'a.bin', 'c.bin']],
  ] as const) {
    await command(page, 'a.bin', item);
    await expect.poll(namesInOrder).toEqual(order);
  }
  await command(page, 'a.bin', 'Connections and speed limit');
  const limits = page.getByRole('dialog', { name: 'Limits of a.bin' });
  await limits.getByRole('textbox', { name: 'Connections' }).fill('5');
  await limits.getByRole('textbox', { name: 'Speed limit' }).fill('2M');
  await limits.getByText('High').click();
  await limits.getByRole('button', { name: 'Save' }).click();
  await expectPage(limits).toBeHidden();
  const limited = (await running.rows()).find(({ name }) => name === 'a.bin');
  expect(limited).toMatchObject({ connections: 5, limitBytesPerSecond: 2 * MiB, priority: 'high' });
  await command(page, 'a.bin', 'Copy address');
  const clipboard = () => page.evaluate('navigator.clipboard.readText()');
  await expect.poll(clipboard).toBe('http://127.0.0.1:9/a.bin');
  const url = 'http://127.0.0.1:9/a.bin';
  await running.call('request.write', { id: limited?.id ?? '', request: { url, headers: [['X-Token', 'CANARY']] } });
  await command(page, 'a.bin', 'Copy as cURL');
  await expect.poll(clipboard).toMatch(/^curl http:\/\/127\.0\.0\.1:9\/a\.bin .*'X-Token: •••'/);
  await command(page, 'a.bin', 'Copy as cURL with secrets');
  await expect.poll(clipboard).toMatch(/^curl .*'X-Token: CANARY'/);
  await command(page, 'a.bin', 'Details');
  await expectPage(page.getByRole('region', { name: 'Details of a.bin' })).toBeVisible();
  await command(page, 'b.bin', 'Remove from the list');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove from list' }).click();
  await expect.poll(namesInOrder).toEqual(['a.bin', 'c.bin']);
});

test('"Start now" goes past a full queue, "Download again" fetches anew, "Delete" takes the file with it', async () => {
  await using origin = await startOrigin({ content: content(1, 64 * 1024) });
  await using slow = await startOrigin({ content: content(2, 64 * MiB), bytesPerSecond: 64 * 1024 });
  await running.call('settings.write', { activeDownloads: 1 });
  await running.call('downloads.add', {
    orders: [{ request: { url: slow.url('/long.bin') } }, { request: { url: origin.url('/short.bin') } }],
  });
  await using opened = await running.open();
  const { page } = opened;
  await expectPage(rowOf(page, 'short.bin').getByText('Queued')).toBeVisible();
  await command(page, 'short.bin', 'Start now, past the queue');
  await expectPage(rowOf(page, 'short.bin').getByText('Done')).toBeVisible();
  const before = origin.requests.length;
  await running.call('settings.write', { activeDownloads: 4 });
  await command(page, 'short.bin', 'Download again from the start');
  await origin.until(() => origin.requests.length > before);
  await expect.poll(async () => (await running.finished()).length).toBe(1);
  const name = (await running.finished())[0]?.name ?? '';
  expect(await running.files()).toContain(name);
  await rowOf(page, name).click();
  await page.keyboard.press('Shift+Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove and delete' }).click();
  await expect.poll(async () => (await running.finished()).length).toBe(0);
  expect(await running.files()).not.toContain(name);
});

test('rows are chosen with Ctrl and Shift, by mouse and by keyboard, and paused or resumed together', async () => {
  await using slow = await startOrigin({ content: content(3, 64 * MiB), bytesPerSecond: 64 * 1024 });
  const orders = ['a', 'b', 'c', 'd'].map((name) => ({ request: { url: slow.url(`/${name}.bin`) }, connections: 1 }));
  await running.call('downloads.add', { orders });
  await using opened = await running.open();
  const { page } = opened;
  const states = async () => (await running.rows()).map(({ state }) => state);
  await rowOf(page, 'a.bin').click();
  await rowOf(page, 'c.bin').click({ modifiers: ['Shift'] });
  await expectPage(page.getByText('3 selected')).toBeVisible();
  await rowOf(page, 'b.bin').click({ modifiers: ['ControlOrMeta'] });
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect.poll(states).toEqual(['paused', 'running', 'paused', 'running']);
  await rowOf(page, 'b.bin').click();
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expectPage(page.getByText('3 selected')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Pause all' }).click();
  await expect.poll(states).toEqual(['paused', 'paused', 'paused', 'paused']);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Resume all' }).click();
  await expect.poll(states).toEqual(['running', 'running', 'running', 'running']);
});

test('columns are chosen and sized, and stay so', async () => {
  await addPaused(['a.bin']);
  await using opened = await running.open();
  const { page } = opened;
  await expectPage(page.getByRole('columnheader', { name: 'Host' })).toBeVisible();
  await page.getByRole('button', { name: 'Choose columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Host' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Category' }).click();
  await page.keyboard.press('Escape');
  const status = page.getByRole('columnheader', { name: 'Status' });
  const edge = page.getByRole('separator', { name: 'Width of Status' });
  const before = (await status.boundingBox())?.width ?? 0;
  const grip = await edge.boundingBox();
  if (grip === null) throw new Error('the edge of the column is not there');
  await page.mouse.move(grip.x + grip.width / 2, grip.y + 5);
  await page.mouse.down();
  await page.mouse.move(grip.x + grip.width / 2 + 40, grip.y + 5, { steps: 4 });
  await page.mouse.up();
  await edge.press('ArrowRight');
  await page.reload();
  await expectPage(page.getByRole('columnheader', { name: 'Category' })).toBeVisible();
  await expectPage(page.getByRole('columnheader', { name: 'Host' })).toBeHidden();
  expect((await status.boundingBox())?.width).toBeCloseTo(before + 40 + 16, -1);
});

test('the list shows one state or one category', async () => {
  await addPaused(['song.mp3', 'film.mkv', 'paper.pdf']);
  await using opened = await running.open();
  const { page } = opened;
  await page.getByRole('button', { name: 'Music', exact: true }).click();
  await expect.poll(() => shownNames(page)).toEqual(['song.mp3']);
  await page.getByRole('button', { name: 'Music', exact: true }).click();
  await expect.poll(() => shownNames(page)).toEqual(['song.mp3', 'film.mkv', 'paper.pdf']);
  await page.getByRole('button', { name: /^Paused/ }).click();
  await expectPage(page.getByRole('button', { name: /^Paused/ })).toContainText('3');
  await page.getByRole('button', { name: /^Running/ }).click();
  await expectPage(page.getByRole('heading', { name: 'Nothing here fits' })).toBeVisible();
});

test('a long history is read page by page, searched where it is kept, and forgotten at once', async () => {
  await using origin = await startOrigin({ content: content(4, 1024) });
  const orders = Array.from({ length: 240 }, (_, index) => ({
    request: { url: origin.url(`/done-${index}.txt`) },
    connections: 1,
  }));
  await running.call('settings.write', { activeDownloads: 50, connectionsPerHost: 64 });
  await running.call('downloads.add', { orders });
  await expect.poll(async () => (await running.finished()).length, { timeout: 60_000 }).toBe(240);
  await using opened = await running.open();
  const { page, complaints } = opened;
  const grid = page.getByRole('grid', { name: 'Downloads' });
  const oldest = (await running.finished()).at(-1)?.name ?? '';
  await expectPage(grid).toHaveAttribute('aria-rowcount', '241');
  await expectPage(rowOf(page, oldest)).toHaveCount(0);
  await grid.focus();
  await page.keyboard.press('End');
  await expectPage(rowOf(page, oldest)).toBeVisible();
  await page.getByRole('searchbox', { name: 'Search' }).fill('done-137');
  await expect.poll(() => shownNames(page)).toEqual(['done-137.txt']);
  await page.getByRole('searchbox', { name: 'Search' }).press('Escape');
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Forget all finished downloads' }).click();
  await expectPage(page.getByRole('heading', { name: 'Nothing is being downloaded' })).toBeVisible();
  expect(await running.finished()).toEqual([]);
  expect(complaints).toEqual([]);
});

test('the list is saved to a file, and read back from it', async () => {
  await addPaused(['a.bin', 'b.bin']);
  await using opened = await running.open();
  const { page } = opened;
  await page.getByRole('button', { name: 'More' }).click();
  const saving = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'Save the list to a file' }).click();
  const file = await (await saving).path();
  await running.clear();
  await expectPage(page.getByRole('heading', { name: 'Nothing is being downloaded' })).toBeVisible();
  await page.getByRole('button', { name: 'More' }).click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('menuitem', { name: 'Read a list from a file' }).click();
  await (await choosing).setFiles(file);
  await expect.poll(namesInOrder).toEqual(['a.bin', 'b.bin']);
});

test('the speed of all is limited at the foot of the page', async () => {
  await using opened = await running.open();
  const { page } = opened;
  await page.getByRole('button', { name: 'No speed limit' }).click();
  await page.getByRole('menuitem', { name: '2.0 MiB/s', exact: true }).click();
  await expectPage(page.getByRole('button', { name: 'Limit 2.0 MiB/s' })).toBeVisible();
  // The page shows it at once, before the answer.
  await expect.poll(async () => (await running.call('settings.read', {})).limitBytesPerSecond).toBe(2 * MiB);
  await running.call('settings.write', { limitBytesPerSecond: 0 });
  await expectPage(page.getByRole('button', { name: 'No speed limit' })).toBeVisible();
});
