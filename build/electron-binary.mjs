/** Where Electron's program is, or why it cannot be run here. */
import { spawnSync } from 'node:child_process';

/**
 * It is downloaded at the first need, as the package `electron` does.
 * @returns {{ path: string } | { reason: string }}
 */
export function electronBinary() {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY) return { reason: 'there is no display' };
  const script = 'process.stdout.write("\\n" + require("electron"))';
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const path = stdout.split('\n').at(-1) ?? '';
  return status === 0 && path !== '' ? { path } : { reason: 'Electron could not be downloaded' };
}
