/**
 * Runs a command and measures it from outside, all in the same way. Linux.
 *
 * A shell starts it, because the kernel tells only the parent what a process used: bash's `times` prints the user and
 * system time of the children it waited for (rusage, exact to the millisecond), and `EPOCHREALTIME` just before the start
 * and just after the end gives the time that passed. The highest memory is VmHWM of /proc/PID/status, the kernel's own
 * high-water mark of resident pages, read every few milliseconds: only growth after the last reading goes unseen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

const memoryEveryMs = 10;

const script = `
begun=$EPOCHREALTIME
"$@" 3>&- &
echo "$!" >&3
wait "$!"
code=$?
echo "$begun $EPOCHREALTIME" >&3
times >&3
exit "$code"
`;

export interface Command {
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A line the command wrote, and when it came. */
export interface TimedLine {
  readonly text: string;
  readonly atMs: number;
}

export interface Measured {
  readonly exitCode: number;
  readonly wallMs: number;
  /** User and system time. */
  readonly cpuMs: number;
  readonly peakBytes: number;
  readonly lines: readonly TimedLine[];
  readonly stderr: string;
}

const underWay = new Set<ChildProcess>();

/** Ends what is being measured; its promise then resolves with what it had used. */
export function killMeasured(): void {
  for (const { pid } of underWay) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
}

/** Undefined once the process is gone. */
function highWaterBytes(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return match === null ? undefined : Number(match[1]) * 1024;
  } catch {
    return undefined;
  }
}

/** Watches the process that the shell names; returns what ends it and tells the peak. */
function watchMemory(report: Readable): () => number {
  let peakBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  report.once('data', (line: Buffer) => {
    const pid = Number.parseInt(line.toString('latin1'), 10);
    timer = setInterval(() => {
      peakBytes = Math.max(peakBytes, highWaterBytes(pid) ?? 0);
    }, memoryEveryMs);
  });
  return () => {
    clearInterval(timer);
    return peakBytes;
  };
}

async function timedLines(stdout: Readable): Promise<TimedLine[]> {
  const lines: TimedLine[] = [];
  for await (const line of createInterface({ input: stdout })) lines.push({ text: line, atMs: performance.now() });
  return lines;
}

/** `0m1.234s` as milliseconds. */
function minutesToMs(time: string): number {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(time) ?? [];
  return (Number(minutes) * 60 + Number(seconds)) * 1000;
}

/** The shell's report: process id; begin and end in seconds; its own times; those of its children. */
function readReport(report: string): Pick<Measured, 'wallMs' | 'cpuMs'> {
  const [, instants = '', , children = ''] = report.split('\n');
  const [begun = 0, ended = 0] = instants.split(' ').map(Number);
  const cpuMs = children.split(' ').reduce((sum, time) => sum + minutesToMs(time), 0);
  return { wallMs: (ended - begun) * 1000, cpuMs };
}

/** Resolves when it has ended, however it did. */
export async function measure({ command, env = process.env }: Command): Promise<Measured> {
  const child = spawn('bash', ['-c', script, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...env, LC_ALL: 'C' },
    detached: true,
  });
  underWay.add(child);
  const report = child.stdio[3] as Readable;
  const endWatch = watchMemory(report);
  const exited = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
  const [exitCode, reported, lines, stderr] = await Promise.all([
    exited,
    text(report),
    timedLines(child.stdout as Readable),
    text(child.stderr as Readable),
  ]);
  underWay.delete(child);
  return { exitCode, ...readReport(reported), peakBytes: endWatch(), lines, stderr };
}
