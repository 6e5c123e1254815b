/** Time as a port, so that back-offs and time-outs can be asserted to the millisecond. */
export interface Clock {
  /** Milliseconds on a monotonic scale: setting the system's clock does not move it. */
  now(): number;
  /** Milliseconds since the epoch; only for dates in headers and files. */
  wallNow(): number;
  /** Calls `run` once, `delayMs` from now. Returns what cancels it. */
  setTimer(run: () => void, delayMs: number): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
