import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { netrcLogin, parseNetrc } from '../../shared/netrc.ts';

const entriesOf = (text: string) => {
  const parsed = parseNetrc(text);
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.message}`);
  return parsed.entries;
};
const loginOf = (text: string, machine = 'h.test') => netrcLogin(entriesOf(text), machine);

describe('a .netrc file', () => {
  test('gives the login of a machine, on one line or many', () => {
    expect(loginOf('machine h.test login me password secret')).toEqual({ user: 'me', password: 'secret' });
    expect(loginOf('machine h.test\n\tlogin me\r\n\tpassword secret\r\n')).toEqual({ user: 'me', password: 'secret' });
    expect(loginOf('machine a.test login a password b\nmachine h.test password secret account x login me')).toEqual({
      user: 'me',
      password: 'secret',
    });
    expect(loginOf('\ufeffmachine H.Test login me')).toEqual({ user: 'me', password: '' });
  });

  test('gives the first entry of a machine, and of exactly this machine', () => {
    const text = 'machine h.test login one password 1\nmachine h.test login two password 2\ndefault login any password 0';
    expect(loginOf(text)?.user).toBe('one');
    expect(loginOf(text, 'H.TEST')?.user).toBe('one');
    expect(loginOf(text, 'sub.h.test')).toBeUndefined();
    expect(loginOf(text, 'test')).toBeUndefined();
  });

  test('holds a default, which is the login of no machine', () => {
    const entries = entriesOf('default login anonymous password me@home');
    expect(entries).toEqual([{ machine: undefined, login: 'anonymous', password: 'me@home' }]);
    expect(netrcLogin(entries, 'h.test')).toBeUndefined();
    expect(loginOf('machine h.test password only')).toBeUndefined();
  });

  test('may quote, with what else could not be written', () => {
    expect(loginOf('machine h.test login "my name" password "a\\"b\\\\c\\td\\#"')).toEqual({
      user: 'my name',
      password: 'a"b\\c\td#',
    });
    expect(loginOf('machine "h.test" login "" password pa"ss\\word"')).toEqual({ user: '', password: 'pa"ss\\word"' });
  });

  test('may hold comments where a keyword could stand; a password may begin with #', () => {
    const text = '# mine: machine h.test login no\nmachine h.test # the one\n login me\n password #secret# # it is "quoted\n';
    expect(loginOf(text)).toEqual({ user: 'me', password: '#secret#' });
  });

  test('may hold macros, which end with an empty line', () => {
    const text = 'macdef init\n machine x login y\n quit\n  \nmachine h.test login me\nmacdef last\n cd /';
    expect(loginOf(text)).toEqual({ user: 'me', password: '' });
    expect(entriesOf(text)).toHaveLength(1);
  });

  test('may be empty', () => {
    expect(entriesOf('')).toEqual([]);
    expect(entriesOf('\n \t\n# nothing\n#')).toEqual([]);
  });

  test.each([
    ['machine h.test\nlogin me\npassword my CANARY', 3, 'expected machine, default, login, password, account or macdef'],
    ['# a\n\nhost CANARY', 3, 'expected machine, default, login, password, account or macdef'],
    ['login CANARY', 1, 'expected machine or default before login'],
    ['machine h.test\nlogin me password', 2, 'expected a value after password'],
    ['machine', 1, 'expected a value after machine'],
    ['machine h.test login "CANARY\npassword x"', 1, 'expected a quote that ends the value on the same line'],
    ['macdef x\n a\n\nmachine h.test\nwhat CANARY', 5, 'expected machine, default, login, password, account or macdef'],
  ])('%j is refused by line and expectation, without what it holds', (text, line, message) => {
    expect(parseNetrc(text)).toEqual({ ok: false, line, message });
  });

  test('gives back every login that is written with quotes', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !/[\n\r\u2028\u2029]/.test(each));
    fc.assert(
      fc.property(text, text, (user, password) => {
        const quoted = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;
        expect(loginOf(`machine h.test login ${quoted(user)} password ${quoted(password)}`)).toEqual({ user, password });
      }),
    );
  });

  test('is read in time that grows with its length, whatever it holds', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseNetrc(text)));
    const startedAt = performance.now();
    entriesOf('machine h.test login me password x\n'.repeat(100_000));
    entriesOf('# machine\n'.repeat(5000));
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
