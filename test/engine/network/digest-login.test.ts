import { describe, expect, test } from 'vitest';
import { parseChallenges, realmClause } from '../../../electron/engine/network/challenge.ts';
import { DigestSession, digestAmong } from '../../../electron/engine/network/digest-login.ts';

const mufasa = { user: 'Mufasa', password: 'Circle of Life' };
const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const opaque = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';

function sessionOf(fields: string | string[], login = mufasa, own = cnonce): DigestSession {
  const challenge = digestAmong(parseChallenges(fields));
  if (challenge === undefined) throw new Error('no Digest in it');
  return new DigestSession(challenge, login, own);
}

describe('HTTP Digest', () => {
  test.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('answers as the example of RFC 7616 section 3.9.1 does, with %s', (algorithm, response) => {
    const session = sessionOf(
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="${opaque}"`,
    );
    expect(session.authorization({ method: 'GET', uri: '/dir/index.html' })).toBe(
      `Digest username="Mufasa", realm="http-auth@example.org", nonce="${nonce}", uri="/dir/index.html", ` +
        `response="${response}", algorithm=${algorithm}, opaque="${opaque}", qop=auth, nc=00000001, cnonce="${cnonce}"`,
    );
    expect(session.authorization({ method: 'GET', uri: '/dir/index.html' })).toContain('nc=00000002');
  });

  test('answers as the example of RFC 2617 section 3.5 does', () => {
    const session = sessionOf(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      { user: 'Mufasa', password: 'Circle Of Life' },
      '0a4f113b',
    );
    expect(session.authorization({ method: 'GET', uri: '/dir/index.html' })).toContain(
      'response="6629fae49393a05397450978507c4ef1"',
    );
  });

  test('answers without counts where the server has no qop, as RFC 2069 has it', () => {
    const session = sessionOf('Digest realm="r", nonce="n"', { user: 'u', password: 'p' }, 'c');
    const answer = session.authorization({ method: 'GET', uri: '/' });
    expect(answer).not.toMatch(/nc=|qop=|cnonce=|algorithm=|opaque=/);
    expect(answer).toMatch(/response="[0-9a-f]{32}"$/);
  });

  test.each([
    ['no realm', 'Digest nonce="n"'],
    ['no nonce', 'Digest realm="r"'],
    ['an unknown algorithm', 'Digest realm="r", nonce="n", algorithm=SHA-512-256'],
    ['the name of a property', 'Digest realm="r", nonce="n", algorithm=constructor'],
    ['only auth-int', 'Digest realm="r", nonce="n", qop="auth-int"'],
    ['another scheme', 'Basic realm="r", nonce="n"'],
    ['nothing', ''],
  ])('is not answered where the challenge has %s', (_what, field) => {
    expect(digestAmong(parseChallenges(field))).toBeUndefined();
  });

  test('takes the strongest of several, in one field or in many', () => {
    const md5 = 'Digest realm="r", nonce="one", algorithm=MD5, qop="auth"';
    const sha = 'Digest realm="r", nonce="two", algorithm=sha-256, qop="auth"';
    expect(digestAmong(parseChallenges(`${md5}, ${sha}`))?.nonce).toBe('two');
    expect(digestAmong(parseChallenges([md5, sha]))?.nonce).toBe('two');
    expect(digestAmong(parseChallenges([sha, 'Basic realm="x"', md5]))?.nonce).toBe('two');
  });
});

describe('challenges', () => {
  test('are told apart from parameters, tokens and quoted commas', () => {
    const field = 'Negotiate YIIB/w==, Basic realm="a, b=\\"c\\"" , charset = "UTF-8",, DIGEST Realm=bare,nonce="n=1", , NTLM';
    expect(parseChallenges(field).map(({ scheme, params }) => [scheme, Object.fromEntries(params)])).toEqual([
      ['negotiate', {}],
      ['basic', { realm: 'a, b="c"', charset: 'UTF-8' }],
      ['digest', { realm: 'bare', nonce: 'n=1' }],
      ['ntlm', {}],
    ]);
  });

  test('that cannot be read are passed over', () => {
    for (const field of ['', ',,,', '="x"', 'a="', 'realm="no scheme"', '"', '\\'])
      expect(() => parseChallenges(field)).not.toThrow();
    expect(parseChallenges(undefined)).toEqual([]);
    expect(parseChallenges('realm="no scheme"')).toEqual([]);
  });

  test('tell what the login is for in a text that is fit to be shown', () => {
    expect(realmClause(parseChallenges(['NTLM', 'Basic realm="Archive"']))).toBe(' for "Archive"');
    expect(realmClause(parseChallenges('Basic realm="a\u001b[31mb"'))).toBe(' for "a[31mb"');
    expect(realmClause(parseChallenges(`Basic realm="${'x'.repeat(100)}"`))).toBe(` for "${'x'.repeat(80)}"`);
    expect(realmClause(parseChallenges('Basic'))).toBe('');
  });
});
