/**
 * Interim answers (RFC 9110 section 15.2) are taken out of what a socket gives before the HTTP parser sees it. A client has to
 * live with any number of them, asked for or not; undici drops the connection at a 100, which some servers send unasked.
 */
import type { Socket } from 'node:net';

/** What every interim answer begins like. 101 is none of them: it ends HTTP on the connection. */
const interimStart = /^HTTP\/1\.[01] 1(?!01)\d\d/;
const example = 'HTTP/1.1 100';
/** Longer is no head: the parser is to say so. */
const MAX_HEAD_BYTES = 64 * 1024;

/** Returns what has to be called before each request: from then on up to the final answer's head the socket is filtered. */
export function skipInterimAnswers(socket: Socket): () => void {
  const read = socket.read.bind(socket);
  let isAwaited = false;
  let held: Buffer = Buffer.alloc(0);
  socket.read = (size?: number): Buffer | null => {
    if (!isAwaited) return read(size);
    for (let bytes: Buffer | null = read(); bytes !== null; bytes = read()) {
      held = withoutInterim(held.length === 0 ? bytes : Buffer.concat([held, bytes]));
      if (mayBeInterim(held) && held.length < MAX_HEAD_BYTES) continue;
      const head = held;
      held = Buffer.alloc(0);
      isAwaited = false;
      return head;
    }
    return null;
  };
  return () => {
    isAwaited = true;
    held = Buffer.alloc(0);
  };
}

function withoutInterim(bytes: Buffer): Buffer {
  let rest = bytes;
  while (rest.length >= example.length && mayBeInterim(rest)) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    rest = rest.subarray(end + 4);
  }
  return rest;
}

/** Also where too few bytes are there to tell. */
function mayBeInterim(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, example.length);
  return interimStart.test(start + example.slice(start.length));
}
