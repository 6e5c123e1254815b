/** Timers of a minute and longer end when a test says so: nobody waits five minutes for a hidden window to be dropped. */
const longMs = 60_000;
const waiting = new Map<NodeJS.Timeout, () => void>();
const { setTimeout: set, clearTimeout: clear } = globalThis;

export function holdLongTimers(): void {
  globalThis.setTimeout = Object.assign((work: (...values: unknown[]) => void, ms = 0, ...values: unknown[]) => {
    const timer = set(() => work(...values), ms);
    if (ms >= longMs) waiting.set(timer, () => work(...values));
    return timer;
  }, set) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    waiting.delete(timer as NodeJS.Timeout);
    clear(timer);
  };
}

/** Ends those that wait now. @returns how many. */
export function endLongTimers(): number {
  const all = [...waiting];
  waiting.clear();
  for (const [timer, work] of all) {
    clear(timer);
    work();
  }
  return all.length;
}
