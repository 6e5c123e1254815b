/**
 * What runs in a page for the stand-in, sent there as text: the main world's end of contextBridge, and the isolated world in which
 * the preload script runs as it would in Electron's sandbox. Both reach each other by events of a node that lies in no document, and
 * so outlives what is written into one; the browser itself copies their details from world to world.
 */

// The page's globals, as far as they are used: tests are compiled without the DOM.
interface Target {
  dispatchEvent(event: unknown): void;
  addEventListener(name: string, listener: (event: { detail: Message; relatedTarget: Target }) => void): void;
}
declare const document: Target & { createElement(name: string): Target };
declare const CustomEvent: new (name: string, init: { detail: Message }) => unknown;
declare const MouseEvent: new (name: string, init: { relatedTarget: Target }) => unknown;
declare const window: Record<string, unknown> & { top: unknown };

interface Message {
  readonly type: 'call' | 'returned' | 'settled' | 'expose';
  readonly id: number;
  readonly isError?: boolean;
  readonly value: unknown;
}

type Fn = (...values: unknown[]) => unknown;

export type Preload = (require: Fn, exports: object, module: object) => void;

/** Functions and promises become numbers on the way and functions and promises again; all else is copied. */
export function bridgeBetween(node: Target, here: string, there: string) {
  const functions = new Map<number, Fn>();
  const promises = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  let returned: Message | undefined;
  let onExpose: (value: unknown) => void = () => {};
  const send = (message: Message) => node.dispatchEvent(new CustomEvent(there, { detail: message }));
  const pack = (value: unknown): unknown => {
    if (typeof value === 'function') {
      functions.set(++last, value as Fn);
      return { $function: last };
    }
    if (value instanceof Promise) {
      const id = ++last;
      value.then(
        (result) => send({ type: 'settled', id, value: pack(result) }),
        (error) => send({ type: 'settled', id, isError: true, value: String(error?.message ?? error) }),
      );
      return { $promise: id };
    }
    if (Array.isArray(value)) return value.map(pack);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, pack(each)]));
  };
  const unpack = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(unpack);
    if (typeof value !== 'object' || value === null) return value;
    const { $function, $promise } = value as { $function?: number; $promise?: number };
    if ($function !== undefined) return (...values: unknown[]) => call($function, values);
    if ($promise !== undefined) {
      const promise = Promise.withResolvers<unknown>();
      promises.set($promise, promise);
      return promise.promise;
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unpack(each)]));
  };
  const call = (id: number, values: unknown[]): unknown => {
    send({ type: 'call', id, value: pack(values) });
    const answer = returned;
    if (answer === undefined || answer.isError) throw new Error(String(answer?.value));
    return unpack(answer.value);
  };
  node.addEventListener(here, ({ detail: message }) => {
    if (message.type === 'returned') returned = message;
    else if (message.type === 'expose') onExpose(unpack(message.value));
    else if (message.type === 'settled') {
      const promise = promises.get(message.id);
      promises.delete(message.id);
      if (message.isError) promise?.reject(new Error(String(message.value)));
      else promise?.resolve(unpack(message.value));
    } else {
      try {
        const value = functions.get(message.id)?.(...(unpack(message.value) as unknown[]));
        send({ type: 'returned', id: message.id, value: pack(value) });
      } catch (error) {
        send({ type: 'returned', id: message.id, isError: true, value: (error as Error).message });
      }
    }
  });
  return {
    expose: (name: string, api: unknown) => send({ type: 'expose', id: 0, value: [name, pack(api)] }),
    onExposed: (listener: (value: unknown) => void) => {
      onExpose = listener;
    },
  };
}

/** In the page's own world, before the other: `key` names the event that brings the node of both. */
export function beMainWorld(bridge: typeof bridgeBetween, key: string): void {
  document.addEventListener(key, ({ relatedTarget: node }) =>
    bridge(node, 'main', 'isolated').onExposed((value) => {
      const [name, api] = value as [string, object];
      if (name in window) throw new Error(`${name} is on the window already`);
      Object.defineProperty(window, name, { value: Object.freeze(api), enumerable: true });
    }),
  );
}

/** In the isolated world. `key` names the binding that leads to the main process, and the function it calls back. */
export function beIsolatedWorld(
  bridge: typeof bridgeBetween,
  key: string,
  withSubFrames: boolean,
  preload: Preload | undefined,
): void {
  if (!withSubFrames && window !== window.top) return;
  const post = window[key] as (text: string) => void;
  const node = document.createElement('i');
  document.dispatchEvent(new MouseEvent(key, { relatedTarget: node }));
  const { expose } = bridge(node, 'isolated', 'main');
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners = new Map<string, Set<Fn>>();
  let last = 0;
  window[`${key}Receive`] = (message: {
    id?: number;
    isError?: boolean;
    value?: unknown;
    channel?: string;
    values?: unknown[];
  }) => {
    if (message.id === undefined) {
      for (const listener of listeners.get(message.channel ?? '') ?? []) listener({}, ...(message.values ?? []));
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.isError) call?.reject(new Error(String(message.value)));
    else call?.resolve(message.value);
  };
  const electron = {
    contextBridge: { exposeInMainWorld: expose },
    ipcRenderer: {
      invoke(channel: string, ...values: unknown[]) {
        const id = ++last;
        const call = Promise.withResolvers<unknown>();
        waiting.set(id, call);
        // JSON has no undefined.
        post(
          JSON.stringify({ id, channel, values: values.map((value) => (value === undefined ? { $undefined: true } : value)) }),
        );
        return call.promise;
      },
      on(channel: string, listener: Fn) {
        listeners.set(channel, (listeners.get(channel) ?? new Set<Fn>()).add(listener));
      },
      off: (channel: string, listener: Fn) => listeners.get(channel)?.delete(listener),
    },
  };
  const module = { exports: {} };
  preload?.(
    (name) => {
      if (name === 'electron') return electron;
      throw new Error(`a sandboxed preload script has no module ${String(name)}`);
    },
    module.exports,
    module,
  );
}
