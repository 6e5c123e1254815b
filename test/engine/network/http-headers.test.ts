import { expect, test } from 'vitest';
import {
  contentCodings,
  contentLength,
  isWebPage,
  parseContentRange,
  retryAfterMs,
} from '../../../electron/engine/network/http-headers.ts';

test.each<[string, ReturnType<typeof parseContentRange>]>([
  ['bytes 0-9/10', { range: { first: 0, last: 9 }, total: 10 }],
  ['bytes=0-9/10', { range: { first: 0, last: 9 }, total: 10 }],
  ['bytes: 0-9/10', { range: { first: 0, last: 9 }, total: 10 }],
  ['0-9/10', { range: { first: 0, last: 9 }, total: 10 }],
  ['  bytes   0 - 9 / 10  ', { range: { first: 0, last: 9 }, total: 10 }],
  ['BYTES 0-9/10', { range: { first: 0, last: 9 }, total: 10 }],
  ['bytes 0-9/*', { range: { first: 0, last: 9 } }],
  ['bytes */10', { total: 10 }],
  ['bytes */0', { total: 0 }],
  ['bytes 0-9007199254740990/9007199254740991', { range: { first: 0, last: 2 ** 53 - 2 }, total: 2 ** 53 - 1 }],
  ['bytes 9-0/10', undefined],
  ['bytes 0-10/10', undefined],
  ['bytes 0-9', undefined],
  ['bytes -9/10', undefined],
  ['bytes 0-/10', undefined],
  ['bytes a-b/c', undefined],
  ['items 0-9/10', undefined],
  ['bytes 0-9/10, bytes 20-29/30', undefined],
  ['bytes 0-9/9007199254740993', undefined],
  ['bytes 0-9999999999999999/*', undefined],
  ['bytes 0-99999999999999999/*', undefined],
  ['', undefined],
])('Content-Range %j', (text, expected) => {
  expect(parseContentRange(text)).toEqual(expected);
});

test('Content-Length is a plain number', () => {
  const read = (text: string | undefined) => contentLength({ 'content-length': text });
  expect(['0', ' 17 ', '9007199254740991'].map(read)).toEqual([0, 17, Number.MAX_SAFE_INTEGER]);
  expect([undefined, '', '-1', '1.5', '1e3', '0x10', '9007199254740993', '1, 1'].map(read)).toEqual(Array(8).fill(undefined));
});

test('codings are listed without identity', () => {
  const read = (text: string | undefined) => contentCodings({ 'content-encoding': text });
  expect(read(undefined)).toEqual([]);
  expect(read('identity')).toEqual([]);
  expect(read('GZIP')).toEqual(['gzip']);
  expect(read('gzip, identity ,br,')).toEqual(['gzip', 'br']);
});

test('a web page is HTML in either form, whatever its parameters', () => {
  const read = (text: string | undefined) => isWebPage({ 'content-type': text });
  expect(['text/html', 'TEXT/HTML; charset=x', 'application/xhtml+xml'].map(read)).toEqual([true, true, true]);
  expect([undefined, '', 'text/plain', 'application/xml', 'application/html'].map(read)).toEqual(Array(5).fill(false));
});

const wallNow = Date.parse('2026-01-01T00:00:00Z');
test.each<[string, Record<string, string>, number | undefined]>([
  ['seconds', { 'retry-after': '7' }, 7000],
  ['a day', { 'retry-after': '86400' }, 86_400_000],
  ['a date by our clock', { 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT' }, 30_000],
  [
    "a date by the server's clock",
    { 'retry-after': 'Thu, 01 Jan 2026 01:00:30 GMT', date: 'Thu, 01 Jan 2026 01:00:00 GMT' },
    30_000,
  ],
  ['a date by our clock, as the server has none', { 'retry-after': 'Thu, 01 Jan 2026 00:00:30 GMT', date: 'soon' }, 30_000],
  ['nothing', {}, undefined],
  ['zero', { 'retry-after': '0' }, undefined],
  ['a negative number', { 'retry-after': '-7' }, undefined],
  ['a past date', { 'retry-after': 'Wed, 31 Dec 2025 23:59:00 GMT' }, undefined],
  ['far too much', { 'retry-after': '1000000000000' }, undefined],
  ['a number written otherwise', { 'retry-after': '1e12' }, undefined],
  ['garbage', { 'retry-after': 'in a minute' }, undefined],
])('Retry-After of %s', (_name, headers, expected) => {
  expect(retryAfterMs(headers, wallNow)).toBe(expected);
});
