/** Long work in pieces: whatever else the process does gets its turn after every few milliseconds of it. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const mostMs = 4;

/** @returns what is to be awaited between two steps; most of the time it lets the work go on at once. */
export function turns(): () => Promise<void> | undefined {
  let since = performance.now();
  const begin = (): void => {
    since = performance.now();
  };
  return () => (performance.now() - since < mostMs ? undefined : nextTurn().then(begin));
}
