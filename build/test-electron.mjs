/**
 * Runs the tests of the desktop app on the real Electron, by Playwright's driver for it. What follows `--` goes to Vitest. Exit code
 * of the tests, or 2 where Electron cannot be had: a run that tested nothing has not passed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { electronBinary } from './electron-binary.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const electron = electronBinary();
if ('reason' in electron) {
  console.error(`Nothing was tested on the real Electron: ${electron.reason}. npm test runs the same on a stand-in.`);
  process.exit(2);
}
const words = [`${root}node_modules/vitest/vitest.mjs`, 'run', 'test/desktop', ...process.argv.slice(2)];
const env = { ...process.env, ELECTRON_PROGRAM: electron.path };
process.exit(spawnSync(process.execPath, words, { cwd: root, env, stdio: 'inherit' }).status ?? 1);
