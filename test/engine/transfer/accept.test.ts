import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Answer,
  type Asked,
  type Identity,
  isCertainlySame,
  judge,
  type Refusal,
  saysNoRanges,
} from '../../../electron/engine/transfer/accept.ts';

const MiB = 1024 * 1024;
const size = 100 * MiB;
const range = { start: 10 * MiB, end: 20 * MiB };
const date = 'Thu, 01 Jan 2026 00:00:00 GMT';
const later = 'Fri, 02 Jan 2026 00:00:00 GMT';
const known: Identity = { size, etag: '"v1"', lastModified: date, isWebPage: false };
const untagged: Identity = { size, lastModified: date, isWebPage: false };

type Fields = Record<string, string | undefined>;

/** What a correct server answers to `range`, changed by `fields`; undefined removes one. */
function part(fields: Fields = {}, status = 206): Answer {
  const honest = {
    'content-range': `bytes ${range.start}-${range.end - 1}/${size}`,
    'content-length': String(range.end - range.start),
    'content-type': 'application/octet-stream',
    etag: '"v1"',
    'last-modified': date,
  };
  return { status, headers: { ...honest, ...fields } };
}

function whole(fields: Fields = {}, status = 200): Answer {
  return part({ 'content-range': undefined, 'content-length': String(size), ...fields }, status);
}

const bytes = (first: number, last: number, total: number | '*' = size): Fields => ({
  'content-range': `bytes ${first}-${last}/${total}`,
  'content-length': String(last - first + 1),
});

function expectRefused(asked: Asked, answer: Answer, as: Refusal, code: string): void {
  const verdict = judge(asked, answer);
  expect(verdict).toMatchObject({ type: 'refused', as, error: { code } });
}

