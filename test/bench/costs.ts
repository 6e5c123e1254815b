/**
 * `npm run bench:costs [-- --dir FOLDER]`: what safety costs. Linux, nginx. Exits 1 where a bound is missed.
 *
 * - *Sums*: processor time to sum what is received, as a share of one core at 100 MB/s; beside it that of the audit on resume.
 * - *Records*: 3 GiB at full loopback speed. Every write to the record and the sums is counted while it runs; what one of each costs
 *   is measured apart, a thousand of them on the same disk; the product is told as a share of all processor time of the run.
 *   The sync at the end is told apart, as it is the disk's.
 * - *Resuming* 100 GiB, sparse, all but a few ranges there: from its start to its first request; and by the command, whose own start is in it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtempDisposable, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { audit } from '../../electron/engine/disk/audit.ts';
import { Checkpoint } from '../../electron/engine/disk/checkpoint.ts';
import { type FileIo, nodeFileIo, type OpenFile } from '../../electron/engine/disk/file-io.ts';
import { type Extent, Sums } from '../../electron/engine/disk/sums.ts';
import { createEngine } from '../../electron/engine/engine.ts';
import { startOrigin } from '../support/origin.ts';
import { leaveSparsePart, sparseContent } from '../support/sparse.ts';
import { plainEnvironment, sluiceCommand } from './built-sluice.ts';
import { startNginx } from './nginx.ts';
import { makeFile } from './sources.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const batchBytes = 512 * 1024;
const rateBytes = 100e6;
const mostSumsShare = 0.05;
const mostRecordsShare = 0.03;
const mostResumeMs = 500;

let isMissed = false;

function tell(what: string, value: string, bound?: { readonly isMet: boolean; readonly text: string }): void {
  if (bound?.isMet === false) isMissed = true;
  console.log(`- ${what}: ${value}${bound ? ` (at most ${bound.text}: ${bound.isMet ? 'met' : 'missed'})` : ''}`);
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Seconds of processor time, of all threads of this process. */
async function cpuSeconds(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Batches of eight connections in turn, each at the place where its own left off. */
async function sumsCost(directory: string): Promise<void> {
  const bytes = 4 * GiB;
  const sums = await Sums.create(nodeFileIo, join(directory, 'cost.sums'));
  // As many different ones as are under way at once: they are not all in the processor's cache.
  const batches = Array.from({ length: 16 }, (_, index) => Buffer.alloc(batchBytes, index + 1));
  const work = async (): Promise<void> => {
    for (let done = 0; done < bytes; done += batchBytes) {
      const count = done / batchBytes;
      const position = (count % 8) * (bytes / 8) + Math.floor(count / 8) * batchBytes;
      sums.note(position, [batches[count % batches.length] as Buffer]);
      if (count % 16 === 15) await sums.flush();
    }
  };
  const share = ((await cpuSeconds(work)) / bytes) * rateBytes;
  await sums.remove();
  tell('summing what is received', `${percent(share)} of one core at 100 MB/s`, {
    isMet: share <= mostSumsShare,
    text: percent(mostSumsShare),
  });
  const extents: Extent[] = Array.from({ length: bytes / (4 * MiB) }, (_, index) => ({
    start: index * 4 * MiB,
    end: (index + 1) * 4 * MiB,
    crc: 0,
  }));
  const part = {
    read: async (buffer: Uint8Array) => {
      buffer.set((batches[0] as Buffer).subarray(0, buffer.length));
      return buffer.length;
    },
  };
  const ports = { part, onRead: () => {}, onDamage: async () => {} };
  const auditShare = ((await cpuSeconds(() => audit(extents, ports, new AbortController().signal))) / bytes) * rateBytes;
  tell('looking at an old part again', `${percent(auditShare)} of one core at 100 MB/s, the disk apart`);
}

interface Counts {
  records: number;
  sums: number;
  syncs: number;
}

/** The real disk, and how often it is used for records and sums. */
function countingIo(counts: Counts): FileIo {
  const counted = (path: string, file: OpenFile): OpenFile => ({
    writev: (buffers, position) => {
      if (path.endsWith('.ckpt')) counts.records += 1;
      if (path.endsWith('.sums')) counts.sums += 1;
      return file.writev(buffers, position);
    },
    datasync: () => {
      counts.syncs += 1;
      return file.datasync();
    },
    read: (buffer, position) => file.read(buffer, position),
    truncate: (size) => file.truncate(size),
    identity: () => file.identity(),
    setModified: (wallMs) => file.setModified(wallMs),
    close: () => file.close(),
  });
  return { ...nodeFileIo, open: async (path, mode) => counted(path, await nodeFileIo.open(path, mode)) };
}

/** Processor seconds of one write of the record with sixteen intervals, and of one of the sums. */
async function writeCosts(directory: string): Promise<{ record: number; sums: number }> {
  const rounds = 1000;
  const path = join(directory, 'cost.ckpt');
  const identity = { urlHash: 'a'.repeat(64), size: 4 * GiB, etag: '"v1"', dev: 1n, ino: 2n, bootId: 'boot' };
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  const claims = Array.from({ length: 16 }, (_, index) => ({ start: index * 9 * MiB, end: index * 9 * MiB + 8 * MiB }));
  const record = await cpuSeconds(async () => {
    for (let round = 0; round < rounds; round += 1) await checkpoint.writeSoft(claims);
  });
  await checkpoint.remove();
  const sums = await Sums.create(nodeFileIo, join(directory, 'cost.sums'));
  const bytes = [Buffer.alloc(1)];
  const flushed = await cpuSeconds(async () => {
    for (let round = 0; round < rounds; round += 1) {
      for (let stream = 0; stream < 16; stream += 1) sums.note((stream * 1000 + round) * 5 * MiB, bytes);
      await sums.flush();
    }
  });
  await sums.remove();
  return { record: record / rounds, sums: flushed / rounds };
}

async function recordsCost(directory: string): Promise<void> {
  const file = { name: 'full-speed.bin', size: 3 * GiB, isHole: true };
  const files = join(directory, 'files');
  await mkdir(files);
  await makeFile(files, file);
  await using nginx = await startNginx({ directory: join(directory, 'nginx'), files });
  const counts: Counts = { records: 0, sums: 0, syncs: 0 };
  const engine = createEngine({}, { io: countingIo(counts) });
  const download = engine.download(
    { url: nginx.url('http', 'costs', file.name) },
    { directory, name: 'fetched.bin', ifExists: 'rename' },
  );
  let verifyingAt = 0;
  download.subscribe((event) => {
    if (event.type === 'state' && event.state.type === 'verifying') verifyingAt = performance.now();
  });
  const begunAt = performance.now();
  const cpu = await cpuSeconds(async () => {
    download.start();
    const state = await download.finished();
    if (state.type !== 'done') throw new Error(`the download ended ${state.type}`);
  });
  const doneAt = performance.now();
  await engine.close();
  await rm(join(directory, 'fetched.bin'));
  const seconds = (verifyingAt - begunAt) / 1000;
  const cost = await writeCosts(directory);
  const share = (counts.records * cost.record + counts.sums * cost.sums) / cpu;
  tell('3 GiB at full speed', `${(file.size / MiB / seconds).toFixed(0)} MiB/s, ${cpu.toFixed(2)} s of processor time`);
  const each = `${(1e6 * cost.record).toFixed(0)} µs and ${(1e6 * cost.sums).toFixed(0)} µs each`;
  tell('keeping records', `${counts.records} of claims, ${counts.sums} of sums, ${each}: ${percent(share)} of it`, {
    isMet: share <= mostRecordsShare,
    text: percent(mostRecordsShare),
  });
  tell('from the last byte to done', `${((doneAt - verifyingAt) / 1000).toFixed(2)} s, the last of ${counts.syncs} syncs in it`);
}

/** To the first request: of a download, and of the command, from its start as a process. */
async function firstRequests(directory: string): Promise<{ ofDownload: number; ofCommand: number }> {
  const size = 100 * GiB;
  const missing = Array.from({ length: 20 }, (_, index) => ({ start: index * 5 * GiB + MiB, end: index * 5 * GiB + 3 * MiB }));
  await using origin = await startOrigin({ content: sparseContent(1, size, missing), bytesPerSecond: MiB });
  const path = join(directory, 'resumed.bin');
  const { etag, lastModified } = { etag: '"v1"', lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT' };
  await leaveSparsePart(`${path}.part`, { url: origin.url(), size, etag, lastModified }, missing);
  const engine = createEngine();
  const download = engine.download({ url: origin.url() }, { directory, name: 'resumed.bin', ifExists: 'rename' });
  const startedAt = performance.now();
  download.start();
  await origin.until(() => origin.requests.length > 0);
  const ofDownload = performance.now() - startedAt;
  await engine.close();
  const before = origin.requests.length;
  const [program, ...args] = sluiceCommand('get', '--quiet', '-d', directory, '-o', 'resumed.bin', origin.url());
  const begunAt = performance.now();
  const child = spawn(program, args, { stdio: 'ignore', env: plainEnvironment(join(directory, 'data')) });
  const exited = once(child, 'exit');
  await Promise.race([origin.until(() => origin.requests.length > before), exited]);
  const ofCommand = performance.now() - begunAt;
  child.kill('SIGKILL');
  await exited;
  for (const suffix of ['part', 'part.ckpt', 'part.sums']) await rm(`${path}.${suffix}`);
  for (const { range } of origin.requests) {
    const isMissing = missing.some(({ start, end }) => range && start <= range.start && range.end <= end);
    if (!isMissing) throw new Error('the part was not gone on with');
  }
  return { ofDownload, ofCommand };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function resumeCost(directory: string): Promise<void> {
  const times: { ofDownload: number; ofCommand: number }[] = [];
  for (let round = 0; round < 5; round += 1) times.push(await firstRequests(directory));
  const ofDownload = median(times.map((each) => each.ofDownload));
  const ofCommand = median(times.map((each) => each.ofCommand));
  tell('100 GiB resumed, to the first request', `${ofDownload.toFixed(0)} ms, the median of five`, {
    isMet: ofDownload <= mostResumeMs,
    text: `${mostResumeMs} ms`,
  });
  tell('the same by `sluice get`, with the start of the process', `${ofCommand.toFixed(0)} ms`);
}

const { values } = parseArgs({ options: { dir: { type: 'string', default: tmpdir() } } });
try {
  await using directory = await mkdtempDisposable(join(values.dir, 'sluice-costs-'));
  await sumsCost(directory.path);
  await recordsCost(directory.path);
  await resumeCost(directory.path);
} catch (error) {
  console.error(`bench:costs: ${error instanceof Error ? error.message : String(error)}`);
  isMissed = true;
}
if (isMissed) process.exitCode = 1;
