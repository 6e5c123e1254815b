/** Ready-made changes of the answer to a range request. On a request without a range they change nothing. */
import type { Interval } from '#shared/download';
import { type Answer, getHeader, rangeAnswer, setBody, setHeader, wholeAnswer } from './answer.ts';
import { named } from './changes.ts';
import { joined, literal, poison, window } from './content.ts';
import type { Exchange } from './exchange.ts';
import type { Change, OriginView } from './faults.ts';

function onRange(
  name: string,
  change: (range: Interval, answer: Answer, exchange: Exchange, origin: OriginView) => Answer,
): Change {
  return named(name, (answer, exchange, origin) =>
    exchange.range === undefined || answer.status !== 206 ? answer : change(exchange.range, answer, exchange, origin),
  );
}

/** 200 with everything although a range was asked; `poison` where it must be refused, `honest` where it may be used. */
export function ignoreRange(body: 'honest' | 'poison'): Change {
  return onRange(`range ignored, ${body}`, (_range, _answer, exchange, origin) => {
    const whole = wholeAnswer(origin.resourceAt(exchange.path), origin.wallNow());
    return body === 'honest' ? whole : setBody(whole, poison(whole.end));
  });
}

/** Answers with another range, rightly labelled; `change` gets the asked range and the size. */
export function otherRange(
  name: string,
  change: (asked: Interval, size: number) => Interval,
  body: 'honest' | 'poison' = 'honest',
): Change {
  return onRange(name, (range, answer, exchange, origin) => {
    const resource = origin.resourceAt(exchange.path);
    const { size } = resource.content;
    const other = change(range, size);
    const start = Math.max(0, Math.min(other.start, size - 1));
    const moved = rangeAnswer(resource, { start, end: Math.max(start + 1, Math.min(other.end, size)) }, origin.wallNow());
    return { ...moved, delivery: answer.delivery, body: body === 'honest' ? moved.body : poison(moved.end) };
  });
}

/** Start moved by so many bytes, the end as asked: +1 must be refused, -4096 may be skipped. */
export function shiftStart(by: number, body: 'honest' | 'poison'): Change {
  return otherRange(`range start ${by}`, ({ start, end }) => ({ start: start + by, end }), body);
}

/** End moved by so many bytes: longer or shorter than asked. */
export function shiftEnd(by: number): Change {
  return otherRange(`range end ${by}`, ({ start, end }) => ({ start, end: end + by }));
}

/** At most so many bytes an answer. */
export function limitRange(bytes: number): Change {
  return otherRange(`at most ${bytes} bytes`, ({ start, end }) => ({ start, end: Math.min(end, start + bytes) }));
}

/** Content-Range rewritten: gets the range that is sent, half-open, and the size; undefined leaves it out. */
export function contentRange(write: (sent: Interval, size: number) => string | undefined): Change {
  return onRange('Content-Range rewritten', (_range, answer, exchange, origin) =>
    setHeader(
      answer,
      'Content-Range',
      write({ start: answer.start, end: answer.end }, origin.resourceAt(exchange.path).content.size),
    ),
  );
}

/** 206 multipart/byteranges with one part. */
export function multipart(body: 'honest' | 'poison' = 'poison'): Change {
  return onRange('multipart/byteranges', (_range, answer) => {
    const boundary = 'SLUICE_TEST_BOUNDARY';
    const head = Buffer.from(
      `--${boundary}\r\nContent-Type: application/octet-stream\r\nContent-Range: ${getHeader(answer, 'Content-Range')}\r\n\r\n`,
    );
    const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
    const inner = body === 'honest' ? answer.body : poison(answer.end);
    const part = window(inner, answer.start, answer.end);
    const framed = setBody(answer, joined(literal(head), part, literal(tail)));
    const typed = setHeader(framed, 'Content-Type', `multipart/byteranges; boundary=${boundary}`);
    return setHeader(typed, 'Content-Range', undefined);
  });
}
