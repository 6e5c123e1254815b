/**
 * Put into the measured server (`--import`): at SIGUSR2 it writes to the file $LOOP_WATCH what the event loop was kept waiting
 * for since the last time, at most, in milliseconds, and begins anew.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const everyMs = 5;
const delays = monitorEventLoopDelay({ resolution: everyMs });
delays.enable();
const path = process.env.LOOP_WATCH ?? '';
process.on('SIGUSR2', () => {
  writeFileSync(`${path}.new`, JSON.stringify({ longestMs: Math.max(0, delays.max / 1e6 - everyMs) }));
  renameSync(`${path}.new`, path);
  delays.reset();
});
