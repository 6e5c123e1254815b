/**
 * Put into a measured process (`--import`): how late its event loop is, in milliseconds, in the file $LOOP_WATCH-PID. Written at
 * the end, and at SIGUSR2, from when on it is counted anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process left. */
export interface LoopDelay {
  readonly p99Ms: number;
  readonly longestMs: number;
}

const everyMs = 1;
const path = `${process.env.LOOP_WATCH}-${process.pid}`;
const delays = monitorEventLoopDelay({ resolution: everyMs });

// What is counted is the time from one tick of the timer to the next.
const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - everyMs);

function write(): void {
  const delay: LoopDelay = { p99Ms: late(delays.percentile(99)), longestMs: late(delays.max) };
  writeFileSync(`${path}.new`, JSON.stringify(delay));
  renameSync(`${path}.new`, path);
  delays.reset();
}

delays.enable();
process.on('SIGUSR2', write);
process.on('exit', write);
