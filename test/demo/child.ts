/** The command, run where the person looks on. */
import { spawn } from 'node:child_process';
import { plainEnvironment, sluiceCommand } from '../bench/built-sluice.ts';

export interface Child {
  /** Resolves with the exit code; undefined after a signal. */
  readonly exited: Promise<number | undefined>;
  kill(): void;
}

/** Its display is this terminal's; where this is none, it writes lines. */
export function startChild(dataFolder: string, args: readonly string[]): Child {
  const [program, ...rest] = sluiceCommand(...args);
  const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit'], env: plainEnvironment(dataFolder) });
  return {
    exited: new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? undefined));
    }),
    kill: () => void child.kill('SIGKILL'),
  };
}
