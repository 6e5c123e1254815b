/**
 * The command line's way in: a socket in the data folder that only this user can open, so it needs no token. One JSON value a
 * line: `{id, name, input}` in; `{id, reply}` and pushes out.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { commandSocketPath } from '#ipc/command-socket-path';
import type { Door } from '#ipc/door';

const mostLineBytes = 16 * 1024 * 1024;
/** `sun_path` of the systems with the least room for it, without its last zero. */
const mostPathBytes = 103;

export interface CommandSocket {
  close(): Promise<void>;
}

/**
 * The data folder is this process's already: a socket that lies there is of one that is gone.
 * @throws Error where the path of the folder is too long.
 */
export async function listenForCommands(door: Door, dataFolder: string): Promise<CommandSocket> {
  const path = commandSocketPath(dataFolder);
  if (process.platform !== 'win32') {
    const bytes = Buffer.byteLength(path);
    if (bytes > mostPathBytes) {
      throw new Error(`${path} is ${bytes} bytes long, and a socket may have ${mostPathBytes}: choose a shorter one with --data`);
    }
    rmSync(path, { force: true });
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, door);
  });
  // Made without rights for others from the first moment on.
  const mask = process.platform === 'win32' ? undefined : process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    if (mask !== undefined) chmodSync(path, 0o600);
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serve(socket: Socket, door: Door): void {
  const send = (value: unknown): void => {
    if (socket.writableLength > mostLineBytes) socket.destroy();
    else if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
  };
  const watcher = door.connect(send);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => watcher[Symbol.dispose]());
  let unread = 0;
  socket.on('data', (bytes: Buffer) => {
    unread = bytes.includes(10) ? 0 : unread + bytes.length;
    if (unread > mostLineBytes) socket.destroy();
  });
  createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    void answer(line).then(send);
  });
  async function answer(line: string): Promise<unknown> {
    try {
      const { id, name, input } = JSON.parse(line) as { id?: unknown; name?: unknown; input?: unknown };
      return { id, reply: await door.answer(String(name), input, watcher) };
    } catch {
      return { id: null, reply: { ok: false, code: 'BAD_INPUT', message: 'the line is no JSON' } };
    }
  }
}
