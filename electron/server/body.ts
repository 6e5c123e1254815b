/** Reads the body of a request, up to a limit. */
import type { IncomingMessage } from 'node:http';

/** Read of a body that is too long, bytes; who sends more than this is not listening. */
const mostDiscardedBytes = 64 * 1024 * 1024;

/**
 * A body that is too long is read on and thrown away: while a client still sends, an answer and a closed connection would
 * reach it as a connection reset, without the answer.
 * @returns undefined where it is longer than `most` bytes.
 * @throws what the connection breaks with.
 */
export async function bodyOf(incoming: IncomingMessage, most: number): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size <= most) pieces.push(piece);
    else pieces.length = 0;
    if (size > most + mostDiscardedBytes) incoming.destroy();
  }
  return size > most ? undefined : Buffer.concat(pieces).toString('utf8');
}
