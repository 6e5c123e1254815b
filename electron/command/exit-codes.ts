/** What the process says when it ends. Scripts depend on these. */
export const exitCodes = {
  /** Every file is done and proven, was already there, or was skipped as asked. */
  done: 0,
  /** At least one file is not. */
  failed: 1,
  /** The command was not given right; nothing was done. */
  usage: 2,
  /** A mistake in Sluice (EX_SOFTWARE of sysexits.h). */
  internal: 70,
  /** Stopped by a signal, as shells count: 128 and its number. */
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

export type StopSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';
