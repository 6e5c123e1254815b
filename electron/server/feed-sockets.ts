/** The page's sockets: each is a watcher of the application, and is sent what it should see as it happens. */
import type { WebSocket } from 'ws';
import type { Caller } from '#ipc/answer';
import type { Door } from '#ipc/door';

/** Unsent bytes at which a reader that is too slow is let go: it comes back and asks for everything anew. */
const mostUnsentBytes = 4 * 1024 * 1024;
const pingMs = 30_000;

export class FeedSockets {
  readonly #door: Door;
  readonly #watchers = new Map<string, Caller>();

  constructor(door: Door) {
    this.#door = door;
  }

  /** Who a request that names a socket speaks for. */
  watcher(id: string | undefined): Caller | undefined {
    return id === undefined ? undefined : this.#watchers.get(id);
  }

  take(socket: WebSocket): void {
    const watcher = this.#door.connect((push) => {
      if (socket.bufferedAmount > mostUnsentBytes) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(push));
    });
    this.#watchers.set(watcher.id, watcher);
    let isAlive = true;
    const timer = setInterval(() => {
      if (!isAlive) socket.terminate();
      isAlive = false;
      socket.ping();
    }, pingMs);
    timer.unref();
    socket.on('pong', () => {
      isAlive = true;
    });
    // It only listens: calls come as requests.
    socket.on('message', () => socket.close(1003, 'calls are sent by POST'));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearInterval(timer);
      this.#watchers.delete(watcher.id);
      watcher[Symbol.dispose]();
    });
    socket.send(JSON.stringify({ name: 'hello', value: { watcher: watcher.id } }));
  }
}
