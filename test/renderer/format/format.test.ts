import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseBytes } from '#shared/units';
import { checkUserName } from '../../../electron/engine/naming/filename.ts';
import { hostOf, nameFromAddress } from '../../../renderer/format/address.ts';
import { cellRuns, decodeCells } from '../../../renderer/format/cells.ts';
import { isChecksum } from '../../../renderer/format/checksum.ts';
import { isHeaderName, parseHeaders } from '../../../renderer/format/fields.ts';
import { isFileName } from '../../../renderer/format/file-name.ts';
import { fileTypeOf } from '../../../renderer/format/file-type.ts';
import { isProxyAddress } from '../../../renderer/format/proxy.ts';
import { limitText, rangeText, sizeText, speedText } from '../../../renderer/format/size.ts';
import { minuteText, parseMinute, spanText, whenText } from '../../../renderer/format/time.ts';

test('sizes are powers of 1024 and say so', () => {
  expect([sizeText(undefined), sizeText(0), sizeText(1536), speedText(0), speedText(1024 ** 2)]).toEqual([
    '—',
    '0 B',
    '1.5 KiB',
    '',
    '1.0 MiB/s',
  ]);
});

test('a limit that is shown can be typed back', () => {
  expect([limitText(0), limitText(512 * 1024), limitText(1.5 * 1024 ** 2)]).toEqual(['', '512K', '1.5M']);
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (bytes) => parseBytes(limitText(bytes)) === bytes));
});

test('spans are said in the two units that matter, in both languages', () => {
  expect([8, 125, 11_520, 367_200].map((seconds) => spanText(seconds, 'en'))).toEqual([
    '8 s',
    '2 min 05 s',
    '3 h 12 min',
    '4 d 6 h',
  ]);
  expect(spanText(125, 'zh-CN')).toBe('2 分 05 秒');
  expect([spanText(-1, 'en'), spanText(Number.POSITIVE_INFINITY, 'en')]).toEqual(['', '']);
});

test('of today the time is said, of before the day', () => {
  const now = new Date(2026, 5, 10, 18, 30).getTime();
  expect(whenText(new Date(2026, 5, 10, 9, 5).getTime(), now, 'en')).toBe('09:05');
  expect(whenText(new Date(2026, 5, 9, 9, 5).getTime(), now, 'en')).toContain('Jun 9');
  expect(whenText(new Date(2024, 5, 9).getTime(), now, 'en')).toBe('Jun 9, 2024');
});

test('minutes of a day are written and read', () => {
  expect([minuteText(510), parseMinute('8:30'), parseMinute('24:00'), parseMinute('24:01'), parseMinute('8.30')]).toEqual([
    '08:30',
    510,
    1440,
    undefined,
    undefined,
  ]);
});

test('cells become few runs that cover what they covered', () => {
  expect(cellRuns(decodeCells(btoa('\xff\xff\x00\x80')))).toEqual([
    [0, 2, 1],
    [3, 4, 128 / 255],
  ]);
  expect(decodeCells('')).toHaveLength(0);
});

test('the kind of a file is read from its name', () => {
  expect(['a.MKV', 'b.tar.gz', '.bashrc', 'noext', 'c.iso'].map(fileTypeOf)).toEqual([
    'video',
    'archive',
    'other',
    'other',
    'disk',
  ]);
});

test('a name is taken from an address, decoded where it can be', () => {
  expect(['http://a/x/b%20c.zip?d=1', 'http://a.org/', 'http://a/%E0%A4%A', 'no address'].map(nameFromAddress)).toEqual([
    'b c.zip',
    'a.org',
    '%E0%A4%A',
    'no address',
  ]);
  expect([hostOf('http://a:81/x'), hostOf('x')]).toEqual(['a:81', '']);
});

test('pasted headers are read line by line, and what is none is kept apart', () => {
  const { headers, rest } = parseHeaders(':authority: a\nAccept: text/html\r\nX-Empty:\n\nno header here\n');
  expect(headers).toEqual([
    { name: 'Accept', value: 'text/html' },
    { name: 'X-Empty', value: '' },
  ]);
  expect(rest).toEqual([':authority: a', 'no header here']);
  expect(isHeaderName('X Y')).toBe(false);
});

test('checksums and proxies are known by their form', () => {
  expect(['auto', `sha-256=${'a'.repeat(64)}`, `md5=${'0'.repeat(32)}`, 'sha-256=ab', 'crc=00'].map(isChecksum)).toEqual([
    ...[true, true, true, false, false],
  ]);
  expect(['direct', 'socks5://h:1', 'http://h', 'h:1', 'ftp://h'].map(isProxyAddress)).toEqual([true, true, true, false, false]);
});

test('what the page says no name may hold, the application refuses too', () => {
  for (let code = 0; code < 256; code += 1) {
    const name = `a${String.fromCharCode(code)}b`;
    if (!isFileName(name)) expect(checkUserName(name)).toBeDefined();
  }
  expect(['a<b', 'a>b', 'a:b', 'a"b', 'a/b', 'a\\b', 'a|b', 'a?b', 'a*b', 'a\nb'].filter(isFileName)).toEqual([]);
  expect(isFileName('résumé (1).pdf')).toBe(true);
});

test('the ends of a range share their unit where they have the same', () => {
  expect(rangeText(16 * 1024 ** 2, 32 * 1024 ** 2)).toBe('16.0 – 32.0 MiB');
  expect(rangeText(0, 16 * 1024 ** 2)).toBe('0 B – 16.0 MiB');
  expect(rangeText(0, 100)).toBe('0 – 100 B');
});
