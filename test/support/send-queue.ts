/** Whether the other end's system has everything: a reset discards what is still in our send queue. */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

const tables = ['/proc/net/tcp', '/proc/net/tcp6'];

/** Bytes sent and not yet acknowledged; undefined where the system does not tell (it is Linux that does). */
function unacknowledgedBytes(localPort: number, remotePort: number): number | undefined {
  for (const table of tables) {
    let text: string;
    try {
      text = readFileSync(table, 'latin1');
    } catch {
      return undefined;
    }
    const port = (number: number) => `[0-9A-F]+:${number.toString(16).toUpperCase().padStart(4, '0')}`;
    const line = new RegExp(`: ${port(localPort)} ${port(remotePort)} .. ([0-9A-F]{8}):`).exec(text);
    if (line?.[1] !== undefined) return Number.parseInt(line[1], 16);
  }
  return undefined;
}

/**
 * Resolves when the other end has acknowledged all, or after a second if it does not read. Turns of the event
 * loop, no timer and no asynchronous read: neither may count as activity for a clock that jumps.
 */
export async function acknowledged(socket: Socket, isGone: AbortSignal): Promise<void> {
  const { localPort, remotePort } = socket;
  if (localPort === undefined || remotePort === undefined) return;
  const deadline = performance.now() + 1000;
  while (!isGone.aborted && performance.now() < deadline) {
    if ((unacknowledgedBytes(localPort, remotePort) ?? 0) === 0) return;
    await new Promise(setImmediate);
  }
}
