/**
 * `node test/bench/kill-4g.ts [--seed N] [--dir FOLDER]`: 4 GiB from nginx at about 200 MB/s, `sluice get` killed with SIGKILL
 * five times at random instants and run again, then the proof: the file is the server's, and nginx sent at most 1.05 times
 * its size. Exits 1 with one line if that does not hold.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { formatBytes } from '#shared/units';
import { plainEnvironment, sluiceCommand } from './built-sluice.ts';
import { startNginx } from './nginx.ts';
import { makeFile } from './sources.ts';

const source = { name: 'four.bin', size: 4 * 1024 ** 3 };
const kills = 5;
const mostSentShare = 1.05;
const token = 'kill';
/** Of one connection; eight of them make 200 MB/s. */
const limitRate = '25m';
/** So that five kills fall into the twenty-odd seconds it takes in all, some of them soon after a start. */
const earliestMs = 300;
const latestMs = 4500;

/** Evenly from 0 to 1, the same for the same seed: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

let running: ChildProcess | undefined;
let isStopped = false;

/** Resolves with how it ended: an exit code or `killed`. */
async function runSluice(url: string, directory: string, killAfterMs?: number): Promise<number | 'killed'> {
  if (isStopped) throw new Error('stopped');
  const [program, ...args] = sluiceCommand('get', '--quiet', '-x', '8', '-d', join(directory, 'fetched'), url);
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: plainEnvironment(join(directory, 'data')),
  });
  running = child;
  const exited = once(child, 'exit');
  if (killAfterMs !== undefined) {
    await Promise.race([sleep(killAfterMs), exited]);
    child.kill('SIGKILL');
  }
  const [code] = await exited;
  return code ?? 'killed';
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

/** @throws an Error in one sentence when the promise was not kept. */
async function accept(seed: number, parent: string): Promise<void> {
  await using folder = await mkdtempDisposable(join(parent, 'sluice-kill-'));
  const files = join(folder.path, 'files');
  await mkdir(files);
  await makeFile(files, source);
  await using nginx = await startNginx({ directory: join(folder.path, 'nginx'), files, limitRate });
  const url = nginx.url('capped', token, source.name);
  const random = randomFrom(seed);
  const begun = performance.now();
  for (let kill = 1; kill <= kills; kill += 1) {
    const afterMs = Math.round(earliestMs + random() * (latestMs - earliestMs));
    const end = await runSluice(url, folder.path, afterMs);
    if (end !== 'killed') throw new Error(`it ended by itself, with exit code ${end}, before kill ${kill}`);
    const { bodyBytes } = await nginx.seen(token);
    console.log(`killed after ${(afterMs / 1000).toFixed(2)} s, ${formatBytes(bodyBytes)} sent in all`);
  }
  const code = await runSluice(url, folder.path);
  if (code !== 0) throw new Error(`the last run ended with ${code}`);
  const tookMs = performance.now() - begun;
  const { bodyBytes, requests } = await nginx.seen(token);
  const [served, fetched] = [await sha256Of(join(files, source.name)), await sha256Of(join(folder.path, 'fetched', source.name))];
  const share = bodyBytes / source.size;
  console.log(`done: ${(tookMs / 1000).toFixed(1)} s with the kills, ${requests} requests`);
  console.log(`SHA-256 ${fetched} ${served === fetched ? '(the same as served)' : `(served: ${served})`}`);
  console.log(`sent ${bodyBytes} of ${source.size} bytes: ${share.toFixed(4)} times the size`);
  if (served !== fetched) throw new Error('the file is not the one that is served');
  if (share > mostSentShare) throw new Error(`more than ${mostSentShare} times the size was sent`);
}

const { values } = parseArgs({
  options: { seed: { type: 'string', default: `${randomInt(2 ** 31)}` }, dir: { type: 'string', default: tmpdir() } },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    isStopped = true;
    running?.kill('SIGKILL');
  });
}
console.log(`seed ${values.seed}`);
try {
  await accept(Number(values.seed), values.dir);
} catch (error) {
  console.error(`kill-4g: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
