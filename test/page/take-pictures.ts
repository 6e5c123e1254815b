/**
 * `npm run pictures`: takes the README's pictures of the page anew, light and dark, from real downloads. They are made smaller
 * by `pngquant` where that is installed.
 */
import { execFile } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from '@playwright/test';
import { RunningPage } from './running-page.ts';
import { playScene } from './scene.ts';

const folder = path.resolve(import.meta.dirname, '../../docs/pictures');
/** Until there is something to see of what runs. */
const playedMs = 60_000;

async function shrink(file: string): Promise<void> {
  const quantize = promisify(execFile)('pngquant', ['--force', '--strip', '--speed', '1', '--output', file, file]);
  await quantize.catch((error: { code?: unknown }) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

await mkdir(folder, { recursive: true });
await using running = await RunningPage.start();
await using _scene = await playScene(running);
await setTimeout(playedMs);
for (const colorScheme of ['light', 'dark'] as const) {
  await using opened = await running.open({ colorScheme, viewport: { width: 1440, height: 860 } });
  const { page } = opened;
  await page.getByRole('row', { name: 'debian-13.2.0-amd64-netinst.iso' }).click();
  await expect(page.getByRole('table', { name: 'Connections' })).toBeVisible();
  await page.mouse.move(0, 0);
  // The line of the last minute begins with the visit.
  await setTimeout(8_000);
  const file = path.join(folder, `page-${colorScheme}.png`);
  await page.screenshot({ path: file });
  await shrink(file);
  process.stdout.write(`${file}: ${Math.round((await stat(file)).size / 1024)} KiB\n`);
}
