import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Category, defaultSettings, Profile, Settings } from '#shared/settings';
import { shownDefaults, shownLimits } from '../../../renderer/features/settings/defaults.ts';
import { toProfile, toProfileDraft } from '../../../renderer/features/settings/profile-draft.ts';

test('the defaults that are shown are those that are', () => {
  expect(defaultSettings).toMatchObject(shownDefaults);
});

test('the limits of address patterns that are shown are those that are', () => {
  const { patterns, patternCharacters } = shownLimits;
  const takes = (count: number, length: number) =>
    Category.shape.patterns.safeParse(Array.from({ length: count }, () => 'x'.repeat(length))).success;
  expect(takes(patterns, patternCharacters)).toBe(true);
  expect(takes(patterns + 1, 1)).toBe(false);
  expect(takes(1, patternCharacters + 1)).toBe(false);
});

test('a profile that is read and saved again is the same', () => {
  const profile: Profile = {
    name: 'Archive',
    hosts: ['*.example.org', 'example.net'],
    headers: [['X-A', '1']],
    userAgent: 'curl/8',
    cookie: '•••',
    login: { username: 'eve', password: '•••' },
    proxy: 'direct',
    connections: 4,
    limitBytesPerSecond: 512 * 1024,
    insecure: true,
    trustedHosts: ['cdn.example.org'],
  };
  expect(toProfile(toProfileDraft(profile))).toEqual(profile);
  expect(Profile.safeParse(toProfile(toProfileDraft({ name: 'a', hosts: ['*'] }))).success).toBe(true);
});

test('a profile without name or hosts, or with what is no header, is not saved', () => {
  const draft = toProfileDraft({ name: 'a', hosts: ['*'] });
  for (const wrong of [{ name: ' ' }, { hosts: '' }, { headers: 'nonsense' }, { connections: '99' }, { limit: 'fast' }]) {
    expect(toProfile({ ...draft, ...wrong })).toBeUndefined();
  }
});

test('every setting can be found in the page', async () => {
  const folder = new URL('../../../renderer/features/settings/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('-entries.tsx'));
  const text = (await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')))).join('\n');
  for (const key of Object.keys(Settings.shape)) expect(text).toContain(key);
});
