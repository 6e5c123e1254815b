/** `npm start` where there is no Electron to open: the page all the same, and no riddle. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { tempDirectory } from '../support/temp.ts';

vi.setConfig({ testTimeout: 60_000 });

const start = resolve(import.meta.dirname, '../../build/start.mjs');

test.each([
  [{ DISPLAY: '', WAYLAND_DISPLAY: '' }, 'there is no display'],
  // A mirror where nobody listens: nothing leaves this machine.
  [
    { DISPLAY: ':99', ELECTRON_MIRROR: 'http://127.0.0.1:9/', ELECTRON_OVERRIDE_DIST_PATH: undefined },
    'Electron could not be downloaded',
  ],
])('says why and serves the page instead: %o', async (env, reason) => {
  await using folder = await tempDirectory();
  const child = spawn(process.execPath, [start, '--port', '0', '--data', folder.file('data')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  expect(errors).toEqual([`The window cannot be opened: ${reason}. The same page is served on a local port instead.`]);
  const address = /^Listening on (http:\/\/127\.0\.0\.1:\d+\/)#token=/.exec(line)?.[1];
  const page = await fetch(address ?? '');
  expect(await page.text()).toContain('<title>Sluice</title>');
  // The signal reaches the server: nothing is left behind.
  child.kill('SIGTERM');
  await once(child, 'exit');
  await expect(fetch(address ?? '')).rejects.toThrow();
});
