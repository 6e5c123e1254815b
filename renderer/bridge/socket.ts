/** The feed's socket: opened again by itself whenever it is lost. */
import type { Push } from '#shared/contract';

export interface FeedSocket {
  /** Names this socket to the server; undefined while it is not open. */
  watcher(): string | undefined;
  /** Tries at once. */
  retry(): void;
}

interface Listeners {
  onOpen(): void;
  onLost(): void;
  onPush(push: Push): void;
}

const firstWaitMs = 400;
const longestWaitMs = 8_000;

/** Each failed try doubles the wait; a good one makes it short again. */
export function openFeed(address: URL, { onOpen, onLost, onPush }: Listeners): FeedSocket {
  let watcher: string | undefined;
  let waitMs = firstWaitMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocket | undefined;

  const open = () => {
    clearTimeout(timer);
    timer = undefined;
    const opened = new WebSocket(address);
    socket = opened;
    opened.onmessage = ({ data }) => {
      const push = JSON.parse(String(data)) as { name: string; value: unknown };
      if (push.name !== 'hello') return onPush(push as Push);
      watcher = (push.value as { watcher: string }).watcher;
      waitMs = firstWaitMs;
      onOpen();
    };
    opened.onclose = () => {
      // A socket that was given up for a newer one has nothing to say any more.
      if (socket !== opened) return;
      watcher = undefined;
      socket = undefined;
      onLost();
      timer = setTimeout(open, waitMs);
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    };
  };

  open();
  return {
    watcher: () => watcher,
    retry() {
      if (socket === undefined) open();
    },
  };
}
