/** One entrant, once: a fresh folder, the measured command, the proof that the files are right, and nothing left behind. */
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoopDelay } from './loop-watch.ts';
import { type Measured, measure, type TimedLine } from './measure.ts';
import type { Nginx, Seen } from './nginx.ts';
import { type Conditions, type OriginProcess, startOriginProcess } from './origin.ts';
import type { Entrant, Scenario } from './scenarios.ts';
import { isSame } from './sources.ts';

export interface Run extends Pick<Measured, 'wallMs' | 'cpuMs' | 'peakBytes'> {
  /** Absent where nothing was fetched. */
  readonly seen?: Seen;
  /** What Sluice took, within its time, from the last byte to `done`: the sync. */
  readonly ownSyncMs?: number;
  /** What it took to sync the file afterwards; only on the disk. */
  readonly syncAfterMs?: number;
  /** How late the event loop was, the 99th percentile; only where it is watched. */
  readonly loopMs?: number;
}

export interface Ground {
  readonly nginx: Nginx;
  /** What nginx serves. */
  readonly files: string;
  /** Where the fetched files go, a new folder for each run. */
  readonly target: string;
}

let runs = 0;

/** Of `sluice get --json`: from `verifying` to `done`. */
function ownSync(lines: readonly TimedLine[]): number | undefined {
  const verifying = lines.find(({ text }) => text.includes('"state":"verifying"'));
  const done = lines.find(({ text }) => text.startsWith('{"type":"done"'));
  return verifying === undefined || done === undefined ? undefined : done.atMs - verifying.atMs;
}

/** What the run left there (loop-watch.ts): the worst of its processes. */
async function loopDelay(directory: string): Promise<number | undefined> {
  const left = (await readdir(directory)).filter((name) => name.startsWith('loop-'));
  const delays = left.map(async (name) => (JSON.parse(await readFile(join(directory, name), 'utf8')) as LoopDelay).p99Ms);
  return left.length === 0 ? undefined : Math.max(...(await Promise.all(delays)));
}

async function sync(path: string): Promise<number> {
  const file = await open(path, 'r+');
  const begun = performance.now();
  await file.sync();
  const tookMs = performance.now() - begun;
  await file.close();
  return tookMs;
}

/** @throws an Error naming the entrant when it fails or its files are not the server's. */
export async function runOnce(scenario: Scenario, entrant: Entrant, ground: Ground): Promise<Run> {
  runs += 1;
  const token = `run-${runs}`;
  const directory = join(ground.target, token);
  let own: OriginProcess | undefined;
  const origin = async (conditions: Conditions): Promise<OriginProcess> => (own = await startOriginProcess(conditions));
  const subject = `${entrant.name} in ${scenario.name}`;
  await mkdir(directory, { recursive: true });
  try {
    const command = await entrant.prepare({ ...ground, directory, token, origin });
    const { exitCode, stderr, lines, wallMs, cpuMs, peakBytes } = await measure(command);
    if (exitCode !== 0) throw new Error(`${subject} ended with exit code ${exitCode}: ${stderr.trim().split('\n').at(-1)}`);
    const run: Run = { wallMs, cpuMs, peakBytes };
    if (scenario.files.length === 0) return run;
    const [file] = scenario.files;
    const syncAfterMs = scenario.isOnDisk && file ? await sync(join(directory, file.name)) : undefined;
    for (const { name } of scenario.files) {
      if (!(await isSame(join(ground.files, name), join(directory, name)))) throw new Error(`${subject}: ${name} is wrong`);
    }
    const ownSyncMs = ownSync(lines);
    const loopMs = await loopDelay(directory);
    return {
      ...run,
      seen: await (own?.seen() ?? ground.nginx.seen(token)),
      ...(ownSyncMs === undefined ? {} : { ownSyncMs }),
      ...(syncAfterMs === undefined ? {} : { syncAfterMs }),
      ...(loopMs === undefined ? {} : { loopMs }),
    };
  } finally {
    await own?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
}
