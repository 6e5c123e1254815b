/** An answer as plain data, before it is written; and the honest answers a correct server gives. */
import type { Interval } from '#shared/download';
import { literal, type Source } from './content.ts';

/** A buffer is sent as it is: header bytes that are no valid text are part of the trade. */
export type AnswerField = readonly [name: string, value: string | Buffer];

/** How the bytes go out. */
export interface Delivery {
  readonly headDelayMs?: number;
  readonly bytesPerSecond?: number;
  /** Silence after so many body bytes, then on; Infinity is for ever. */
  readonly stall?: { readonly afterBytes: number; readonly forMs: number };
  /** The end, early, after so many body bytes. */
  readonly cut?: { readonly afterBytes: number; readonly how: 'fin' | 'rst' };
  /** Sent after the body, belonging to nothing. */
  readonly trailing?: Buffer;
  /** What follows the last byte; default `keep`. */
  readonly afterwards?: 'keep' | 'fin' | 'rst';
}

export interface Answer {
  readonly httpVersion?: '1.0';
  readonly status: number;
  readonly reason?: string;
  readonly headers: readonly AnswerField[];
  readonly body: Source;
  /** Which bytes of `body` are sent. */
  readonly start: number;
  readonly end: number;
  readonly coding: 'plain' | 'chunked';
  readonly delivery: Delivery;
  /** Sent before it: 100, 102, 103. */
  readonly interim?: readonly { readonly status: number; readonly headers: readonly AnswerField[] }[];
  /** Instead of status line and headers. */
  readonly rawHead?: Buffer;
  /** Instead of everything. */
  readonly instead?: 'silence' | 'rst' | 'fin';
}

/** What lies at a path. */
export interface Resource {
  readonly content: Source;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
  readonly contentType: string;
  readonly acceptRanges: boolean;
  /** Further fields of each 200 and 206. */
  readonly headers: readonly AnswerField[];
}

/** A resource with what the fault catalogue takes for granted: strong ETag "v1", Last-Modified, ranges. */
export function resourceOf(given: Partial<Resource> & Pick<Resource, 'content'>): Resource {
  return {
    etag: '"v1"',
    lastModified: 'Thu, 01 Jan 2026 00:00:00 GMT',
    contentType: 'application/octet-stream',
    acceptRanges: true,
    headers: [],
    ...given,
  };
}

export function getHeader(answer: Answer, name: string): string | undefined {
  const value = answer.headers.find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
  return value?.toString();
}

/** Replaces every field of the name by one; removes them if `value` is undefined. */
export function setHeader(answer: Answer, name: string, value: string | Buffer | undefined): Answer {
  const others = answer.headers.filter(([each]) => each.toLowerCase() !== name.toLowerCase());
  return { ...answer, headers: value === undefined ? others : [...others, [name, value]] };
}

/** Another body with the Content-Length that goes with it; none if it is endless. */
export function setBody(answer: Answer, body: Source, start = 0, end = body.size): Answer {
  const length = Number.isFinite(end) ? String(end - start) : undefined;
  return setHeader({ ...answer, body, start, end }, 'Content-Length', length);
}

function answerOf(status: number, wallMs: number, headers: readonly AnswerField[]): Answer {
  const date: AnswerField = ['Date', new Date(wallMs).toUTCString()];
  return { status, headers: [date, ...headers], body: literal(''), start: 0, end: 0, coding: 'plain', delivery: {} };
}

function describing(resource: Resource): AnswerField[] {
  const fields: AnswerField[] = [['Content-Type', resource.contentType]];
  if (resource.etag !== undefined) fields.push(['ETag', resource.etag]);
  if (resource.lastModified !== undefined) fields.push(['Last-Modified', resource.lastModified]);
  if (resource.acceptRanges) fields.push(['Accept-Ranges', 'bytes']);
  return [...fields, ...resource.headers];
}

/** 200 with everything. */
export function wholeAnswer(resource: Resource, wallMs: number): Answer {
  return setBody(answerOf(200, wallMs, describing(resource)), resource.content);
}

/** 206 with the bytes of `range`, cut at the file's end. */
export function rangeAnswer(resource: Resource, range: Interval, wallMs: number): Answer {
  const end = Math.min(range.end, resource.content.size);
  const contentRange: AnswerField = ['Content-Range', `bytes ${range.start}-${end - 1}/${resource.content.size}`];
  return setBody(answerOf(206, wallMs, [...describing(resource), contentRange]), resource.content, range.start, end);
}

/** An answer with nothing of the resource in it. */
export function bareAnswer(status: number, wallMs: number, headers: readonly AnswerField[] = []): Answer {
  return setBody(answerOf(status, wallMs, headers), literal(''));
}

/** The single byte range `header` asks for (RFC 9110 section 14.1.2), half-open; may lie beyond the end. */
export function parseRange(header: string | undefined, size: number): Interval | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' ? undefined : { start: Math.max(0, size - Number(last)), end: size };
  return { start: Number(first), end: last === '' ? Math.max(size, Number(first)) : Number(last) + 1 };
}

interface Asked {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly range: Interval | undefined;
}

/** What a correct server answers (RFC 9110 sections 13 and 14). */
export function honestAnswer(asked: Asked, resource: Resource, wallMs: number): Answer {
  const { headers } = asked;
  const listed = (name: string) => headers[name]?.split(',').map((tag) => tag.trim());
  const ifMatch = listed('if-match');
  if (ifMatch !== undefined && !ifMatch.includes('*') && !ifMatch.includes(resource.etag ?? '')) return bareAnswer(412, wallMs);
  if (resource.etag !== undefined && listed('if-none-match')?.includes(resource.etag)) return bareAnswer(304, wallMs);
  const ifRange = headers['if-range'];
  const isCurrent = ifRange === undefined || ifRange === resource.etag || ifRange === resource.lastModified;
  if (asked.range === undefined || !isCurrent || !resource.acceptRanges) return wholeAnswer(resource, wallMs);
  if (asked.range.start >= resource.content.size || asked.range.end <= asked.range.start) {
    return bareAnswer(416, wallMs, [['Content-Range', `bytes */${resource.content.size}`]]);
  }
  return rangeAnswer(resource, asked.range, wallMs);
}
