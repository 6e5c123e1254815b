import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DownloadError } from '../../../electron/engine/errors.ts';
import { Cookies } from '../../../electron/engine/network/cookies.ts';
import { RequestSource } from '../../../electron/engine/network/request.ts';
import { parseCookiesTxt } from '../../../shared/cookies-txt.ts';
import type { StoredCookie } from '../../../shared/download.ts';

const cookie = (given: Partial<StoredCookie> = {}): StoredCookie => ({
  name: 'a',
  value: '1',
  domain: 'h.test',
  hasSubdomains: false,
  path: '/',
  isSecure: false,
  isHttpOnly: false,
  ...given,
});
const sentTo = (address: string, ...cookies: StoredCookie[]): string =>
  new Cookies(cookies)
    .for(new URL(address))
    .map((one) => one.cookieString())
    .join('; ');

describe('the cookies of a file', () => {
  test.each([
    ['to its own host', {}, 'http://h.test/', true],
    ['on any port', {}, 'http://h.test:8080/x', true],
    ['over https too', {}, 'https://h.test/', true],
    ['not below its host', {}, 'http://sub.h.test/', false],
    ['below its domain where it says so', { hasSubdomains: true }, 'http://sub.h.test/', true],
    ['to the domain itself then too', { hasSubdomains: true }, 'http://h.test/', true],
    ['not to a name that only ends alike', { hasSubdomains: true }, 'http://xh.test/', false],
    ['below its path', { path: '/x' }, 'http://h.test/x/y', true],
    ['not beside its path', { path: '/x' }, 'http://h.test/xy', false],
    ['over https where it must', { isSecure: true }, 'https://h.test/', true],
    ['never in the clear then', { isSecure: true }, 'http://h.test/', false],
    ['though scripts may not see it', { isHttpOnly: true }, 'http://h.test/', true],
    ['before its end', { expiresAt: Date.now() + 60_000 }, 'http://h.test/', true],
    ['not after its end', { expiresAt: Date.now() - 60_000 }, 'http://h.test/', false],
    ['to an address', { domain: '127.0.0.1' }, 'http://127.0.0.1:8080/', true],
    ['to an address that says it has names below', { domain: '127.0.0.1', hasSubdomains: true }, 'http://127.0.0.1/', true],
    ['to an address of IPv6', { domain: '::1' }, 'http://[::1]/', true],
    ['to this machine', { domain: 'localhost', hasSubdomains: true }, 'http://localhost/', true],
    ['to a bare name', { domain: 'intranet', hasSubdomains: true }, 'http://intranet/', true],
    ['not to all of a registry', { domain: 'com', hasSubdomains: true }, 'http://example.com/', false],
    ['with the promise of its name kept', { name: '__Host-a', isSecure: true }, 'https://h.test/', true],
    ['not with the promise of its name broken', { name: '__Host-a' }, 'https://h.test/', false],
  ] as const)('sends one %s', (_when, given, address, isSent) => {
    expect(sentTo(address, cookie(given))).toBe(isSent ? `${'name' in given ? given.name : 'a'}=1` : '');
  });

  test('sends all that fit', () => {
    const cookies = [cookie(), cookie({ name: 'b', domain: 'other.test' }), cookie({ name: 'c', path: '/x', value: '' })];
    expect(
      sentTo('http://h.test/x', ...cookies)
        .split('; ')
        .sort(),
    ).toEqual(['a=1', 'c=']);
  });

  test.each([';', '\n', '\u0000'])('refuses one with %j in it, without telling it', (char) => {
    expect(() => new Cookies([cookie({ value: `CANARY${char}` })])).toThrow(DownloadError);
    expect(() => new Cookies([cookie({ value: `CANARY${char}` })])).toThrow(/^(?!.*CANARY)/);
  });

  test('takes whatever the file held', () => {
    const field = fc.oneof(fc.webFragments(), fc.constantFrom('a..b', '.', '-', 'xn--', '1.2.3', '0x7f.1', 'ä.test', 'h.test'));
    fc.assert(
      fc.property(field, fc.webPath(), fc.boolean(), (domain, path, flag) => {
        const text = [domain, flag ? 'TRUE' : 'FALSE', `/${path}`, 'FALSE', '0', 'a', 'b'].join('\t');
        new Cookies(parseCookiesTxt(text).cookies);
      }),
    );
  });
});

describe('the cookies of a download', () => {
  const fieldOf = (source: RequestSource, address: string): string | undefined =>
    source.at(new URL(address), undefined).headers.find(([name]) => name === 'Cookie')?.[1];

  test("go to each host their own, a redirect's too; the user's own of the same name goes before", () => {
    const cookies = [
      cookie({ value: 'jar' }),
      cookie({ name: 'b', value: 'ü' }),
      cookie({ domain: 'other.test', value: 'theirs' }),
    ];
    const source = new RequestSource({ url: 'http://h.test/', cookie: 'a=own', cookies });
    expect(fieldOf(source, 'http://h.test/')).toBe(`a=own; b=${Buffer.from('ü').toString('latin1')}`);
    expect(fieldOf(source, 'http://other.test/')).toBe('a=theirs');
    expect(fieldOf(source, 'http://third.test/')).toBeUndefined();
  });

  test('are replaced by what a server sets, which a changed request keeps unless its cookies changed', () => {
    const url = 'http://h.test/';
    const cookies = [cookie()];
    const source = new RequestSource({ url, cookies });
    source.remember(new URL(url), { 'set-cookie': 'a=2; Path=/' });
    expect(fieldOf(source, url)).toBe('a=2');
    expect(fieldOf(source.with({ url, cookies, method: 'POST' }), url)).toBe('a=2');
    expect(fieldOf(source.with({ url, cookies: [cookie({ value: '3' })] }), url)).toBe('a=3');
    expect(fieldOf(source.with({ url }), url)).toBeUndefined();
  });
});
