/** The transport of the desktop window: what the preload script put on `window`. */
import type { Push, Reply } from '#shared/contract';
import type { Transport } from './transport.ts';

/** The preload script's two functions. */
export interface DesktopBridge {
  call(name: string, input: unknown): Promise<Reply>;
  onPush(listener: (push: Push) => void): () => void;
}

/** The preload script's bridge, where there is one. */
export function findDesktopBridge(): DesktopBridge | undefined {
  return (globalThis as { sluice?: DesktopBridge }).sluice;
}

/** A window lives as long as its application: the connection is always open. */
export function desktopTransport(bridge: DesktopBridge): Transport {
  return {
    isDesktop: true,
    send: (name, input) => bridge.call(name, input),
    onPush: (listener) => bridge.onPush(listener),
    onConnection(listener) {
      listener('open');
      return () => undefined;
    },
    retry: () => undefined,
    signIn: () => Promise.resolve(true),
  };
}
