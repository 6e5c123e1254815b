/** Ctrl-C, a closed terminal and SIGTERM all mean: stop well. A second one means: stop now. */
import { exitCodes, type StopSignal } from './exit-codes.ts';

const signals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Calls `stop` at the first signal and ends the process at the second. Returns what stops listening. */
export function onStopSignal(stop: (signal: StopSignal) => void): () => void {
  let isStopping = false;
  const listener = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(exitCodes[signal as StopSignal]);
    isStopping = true;
    stop(signal as StopSignal);
  };
  for (const signal of signals) {
    // atomically, which conf writes with, listens too and sends each signal once more: that would count as the second one. What
    // it tidies at a signal it tidies at the exit as well.
    process.removeAllListeners(signal);
    process.on(signal, listener);
  }
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
