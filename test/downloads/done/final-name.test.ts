import { expect, test } from 'vitest';
import { nameByPattern } from '../../../electron/downloads/done/final-name.ts';

const now = new Date(2026, 10, 3, 23, 59);
const address = 'https://mirror.example.org/a/film.mkv?x=1';

test.each([
  ['{name}', 'film.mkv', 'film.mkv'],
  ['{date} {stem}{extension}', 'film.mkv', '2026-11-03 film.mkv'],
  ['{host}-{name}', 'film.mkv', 'mirror.example.org-film.mkv'],
  ['{stem}', 'archive.tar.gz', 'archive.tar'],
  ['{stem}{extension}', '.bashrc', '.bashrc'],
  ['{other} {name}', 'a', '{other} a'],
])('%s of %s is %s', (pattern, name, expected) => {
  expect(nameByPattern(pattern, name, address, now)).toBe(expected);
});

test('is a name whatever the pattern and the server say: no folder, no device, never empty', () => {
  for (const pattern of ['../{name}', '/etc/{name}', '{stem}/../..', '..', '{name}{name}{name}{name}', '{extension}']) {
    for (const name of ['passwd', '..', 'con', `${'x'.repeat(200)}.bin`, '\u202egpj.exe']) {
      const made = nameByPattern(pattern, name, address, now);
      expect(made).not.toMatch(/[/\\\u202e]/);
      expect(made).not.toMatch(/^\.{0,2}$/);
      expect(Buffer.byteLength(made)).toBeLessThan(256);
    }
  }
});
