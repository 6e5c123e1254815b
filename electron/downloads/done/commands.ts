/** Programs a person wants run when downloads are done. No shell: what a server calls its file is one argument, whatever is in it. */
import { spawn } from 'node:child_process';

export interface Finished {
  readonly path: string;
  readonly name: string;
  readonly url: string;
}

/** `finished` undefined: when all are done. Never throws; a program that cannot be started is told. */
export function runCommand(
  command: readonly string[],
  finished: Finished | undefined,
  onFailure: (message: string) => void,
): void {
  const [program, ...rest] = command;
  if (program === undefined || program === '') return;
  const values: Readonly<Record<string, string>> = { ...finished };
  const args = rest.map((arg) => arg.replaceAll(/\{(path|name|url)\}/g, (_, key: string) => values[key] ?? ''));
  const child = spawn(program, args, { shell: false, detached: true, stdio: 'ignore', windowsHide: true });
  child.on('error', (error) => onFailure(`the program ${JSON.stringify(program)} cannot be started: ${error.message}`));
  child.unref();
}
