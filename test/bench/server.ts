/**
 * `npm run bench:server`: what the background server costs, measured on the built command. Options: `--rounds N` (5) for what
 * is timed, `--seconds N` (15) at full speed, `--target FOLDER` (/dev/shm) where files are fetched to,
 * `--only idle|list|busy` (repeatable). Linux, with nginx.
 * First rows of the page: `npm run bench:page`. See docs/performance.md.
 */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Serving, startServing, untilCall } from '../support/serving.ts';
import { tempDirectory } from '../support/temp.ts';
import type { LoopDelay } from './loop-watch.ts';
import { startNginx } from './nginx.ts';
import { makeFile } from './sources.ts';

const many = 10_000;
const MB = 1_000_000;
const MiB = 1024 * 1024;
/** Long enough for what the start left behind to be given back. */
const settleMs = 10_000;
const connections = 32;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly target: number;
  readonly unit: string;
  readonly note?: string;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const spread = (values: readonly number[]): string => `${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)}`;

/** Resident bytes now, and at most so far, as the kernel counts them. */
async function memoryOf({ child }: Serving): Promise<{ now: number; most: number }> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  const read = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { now: read('VmRSS'), most: read('VmHWM') };
}

/** User and system time so far, in seconds. */
async function processorSeconds({ child }: Serving): Promise<number> {
  const text = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const idOf = (index: number): string => index.toString(16).padStart(16, '0');

/** 10,000 finished downloads, as the server keeps them. */
async function writeHistory(data: string, files: string): Promise<void> {
  await mkdir(data, { recursive: true });
  const rowsOfFile = 500;
  for (let file = 0; file < many / rowsOfFile; file += 1) {
    const rows = Array.from({ length: rowsOfFile }, (_, index) => {
      const number = file * rowsOfFile + index;
      const name = `package-${number}.tar.xz`;
      const id = idOf(number);
      const row = {
        ...{ id, request: { url: `https://mirror.example.org/release-${number}/${name}` }, hasSecrets: false },
        ...{ category: 'Archives', addedAt: 1_790_000_000_000 + number, name, path: join(files, name) },
        ...{ size: 10 * MiB, finishedAt: 1_790_000_100_000 + number, isProven: false },
      };
      return [id, row];
    });
    const text = JSON.stringify({ version: 1, rows: Object.fromEntries(rows) }, undefined, '\t');
    await writeFile(join(data, `history-${String(file).padStart(2, '0')}.json`), text);
  }
}

const orders = Array.from({ length: many }, (_, index) => ({
  request: { url: `http://127.0.0.1:9/release-${index}/package-${index}.tar.xz` },
}));

interface Started {
  readonly server: Serving;
  readonly readyMs: number;
  /** What it computed until then: what the clock would say on a machine that does nothing else. */
  readonly computedMs: number;
}

async function start(folder: string): Promise<Started> {
  const begun = performance.now();
  const server = await startServing(folder);
  const readyMs = performance.now() - begun;
  return { server, readyMs, computedMs: (await processorSeconds(server)) * 1000 };
}

/** Processor time of ten quiet seconds, as a share of one core. */
async function idleShare(server: Serving): Promise<number> {
  const before = await processorSeconds(server);
  await sleep(settleMs);
  return (((await processorSeconds(server)) - before) / settleMs) * 100_000;
}

/** Idle, with a long history. */
async function idle(rounds: number): Promise<Figure[]> {
  await using folder = await tempDirectory();
  await writeHistory(folder.file('data'), folder.file('files'));
  const starts: Started[] = [];
  for (let round = 1; round < rounds; round += 1) {
    const started = await start(folder.path);
    starts.push(started);
    await started.server[Symbol.asyncDispose]();
  }
  starts.push(await start(folder.path));
  await using server = (starts.at(-1) as Started).server;
  const { total } = await server.call('history.page', { offset: 0, limit: 50 });
  if (total !== many) throw new Error(`${total} rows of history instead of ${many}`);
  await sleep(settleMs);
  const share = await idleShare(server);
  const { now, most } = await memoryOf(server);
  return [
    readiness('ready, 10,000 rows of history', starts, 700),
    { name: 'resident when idle', value: now / MB, target: 100, unit: 'MB', note: `${(most / MB).toFixed(0)} at most` },
    { name: 'processor when idle', value: share, target: 1, unit: '% of one core' },
  ];
}

function readiness(name: string, starts: readonly Started[], target: number): Figure {
  const ready = starts.map(({ readyMs }) => readyMs);
  const computed = median(starts.map(({ computedMs }) => computedMs));
  return { name, value: median(ready), target, unit: 'ms', note: `${spread(ready)}; computed ${computed.toFixed(0)}` };
}

async function loopDelay(server: Serving): Promise<number> {
  const path = `${process.env.LOOP_WATCH}-${server.child.pid}`;
  await rm(path, { force: true });
  server.child.kill('SIGUSR2');
  while ((await stat(path).catch(() => undefined)) === undefined) await sleep(5);
  return (JSON.parse(await readFile(path, 'utf8')) as LoopDelay).longestMs;
}

const loopWatch = `--import=${pathToFileURL(join(import.meta.dirname, 'loop-watch.ts')).href}`;

/** A list of 10,000: added at once, changed, loaded again. */
async function longList(rounds: number): Promise<Figure[]> {
  const added: number[] = [];
  const starts: Started[] = [];
  const idleShares: number[] = [];
  const addBlocks: number[] = [];
  const changeBlocks: number[] = [];
  const manyBlocks: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using folder = await tempDirectory();
    process.env.LOOP_WATCH = folder.file('loop');
    process.env.NODE_OPTIONS = loopWatch;
    {
      await using server = await startServing(folder.path);
      await sleep(500);
      await loopDelay(server);
      const begun = performance.now();
      const { results } = await server.call('downloads.add', { orders, start: false });
      added.push(performance.now() - begun);
      addBlocks.push(await loopDelay(server));
      const ids = results.flatMap((one) => (one.type === 'added' ? [one.id] : []));
      if (ids.length !== many) throw new Error(`${ids.length} added instead of ${many}`);
      for (const id of ids.slice(0, 20)) await server.call('downloads.set', { ids: [id], connections: 3 });
      changeBlocks.push(await loopDelay(server));
      await server.call('downloads.set', { ids, connections: 4 });
      manyBlocks.push(await loopDelay(server));
      server.child.kill('SIGTERM');
      await server.ended();
    }
    // Watching costs more than being idle.
    delete process.env.NODE_OPTIONS;
    const started = await start(folder.path);
    starts.push(started);
    if (round === 0) {
      await sleep(2000);
      idleShares.push(await idleShare(started.server));
    }
    await started.server[Symbol.asyncDispose]();
  }
  const least = (values: readonly number[]): number => Math.min(...values);
  return [
    { name: '10,000 added in one call', value: median(added), target: 2000, unit: 'ms', note: spread(added) },
    readiness('ready, 10,000 on the list', starts, 1000),
    { name: 'processor, 10,000 on the list', value: median(idleShares), target: 1, unit: '% of one core' },
    // What else the machine does only adds to it.
    { name: 'loop kept by one change', value: least(changeBlocks), target: 20, unit: 'ms', note: spread(changeBlocks) },
    { name: 'loop kept by adding 10,000', value: least(addBlocks), target: 20, unit: 'ms', note: spread(addBlocks) },
    { name: 'loop kept by changing 10,000', value: least(manyBlocks), target: 20, unit: 'ms', note: spread(manyBlocks) },
  ];
}

