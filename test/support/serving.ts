/** The real server in a process of its own: the built `sluice serve`, and calls to it as a page or a command makes them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CallName, Result, Sent } from '#shared/contract';
import { type Call, createClient } from '../../renderer/bridge/client.ts';

export const command = join(import.meta.dirname, '../../out/sluice.cjs');

export interface Serving extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly token: string;
  readonly errors: string[];
  readonly call: Call;
  /** Runs a command that drives it. */
  run(...args: string[]): { status: number | null; stdout: string; stderr: string };
  /** Resolves with the exit code, or the signal's name. */
  ended(): Promise<number | string>;
}

/** `folder` holds `data` and `files`. */
export async function startServing(folder: string, ...args: string[]): Promise<Serving> {
  const data = join(folder, 'data');
  const child = spawn(
    process.execPath,
    [command, 'serve', '--port', '0', '--data', data, '--dir', join(folder, 'files'), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const errors: string[] = [];
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => errors.push(line));
  const end = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line'),
    end.then((code) => Promise.reject(new Error(`sluice serve ended with ${code}: ${errors.join(' ')}`))),
  ])) as [string];
  const match = /^Listening on (http:\/\/[^/]+)\/#token=(\S+)$/.exec(line);
  if (match === null) throw new Error(`unexpected line: ${line}`);
  const [, origin = '', token = ''] = match;
  const call = createClient(async (name, input) => {
    const response = await fetch(`${origin}/api/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(input !== undefined && { body: JSON.stringify(input) }),
    });
    return (await response.json()) as Awaited<ReturnType<Parameters<typeof createClient>[0]>>;
  });
  return {
    child,
    origin,
    token,
    errors,
    call,
    run(...words) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words, '--data', data], { encoding: 'utf8' });
      return { status, stdout, stderr };
    },
    ended: () => end,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await end;
    },
  };
}

/** Asks until `holds` is true of the answer. */
export async function untilCall<K extends CallName>(
  call: Call,
  name: K,
  input: Sent<K>,
  holds: (result: Result<K>) => boolean,
): Promise<Result<K>> {
  for (;;) {
    const result = await (call as (name: K, input: Sent<K>) => Promise<Result<K>>)(name, input);
    if (holds(result)) return result;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
