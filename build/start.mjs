/**
 * Opens the built app. Where Electron cannot be had or there is no display it says so, and serves the same page on a local port
 * instead. `npm start` builds first; what follows `--` goes to the app, or to `sluice serve`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { electronBinary } from './electron-binary.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const electron = electronBinary();
if ('reason' in electron) {
  console.error(`The window cannot be opened: ${electron.reason}. The same page is served on a local port instead.`);
}
const [program, words] = 'path' in electron ? [electron.path, [root]] : [process.execPath, [`${root}out/sluice.cjs`, 'serve']];
const child = spawn(program, [...words, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => process.exit(code ?? 1));
