/** aria2's JSON-RPC 2.0: texts in, texts out, by POST or a socket; each call carries the token as its first parameter. */
import { createMethods, type Method, type MethodPorts } from './methods.ts';
import { watchDownloads } from './notifications.ts';
import { Params } from './params.ts';
import { invalidParams, invalidRequest, parseError, RpcError, statusOf, unauthorized } from './rpc-error.ts';

/** Calls in one text: more are no user interface. */
const mostCalls = 1000;
/** Need no token: they tell nothing of anybody's. */
const open = new Set(['system.listMethods', 'system.listNotifications']);

export interface RpcPorts extends MethodPorts {
  /** Wrong ones are counted by address. */
  isRight(token: string, address: string): boolean;
  onMistake(error: unknown): void;
}

export interface RpcAnswer {
  readonly status: 200 | 400 | 500;
  readonly text: string;
}

export interface RpcLine {
  receive(text: string): void;
  close(): void;
}

type Id = string | number | null;
type Response = { readonly id: Id; readonly jsonrpc: '2.0' } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }
);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export class Rpc {
  readonly #ports: RpcPorts;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #lines = new Set<(text: string) => void>();
  #unwatch: (() => void) | undefined;

  constructor(ports: RpcPorts) {
    this.#ports = ports;
    this.#methods = createMethods(ports);
  }

  /** @returns what to answer; never throws. */
  async post(text: string, address: string): Promise<RpcAnswer> {
    const answer = await this.#answer(text, address);
    const status = Array.isArray(answer) || !('error' in answer) ? 200 : statusOf(answer.error);
    return { status, text: JSON.stringify(answer) };
  }

  /** A socket: it is sent the answers to what it sends, and all notifications. */
  line(send: (text: string) => void, address: string): RpcLine {
    this.#lines.add(send);
    this.#unwatch ??= watchDownloads(this.#ports.application, (method, gid) => {
      const text = JSON.stringify({ jsonrpc: '2.0', method, params: [{ gid }] });
      for (const one of this.#lines) one(text);
    });
    return {
      receive: (text) => {
        void this.#answer(text, address).then((answer) => send(JSON.stringify(answer)));
      },
      close: () => {
        this.#lines.delete(send);
        if (this.#lines.size > 0) return;
        this.#unwatch?.();
        this.#unwatch = undefined;
      },
    };
  }

  async #answer(text: string, address: string): Promise<Response | Response[]> {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return failed(null, parseError);
    }
    if (!Array.isArray(message)) return isObject(message) ? await this.#respond(message, address) : failed(null, parseError);
    const responses: Response[] = [];
    // As aria2: what is no object in a list has no answer.
    for (const one of message.slice(0, mostCalls)) if (isObject(one)) responses.push(await this.#respond(one, address));
    return responses;
  }

  async #respond(message: Readonly<Record<string, unknown>>, address: string): Promise<Response> {
    const id = typeof message.id === 'string' || typeof message.id === 'number' ? message.id : null;
    try {
      const { method, params = [] } = message;
      if (typeof method !== 'string' || message.id === undefined) throw invalidRequest;
      if (!Array.isArray(params)) throw invalidParams;
      const result =
        method === 'system.multicall' ? await this.#callMany(params, address) : await this.#call(method, params, address);
      return { id, jsonrpc: '2.0', result };
    } catch (error) {
      return failed(id, this.#known(error));
    }
  }

  async #call(name: string, params: readonly unknown[], address: string): Promise<unknown> {
    const method = this.#methods.get(name);
    const [first] = params;
    const token = typeof first === 'string' && first.startsWith('token:') ? first.slice('token:'.length) : undefined;
    if (!open.has(name) && (token === undefined || !this.#ports.isRight(token, address))) throw unauthorized;
    if (method === undefined) throw new RpcError(`No such method: ${name.slice(0, 100)}`);
    return await method(new Params(token === undefined ? params : params.slice(1)));
  }

  /** Each result in a list of one, each failure bare; every call carries its own token. */
  async #callMany(params: readonly unknown[], address: string): Promise<unknown[]> {
    const [calls] = params;
    if (!Array.isArray(calls)) throw new RpcError('The parameter at 0 has wrong type.');
    const results: unknown[] = [];
    for (const one of calls.slice(0, mostCalls)) {
      try {
        results.push([await this.#callOne(one, address)]);
      } catch (error) {
        const { code, message } = this.#known(error);
        results.push({ code, message });
      }
    }
    return results;
  }

  async #callOne(call: unknown, address: string): Promise<unknown> {
    if (!isObject(call)) throw new RpcError('system.multicall expected struct.');
    const { methodName, params = [] } = call;
    if (typeof methodName !== 'string') throw new RpcError('Missing methodName.');
    if (methodName === 'system.multicall') throw new RpcError('Recursive system.multicall forbidden.');
    if (!Array.isArray(params)) throw invalidParams;
    return await this.#call(methodName, params, address);
  }

  #known(error: unknown): RpcError {
    if (error instanceof RpcError) return error;
    this.#ports.onMistake(error);
    return new RpcError('this went wrong inside Sluice');
  }
}

const failed = (id: Id, { code, message }: Pick<RpcError, 'code' | 'message'>): Response => ({
  id,
  jsonrpc: '2.0',
  error: { code, message },
});
