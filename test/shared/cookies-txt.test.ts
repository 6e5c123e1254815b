import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCookiesTxt } from '../../shared/cookies-txt.ts';

const line = (...fields: string[]): string => fields.join('\t');
const cookieOf = (text: string) => {
  const { cookies, skipped } = parseCookiesTxt(text);
  expect(skipped).toEqual([]);
  return cookies[0];
};

describe('a cookies.txt', () => {
  test('holds a cookie a line, with all that belongs to it', () => {
    const text = [
      '# Netscape HTTP Cookie File',
      '# https://curl.se/docs/http-cookies.html',
      '',
      line('.Example.test', 'TRUE', '/', 'FALSE', '1799999999', 'a', '1'),
      line('#HttpOnly_files.test', 'FALSE', '/x', 'TRUE', '0', 'sid', 'x=y z "q"'),
      '   ',
      '#commented\tout',
    ].join('\n');
    expect(parseCookiesTxt(text)).toEqual({
      cookies: [
        {
          name: 'a',
          value: '1',
          domain: 'example.test',
          hasSubdomains: true,
          path: '/',
          isSecure: false,
          isHttpOnly: false,
          expiresAt: 1_799_999_999_000,
        },
        {
          name: 'sid',
          value: 'x=y z "q"',
          domain: 'files.test',
          hasSubdomains: false,
          path: '/x',
          isSecure: true,
          isHttpOnly: true,
        },
      ],
      skipped: [],
    });
  });

  test.each([
    [
      'lines of Windows, and a mark at its start',
      `\ufeff# x\r\n${line('h.test', 'FALSE', '/', 'FALSE', '0', 'a', 'b')}\r\n`,
      { value: 'b' },
    ],
    ['flags in small letters', line('h.test', 'true', '/', 'false', '0', 'a', 'b'), { hasSubdomains: true, isSecure: false }],
    ['no value', line('h.test', 'FALSE', '/', 'FALSE', '0', 'a', ''), { value: '' }],
    ['no value and no tab before it', line('h.test', 'FALSE', '/', 'FALSE', '0', 'a'), { value: '' }],
    ['a value that begins and ends with blanks', line('h.test', 'FALSE', '/', 'FALSE', '0', 'a', ' b '), { value: ' b ' }],
    ['a value of another script', line('h.test', 'FALSE', '/', 'FALSE', '0', 'ключ', 'värde'), { name: 'ключ', value: 'värde' }],
    ['an address of IPv4', line('127.0.0.1', 'FALSE', '/', 'FALSE', '0', 'a', 'b'), { domain: '127.0.0.1' }],
    ['an address of IPv6', line('::1', 'FALSE', '/', 'FALSE', '0', 'a', 'b'), { domain: '::1' }],
    ['a time with a fraction', line('h.test', 'FALSE', '/', 'FALSE', '1799999999.5', 'a', 'b'), { expiresAt: 1_799_999_999_500 }],
  ])('may hold %s', (_what, text, expected) => {
    expect(cookieOf(text)).toMatchObject(expected);
  });

  test.each(['0', '-1', ''])('knows a cookie of the session by its time %j', (expiry) => {
    expect(cookieOf(line('h.test', 'FALSE', '/', 'FALSE', expiry, 'a', 'b'))).not.toHaveProperty('expiresAt');
  });

  test.each([
    ['h.test FALSE / FALSE 0 a CANARY', 'expected 7 fields between tabs, found 1'],
    [line('h.test', 'FALSE', '/', 'FALSE', '0'), 'expected 7 fields between tabs, found 5'],
    [line('h.test', 'FALSE', '/', 'FALSE', '0', 'a', 'b', 'CANARY'), 'expected 7 fields between tabs, found 8'],
    [line('', 'FALSE', '/', 'FALSE', '0', 'a', 'CANARY'), 'the first field is not a domain'],
    [line('http://h.test', 'FALSE', '/', 'FALSE', '0', 'a', 'CANARY'), 'the first field is not a domain'],
    [line('h.test:80', 'FALSE', '/', 'FALSE', '0', 'a', 'CANARY'), 'the first field is not a domain'],
    [line('h.test', 'maybe', '/', 'FALSE', '0', 'a', 'CANARY'), 'the second field is neither TRUE nor FALSE'],
    [line('h.test', 'FALSE', 'x', 'FALSE', '0', 'a', 'CANARY'), 'the third field is not a path that begins with /'],
    [line('h.test', 'FALSE', '/', '1', '0', 'a', 'CANARY'), 'the fourth field is neither TRUE nor FALSE'],
    [line('h.test', 'FALSE', '/', 'FALSE', 'Fri, 1 Jan', 'a', 'CANARY'), 'the fifth field is not a time in seconds'],
    [line('h.test', 'FALSE', '/', 'FALSE', '0', '', 'CANARY'), 'the sixth field is not the name of a cookie'],
    [line('h.test', 'FALSE', '/', 'FALSE', '0', 'a=b', 'CANARY'), 'the sixth field is not the name of a cookie'],
    [line('h.test', 'FALSE', '/', 'FALSE', '0', 'a', 'CANARY; b=c'), 'name or value hold a semicolon or control character'],
    [line('h.test', 'FALSE', '/', 'FALSE', '0', 'a', 'CANARY\u0000'), 'name or value hold a semicolon or control character'],
  ])('%j is passed over by line and reason, and the others stay', (bad, reason) => {
    const good = line('h.test', 'FALSE', '/', 'FALSE', '0', 'good', '1');
    const parsed = parseCookiesTxt(['# x', good, bad, good].join('\n'));
    expect(parsed.skipped).toEqual([{ line: 3, reason }]);
    expect(parsed.cookies.map(({ name }) => name)).toEqual(['good', 'good']);
    expect(JSON.stringify(parsed)).not.toContain('CANARY');
  });

  test('loses nothing: every line is a cookie, a comment, blank, or told as passed over', () => {
    const field = fc.oneof(fc.string(), fc.constantFrom('TRUE', 'FALSE', '/', '0', '1799999999', 'h.test', '#HttpOnly_h.test'));
    const anyLine = fc.array(field, { maxLength: 9 }).map((fields) => line(...fields).replace(/[\r\n]/g, ''));
    fc.assert(
      fc.property(fc.array(anyLine), (lines) => {
        const { cookies, skipped } = parseCookiesTxt(lines.join('\n'));
        const meant = lines.filter((each) => each.trim() !== '' && (!each.startsWith('#') || each.startsWith('#HttpOnly_')));
        expect(cookies.length + skipped.length).toBe(meant.length);
      }),
    );
  });
});
