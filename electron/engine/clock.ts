/** Time as a port, so that back-offs and time-outs can be asserted to the millisecond. */
import { uptime } from 'node:os';

export interface Clock {
  /** Milliseconds on a monotonic scale: setting the system's clock does not move it. */
  now(): number;
  /** Milliseconds since the epoch; only for dates in headers and files. */
  wallNow(): number;
  /** Milliseconds on a scale that goes on while the computer sleeps, and is not moved by setting its clock. */
  uptimeNow(): number;
  /** Calls `run` once, `delayMs` from now. Returns what cancels it. */
  setTimer(run: () => void, delayMs: number): () => void;
}

/** What the runtime's timers can count to. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  // Linux stops its monotonic clock in sleep; the others count on, and their uptime may be reckoned from the clock on the wall.
  uptimeNow: process.platform === 'linux' ? () => uptime() * 1000 : () => performance.now(),
  setTimer(run, delayMs) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      // A longer delay would overflow and fire at once: a server may ask for a month.
      timer = leftMs > MAX_DELAY_MS ? setTimeout(() => arm(leftMs - MAX_DELAY_MS), MAX_DELAY_MS) : setTimeout(run, leftMs);
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};
