/**
 * `npm run bench`: Sluice beside the tools people use, on one machine, against nginx. Options: `--rounds N` (5),
 * `--only NAME` and `--tool NAME` (repeatable), `--dir FOLDER` (a real disk: the served files, and the target of disk-8), `--target FOLDER`
 * (where all else is fetched to), `--json`. All of it, without the last, ends with `npm run bench:server`. See docs/performance.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtempDisposable, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { killMeasured } from './measure.ts';
import { startNginx } from './nginx.ts';
import { installNodePeers } from './node-peers.ts';
import { type Run, runOnce } from './one-run.ts';
import { type Tool, tools, versionOf } from './peers.ts';
import { type Entrant, type Scenario, scenarios } from './scenarios.ts';
import { makeFile } from './sources.ts';
import { type Result, resultOf } from './summary.ts';
import { tableOf } from './table.ts';

const memoryDisk = '/dev/shm';
const roomBytes = 3 * 1024 ** 3;

interface Options {
  readonly rounds: number;
  readonly chosen: readonly Scenario[];
  readonly directory: string;
  readonly target: string;
  readonly isJson: boolean;
  /** Undefined: all there are. */
  readonly tools: readonly string[] | undefined;
}

/** A disk in memory has no part in the result, so it is preferred where it is large enough. */
async function usualTarget(directory: string): Promise<string> {
  const room = await statfs(memoryDisk).catch(() => undefined);
  return room !== undefined && room.bavail * room.bsize >= roomBytes ? memoryDisk : directory;
}

async function readOptions(): Promise<Options> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      only: { type: 'string', multiple: true },
      tool: { type: 'string', multiple: true },
      dir: { type: 'string', default: tmpdir() },
      target: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is ${values.rounds}, expected a whole number from 1`);
  const names = scenarios.map(({ name }) => name);
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only is ${unknown}, expected one of ${names.join(', ')}`);
  const chosen = scenarios.filter(({ name }) => values.only?.includes(name) ?? true);
  const target = values.target ?? (await usualTarget(values.dir));
  return { rounds, chosen, directory: values.dir, target, isJson: values.json, tools: values.tool };
}

/** What the figures depend on, one line each. */
async function describe({ rounds, directory, target, tools: wanted }: Options): Promise<{ installed: Tool[]; lines: string[] }> {
  const installed: Tool[] = [];
  const lines = [
    `${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown CPU'}, ` +
      `${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.version}, ${rounds} rounds, interleaved`,
    `served from ${directory} (in the page cache); fetched to ${target}${target === memoryDisk ? ', which is memory' : ''}`,
  ];
  const native = tools.map(async (tool) => ({ tool, version: await versionOf(tool) }));
  const ofNode = (await installNodePeers()).map(({ version, ...tool }) => ({ tool, version }));
  for (const { tool, version } of [...(await Promise.all(native)), ...ofNode]) {
    if (wanted?.includes(tool.name) === false) continue;
    if (version !== undefined) installed.push(tool);
    lines.push(version === undefined ? `${tool.name}: not installed, left out` : `${tool.name} ${version}: ${tool.flags}`);
  }
  return { installed, lines };
}

let isStopped = false;
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** Each round every entrant once, in another order: what the machine does meanwhile hits all alike. */
async function runAll(options: Options, installed: readonly Tool[]): Promise<Result[]> {
  const { rounds, chosen } = options;
  await using directory = await mkdtempDisposable(join(options.directory, 'sluice-bench-'));
  await using memory = await mkdtempDisposable(join(options.target, 'sluice-bench-'));
  const files = join(directory.path, 'files');
  await mkdir(files);
  for (const file of new Set(chosen.flatMap((scenario) => scenario.files))) await makeFile(files, file);
  await using nginx = await startNginx({ directory: join(directory.path, 'nginx'), files });
  const runs = new Map(chosen.map((scenario) => [scenario, new Map<string, Run[]>()]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [scenario, theirs] of runs) {
      progress(`round ${round + 1} of ${rounds}: ${scenario.name}`);
      if (scenario.isOnce && round > 0) continue;
      const target = join(scenario.isOnDisk ? directory.path : memory.path, 'fetched');
      const entrants = scenario.entrants(installed);
      for (const { name } of entrants) if (!theirs.has(name)) theirs.set(name, []);
      for (const entrant of inOrderOf(round, entrants, scenario.repeats ?? 1)) {
        if (isStopped) return [];
        theirs.get(entrant.name)?.push(await runOnce(scenario, entrant, { nginx, files, target }));
      }
    }
  }
  return [...runs].map(([scenario, theirs]) => resultOf(scenario, theirs));
}

function inOrderOf(round: number, entrants: readonly Entrant[], repeats: number): Entrant[] {
  const first = round % entrants.length;
  const rotated = [...entrants.slice(first), ...entrants.slice(0, first)];
  return Array.from({ length: repeats }, () => rotated).flat();
}

function stop(): void {
  isStopped = true;
  killMeasured();
}

async function main(): Promise<void> {
  const options = await readOptions();
  const { installed, lines } = await describe(options);
  if (!options.isJson) console.log(`${lines.map((line) => `- ${line}`).join('\n')}\n`);
  const results = await runAll(options, installed);
  if (isStopped) return;
  console.log(options.isJson ? JSON.stringify({ conditions: lines, results }, undefined, 2) : results.map(tableOf).join('\n\n'));
  if (options.isJson || options.chosen.length < scenarios.length) return;
  console.log('\n### The background server\n');
  await once(spawn('npm', ['run', '--silent', 'bench:server'], { stdio: 'inherit' }), 'exit');
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
try {
  await main();
} catch (error) {
  if (!isStopped) console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
if (isStopped) process.exitCode = 130;
