import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** What both languages have to agree on: commands and what they print (their comments aside), options, links, sections. */
function bonesOf(text: string) {
  const blocks = [...text.matchAll(/```\w*\n(.*?)```/gs)].map(([, block = '']) => block.replaceAll(/\s+# .*/g, ''));
  const prose = text.replaceAll(/```.*?```/gs, '');
  return {
    blocks,
    sections: [...prose.matchAll(/^#+ /gm)].length,
    options: [...prose.matchAll(/^\| (`.*?) \|/gm)].map(([, option]) => option),
    links: [...prose.matchAll(/\]\((.*?)\)/g)]
      .map(([, link]) => link)
      .filter((link) => !link?.startsWith('README'))
      .sort(),
  };
}

test('the Chinese README has the same commands, options, pictures, links and sections as the English one', async () => {
  const [english, chinese] = await Promise.all(
    ['README.md', 'README.zh-CN.md'].map((name) => readFile(path.join(root, name), 'utf8')),
  );
  const bones = bonesOf(english ?? '');
  expect(bones.options.length).toBeGreaterThan(20);
  expect(bones.links).toContain('docs/pictures/page-light.png');
  expect(bonesOf(chinese ?? '')).toEqual(bones);
});
