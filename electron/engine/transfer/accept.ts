/**
 * The judge of every answer, pure: no byte of a body reaches the disk before this function said which bytes they are.
 * What it decides is a fact about the answer; what follows (retry, cap, restart, give up) is `recovery.ts`.
 */

import { validatorForm } from '#engine/disk/checkpoint-format';
import { DownloadError } from '#engine/errors';
import { canDecode } from '#engine/network/decoder';
import {
  type AnswerHeaders,
  type ContentRange,
  contentCodings,
  contentLength,
  header,
  isWebPage,
  mediaType,
  parseContentRange,
} from '#engine/network/http-headers';
import type { Interval } from '#shared/download';

/** What is known of the file on the server. Bytes of two identities never meet in one part. */
export interface Identity {
  /** Undefined where the server does not tell. */
  readonly size?: number;
  /** With its quotes and `W/`; a long one by its hash. */
  readonly etag?: string;
  readonly lastModified?: string;
  readonly isWebPage: boolean;
}

export interface Asked {
  /** Undefined for a request without Range. */
  readonly range?: Interval;
  /** Undefined before the first good answer. */
  readonly identity?: Identity;
  /** A web page would only stand in the place of what is wanted. */
  readonly wantsNoPage?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
}

export type Refusal =
  /** Another range than asked, or none that can be read: once may be a fault of this connection, twice is the server's way. */
  | 'wrong-range'
  /** This address cannot serve ranges: one plain stream is what is left. */
  | 'no-range'
  /** It is another file now. */
  | 'changed'
  /** Only a validator differs: equal bytes in an overlap may rescue it. */
  | 'suspect'
  /** A web page in place of the file. */
  | 'web-page'
  /** A status that tells of trouble: `recovery.ts` reads it. */
  | 'status'
  /** Against HTTP. */
  | 'protocol';

export type Verdict =
  /** Drop `skip` body bytes, the rest is the file from the asked start up to `end`, and beyond it up to `bodyEnd`. */
  | {
      readonly type: 'part';
      readonly skip: number;
      readonly end: number;
      readonly bodyEnd: number;
      readonly identity: Identity;
    }
  /** The whole file from byte 0; coded if there are `codings`: then its size is unknown and it cannot be resumed. */
  | { readonly type: 'whole'; readonly identity: Identity; readonly codings: readonly string[] }
  /** 416: nothing lies at or beyond the asked start, and the size is the known one. */
  | { readonly type: 'nothing-left' }
  | { readonly type: 'refused'; readonly as: Refusal; readonly error: DownloadError };

/** A block-aligned cache may answer from a little earlier than asked; further back it is another answer. */
const MAX_SKIP_BYTES = 1024 * 1024;

/** Longer ones are no login and no notice. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

const refused = (as: Refusal, code: DownloadError['code'], message: string): Verdict => ({
  type: 'refused',
  as,
  error: new DownloadError(code, message),
});

export function identityOf(answer: Answer, size: number | undefined): Identity {
  const etag = validatorForm(header(answer.headers, 'etag'));
  const lastModified = validatorForm(header(answer.headers, 'last-modified'));
  return {
    ...(size === undefined ? {} : { size }),
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
    isWebPage: isWebPage(answer.headers),
  };
}

/** The server says outright that it serves no ranges (RFC 9110 section 14.3); saying nothing means nothing. */
export const saysNoRanges = ({ headers }: Answer): boolean => header(headers, 'accept-ranges')?.toLowerCase() === 'none';

/** Equal by a strong tag (RFC 9110 section 8.8.1): bytes of both may be put together without comparing any. */
export function isCertainlySame(known: Identity | undefined, told: Identity): boolean {
  return known !== undefined && isStrong(known.etag) && known.etag === told.etag && known.size === told.size;
}

export const isStrong = (etag: string | undefined): boolean => etag !== undefined && !/^W\//i.test(etag);

/** Compares what the answer says of itself with what is known. Undefined: no contradiction. */
function contradiction(known: Identity, told: Identity): 'changed' | 'suspect' | undefined {
  const etagDiffers = known.etag !== undefined && told.etag !== undefined && known.etag !== told.etag;
  const dateDiffers =
    known.lastModified !== undefined && told.lastModified !== undefined && known.lastModified !== told.lastModified;
  // A strong tag that stayed the same proves more than a date that moved (mirrors set their own dates).
  if (dateDiffers && !(isStrong(known.etag) && known.etag === told.etag)) return 'changed';
  // Nodes of one network often make their own tags of equal files.
  return etagDiffers ? 'suspect' : undefined;
}

const isWhole = (status: number): boolean => status >= 200 && status <= 203;

