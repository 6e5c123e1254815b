import { expect, test } from 'vitest';
import type { Category } from '#shared/settings';
import { categoryOf } from '../../../electron/downloads/intake/categories.ts';

const category = (name: string, more: Partial<Category>): Category => ({
  name,
  extensions: [],
  hosts: [],
  patterns: [],
  ...more,
});
const categories = [
  category('pattern', { patterns: ['/releases/*.iso'] }),
  category('host', { hosts: ['example.org'] }),
  category('ending', { extensions: ['iso', 'gz'] }),
];
const found = (url: string, name = new URL(url).pathname.split('/').at(-1) ?? ''): string | undefined =>
  categoryOf(categories, new URL(url), name)?.name;

test('the first that fits: by a part of the address, by host and all below it, by the last ending of the name', () => {
  expect(found('http://example.org/releases/v1/disk.iso')).toBe('pattern');
  expect(found('http://mirror.example.org/disk.iso')).toBe('host');
  expect(found('http://notexample.org/disk.ISO')).toBe('ending');
  expect(found('http://other.test/archive.tar.gz')).toBe('ending');
  expect(found('http://other.test/download?id=7', 'Disk.Iso')).toBe('ending');
  expect(found('http://other.test/iso')).toBeUndefined();
  expect(found('http://other.test/.iso.txt')).toBeUndefined();
});
