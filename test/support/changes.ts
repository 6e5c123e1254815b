/** Ready-made changes of an answer: status, fields, body, the way it goes out. For ranges see range-changes.ts. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type AnswerField, bareAnswer, honestAnswer, type Resource, setBody, setHeader } from './answer.ts';
import { collect, literal, poison, type Source } from './content.ts';
import type { Exchange } from './exchange.ts';
import type { Change } from './faults.ts';

/** Gives a change the name under which an unfired fault is reported. */
export function named(name: string, change: Change): Change {
  return Object.defineProperty(change, 'name', { value: name });
}

/** A value, or what to make of the request. */
type Given<T> = T | ((exchange: Exchange) => T);

function resolve<T extends string | number | Buffer | undefined>(given: Given<T>, exchange: Exchange): T {
  return typeof given === 'function' ? given(exchange) : given;
}

export interface StatusOptions {
  readonly reason?: string;
  readonly headers?: readonly AnswerField[];
  /** Default: half a kilobyte of poison; nothing where the status forbids a body. */
  readonly body?: Source;
}

/** An answer of this status with nothing of the file in it. */
export function status(code: number, options: StatusOptions = {}): Change {
  return named(`status ${code}`, (_answer, _exchange, origin) => {
    const body = options.body ?? (code === 204 || code === 205 || code === 304 ? literal('') : poison(512));
    const answer = bareAnswer(code, origin.wallNow(), [['Content-Type', 'text/html'], ...(options.headers ?? [])]);
    return setBody(options.reason === undefined ? answer : { ...answer, reason: options.reason }, body);
  });
}

/** 200 with a page instead of the file: a login, a portal, an error. */
export function html(body: Source = poison(4096)): Change {
  return named('html page', status(200, { body }));
}

/** Another status line over the same fields and body. */
export function statusLine(code: number): Change {
  return named(`status line ${code}`, (answer) => ({ ...answer, status: code }));
}

/** Replaces a field; undefined removes it. */
export function header(name: string, value: Given<string | Buffer | undefined>): Change {
  return named(`header ${name}`, (answer, exchange) => setHeader(answer, name, resolve(value, exchange)));
}

/** One more field, also of a name that is there already. */
export function addHeader(name: string, value: Given<string | Buffer>): Change {
  return named(`added header ${name}`, (answer, exchange) => ({
    ...answer,
    headers: [...answer.headers, [name, resolve(value, exchange)]],
  }));
}

/** Retry-After as a date so far ahead on the origin's own clock. */
export function retryAfterDate(aheadMs: number): Change {
  return named('Retry-After date', (answer, _exchange, origin) =>
    setHeader(answer, 'Retry-After', new Date(origin.wallNow() + aheadMs).toUTCString()),
  );
}

/** Another body under the same status, with its Content-Length. */
export function withBody(source: Source): Change {
  return named('other body', (answer) => setBody(answer, source));
}

/** The same length, but poison: what must never reach the file. */
export function poisoned(): Change {
  return named('poison', (answer) => ({ ...answer, body: poison(answer.end) }));
}

/** From this request on another file lies at its path. Answers under way go on with the old one. */
export function replaceFile(resource: Resource): Change {
  return named('file replaced', (answer, exchange, origin) => {
    origin.replace(exchange.path, resource);
    return { ...honestAnswer(exchange, resource, origin.wallNow()), delivery: answer.delivery };
  });
}

export type ContentCoding = 'gzip' | 'deflate' | 'br' | 'zstd';

const encoders: Record<ContentCoding, (bytes: Buffer) => Buffer> = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

/** The body in a content coding, cut to `keepBytes` coded bytes if given. For small files: it is held in memory. */
export function encoded(coding: ContentCoding, keepBytes?: number): Change {
  return named(`content coding ${coding}`, (answer) => {
    const bytes = encoders[coding](collect(answer.body, answer.start, answer.end));
    return setHeader(setBody(answer, literal(bytes.subarray(0, keepBytes ?? bytes.length))), 'Content-Encoding', coding);
  });
}

export interface RedirectOptions {
  readonly headers?: readonly AnswerField[];
  /** Default: a little poison; `poison()` for one that never ends. */
  readonly body?: Source;
}

