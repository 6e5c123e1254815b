/** An origin whose connections have exact rates and a round trip, which nginx cannot give; a process of its own for each run. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Seen } from './nginx.ts';
import type { SourceFile } from './sources.ts';

export interface Conditions {
  readonly file: SourceFile;
  /** Of the connections in the order of their coming; a new one takes the place of one that was closed. */
  readonly bytesPerSecond: readonly number[];
  /** Passes before each answer, and once more before a connection's first, for its handshake. */
  readonly roundTripMs?: number;
}

/** The time of who uses every connection to its end, from the first moment on. */
export const idealMs = ({ file, bytesPerSecond }: Conditions): number =>
  (file.size / bytesPerSecond.reduce((sum, rate) => sum + rate, 0)) * 1000;

export interface OriginProcess extends AsyncDisposable {
  readonly url: string;
  /** Ends it. */
  seen(): Promise<Seen>;
}

/** @throws an Error when it does not start. */
export async function startOriginProcess(conditions: Conditions): Promise<OriginProcess> {
  const program = fileURLToPath(new URL('origin-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(conditions)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const port = await lines.next();
  if (port.done) throw new Error('the origin did not start');
  return {
    url: `http://127.0.0.1:${port.value}/${conditions.file.name}`,
    async seen() {
      child.stdin.end();
      const line = await lines.next();
      return JSON.parse(line.value ?? '{}') as Seen;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
