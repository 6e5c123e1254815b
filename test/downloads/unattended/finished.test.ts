import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { FinishedMemory } from '../../../electron/downloads/unattended/finished.ts';
import { type FileIdentity, nodeFileIo } from '../../../electron/engine/index.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';

const url = 'https://example.test/file.bin?token=secret';
const request = { url };

async function lookOf(path: string): Promise<FileIdentity> {
  const found = await nodeFileIo.identity(path);
  if (found === undefined) throw new Error(`${path} is not there`);
  return found;
}

/** A memory and a target folder with one finished file in it. */
async function setUp(directory: TempDirectory) {
  const memory = new FinishedMemory(directory.file('data'));
  const target = directory.file('target');
  await mkdir(target);
  const path = directory.file('target', 'file.bin');
  await writeFile(path, 'all of it');
  await memory.remember(request, path, await lookOf(path));
  const reopened = () => new FinishedMemory(directory.file('data'));
  return { memory, reopened, target, path, rows: directory.file('data', 'finished.jsonl') };
}

describe('the memory of finished files', () => {
  test('finds a file by its address and folder, or by its name too', async () => {
    await using directory = await tempDirectory();
    const { memory, target, path } = await setUp(directory);
    expect(await memory.find({ request, directory: target })).toEqual({ path, size: 9 });
    expect(await memory.find({ request, directory: target, name: 'file.bin' })).toEqual({ path, size: 9 });
    expect(await memory.find({ request: { url: `${url}#top` }, directory: target })).toEqual({ path, size: 9 });
  });

  test('does not find it under another address, name, folder, method or body', async () => {
    await using directory = await tempDirectory();
    const { memory, target } = await setUp(directory);
    expect(await memory.find({ request: { url: 'https://example.test/file.bin' }, directory: target })).toBeUndefined();
    expect(await memory.find({ request, directory: target, name: 'other.bin' })).toBeUndefined();
    expect(await memory.find({ request, directory: directory.path })).toBeUndefined();
    expect(await memory.find({ request: { url, method: 'POST' }, directory: target })).toBeUndefined();
    expect(await memory.find({ request: { url, method: 'POST', body: 'a=1' }, directory: target })).toBeUndefined();
  });

  test('does not find a file whose size or time changed, or that is gone', async () => {
    await using directory = await tempDirectory();
    const { memory, target, path } = await setUp(directory);
    await utimes(path, new Date(), new Date(Date.now() - 60_000));
    expect(await memory.find({ request, directory: target })).toBeUndefined();
    await memory.remember(request, path, await lookOf(path));
    expect(await memory.find({ request, directory: target })).toBeDefined();
    await appendFile(path, '!');
    expect(await memory.find({ request, directory: target })).toBeUndefined();
  });

  test('does not find a file that lacks the sum asked for', async () => {
    await using directory = await tempDirectory();
    const { memory, target } = await setUp(directory);
    const hex = createHash('sha256').update('all of it').digest('hex');
    const wanted = { request, directory: target };
    expect(await memory.find({ ...wanted, checksum: { algorithm: 'sha-256', hex } })).toBeDefined();
    expect(await memory.find({ ...wanted, checksum: { algorithm: 'sha-256', hex: '0'.repeat(64) } })).toBeUndefined();
    expect(await memory.find({ ...wanted, checksum: 'auto' })).toBeDefined();
  });

  test('keeps neither the address nor anything others may read', async () => {
    await using directory = await tempDirectory();
    const { rows } = await setUp(directory);
    expect(await readFile(rows, 'utf8')).not.toContain('secret');
    expect((await stat(rows)).mode & 0o777).toBe(0o600);
    expect((await stat(directory.file('data'))).mode & 0o777).toBe(0o700);
  });

  test('passes over rows it cannot read, even one that a crash cut in the middle', async () => {
    await using directory = await tempDirectory();
    const { memory, reopened, target, path, rows } = await setUp(directory);
    const good = (await readFile(rows, 'utf8')).trim();
    await writeFile(rows, `nonsense\n[]\nnull\n{"urlHash":1}\n${good.slice(0, 90)}`);
    expect(await reopened().find({ request, directory: target })).toBeUndefined();
    await memory.remember(request, path, await lookOf(path));
    expect(await reopened().find({ request, directory: target })).toEqual({ path, size: 9 });
  });

  test('without a file yet remembers nothing', async () => {
    await using directory = await tempDirectory();
    const memory = new FinishedMemory(directory.file('never', 'made'));
    expect(await memory.find({ request, directory: directory.path })).toBeUndefined();
    expect(await readdir(directory.path)).toEqual([]);
  });

  test('rows that several processes append at once are all kept', async () => {
    await using directory = await tempDirectory();
    const { path, rows } = await setUp(directory);
    const memories = Array.from({ length: 20 }, () => new FinishedMemory(directory.file('data')));
    const look = await lookOf(path);
    await Promise.all(memories.map((memory, index) => memory.remember({ url: `${url}&n=${index}` }, path, look)));
    const lines = (await readFile(rows, 'utf8')).split('\n').filter((line) => line !== '');
    expect(lines).toHaveLength(21);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ path, size: 9 });
  });

  test('shrinks to the newest row of each path when it has grown past ten thousand', async () => {
    await using directory = await tempDirectory();
    const { memory, reopened, target, path, rows } = await setUp(directory);
    const row = (index: number) =>
      JSON.stringify({ urlHash: `${index % 3}`, path: `/gone/${index % 7000}`, size: 1, mtimeMs: 1 });
    const filler = Array.from({ length: 12_000 }, (_, index) => row(index));
    await writeFile(rows, `${filler.join('\n')}\n`);
    await memory.remember(request, path, await lookOf(path));
    expect(await reopened().find({ request, directory: target })).toEqual({ path, size: 9 });
    const lines = (await readFile(rows, 'utf8')).split('\n').filter((line) => line !== '');
    expect(lines).toHaveLength(5000);
    expect((await stat(rows)).mode & 0o777).toBe(0o600);
    expect(await reopened().find({ request, directory: target })).toEqual({ path, size: 9 });
    expect(await readdir(directory.file('data'))).toEqual(['finished.jsonl']);
  });
});
