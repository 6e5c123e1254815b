/** Loaded before the measured command: how late its event loop is. Written at its end, one file for each process. */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 1;
const delays = monitorEventLoopDelay({ resolution: resolutionMs });
delays.enable();
process.on('exit', () => {
  delays.disable();
  // What is counted is the time from one tick of the timer to the next.
  const p99Ms = delays.percentile(99) / 1e6 - resolutionMs;
  writeFileSync(`${process.env.LOOP_WATCH}-${process.pid}`, String(p99Ms));
});
