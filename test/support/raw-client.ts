/** A client that shows what came over the wire, however malformed. For the rig's own tests. */
import { connect } from 'node:net';

export interface WireAnswer {
  readonly status: number;
  /** Status line and fields, as text of single bytes. */
  readonly head: string;
  readonly body: Buffer;
  /** How the connection ended: by FIN, by RST, or not within the answer. */
  readonly ending: 'fin' | 'rst' | 'open';
}

export interface WireQuestion {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: readonly string[];
  /** Leaves once so many bytes after the head have come. */
  readonly untilBytes?: number;
}

export function ask(port: number, question: WireQuestion = {}): Promise<WireAnswer> {
  const { path = '/file.bin', method = 'GET', headers = [], untilBytes = Number.POSITIVE_INFINITY } = question;
  const parts: Buffer[] = [];
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (ending: WireAnswer['ending']) => {
      socket.destroy();
      const all = Buffer.concat(parts);
      const headEnd = all.indexOf('\r\n\r\n');
      const head = all.toString('latin1', 0, Math.max(0, headEnd));
      resolve({ status: Number(head.split(' ')[1] ?? 0), head, body: all.subarray(headEnd + 4), ending });
    };
    let received = 0;
    socket.on('data', (bytes) => {
      parts.push(bytes);
      received += bytes.length;
      if (received < untilBytes) return;
      if (Buffer.concat(parts).length - Buffer.concat(parts).indexOf('\r\n\r\n') - 4 >= untilBytes) finish('open');
    });
    socket.on('end', () => finish('fin'));
    socket.on('error', () => finish('rst'));
    socket.write([`${method} ${path} HTTP/1.1`, 'Host: origin', ...headers, '', ''].join('\r\n'));
  });
}
