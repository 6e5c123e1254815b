/** Reading an answer's header fields. Values are latin1: each character is one byte as sent (RFC 9110 section 5.5). */

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Texts of ours go out as UTF-8; the transport writes latin1, so each byte becomes a character. */
export const toWire = (value: string): string => Buffer.from(value, 'utf8').toString('latin1');

/** The first value of a field, trimmed; undefined where it is absent or empty. */
export function header(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  const first = (Array.isArray(value) ? value[0] : value)?.trim();
  return first === '' ? undefined : first;
}

/** A Content-Length that is a plain number (RFC 9110 section 8.6); undefined otherwise. */
export function contentLength(headers: AnswerHeaders): number | undefined {
  const text = header(headers, 'content-length');
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const size = Number(text);
  return Number.isSafeInteger(size) ? size : undefined;
}

export interface ContentRange {
  /** Undefined in the `* / size` form of a 416. */
  readonly range?: { readonly first: number; readonly last: number };
  /** Undefined where the server writes `*`. */
  readonly total?: number;
}

/**
 * Content-Range (RFC 9110 section 14.4), read leniently (`bytes=0-9/10`, `bytes: 0-9/10`, `0-9/10`, odd blanks and case
 * are in the field) because the numbers are compared strictly afterwards. Undefined where no numbers can be read.
 */
export function parseContentRange(text: string | undefined): ContentRange | undefined {
  if (text === undefined) return undefined;
  const match = /^\s*(?:bytes)?\s*[:=]?\s*(?:(\d{1,16})\s*-\s*(\d{1,16})|\*)\s*\/\s*(\d{1,16}|\*)\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, first, last, total] = match;
  const parsed: { range?: { first: number; last: number }; total?: number } = {};
  if (first !== undefined && last !== undefined) parsed.range = { first: Number(first), last: Number(last) };
  if (total !== '*') parsed.total = Number(total);
  // Invalid by RFC 9110 section 14.4, or beyond what numbers hold exactly.
  const { range, total: end = Number.MAX_SAFE_INTEGER } = parsed;
  if (!Number.isSafeInteger(end) || (range && (range.last < range.first || range.last >= end))) return undefined;
  return parsed;
}

/** The codings applied to the body, without `identity` (which some servers send and which means none). */
export function contentCodings(headers: AnswerHeaders): string[] {
  return (header(headers, 'content-encoding') ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
}

/** The media type without parameters, in lower case. */
export function mediaType(headers: AnswerHeaders): string | undefined {
  return header(headers, 'content-type')?.split(';')[0]?.trim().toLowerCase();
}

export const isWebPage = (headers: AnswerHeaders): boolean => {
  const type = mediaType(headers);
  return type === 'text/html' || type === 'application/xhtml+xml';
};

/**
 * Milliseconds to wait by Retry-After (RFC 9110 section 10.2.3). A date is measured against the answer's own Date, so a
 * wrong clock of ours does not matter. Undefined for what cannot be meant: negative, past, garbage, over ten years.
 */
export function retryAfterMs(headers: AnswerHeaders, wallNow: number): number | undefined {
  const text = header(headers, 'retry-after');
  if (text === undefined) return undefined;
  let waitMs: number;
  if (/^\d+$/.test(text)) {
    waitMs = Number(text) * 1000;
  } else {
    if (!/[a-z]/i.test(text)) return undefined;
    const date = header(headers, 'date');
    const serverNow = date === undefined ? wallNow : Date.parse(date);
    waitMs = Date.parse(text) - (Number.isNaN(serverNow) ? wallNow : serverNow);
  }
  return waitMs > 0 && waitMs <= 315_360_000_000 ? waitMs : undefined;
}