/** @returns what may be done with the body of `answer`. Total: any input has a verdict. */
export function judge(asked: Asked, answer: Answer): Verdict {
  const { status, headers } = answer;
  if (status === 416 && asked.range) return judgeUnsatisfiable(asked, parseContentRange(header(headers, 'content-range')));
  if (status !== 206 && !isWhole(status)) {
    if (status < 300 || status === 304) {
      return refused('protocol', 'E_PROTOCOL', `the server answered ${status}, which carries no file`);
    }
    return refused('status', `E_HTTP_${status}`, `the server answered ${status}`);
  }
  const codings = codingsOf(answer);
  const coding = codings.join(', ');
  const contentRange = parseContentRange(header(headers, 'content-range'));
  if (asked.range === undefined) {
    if (status === 206) return refused('protocol', 'E_PROTOCOL', 'the server answered 206 (a part) although the whole was asked');
    if (codings.length > 0 && !canDecode(codings)) {
      return refused('protocol', 'E_PROTOCOL', `the server sends the file coded as ${coding}, which cannot be undone`);
    }
    return judgeWhole(asked, answer, codings);
  }
  if (coding !== '') return refused('no-range', 'E_PROTOCOL', `the server codes parts as ${coding}`);
  if (status === 206) return judgePart(asked.range, asked.identity, answer, contentRange);
  // 200 with an exact Content-Range is a part in all but its number; the header decides.
  const { start, end } = asked.range;
  const { range } = contentRange ?? {};
  if (range && range.first === start && range.last === end - 1 && contentLength(headers) === end - start) {
    return judgePart(asked.range, asked.identity, answer, contentRange);
  }
  return judgeWhole(asked, answer, []);
}

/** What is to be undone. Servers label a file that is a gzip archive itself as coded so; it is wanted as it is. */
function codingsOf({ headers }: Answer): string[] {
  const codings = contentCodings(headers);
  const isArchive = /^application\/(x-)?g(zip|tar|compressed-tar)$/.test(mediaType(headers) ?? '');
  return isArchive && codings.length === 1 && /^(x-)?gzip$/.test(codings[0] ?? '') ? [] : codings;
}

/** Servers label files as pages by mistake; but they do not offer a login to be saved, nor send one of many megabytes. */
function isMeantAsFile({ headers }: Answer): boolean {
  const isOffered = /^\s*attachment\b/i.test(header(headers, 'content-disposition') ?? '');
  return isOffered || (contentLength(headers) ?? 0) > MAX_PAGE_BYTES;
}

function judgeWhole(asked: Asked, answer: Answer, codings: readonly string[]): Verdict {
  const isChunked = header(answer.headers, 'transfer-encoding') !== undefined;
  const identity = identityOf(answer, isChunked || codings.length > 0 ? undefined : contentLength(answer.headers));
  const isStray = asked.identity ? !asked.identity.isWebPage : asked.wantsNoPage === true && !isMeantAsFile(answer);
  if (identity.isWebPage && isStray) {
    return refused('web-page', 'E_NOT_FILE', 'the server sent a web page instead of the file');
  }
  return { type: 'whole', identity, codings };
}

function judgePart(
  asked: Interval,
  known: Identity | undefined,
  answer: Answer,
  contentRange: ContentRange | undefined,
): Verdict {
  if (header(answer.headers, 'content-type')?.toLowerCase().startsWith('multipart/')) {
    return refused('no-range', 'E_PROTOCOL', 'the server answers ranges as multipart, which was not asked');
  }
  if (contentRange?.range === undefined) {
    return refused('wrong-range', 'E_PROTOCOL', 'the server answered a range without saying which (no readable Content-Range)');
  }
  const { first, last } = contentRange.range;
  const { total } = contentRange;
  if (first > asked.start || asked.start - first > MAX_SKIP_BYTES || last < asked.start) {
    return refused(
      'wrong-range',
      'E_PROTOCOL',
      `the server sent bytes ${first}-${last} where ${asked.start}-${asked.end - 1} were asked`,
    );
  }
  const told = identityOf(answer, total ?? known?.size);
  const doubt = known && contradiction(known, told);
  if (known?.size !== undefined && total !== undefined && total !== known.size) {
    const message = `the server says the file has ${total} bytes, but it had ${known.size}`;
    // The same strong tag with another total is a server that cannot count, not another file.
    const isSameFile = isStrong(known.etag) && known.etag === told.etag;
    return isSameFile ? refused('wrong-range', 'E_PROTOCOL', message) : refused('changed', 'E_REMOTE_CHANGED', message);
  }
  if (doubt === 'changed') {
    return refused('changed', 'E_REMOTE_CHANGED', `the file changed on the server (it is of ${told.lastModified} now)`);
  }
  if (doubt === 'suspect') {
    return refused('suspect', 'E_REMOTE_CHANGED', 'the file may have changed on the server (its ETag differs)');
  }
  const length = contentLength(answer.headers);
  const end = Math.min(last + 1, asked.end);
  // Bytes beyond what Content-Range names are nobody's, even where the length announces them.
  const bodyEnd = Math.max(end, Math.min(last + 1, first + (length ?? Number.POSITIVE_INFINITY)));
  return { type: 'part', skip: asked.start - first, end, bodyEnd, identity: told };
}

function judgeUnsatisfiable(asked: Asked, contentRange: ContentRange | undefined): Verdict {
  const size = asked.identity?.size;
  const total = contentRange?.total;
  if (total !== undefined && size !== undefined && total !== size) {
    return refused('changed', 'E_REMOTE_CHANGED', `the server says the file has ${total} bytes, but it had ${size}`);
  }
  if (total !== undefined && asked.range && asked.range.start >= total) return { type: 'nothing-left' };
  return refused('wrong-range', 'E_HTTP_416', 'the server answered 416 for a range that lies inside the file');
}
