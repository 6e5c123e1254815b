/** Cookies in every form people have them, and where each of them may go. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cookiesFile, parseCookies } from '../../shared/cookies.ts';

const now = Date.UTC(2026, 0, 1);
const parse = (text: string, host?: string) => parseCookies(text, host, now);
const scope = { domain: 'example.org', hasSubdomains: false, path: '/', isSecure: false };

describe('a Cookie header', () => {
  test('is read with or without its name', () => {
    expect(parse('Cookie: a=1; b=x=y;  ;c').cookies).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: 'x=y' },
    ]);
    expect(parse('a=1\nb=2').cookies).toHaveLength(2);
  });

  test('with its name is nothing else, whatever its cookies are called', () => {
    expect(parse('Cookie: a=1; path=tab; secure').cookies).toEqual([
      { name: 'a', value: '1' },
      { name: 'path', value: 'tab' },
    ]);
  });
});

describe('a Set-Cookie header', () => {
  test.each([
    ['a=1; Path=/files; Secure; HttpOnly', { ...scope, path: '/files', isSecure: true }],
    ['a=1; Domain=.example.org; SameSite=Lax', { ...scope, hasSubdomains: true }],
    ['a=1; Max-Age=60', { ...scope, expiresAt: now + 60_000 }],
    ['a=1; Expires=Thu, 01 Jan 2027 00:00:00 GMT', { ...scope, expiresAt: Date.UTC(2027, 0, 1) }],
    ['a=1; Path=nonsense; Max-Age=x', scope],
  ])('%s', (line, expected) => {
    expect(parse(`Set-Cookie: ${line}`, 'example.org').cookies).toEqual([{ name: 'a', value: '1', scope: expected }]);
  });

  test('of several lines, what is over or none is left out with its line', () => {
    const text = 'set-cookie: a=1; path=/\r\nset-cookie: CANARY\r\n\r\nset-cookie: b=CANARY; Max-Age=0';
    const { cookies, skipped } = parse(text, 'example.org');
    expect(cookies.map(({ name }) => name)).toEqual(['a']);
    expect(skipped).toEqual([
      { line: 2, reason: 'does not begin with NAME=VALUE' },
      { line: 4, reason: 'it has expired' },
    ]);
  });

  test('without a domain and a host it belongs to the address it is given for', () => {
    expect(parse('a=1; HttpOnly').cookies).toEqual([{ name: 'a', value: '1' }]);
  });
});

describe('the JSON of browser extensions', () => {
  const entry = { domain: '.example.org', name: 'a', value: '1', path: '/', secure: true, httpOnly: true, sameSite: 'lax' };

  test.each([
    [
      'a list, with seconds',
      [{ ...entry, expirationDate: 1_900_000_000.5 }],
      { expiresAt: 1_900_000_000_500, hasSubdomains: true },
    ],
    ['hostOnly says more than the dot', [{ ...entry, hostOnly: true }], { hasSubdomains: false }],
    ['an object that holds the list', { url: 'https://example.org', cookies: [entry] }, { hasSubdomains: true }],
    ['a session, whatever its date', [{ ...entry, session: true, expirationDate: 1 }], { hasSubdomains: true }],
    ['milliseconds', [{ ...entry, expires: 1_900_000_000_000 }], { expiresAt: 1_900_000_000_000, hasSubdomains: true }],
    ['a date as text', [{ ...entry, expires: '2030-01-01T00:00:00Z' }], { expiresAt: Date.UTC(2030, 0, 1), hasSubdomains: true }],
    ['-1 for the session', [{ ...entry, expires: -1 }], { hasSubdomains: true }],
    ['one alone', entry, { hasSubdomains: true }],
  ])('%s', (_name, value, expected) => {
    const { cookies } = parse(JSON.stringify(value));
    expect(cookies).toEqual([{ name: 'a', value: '1', scope: { ...scope, isSecure: true, ...expected } }]);
  });

  test('what is of no use is left out with its number, never its value', () => {
    const list = [
      5,
      { name: 'a' },
      { ...entry, value: 'CANARY;x' },
      { ...entry, domain: 'a b' },
      { ...entry, expirationDate: 1 },
      entry,
    ];
    const { cookies, skipped } = parse(JSON.stringify(list));
    expect(cookies).toHaveLength(1);
    expect(skipped.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5]);
    expect(JSON.stringify(skipped)).not.toContain('CANARY');
    expect(parse('[nope').skipped).toEqual([{ line: 1, reason: 'begins like JSON and is none' }]);
  });

  test('as a file, those without a domain belong to nobody', () => {
    const text = JSON.stringify([entry, { name: 'b', value: '2' }]);
    expect(cookiesFile(text).cookies).toMatchObject([{ name: 'a', domain: 'example.org', hasSubdomains: true }]);
    expect(cookiesFile('.example.org\tTRUE\t/\tFALSE\t0\ta\t1').cookies).toHaveLength(1);
  });
});

test('a cookies.txt is known by its tabs', () => {
  expect(parse('.example.org\tTRUE\t/\tTRUE\t0\ta\t1').cookies).toEqual([
    { name: 'a', value: '1', scope: { ...scope, hasSubdomains: true, isSecure: true } },
  ]);
});

test('whatever is pasted, no cookie holds what would end it', () => {
  const part = fc.constantFrom('a=1', ';', '\n', '\t', '[', '{', '"', 'Set-Cookie:', 'Domain=', 'Path=/', '=', 'x', '\0');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('')),
        fc.json(),
      ),
      (text) => {
        for (const { name, value } of parse(text, 'example.org').cookies) expect(`${name}${value}`).not.toMatch(/[;\n]/);
      },
    ),
  );
});
