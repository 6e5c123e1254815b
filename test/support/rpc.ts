/** Clients of aria2's protocol, for Sluice's server and for the real aria2c alike. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { WebSocket } from 'ws';

export interface RpcReply {
  readonly id: unknown;
  readonly jsonrpc: string;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

export interface RpcResponse {
  readonly status: number;
  readonly type: string | null;
  readonly reply: RpcReply;
}

export class RpcClient {
  readonly url: string;
  readonly secret: string;

  constructor(url: string, secret: string) {
    this.url = url;
    this.secret = secret;
  }

  async post(body: string): Promise<RpcResponse> {
    const response = await fetch(this.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const type = response.headers.get('content-type');
    return { status: response.status, type, reply: (await response.json()) as RpcReply };
  }

  /** With the token put before the parameters. */
  ask(method: string, ...params: unknown[]): Promise<RpcResponse> {
    return this.post(JSON.stringify({ jsonrpc: '2.0', id: 'x', method, params: [`token:${this.secret}`, ...params] }));
  }

  /** The result. @throws an Error with the message of a refusal. */
  async call<T = unknown>(method: string, ...params: unknown[]): Promise<T> {
    const { reply } = await this.ask(method, ...params);
    if (reply.error) throw new Error(reply.error.message);
    return reply.result as T;
  }
}

/** A client that listens. */
export class RpcSocket implements AsyncDisposable {
  readonly messages: Record<string, unknown>[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const look of [...this.#waiting]) look();
    });
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<RpcSocket> {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers });
    const opened = new RpcSocket(socket);
    await once(socket, 'open');
    return opened;
  }

  send(message: unknown): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Resolves with the first message that fits, those that came before included. */
  until(fits: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.messages.find(fits);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  notified(name: string, gid: string): Promise<unknown> {
    const params = JSON.stringify([{ gid }]);
    return this.until((message) => message.method === `aria2.${name}` && JSON.stringify(message.params) === params);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.terminate();
    await once(this.#socket, 'close');
  }
}

export interface RealAria2 extends AsyncDisposable {
  readonly rpc: RpcClient;
}

/** The real one, of the system's packages. */
export async function startAria2(directory: string): Promise<RealAria2> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const secret = 'secret';
  const options = [
    '--no-conf',
    '--enable-rpc',
    `--rpc-listen-port=${port}`,
    `--rpc-secret=${secret}`,
    `--dir=${directory}`,
    '-q',
  ];
  const child: ChildProcess = spawn('aria2c', options, { stdio: 'ignore' });
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => {});
  const rpc = new RpcClient(`http://127.0.0.1:${port}/jsonrpc`, secret);
  for (let isUp = false; !isUp; ) {
    isUp = await Promise.race([
      rpc.ask('aria2.getVersion').then(
        () => true,
        () => false,
      ),
      failed,
    ]);
  }
  return {
    rpc,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