/** What is measured, by name. */
const parts = ['idle', 'list', 'busy'] as const;

/** Four downloads of eight connections each from nginx, limited there to 100 MB/s in all. */
async function busy(seconds: number, target: string): Promise<Figure[]> {
  await using directory = await tempDirectory();
  const size = Math.ceil((seconds + 10) * 25) * MB;
  await mkdir(directory.file('served'));
  await makeFile(directory.file('served'), { name: 'large.bin', size });
  const limitRate = String((100 * MB) / connections);
  await using nginx = await startNginx({ directory: directory.file('nginx'), files: directory.file('served'), limitRate });
  const files = join(target, `sluice-bench-${process.pid}`);
  await mkdir(files);
  try {
    await writeHistory(directory.file('data'), files);
    await using server = await startServing(directory.path, '--dir', files);
    await server.call('settings.write', { activeDownloads: 4, connectionsPerHost: connections, connections: 8 });
    const wanted = Array.from({ length: 4 }, (_, index) => ({
      request: { url: nginx.url('capped', `s${index}`, 'large.bin') },
      directory: files,
      name: `${index}.bin`,
    }));
    await server.call('downloads.add', { orders: wanted });
    const all = { offset: 0, limit: 10 };
    const open = (rows: readonly { counters: readonly unknown[] }[]): number =>
      rows.reduce((sum, { counters }) => sum + (counters[3] as number), 0);
    await untilCall(server.call, 'downloads.snapshot', all, ({ rows }) => open(rows) === connections);
    const bytes = async (): Promise<number> =>
      (await server.call('downloads.snapshot', all)).rows.reduce((sum, { counters }) => sum + counters[1], 0);
    const [bytesBefore, usedBefore, begun] = [await bytes(), await processorSeconds(server), performance.now()];
    await sleep(seconds * 1000);
    const [bytesAfter, usedAfter] = [await bytes(), await processorSeconds(server)];
    const passed = (performance.now() - begun) / 1000;
    const { most } = await memoryOf(server);
    const rate = (bytesAfter - bytesBefore) / passed / MB;
    const share = ((usedAfter - usedBefore) / passed) * 100;
    return [
      {
        ...{ name: 'resident at most, 32 connections', value: most / MB, target: 140, unit: 'MB' },
        note: `${rate.toFixed(0)} MB/s in all, ${share.toFixed(0)} % of one core`,
      },
    ];
  } finally {
    await rm(files, { recursive: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '15' },
      target: { type: 'string', default: '/dev/shm' },
      only: { type: 'string', multiple: true, default: [...parts] },
    },
  });
  const rounds = Number(values.rounds);
  const figures = [
    ...(values.only.includes('idle') ? await idle(rounds) : []),
    ...(values.only.includes('list') ? await longList(rounds) : []),
    ...(values.only.includes('busy') ? await busy(Number(values.seconds), values.target) : []),
  ];
  for (const { name, value, target, unit, note } of figures) {
    const verdict = value <= target ? 'met' : 'missed';
    const seen = `${value.toFixed(1)} ${unit}`;
    console.log(`${name.padEnd(34)} ${seen.padEnd(20)} target ${target}: ${verdict}${note === undefined ? '' : ` (${note})`}`);
  }
}

await main();
