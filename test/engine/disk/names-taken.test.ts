import { readdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { nodeFileIo } from '../../../electron/engine/disk/file-io.ts';
import { NameRegistry, numbered } from '../../../electron/engine/disk/names-taken.ts';
import { tempDirectory } from '../../support/temp.ts';

const exists = async (path: string) => (await nodeFileIo.identity(path)) !== undefined;
const nothing = () => Promise.resolve(false);

test.each([
  ['file.zip', 'file (1).zip'],
  ['archive.tar.gz', 'archive (1).tar.gz'],
  ['ARCHIVE.TAR.XZ', 'ARCHIVE (1).TAR.XZ'],
  ['version 1.2.3.zip', 'version 1.2.3 (1).zip'],
  ['README', 'README (1)'],
  ['.profile', '.profile (1)'],
  ['.tar.gz', '.tar (1).gz'],
  ['Mr. Smith goes', 'Mr. Smith goes (1)'],
  ['ends with.', 'ends with. (1)'],
  ['电影.mkv', '电影 (1).mkv'],
  ['file (1).zip', 'file (1) (1).zip'],
])('the number of %s comes before its extension', (name, expected) => {
  expect(numbered(name, 1)).toBe(expected);
});

test('F100: three downloads that ask in the same tick get three names', async () => {
  await using directory = await tempDirectory();
  const registry = new NameRegistry();
  const reserved = await Promise.all([1, 2, 3].map(() => registry.reserve(directory.path, 'a.zip', exists)));
  expect(reserved.map(({ name }) => name)).toEqual(['a.zip', 'a (1).zip', 'a (2).zip']);
});

test('files and parts that are there are passed over', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('a.zip'), 'user');
  await writeFile(directory.file('a (1).zip.part'), 'of another download');
  const registry = new NameRegistry();
  expect((await registry.reserve(directory.path, 'a.zip', exists)).name).toBe('a (2).zip');
  expect(await readdir(directory.path)).toHaveLength(2);
});

test('what the caller denies may be used: its own part, a file to overwrite', async () => {
  await using directory = await tempDirectory();
  const ours = directory.file('a.zip.part');
  await writeFile(ours, 'ours');
  const registry = new NameRegistry();
  const existsForOthers = async (path: string) => path !== ours && (await exists(path));
  expect((await registry.reserve(directory.path, 'a.zip', existsForOthers)).name).toBe('a.zip');
});

test('names that a file system may take for the same are not given twice', async () => {
  const registry = new NameRegistry();
  expect((await registry.reserve('/d', 'A.zip', nothing)).name).toBe('A.zip');
  expect((await registry.reserve('/d', 'a.ZIP', nothing)).name).toBe('a (1).ZIP');
  expect((await registry.reserve('/d', 'caf\u00e9', nothing)).name).toBe('caf\u00e9');
  expect((await registry.reserve('/d/', 'cafe\u0301', nothing)).name).toBe('cafe\u0301 (1)');
  expect((await registry.reserve('/other', 'a.zip', nothing)).name).toBe('a.zip');
});

test('a released name is free again, also when asking the disk failed', async () => {
  const registry = new NameRegistry();
  const first = await registry.reserve('/d', 'a.zip', nothing);
  first.release();
  first.release();
  await expect(registry.reserve('/d', 'a.zip', () => Promise.reject(new Error('EACCES')))).rejects.toThrow('EACCES');
  expect((await registry.reserve('/d', 'a.zip', nothing)).name).toBe('a.zip');
});

test('it gives up when all numbers are taken', async () => {
  const registry = new NameRegistry();
  await expect(registry.reserve('/d', 'a.zip', () => Promise.resolve(true))).rejects.toMatchObject({ code: 'E_INPUT' });
});
