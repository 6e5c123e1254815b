/** The way from a command to the app or server that runs: its socket in the data folder. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { dataFolder } from '#downloads';
import { commandSocketPath } from '#ipc/command-socket-path';
import { CallError } from '#shared/call-failures';
import type { CallName, Push, Reply, Result, Sent } from '#shared/contract';

export interface Remote extends Disposable {
  /** @throws CallError. */
  call<K extends CallName>(name: K, input?: Sent<K>): Promise<Result<K>>;
  /** Resolves when the other end is gone. */
  readonly gone: Promise<void>;
  onPush: (push: Push) => void;
}

/** @throws CallError UNREACHABLE where nothing runs. */
export async function connectRemote(data: string | undefined): Promise<Remote> {
  const folder = data ?? dataFolder();
  const socket = connect(commandSocketPath(folder));
  const gone = Promise.withResolvers<void>();
  const waiting = new Map<number, PromiseWithResolvers<Reply>>();
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', () =>
      reject(
        new CallError('UNREACHABLE', `no app or server runs with ${folder}: start sluice serve, or give its folder with --data`),
      ),
    );
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new CallError('UNREACHABLE', 'the app or server ended before it answered'));
    gone.resolve();
  });
  const remote: Remote = {
    gone: gone.promise,
    onPush: () => {},
    async call(name, input) {
      const id = ++calls;
      const answered = Promise.withResolvers<Reply>();
      waiting.set(id, answered);
      socket.write(`${JSON.stringify({ id, name, input })}\n`);
      const reply = await answered.promise;
      if (!reply.ok) throw new CallError(reply.code, reply.message);
      return reply.value as Result<typeof name>;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
  let calls = 0;
  createInterface({ input: socket }).on('line', (line) => {
    const message = JSON.parse(line) as { id: number; reply: Reply } | Push;
    if ('reply' in message) {
      waiting.get(message.id)?.resolve(message.reply);
      waiting.delete(message.id);
    } else remote.onPush(message);
  });
  return remote;
}