/** A redirect; a Buffer goes into Location byte for byte, undefined leaves it out. */
export function redirect(code: number, location: Given<string | Buffer | undefined>, options: RedirectOptions = {}): Change {
  return named(`redirect ${code}`, (answer, exchange, origin) => {
    const base = status(code, { headers: options.headers ?? [], body: options.body ?? poison(64) })(answer, exchange, origin);
    return setHeader(base, 'Location', resolve(location, exchange));
  });
}

/** 100, 102 or 103 before the answer. */
export function interim(code: number, headers: readonly AnswerField[] = []): Change {
  return named(`interim ${code}`, (answer) => ({ ...answer, interim: [...(answer.interim ?? []), { status: code, headers }] }));
}

/** Transfer-Encoding: chunked, no Content-Length. */
export function chunked(): Change {
  return named('chunked', (answer) =>
    setHeader(setHeader({ ...answer, coding: 'chunked' }, 'Content-Length', undefined), 'Transfer-Encoding', 'chunked'),
  );
}

/** No length at all: the end of the connection is the end of the body, by FIN or by RST. */
export function closeDelimited(how: 'fin' | 'rst' = 'fin'): Change {
  return named(`close-delimited ${how}`, (answer) =>
    setHeader({ ...answer, delivery: { ...answer.delivery, afterwards: how } }, 'Content-Length', undefined),
  );
}

/** Connection: close, and so it is. */
export function closeAfter(): Change {
  return named('connection closed', (answer) =>
    setHeader({ ...answer, delivery: { ...answer.delivery, afterwards: 'fin' } }, 'Connection', 'close'),
  );
}

export function http10(): Change {
  return named('HTTP/1.0', (answer) => ({ ...answer, httpVersion: '1.0', delivery: { ...answer.delivery, afterwards: 'fin' } }));
}

/** Content-Length off by so much, the body as it was; too long a promise ends with FIN. */
export function contentLengthOff(by: number): Change {
  return named(`Content-Length off by ${by}`, (answer) => {
    const lied = setHeader(answer, 'Content-Length', String(answer.end - answer.start + by));
    return by > 0 ? { ...lied, delivery: { ...lied.delivery, afterwards: 'fin' } } : lied;
  });
}

/** Ends the connection after so many body bytes. Does nothing to a body that is shorter. */
export function cut(afterBytes: Given<number>, how: 'fin' | 'rst'): Change {
  return named(`cut by ${how}`, (answer, exchange) => ({
    ...answer,
    delivery: { ...answer.delivery, cut: { afterBytes: resolve(afterBytes, exchange), how } },
  }));
}

/** Silence after so many body bytes; for ever unless told how long. */
export function stall(afterBytes: Given<number>, forMs = Number.POSITIVE_INFINITY): Change {
  return named('stall', (answer, exchange) => ({
    ...answer,
    delivery: { ...answer.delivery, stall: { afterBytes: resolve(afterBytes, exchange), forMs } },
  }));
}

export function pace(bytesPerSecond: number): Change {
  return named(`${bytesPerSecond} B/s`, (answer) => ({ ...answer, delivery: { ...answer.delivery, bytesPerSecond } }));
}

/** The head comes only after so long; Infinity is never. */
export function delayHead(ms: number): Change {
  return named(`head after ${ms} ms`, (answer) => ({ ...answer, delivery: { ...answer.delivery, headDelayMs: ms } }));
}

/** Bytes after the body that belong to nothing. */
export function trailing(bytes: string | Uint8Array): Change {
  return named('trailing bytes', (answer) => ({
    ...answer,
    delivery: { ...answer.delivery, trailing: Buffer.from(bytes as string) },
  }));
}

/** These bytes instead of status line and headers; the body follows unless `withBody` says otherwise. */
export function rawHead(bytes: string | Buffer): Change {
  return named('raw head', (answer) => ({ ...answer, rawHead: Buffer.from(bytes as string) }));
}

/** No answer: silence until the client leaves, RST, or FIN. */
export function instead(fate: 'silence' | 'rst' | 'fin'): Change {
  return named(`${fate} instead`, (answer) => ({ ...answer, instead: fate }));
}

/** For `where`: the request has no such HTTP Basic login. */
export function lacksLogin(user: string, password: string): (exchange: Exchange) => boolean {
  const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return (exchange) => exchange.headers.authorization !== wanted;
}

/** For `where`: the request's Cookie header lacks `pair`, `name=value`. */
export function lacksCookie(pair: string): (exchange: Exchange) => boolean {
  return (exchange) => !(exchange.headers.cookie ?? '').split(/;\s*/).includes(pair);
}
