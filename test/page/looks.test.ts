import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectPage, pictures, RunningPage } from './running-page.ts';
import { playScene, type Scene } from './scene.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 90_000 });

let running: RunningPage;
let scene: Scene;

beforeAll(async () => {
  await mkdir(pictures, { recursive: true });
  running = await RunningPage.start();
  scene = await playScene(running);
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
});

/** What axe finds against WCAG 2.2 AA, in words. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    // The page has no frames; without them one look costs half as much.
    .setLegacyMode(true)
    .analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}

const schemes = ['light', 'dark'] as const;
const iso = 'debian-13.2.0-amd64-netinst.iso';
const pictureOf = (page: Page, name: string) => page.screenshot({ path: path.join(pictures, `${name}.png`) });

test.each(schemes)('axe finds nothing in %s, whatever is open', async (colorScheme) => {
  await using opened = await running.open({ colorScheme });
  const { page, complaints } = opened;
  const look = async (name: string) => {
    expect(await faults(page), name).toEqual([]);
    await pictureOf(page, `${name}-${colorScheme}`);
  };
  const row = page.getByRole('row', { name: iso });
  await expectPage(row).toBeVisible();
  await look('list');
  await row.click();
  const tabs = page.getByRole('tab');
  await expectPage(tabs).toHaveCount(5);
  for (const name of ['segments', 'speed', 'request', 'log', 'file']) {
    const tab = page.getByRole('tab', { name });
    await tab.click();
    await expectPage(tab).toHaveAttribute('aria-selected', 'true');
    await look(name);
  }
  await row.click({ button: 'right' });
  await expectPage(page.getByRole('menu')).toBeVisible();
  await look('menu');
  await page.keyboard.press('Escape');
  await expectPage(page.getByRole('menu')).toBeHidden();
  for (const [key, name] of [
    ['n', 'add'],
    ['Control+,', 'settings'],
    ['?', 'keys'],
    ['Delete', 'remove'],
  ] as const) {
    if (key === 'Delete') await row.click();
    await page.keyboard.press(key);
    const dialog = page.getByRole('dialog');
    await expectPage(dialog).toBeVisible();
    if (key === 'n') {
      await dialog.getByRole('textbox', { name: 'Links' }).fill('http://mirror.example.net/gone/part-[1-3].zip');
      await expectPage(dialog.getByText('it can be added all the same')).toHaveCount(3);
    }
    await look(name);
    if (key === 'n') await dialog.getByRole('textbox', { name: 'Links' }).fill('');
    await page.keyboard.press('Escape');
    await expectPage(dialog).toBeHidden();
  }
  expect(complaints).toEqual([]);
});

test.each(schemes)('Chinese is as accessible, in %s', async (colorScheme) => {
  await using opened = await running.open({ colorScheme, locale: 'zh-CN' });
  const { page, complaints } = opened;
  await expectPage(page.getByRole('row', { name: iso })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await pictureOf(page, `list-${colorScheme}-zh-CN`);
  await page.keyboard.press('n');
  await expectPage(page.getByRole('dialog')).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await pictureOf(page, `add-${colorScheme}-zh-CN`);
  expect(complaints).toEqual([]);
});

test.each([
  ['phone', 360, 740],
  ['tablet', 800, 1000],
  ['4k', 3840, 2160],
] as const)('fits a %s without scrolling sideways', async (name, width, height) => {
  await using opened = await running.open({ viewport: { width, height } });
  const { page } = opened;
  await expectPage(page.getByRole('row', { name: iso })).toBeVisible();
  const isWider = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
  expect(isWider).toBe(false);
  expect(await faults(page)).toEqual([]);
  await pictureOf(page, `list-${name}`);
  await page.getByRole('row', { name: iso }).click();
  await expectPage(page.getByRole('tab', { name: 'Segments' })).toBeVisible();
  expect(await faults(page)).toEqual([]);
  await pictureOf(page, `details-${name}`);
});

test('nothing moves for who wants no motion, and nothing jumps while figures change', async () => {
  await using opened = await running.open({ reducedMotion: 'reduce' }, (page) =>
    page.addInitScript(`
      window.shifts = [];
      window.moved = new Set();
      const watch = new PerformanceObserver((list) => {
        for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shifts.push(value);
      });
      watch.observe({ type: 'layout-shift', buffered: true });
      const look = () => {
        for (const { playState, effect } of document.getAnimations())
          if (playState === 'running' && effect.getComputedTiming().duration > 10) window.moved.add(effect.target.className);
        requestAnimationFrame(look);
      };
      look();
    `),
  );
  const { page } = opened;
  const row = page.getByRole('row', { name: iso });
  await expectPage(row).toBeVisible();
  await page.evaluate('window.shifts.length = 0');
  const speed = row.getByText(/MiB\/s/);
  const before = await speed.textContent();
  await expectPage(speed).not.toHaveText(before ?? '');
  await page.keyboard.press('n');
  await expectPage(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expectPage(page.getByRole('dialog')).toBeHidden();
  expect(await page.evaluate('window.shifts')).toEqual([]);
  expect(await page.evaluate('[...window.moved]')).toEqual([]);
});
