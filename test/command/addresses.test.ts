import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddress, readList } from '../../electron/command/addresses.ts';
import { UsageError } from '../../electron/command/usage-error.ts';

describe('an address', () => {
  test.each([
    ['http://example.test', 'http://example.test/'],
    ['  https://example.test/a b.iso ', 'https://example.test/a%20b.iso'],
    ['http://example.test/文件.zip', 'http://example.test/%E6%96%87%E4%BB%B6.zip'],
    ['HTTP://EXAMPLE.test/A', 'http://example.test/A'],
    ['http://me:pass@example.test/a', 'http://me:pass@example.test/a'],
    ['http:\\\\example.test\\a', 'http://example.test/a'],
    ['http://[::1]:8080/a', 'http://[::1]:8080/a'],
  ])('%j is read as a browser does', (text, url) => {
    expect(readAddress(text, 'url')).toBe(url);
  });

  test('of another kind is refused, whatever it is, with a line a terminal can show', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!/^\s*https?:/i.test(text));
        try {
          expect(readAddress(text, 'url')).toMatch(/^https?:/);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          expect((error as Error).message).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });
});

describe('a list', () => {
  test('has an address a line, in any line ends, with comments and blank lines passed over', () => {
    const text = '\ufeff# mine\r\nhttp://a.test/1\r\n\r\n  # more\n\thttp://a.test/2  \rhttp://a.test/3#part';
    expect(readList(text, 'list')).toEqual(['http://a.test/1', 'http://a.test/2', 'http://a.test/3#part']);
  });

  test('with a bad line names its source and number', () => {
    expect(() => readList('http://a.test/1\n\nnonsense\n', '-i, --input: "l.txt"')).toThrow(
      '-i, --input: "l.txt" line 3: "nonsense" is not an address, expected http://… or https://…',
    );
  });

  test('without an address is refused', () => {
    expect(() => readList('\n# none\n', 'list')).toThrow('list: there is no address in it');
  });
});
