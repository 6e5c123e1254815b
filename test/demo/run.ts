/**
 * `npm run demo`: downloads from a bad server on this machine, kills the command in the middle, runs the same command
 * again, proves the file and says what happened. Exits 1 with one line if anything was not as promised.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { content } from '../support/content.ts';
import { tempDirectory } from '../support/temp.ts';
import { type Account, countFrom, expectAsPromised, tableOf } from './account.ts';
import { describeServer, killedAtShare, startBadServer } from './bad-server.ts';
import { type Child, startChild } from './child.ts';

const file = content(2013, 256 * 1024 * 1024);

/** The way to stop early: with the child gone, everything that waits for it goes on, and ends. */
class Stopped extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

let running: Child | undefined;
let stopped: Stopped | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopped ??= new Stopped(signal);
    running?.kill();
  });
}

function start(dataFolder: string, args: readonly string[]): Child {
  if (stopped) throw stopped;
  console.log(`\n$ sluice ${args.join(' ')}`);
  running = startChild(dataFolder, args);
  return running;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function demonstrate(): Promise<Account> {
  await using directory = await tempDirectory();
  await using origin = await startBadServer(file);
  const args = ['get', origin.url('/file.bin'), '-x', '8', '-d', directory.file('downloads')];
  const begun = performance.now();

  const first = start(directory.file('data'), args);
  const isEarly = await Promise.race([first.exited, origin.until(() => origin.bytesSent >= killedAtShare * file.size)]);
  if (isEarly !== undefined) throw new Error(`the first run ended by itself, with exit code ${isEarly}`);
  const share = origin.bytesSent / file.size;
  first.kill();
  await first.exited;
  if (stopped) throw stopped;
  const before = origin.requests.length;
  console.log(`\nKilled (SIGKILL) at ${Math.floor(share * 100)} %. The same command again:`);

  const code = await start(directory.file('data'), args).exited;
  const tookMs = performance.now() - begun;
  if (stopped) throw stopped;
  if (code !== 0) throw new Error(`the second run ended with exit code ${code}`);
  const sha256 = await sha256Of(directory.file('downloads', 'file.bin'));
  const isRight = sha256 === (await file.sha256());
  const account = { size: file.size, tookMs, killedAtShare: share, ...countFrom(origin, before, file.size), sha256, isRight };
  expectAsPromised(account);
  return account;
}

/** What went wrong first: closing the server after a failure reports the mishaps that then could not happen. */
function causeOf(error: unknown): unknown {
  return error instanceof SuppressedError ? causeOf(error.suppressed) : error;
}

console.log(describeServer(file.size));
try {
  console.log(`\n${tableOf(await demonstrate())}`);
} catch (error) {
  const cause = causeOf(error);
  console.error(`\ndemo: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exitCode = cause instanceof Stopped ? 128 + constants.signals[cause.signal] : 1;
}
