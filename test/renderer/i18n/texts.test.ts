import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { callFailures } from '#shared/call-failures';
import { failureCures } from '#shared/failure';
import { en } from '../../../renderer/i18n/en/index.ts';
import { systemLanguage } from '../../../renderer/i18n/start.ts';
import { zhCn } from '../../../renderer/i18n/zh-cn/index.ts';

type Tree = { readonly [key: string]: string | Tree };

/** Every text by its key, `list.state.done`. */
function flatten(tree: Tree, path = ''): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[path + key, value] as const] : [...flatten(value, `${path}${key}.`)],
    ),
  );
}

const english = flatten(en);
const chinese = flatten(zhCn);
const gapsOf = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

test('both languages have the same keys', () => {
  expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
});

test('a missing key would be found', () => {
  const { dismiss: _, ...page } = zhCn.page;
  expect([...flatten({ ...zhCn, page }).keys()].sort()).not.toEqual([...english.keys()].sort());
});

test('no text is empty, and each has the same gaps in both languages', () => {
  for (const [key, text] of english) {
    expect(text.trim(), key).not.toBe('');
    expect(chinese.get(key)?.trim(), key).not.toBe('');
    expect(gapsOf(chinese.get(key) ?? ''), key).toEqual(gapsOf(text));
  }
});

test('Chinese is Chinese', () => {
  const same = [...english].filter(([key, text]) => chinese.get(key) === text).map(([key]) => key);
  const names = /Cookie|Sluice|Chrome|Firefox|Safari|curl|\{\{percent\}\}/;
  expect(same.filter((key) => !names.test(english.get(key) ?? ''))).toEqual([]);
});

test('every failure has its words', () => {
  const known = Object.keys(en.failures);
  for (const code of [...Object.keys(failureCures), ...Object.keys(callFailures)]) expect(known).toContain(code);
});

test('the system chooses the language that is there', () => {
  expect([['zh-TW', 'en'], ['de-DE', 'zh-CN'], ['fr'], ['en-GB', 'zh']].map(systemLanguage)).toEqual([
    'zh-CN',
    'zh-CN',
    'en',
    'en',
  ]);
});

test('every line of the log that has a text of its own is one that the application writes', async () => {
  const folder = new URL('../../../electron/', import.meta.url);
  const names = (await readdir(folder, { recursive: true })).filter((name) => /^(downloads|engine)\/.*\.ts$/.test(name));
  const sources = (await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n');
  const { said, told } = en.details.log;
  for (const code of Object.keys({ ...said, ...told })) expect(sources).toContain(`'${code}'`);
});
