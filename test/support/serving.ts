/** The real server in a process of its own: the built `sluice serve`, and calls to it as a page or a command makes them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { WebSocket } from 'ws';
import type { CallName, Push, Reply, Result, Sent } from '#shared/contract';
import { type Call, createClient } from '../../renderer/bridge/client.ts';

export const command = join(import.meta.dirname, '../../out/sluice.cjs');

export interface Serving extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly token: string;
  readonly data: string;
  readonly errors: string[];
  readonly call: Call;
  /** Runs a command that drives it. */
  run(...args: string[]): Promise<Ran>;
  /** Connects to the feed, as a page does. */
  feed(): Promise<FeedFace>;
  /** Resolves with the exit code, or the signal's name. */
  ended(): Promise<number | string>;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A page that listens. */
export interface FeedFace extends AsyncDisposable {
  readonly pushes: Push[];
  /** Of all pushes so far, as they went over the wire. */
  readonly bytes: number;
  /** Speaks for this face. */
  readonly call: Call;
  /** Resolves with what `find` finds, looked for after each push. */
  until<T>(find: () => T | undefined | false): Promise<T>;
  /** Off, nothing is read: what is sent piles up. */
  read(on: boolean): void;
  readonly closed: Promise<number>;
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
  const callAs = (watcher: Record<string, string>): Call =>
    createClient(async (name, input) => {
      const response = await fetch(`${origin}/api/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...watcher },
        ...(input !== undefined && { body: JSON.stringify(input) }),
      });
      return (await response.json()) as Reply;
    });
  return {
    child,
    origin,
    token,
    data,
    errors,
    call: callAs({}),
    run: (...words) => runCommand([...words, '--data', data]),
    feed: () => connectFeed(origin, token, callAs),
    ended: () => end,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await end;
    },
  };
}

export async function runCommand(words: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
  const child = spawn(process.execPath, [command, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status: status as number | null, stdout, stderr };
}

async function connectFeed(origin: string, token: string, callAs: (watcher: Record<string, string>) => Call): Promise<FeedFace> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/feed`, { headers: { authorization: `Bearer ${token}` } });
  const pushes: Push[] = [];
  const listeners = new Set<() => void>();
  let bytes = 0;
  const hello = Promise.withResolvers<string>();
  socket.on('message', (data: Buffer) => {
    bytes += data.length;
    const push = JSON.parse(String(data)) as { name: string; value: unknown };
    if (push.name === 'hello') hello.resolve((push.value as { watcher: string }).watcher);
    else pushes.push(push as Push);
    for (const listener of [...listeners]) listener();
  });
  socket.on('error', hello.reject);
  const closed = once(socket, 'close').then(([code]) => code as number);
  const call = callAs({ 'x-sluice-watcher': await hello.promise });
  return {
    pushes,
    get bytes() {
      return bytes;
    },
    call,
    closed,
    read: (on) => (on ? socket.resume() : socket.pause()),
    async until(find) {
      for (;;) {
        const next = Promise.withResolvers<void>();
        listeners.add(next.resolve);
        const found = find();
        if (found !== undefined && found !== false) return found;
        await next.promise;
        listeners.delete(next.resolve);
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed;
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
