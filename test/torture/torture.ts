/**
 * The kill test: the real command, killed with SIGKILL again and again at random and at chosen instants, started again each
 * time. After every kill what lies on disk must be true:
 *
 *   I1 the final name exists only with the whole file in it    I3 every claim equals the source
 *   I2 no byte of a refused answer is in the part               I4 claims never exceed the size
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Checkpoint } from '../../electron/engine/disk/checkpoint.ts';
import { nodeFileIo } from '../../electron/engine/disk/file-io.ts';
import { sizeOf, union } from '../../electron/engine/intervals.ts';
import { resourceOf } from '../support/answer.ts';
import { type Content, content } from '../support/content.ts';
import { expectFileEqualsSource, expectNoPoison, expectRangesEqualSource } from '../support/expect-file.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';
import { drawPlan, type Phase, type Plan, phases, randomFrom } from './plans.ts';

const MiB = 1024 * 1024;
const command = fileURLToPath(new URL('../../out/sluice.cjs', import.meta.url));
const probe = new URL('./probe.ts', import.meta.url).href;
const name = 'file.bin';
/** No run of the command lasts nearly as long. */
const patienceMs = 30_000;

export interface Tally {
  readonly hits: Record<Phase, number>;
  kills: number;
  files: number;
  /** Of the files, in bytes. */
  needed: number;
  sent: number;
}

/** Kills the command `kills` times. @throws at the first thing that is not true, naming plan, seed and number. */
export async function torture(kills: number, seed: number, onKill: (tally: Tally) => void = () => {}): Promise<Tally> {
  const random = randomFrom(seed);
  const tally: Tally = {
    hits: Object.fromEntries(phases.map((phase) => [phase, 0])) as Record<Phase, number>,
    kills: 0,
    files: 0,
    needed: 0,
    sent: 0,
  };
  await using directory = await tempDirectory();
  await using origin = await startOrigin({ bytesPerSecond: 6 * MiB });
  while (tally.kills < kills) {
    const source = content(Math.floor(random() * 2 ** 31), Math.floor((2 + random() * 30) * MiB));
    origin.replace(undefined, resourceOf({ content: source }));
    const sentBefore = origin.bytesSent;
    while (!(await runOnce(origin, directory, source, drawPlan(random), tally, seed))) {
      onKill(tally);
      if (tally.kills >= kills * 2) break;
    }
    tally.files += 1;
    tally.needed += source.size;
    tally.sent += origin.bytesSent - sentBefore;
    await clear(directory);
  }
  return tally;
}

/** One run of the command under one plan. True when the file is done. */
async function runOnce(
  origin: Origin,
  directory: TempDirectory,
  source: Content,
  plan: Plan,
  tally: Tally,
  seed: number,
): Promise<boolean> {
  const at = 'at' in plan ? plan.at : '';
  const started = { requests: origin.requests.length, bytes: origin.bytesSent };
  const child = spawn(
    process.execPath,
    ['--import', probe, command, 'get', origin.url(), '-d', directory.path, '-o', name, '-x', '4', '--quiet'],
    { env: { ...process.env, SLUICE_DATA: directory.file('data'), TORTURE_AT: at }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.stderr?.on('data', (text) => {
    complaint += text;
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const deadline = setTimeout(() => child.kill('SIGABRT'), patienceMs);
  const over = exited.then(() => true);
  await Promise.race([over, strike(child, plan, origin, started, source.size)]);
  const [code, signal] = await exited;
  clearTimeout(deadline);
  const story = `seed ${seed}, kill ${tally.kills + 1}, ${JSON.stringify(plan)}, exit ${code ?? signal}: ${complaint.trim()}`;
  await inspect(directory, source, story);
  if (signal === 'SIGKILL') {
    tally.kills += 1;
    tally.hits[plan.phase] += 1;
    return false;
  }
  assert(code === 0 || (plan.phase === 'pause' && code === 143), story);
  if (code !== 0) return false;
  assert((await readdir(directory.path)).includes(name), `no file although it said done: ${story}`);
  return true;
}

/** Kills from outside, where the plan says so. */
async function strike(
  child: ChildProcess,
  plan: Plan,
  origin: Origin,
  started: { readonly requests: number; readonly bytes: number },
  size: number,
): Promise<void> {
  if ('at' in plan) return;
  if (plan.phase === 'probing') {
    await origin.until(() => origin.requests.length > started.requests || child.exitCode !== null);
    await after(plan.afterMs);
  } else {
    await origin.until(() => origin.bytesSent - started.bytes >= plan.share * size || child.exitCode !== null);
  }
  if (plan.phase === 'pause') {
    child.kill('SIGTERM');
    await after(plan.afterMs);
  }
  child.kill('SIGKILL');
}

/** The point of the plan is the random instant, so this waits for time, not for an event. */
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function inspect(directory: TempDirectory, source: Content, story: string): Promise<void> {
  try {
    const files = await readdir(directory.path);
    if (files.includes(name)) await expectFileEqualsSource(directory.file(name), source);
    const numbered = files.filter((file) => /^file \(\d+\)/.test(file));
    assert.deepEqual(numbered, [], 'a second file appeared');
    if (!files.includes(`${name}.part`)) return;
    await expectNoPoison(directory.file(`${name}.part`));
    const loaded = await Checkpoint.load(nodeFileIo, directory.file(`${name}.part.ckpt`));
    if (loaded.type !== 'loaded') return;
    const claims = union(loaded.record.hard, loaded.record.soft);
    assert(sizeOf(claims) <= source.size, 'more is claimed than there is');
    await expectRangesEqualSource(directory.file(`${name}.part`), claims, source);
  } catch (error) {
    throw new Error(`what is on disk is not true (${story})`, { cause: error });
  }
}

async function clear(directory: TempDirectory): Promise<void> {
  for (const file of await readdir(directory.path)) await rm(directory.file(file), { recursive: true });
}