describe('a part', () => {
  const asked: Asked = { range, identity: known };

  test.each<[string, Answer, { skip: number; end: number; bodyEnd: number }]>([
    ['exactly what was asked', part(), { skip: 0, end: range.end, bodyEnd: range.end }],
    ['with an unknown total', part(bytes(range.start, range.end - 1, '*')), { skip: 0, end: range.end, bodyEnd: range.end }],
    ['without a length', part({ 'content-length': undefined }), { skip: 0, end: range.end, bodyEnd: range.end }],
    ['of status 200 with exact range and length', part({}, 200), { skip: 0, end: range.end, bodyEnd: range.end }],
    ['4096 bytes early', part(bytes(range.start - 4096, range.end - 1)), { skip: 4096, end: range.end, bodyEnd: range.end }],
    ['a mebibyte early', part(bytes(range.start - MiB, range.end - 1)), { skip: MiB, end: range.end, bodyEnd: range.end }],
    ['shorter', part(bytes(range.start, range.start + 99)), { skip: 0, end: range.start + 100, bodyEnd: range.start + 100 }],
    ['of one byte', part(bytes(range.start, range.start)), { skip: 0, end: range.start + 1, bodyEnd: range.start + 1 }],
    ['longer', part(bytes(range.start, range.end + 99)), { skip: 0, end: range.end, bodyEnd: range.end + 100 }],
    [
      'longer by its length alone',
      part({ 'content-length': String(range.end - range.start + 99) }),
      { skip: 0, end: range.end, bodyEnd: range.end },
    ],
    [
      'with a length one byte short',
      part({ 'content-length': String(range.end - range.start - 1) }),
      { skip: 0, end: range.end, bodyEnd: range.end },
    ],
    ['coded as identity', part({ 'content-encoding': 'Identity' }), { skip: 0, end: range.end, bodyEnd: range.end }],
    [
      'with a date of its own under the same strong tag',
      part({ 'last-modified': later }),
      { skip: 0, end: range.end, bodyEnd: range.end },
    ],
    [
      'without validators',
      part({ etag: undefined, 'last-modified': undefined }),
      { skip: 0, end: range.end, bodyEnd: range.end },
    ],
  ])('%s is used', (_name, answer, expected) => {
    expect(judge(asked, answer)).toMatchObject({ type: 'part', ...expected });
  });

  test.each<[string, Answer, Refusal, string]>([
    ['one byte late', part(bytes(range.start + 1, range.end - 1)), 'wrong-range', 'E_PROTOCOL'],
    ['more than a mebibyte early', part(bytes(range.start - MiB - 1, range.end - 1)), 'wrong-range', 'E_PROTOCOL'],
    ['that ends before it begins to matter', part(bytes(range.start - 10, range.start - 1)), 'wrong-range', 'E_PROTOCOL'],
    ['without Content-Range', part({ 'content-range': undefined }), 'wrong-range', 'E_PROTOCOL'],
    ['with a Content-Range of no numbers', part({ 'content-range': 'bytes' }), 'wrong-range', 'E_PROTOCOL'],
    ['with the Content-Range of a 416', part({ 'content-range': `bytes */${size}` }), 'wrong-range', 'E_PROTOCOL'],
    [
      'of another total under the same strong tag',
      part(bytes(range.start, range.end - 1, size + 49)),
      'wrong-range',
      'E_PROTOCOL',
    ],
    ['in multipart', part({ 'content-type': 'multipart/byteranges; boundary=x' }), 'no-range', 'E_PROTOCOL'],
    ['coded', part({ 'content-encoding': 'gzip' }), 'no-range', 'E_PROTOCOL'],
    ['coded among others', part({ 'content-encoding': 'identity, br' }), 'no-range', 'E_PROTOCOL'],
    ['of another tag', part({ etag: '"v2"' }), 'suspect', 'E_REMOTE_CHANGED'],
    ['of a weak tag', part({ etag: 'W/"v1"' }), 'suspect', 'E_REMOTE_CHANGED'],
    ['of another tag and date', part({ etag: '"v2"', 'last-modified': later }), 'changed', 'E_REMOTE_CHANGED'],
    [
      'of another tag and total',
      part({ ...bytes(range.start, range.end - 1, size + 1), etag: '"v2"' }),
      'changed',
      'E_REMOTE_CHANGED',
    ],
  ])('%s is refused', (_name, answer, as, code) => {
    expectRefused(asked, answer, as, code);
  });

  test.each<[string, Answer]>([
    ['of another date', part({ etag: undefined, 'last-modified': later })],
    ['of another total', part({ ...bytes(range.start, range.end - 1, size + 49), etag: undefined })],
  ])('%s, without a tag to go by, is of another file', (_name, answer) => {
    expectRefused({ range, identity: untagged }, answer, 'changed', 'E_REMOTE_CHANGED');
  });

  test('a weak tag that stays the same does not excuse another date', () => {
    const weak: Identity = { ...known, etag: 'W/"v1"' };
    expectRefused({ range, identity: weak }, part({ etag: 'W/"v1"', 'last-modified': later }), 'changed', 'E_REMOTE_CHANGED');
    expect(judge({ range, identity: weak }, part({ etag: 'W/"v1"' })).type).toBe('part');
  });

  test('tells what the server says of the file', () => {
    expect(judge(asked, part({ etag: 'W/"y"', ...bytes(range.start, range.end - 1, '*') }))).toMatchObject({ type: 'refused' });
    expect(judge({ range, identity: { size, isWebPage: false } }, part())).toMatchObject({ identity: known });
  });

  test('bytes that are used were asked for and lie within what the answer names, whatever it names', () => {
    const offset = fc.integer({ min: 0, max: 2 * size });
    fc.assert(
      fc.property(offset, offset, fc.option(offset), fc.option(offset), (first, last, total, length) => {
        const answer = part({
          'content-range': `bytes ${first}-${last}/${total ?? '*'}`,
          'content-length': length === null ? undefined : String(length),
        });
        const verdict = judge(asked, answer);
        if (verdict.type !== 'part') return;
        expect(verdict.skip).toBe(range.start - first);
        expect(verdict.end).toBeGreaterThan(range.start);
        expect(verdict.end).toBeLessThanOrEqual(Math.min(range.end, last + 1));
        expect(verdict.bodyEnd).toBeGreaterThanOrEqual(verdict.end);
        expect(verdict.bodyEnd).toBeLessThanOrEqual(last + 1);
        expect(total === null || total === size).toBe(true);
      }),
    );
  });
});

