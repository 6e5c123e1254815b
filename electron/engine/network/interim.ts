/**
 * Interim answers (RFC 9110 section 15.2) are taken out of what a connection gives before the HTTP parser sees it. A client has to
 * live with any number of them, asked for or not; undici drops the connection at a 100, which some servers send unasked.
 */

/** What every interim answer begins like. 101 is none of them: it ends HTTP on the connection. */
const interimStart = /^HTTP\/1\.[01] 1(?!01)\d\d/;
const example = 'HTTP/1.1 100';
/** Longer is no head: the parser is to say so. */
const MAX_HEAD_BYTES = 64 * 1024;

/** For one request: what comes up to the head of its final answer goes through here. */
export class InterimFilter {
  #held: Buffer = Buffer.alloc(0);

  /** What is for the parser now that `bytes` came; undefined while that cannot be told. Once it gave any, all that follows is. */
  pass(bytes: Buffer): Buffer | undefined {
    const rest = withoutInterim(this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]));
    if (!mayBeInterim(rest) || rest.length >= MAX_HEAD_BYTES) return rest;
    this.#held = Buffer.from(rest);
    return undefined;
  }
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
