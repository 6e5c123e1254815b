/** What goes out with one request: every hop has the secrets of its own origin and no other's. */
import { describe, expect, test } from 'vitest';
import type { DownloadRequest, HeaderField } from '#shared/download';
import { RequestSource, type WireRequest } from '../../../electron/engine/network/request.ts';

const home = 'https://files.example.org/a';
const secrets: readonly HeaderField[] = [
  ['Authorization', 'Bearer geheim'],
  ['Cookie', 'own=geheim'],
  ['X-Api-Key', 'geheim'],
  ['Referer', 'https://example.org/geheim'],
  ['Proxy-Authorization', 'Basic geheim'],
  ['X-Anything-Else', 'geheim'],
];

function source(given: Partial<DownloadRequest> = {}): RequestSource {
  return new RequestSource({ url: home, ...given });
}

/** All values of a field, as they go onto the wire. */
function values(request: WireRequest, name: string): string[] {
  return request.headers.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

const at = (from: RequestSource, address: string): WireRequest => from.at(new URL(address), undefined);
const cookieAt = (from: RequestSource, address: string): string | undefined => values(at(from, address), 'cookie')[0];

describe('F66 secrets belong to the origin they were given for', () => {
  test('the own origin gets every header, in the order and spelling of the user', () => {
    const sent = at(source({ headers: secrets }), 'https://files.example.org/other/path');
    const own = sent.headers.filter(([, value]) => value.includes('geheim') && value !== 'own=geheim');
    // A proxy's secret is for the proxy alone.
    expect(own).toEqual(secrets.filter(([name]) => name !== 'Cookie' && name !== 'Proxy-Authorization'));
    expect(values(sent, 'cookie')).toEqual(['own=geheim']);
  });

  test.each([
    ['another host', 'https://cdn.example.net/a'],
    ['a subdomain', 'https://a.files.example.org/a'],
    ['a parent domain', 'https://example.org/a'],
    ['another port', 'https://files.example.org:8443/a'],
    ['a step down to http', 'http://files.example.org/a'],
  ])('%s gets none of them', (_what, address) => {
    const given = { headers: secrets, cookie: 'b=geheim', login: { user: 'me', password: 'geheim' } };
    const sent = at(source(given), address);
    expect(JSON.stringify(sent.headers)).not.toContain('geheim');
    expect(sent.headers.map(([name]) => name.toLowerCase()).toSorted()).toEqual(['accept', 'accept-encoding', 'user-agent']);
  });

  test('what says nothing about the user goes everywhere', () => {
    const headers: HeaderField[] = [
      ['User-Agent', 'Mine/1'],
      ['ACCEPT', 'text/*'],
      ['Accept-Language', 'de'],
    ];
    const sent = at(source({ headers }), 'https://cdn.example.net/a');
    expect(sent.headers).toEqual([...headers, ['Accept-Encoding', 'identity']]);
  });

  test('the same host after a step up from http to https keeps them', () => {
    const request = source({ url: 'http://files.example.org/a', headers: secrets, login: { user: 'me', password: 'x' } });
    expect(values(at(request, 'https://files.example.org/b'), 'x-api-key')).toEqual(['geheim']);
    for (const other of ['https://files.example.org:8443/b', 'https://other.example.org/b', 'http://files.example.org:81/b']) {
      expect(values(at(request, other), 'x-api-key'), other).toEqual([]);
    }
  });

  test('coming back to the own origin after a detour, they are there again', () => {
    const request = source({ headers: secrets });
    expect(values(at(request, 'https://cdn.example.net/'), 'x-api-key')).toEqual([]);
    expect(values(at(request, home), 'x-api-key')).toEqual(['geheim']);
  });

  test('a body does not go with a method that replaced its own', () => {
    const request = source({ method: 'POST', body: 'password=geheim' });
    expect(request.at(new URL(home), undefined).body).toBe('password=geheim');
    expect(request.at(new URL(home), undefined, 'GET').body).toBeUndefined();
  });
});

describe('a login', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  test.each([
    ['https://me:pass@files.example.org/a', 'me:pass'],
    ['https://me:p%40ss%3Aw%C3%B6rd@files.example.org/a', 'me:p@ss:wörd'],
    ['https://me@files.example.org/a', 'me:'],
    ['https://:pass@files.example.org/a', ':pass'],
    ['https://me:100%25@files.example.org/a', 'me:100%'],
    ['https://me:100%@files.example.org/a', 'me:100%'],
  ])('in the address %s is one', (url, login) => {
    const request = source({ url });
    expect(request.original.href).toBe(home);
    expect(values(at(request, home), 'authorization')).toEqual([basic(login)]);
  });

  test('given by itself wins over the one in the address, and an own header over both', () => {
    const url = 'https://a:b@files.example.org/a';
    const login = { user: 'me', password: 'x' };
    expect(values(at(source({ url, login }), home), 'authorization')).toEqual([basic('me:x')]);
    const headers: HeaderField[] = [['authorization', 'Bearer t']];
    expect(values(at(source({ url, login, headers }), home), 'authorization')).toEqual(['Bearer t']);
  });
});

