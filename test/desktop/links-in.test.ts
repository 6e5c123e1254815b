/** Reads what other programs send: whatever it is, nothing but web addresses and link files comes out. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isLinkFile, linksOfOwn, linksOfWords } from '#desktop/links-in';

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      'sluice:',
      '//',
      'add?',
      'url=',
      '&',
      'http://',
      'https://host/',
      'file:///etc/passwd',
      'javascript:',
      '%3A%2F%2F',
      '--',
    ),
    fc.constantFrom('\0', '\r\n', '%00', '@', '\\', '#', '?', ' ', 'a'.repeat(20_000), '.txt', '/etc/', '\u202e'),
    fc.string({ maxLength: 20 }),
  ),
  { maxLength: 8 },
);
const hostile = pieces.map((each) => each.join(''));

const isWebAddress = (link: string): boolean => /^https?:\/\/[^\s\0]+$/.test(link) && URL.parse(link)?.hostname !== '';

test('of any link of our scheme only web addresses are left, and at most a hundred', () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 1, max: 300 }), (text, times) => {
      const links = [...linksOfOwn(text), ...linksOfOwn(`sluice:add?${`url=${encodeURIComponent(text)}&`.repeat(times)}`)];
      for (const link of links) expect(link).toSatisfy(isWebAddress);
      expect(links.length).toBeLessThanOrEqual(101);
    }),
    { numRuns: 500 },
  );
});

test('of any words only web addresses and link files are left; nothing of a switch, nothing behind the end', () => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 6 }), fc.array(hostile, { maxLength: 3 }), (before, after) => {
      const words = [...before, '--', ...after];
      const { links, files } = linksOfWords(words);
      for (const link of links) expect(link).toSatisfy(isWebAddress);
      for (const file of files) {
        expect(isLinkFile(file)).toBe(true);
        expect(file.startsWith('-')).toBe(false);
        expect(before).toContain(file);
      }
      expect(linksOfWords(before.includes('--') ? before : words)).toEqual({ links, files });
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['sluice:add?url=https%3A%2F%2Fhost%2Ffile', ['https://host/file']],
  ['sluice://add?url=https%3A%2F%2Fa%2F&url=http%3A%2F%2Fb%2F', ['https://a/', 'http://b/']],
  ['sluice:https://host/file?a=1', ['https://host/file?a=1']],
  ['SLUICE:https://host/', ['https://host/']],
])('an honest one is read: %s', (link, expected) => {
  expect(linksOfOwn(link)).toEqual(expected);
});
