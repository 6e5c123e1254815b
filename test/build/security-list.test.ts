/** docs/security.md promises a test for each measure: every one it names is there, under that name. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test('each measure of docs/security.md names a test that exists', async () => {
  const text = await readFile(join(root, 'docs/security.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| Measure/.test(line));
  const missing: string[] = [];
  for (const row of rows) {
    const [, path = '', name = ''] = /`(test\/[^`]+)`: (.*) \|$/.exec(row) ?? [];
    const source = await readFile(join(root, path), 'utf8').catch(() => '');
    if (name === '' || !source.includes(name)) missing.push(row);
  }
  expect(rows.length).toBeGreaterThan(50);
  expect(missing).toEqual([]);
});