describe('F68 the jar', () => {
  const jarred = (url: string, fields: string | string[], given: Partial<DownloadRequest> = {}): RequestSource => {
    const request = source(given);
    request.remember(new URL(url), { 'set-cookie': fields });
    return request;
  };

  test('a cookie goes back to the host that set it, on any origin of the way', () => {
    const request = jarred('https://login.example.net/in', 'sid=1');
    expect(cookieAt(request, 'https://login.example.net/x')).toBe('sid=1');
    expect(cookieAt(request, 'https://a.login.example.net/x')).toBeUndefined();
    expect(cookieAt(request, home)).toBeUndefined();
  });

  test('a domain widens it to subdomains, but not to a registry, a foreign domain or an address', () => {
    expect(cookieAt(jarred(home, 'a=1; Domain=example.org'), 'https://cdn.example.org/')).toBe('a=1');
    expect(cookieAt(jarred(home, 'a=1; Domain=org'), home)).toBeUndefined();
    expect(cookieAt(jarred('https://x.co.uk/', 'a=1; Domain=co.uk'), 'https://y.co.uk/')).toBeUndefined();
    expect(cookieAt(jarred(home, 'a=1; Domain=example.net'), 'https://example.net/')).toBeUndefined();
    expect(cookieAt(jarred('http://127.0.0.1/', 'a=1; Domain=0.0.1'), 'http://127.0.0.1/')).toBeUndefined();
  });

  test('a path narrows it, by whole segments', () => {
    const request = jarred('https://files.example.org/get/file', ['a=1; Path=/get', 'b=2; Path=/', 'c=3']);
    expect(cookieAt(request, 'https://files.example.org/get/x')).toBe('a=1; c=3; b=2');
    expect(cookieAt(request, 'https://files.example.org/getter')).toBe('b=2');
    expect(cookieAt(request, 'https://files.example.org/')).toBe('b=2');
  });

  test('a secure one does not go over http, an old one nowhere', () => {
    const request = jarred(home, ['a=1; Secure', 'b=2; Max-Age=0', 'c=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'd=4']);
    expect(cookieAt(request, home)).toBe('a=1; d=4');
    expect(cookieAt(request, 'http://files.example.org/a')).toBe('d=4');
  });

  test('the prefixes __Host- and __Secure- are only believed where they are kept', () => {
    const good = ['__Host-a=1; Secure; Path=/', '__Secure-b=2; Secure; Domain=example.org'];
    expect(cookieAt(jarred(home, good), 'https://files.example.org/')).toBe('__Host-a=1; __Secure-b=2');
    const bad = [
      '__Host-a=1; Path=/',
      '__Host-b=1; Secure; Path=/x',
      '__Host-c=1; Secure; Path=/; Domain=example.org',
      '__Secure-d=1',
    ];
    expect(cookieAt(jarred(home, bad), 'https://files.example.org/x')).toBeUndefined();
  });

  test("the user's own cookie wins over one of the same name", () => {
    const request = jarred(home, ['sid=theirs', 'theme=dark'], { cookie: 'sid=mine; a=1' });
    expect(cookieAt(request, home)).toBe('sid=mine; a=1; theme=dark');
    const header = jarred(home, ['sid=theirs', 'theme=dark'], { headers: [['cookie', 'sid=mine;']] });
    expect(cookieAt(header, home)).toBe('sid=mine; theme=dark');
  });

  test("a cookie's bytes go back as they came, and the user's own as UTF-8", () => {
    const asSent = Buffer.from('n=ä', 'utf8').toString('latin1');
    const request = jarred(home, asSent, { cookie: 'mine=ö' });
    expect(Buffer.from(cookieAt(request, home) ?? '', 'latin1').toString('utf8')).toBe('mine=ö; n=ä');
  });

  test('nonsense is ignored', () => {
    const request = jarred(home, ['', '=', ';;;', 'a=1\u0000', 'ok=1', 'x'.repeat(100_000)]);
    expect(cookieAt(request, home)).toContain('ok=1');
  });

  test('it is kept under changed headers and a new link', () => {
    const request = jarred(home, 'sid=1');
    expect(cookieAt(request.with({ url: 'https://files.example.org/b', cookie: 'a=2' }), home)).toBe('a=2; sid=1');
  });
});

describe('what may not be said', () => {
  test.each([
    ['a line break', 'X-A', 'b\r\nEvil: 1'],
    ['a bare line feed', 'X-A', 'b\nEvil: 1'],
    ['a carriage return', 'X-A', 'b\rc'],
    ['a null', 'X-A', 'b\u0000c'],
    ['an escape', 'X-A', '\u001b[2J'],
    ['a delete', 'X-A', '\u007f'],
    ['a blank in the name', 'X A', 'b'],
    ['a colon in the name', 'X:', 'b'],
    ['a line break in the name', 'X\r\nY', 'b'],
    ['no name', '', 'b'],
    ['a name beyond ASCII', 'Ä', 'b'],
  ])('%s is refused', (_what, name, value) => {
    expect(() => source({ headers: [[name, value]] })).toThrow(expect.objectContaining({ code: 'E_INPUT' }));
  });

  test('a line break is refused in a cookie too, without repeating it', () => {
    expect(() => source({ cookie: 'a=geheim\r\nEvil: 1' })).toThrow(expect.objectContaining({ code: 'E_INPUT' }));
    expect(() => source({ cookie: 'a=geheim\r\nEvil: 1' })).not.toThrow(/geheim|Evil/);
  });

  test('a tab and any text are values', () => {
    expect(values(at(source({ headers: [['X-A', 'a\tb']] }), home), 'x-a')).toEqual(['a\tb']);
  });

  test('what would break framing, ranges or reading stays ours', () => {
    const names = ['Range', 'If-Range', 'Accept-Encoding', 'Connection', 'Content-Length', 'Transfer-Encoding', 'TE', 'Expect'];
    const request = source({ headers: names.map((name): HeaderField => [name, 'evil']) });
    const sent = request.at(new URL(home), { start: 5, end: 10 });
    expect(JSON.stringify(sent.headers)).not.toContain('evil');
    expect(values(sent, 'range')).toEqual(['bytes=5-9']);
    expect(values(sent, 'accept-encoding')).toEqual(['identity']);
  });

  test('an address that is none is refused without telling it', () => {
    for (const url of ['', 'nonsense', 'ftp://a/', 'file:///etc/passwd', 'https://', '/path', 'javascript:alert(1)']) {
      expect(() => source({ url }), url).toThrow(expect.objectContaining({ code: 'E_INPUT' }));
    }
    expect(() => source({ url: 'https://[geheim' })).not.toThrow(/geheim/);
  });

  test('blanks and other letters in an address are read as a browser does', () => {
    const request = source({ url: ' https://Bücher.example/a b/ü?q=ä b#top ' });
    expect(request.original.href).toBe('https://xn--bcher-kva.example/a%20b/%C3%BC?q=%C3%A4%20b');
  });
});