describe('the whole file', () => {
  test.each([200, 201, 202, 203])('is taken from a %i', (status) => {
    expect(judge({}, whole({}, status))).toEqual({ type: 'whole', identity: known, codings: [] });
  });

  test('is offered as such where a range was asked', () => {
    expect(judge({ range, identity: known }, whole())).toEqual({ type: 'whole', identity: known, codings: [] });
    // A Content-Range that is not the asked one makes no part of a 200.
    expect(judge({ range, identity: known }, part(bytes(0, size - 1), 200)).type).toBe('whole');
    expect(judge({ range, identity: known }, part({ 'content-length': undefined }, 200)).type).toBe('whole');
  });

  test('coded although that was not asked has no size, and is not kept coded unless it is an archive itself', () => {
    const { size: _size, ...withoutSize } = known;
    const coded = whole({ 'content-encoding': 'GZIP, br' });
    expect(judge({}, coded)).toEqual({ type: 'whole', identity: withoutSize, codings: ['gzip', 'br'] });
    const archive = whole({ 'content-encoding': 'gzip', 'content-type': 'application/gzip' });
    expect(judge({}, archive)).toEqual({ type: 'whole', identity: known, codings: [] });
  });

  test('has no size where the length is missing, unreadable or overruled by chunks', () => {
    for (const fields of [
      { 'content-length': undefined },
      { 'content-length': '12x' },
      { 'content-length': '-1' },
      { 'content-length': '99999999999999999999' },
      { 'transfer-encoding': 'chunked' },
    ]) {
      const verdict = judge({}, whole(fields));
      expect(verdict).toMatchObject({ type: 'whole' });
      expect(verdict.type === 'whole' && verdict.identity.size).toBe(undefined);
    }
  });

  test('may be a web page only if the file is one', () => {
    const page = whole({ 'content-type': 'text/HTML; charset=utf-8' });
    expect(judge({}, page)).toMatchObject({ type: 'whole', identity: { isWebPage: true } });
    expect(judge({ range, identity: { ...known, isWebPage: true } }, page).type).toBe('whole');
    expectRefused({ range, identity: known }, page, 'web-page', 'E_NOT_FILE');
  });

  test.each<[string, Answer, Refusal, string]>([
    ['a part that was not asked', part(), 'protocol', 'E_PROTOCOL'],
    ['a coding nobody can undo', whole({ 'content-encoding': 'compress' }), 'protocol', 'E_PROTOCOL'],
    ['more codings than anybody needs', whole({ 'content-encoding': 'gzip, br, gzip' }), 'protocol', 'E_PROTOCOL'],
    ['204', whole({}, 204), 'protocol', 'E_PROTOCOL'],
    ['205', whole({}, 205), 'protocol', 'E_PROTOCOL'],
    ['304', whole({}, 304), 'protocol', 'E_PROTOCOL'],
    ['404', whole({}, 404), 'status', 'E_HTTP_404'],
    ['503', whole({}, 503), 'status', 'E_HTTP_503'],
    ['599', whole({}, 599), 'status', 'E_HTTP_599'],
    ['416 although no range was asked', whole({}, 416), 'status', 'E_HTTP_416'],
  ])('is not %s', (_name, answer, as, code) => {
    expectRefused({}, answer, as, code);
  });
});

describe('416', () => {
  const answer = (contentRange?: string): Answer => ({ status: 416, headers: { 'content-range': contentRange } });
  const beyond = { start: size, end: size + 1 };

  test('with the known size for a range beyond it says that nothing is left', () => {
    expect(judge({ range: beyond, identity: known }, answer(`bytes */${size}`))).toEqual({ type: 'nothing-left' });
    expect(judge({ range: beyond }, answer(`bytes */${size}`))).toEqual({ type: 'nothing-left' });
  });

  test('inside the file, or without a size, is a refusal', () => {
    expectRefused({ range, identity: known }, answer(`bytes */${size}`), 'wrong-range', 'E_HTTP_416');
    expectRefused({ range, identity: known }, answer(), 'wrong-range', 'E_HTTP_416');
    expectRefused({ range: beyond, identity: known }, answer(), 'wrong-range', 'E_HTTP_416');
  });

  test('with another size tells of another file', () => {
    expectRefused({ range, identity: known }, answer('bytes */7'), 'changed', 'E_REMOTE_CHANGED');
  });
});

test('any answer has a verdict', () => {
  const text = fc.option(fc.string(), { nil: undefined });
  const headers = fc.record({
    'content-range': text,
    'content-length': text,
    'content-type': text,
    'content-encoding': text,
    'transfer-encoding': text,
    etag: text,
    'last-modified': text,
  });
  fc.assert(
    fc.property(fc.integer({ min: 200, max: 999 }), headers, fc.boolean(), fc.boolean(), (status, fields, isRanged, isKnown) => {
      const verdict = judge(
        { ...(isRanged ? { range } : {}), ...(isKnown ? { identity: known } : {}) },
        { status, headers: fields },
      );
      expect(['part', 'whole', 'nothing-left', 'refused']).toContain(verdict.type);
    }),
  );
});

test('two answers are certainly of one file only by the same strong tag and size', () => {
  expect(isCertainlySame(known, known)).toBe(true);
  expect(isCertainlySame(known, { ...known, lastModified: later })).toBe(true);
  expect(isCertainlySame(known, { ...known, size: size + 1 })).toBe(false);
  expect(isCertainlySame(known, { ...known, etag: '"v2"' })).toBe(false);
  expect(isCertainlySame({ ...known, etag: 'W/"v1"' }, { ...known, etag: 'W/"v1"' })).toBe(false);
  expect(isCertainlySame(untagged, untagged)).toBe(false);
  expect(isCertainlySame(undefined, known)).toBe(false);
});

test('only an outright no is a word against ranges', () => {
  expect(saysNoRanges(whole({ 'accept-ranges': 'None' }))).toBe(true);
  expect(saysNoRanges(whole({ 'accept-ranges': 'bytes' }))).toBe(false);
  expect(saysNoRanges(whole())).toBe(false);
});
