/** A finished file on its way to its folder: over volumes, past names that are taken, and through a kill at any step. */
import { copyFile, link, mkdir, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { inodeOf, type Placing, placeFile } from '../../../electron/downloads/done/place.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';

const text = 'the whole file';
/** Memory, where it is another volume than the temporary folder. */
const memory = '/dev/shm';
const isOther = async (path: string): Promise<boolean> =>
  (await stat(memory).catch(() => undefined)) !== undefined && (await stat(memory)).dev !== (await stat(path)).dev;

async function placing(folder: TempDirectory, change: Partial<Placing> = {}): Promise<Placing & { readonly copies: string[] }> {
  const from = folder.file('staging', 'file.bin');
  await mkdir(folder.file('staging'), { recursive: true });
  await writeFile(from, text);
  const copies: string[] = [];
  return {
    from,
    inode: await inodeOf(from),
    directory: folder.file('files'),
    name: 'file.bin',
    ifExists: 'rename',
    onCopied: async (path) => void copies.push(path),
    copies,
    ...change,
  };
}

async function otherVolume(folder: TempDirectory): Promise<string | undefined> {
  if (!(await isOther(folder.path))) return undefined;
  const path = join(memory, folder.path.split('/').at(-1) ?? '');
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

describe('on one volume', () => {
  test('it is linked, the same file, and a name that is taken gets a number', async () => {
    await using folder = await tempDirectory();
    const given = await placing(folder);
    expect(await placeFile(given)).toBe(folder.file('files', 'file.bin'));
    expect(await inodeOf(folder.file('files', 'file.bin'))).toBe(given.inode);
    expect(await readdir(folder.file('staging'))).toEqual([]);
    const second = await placing(folder);
    expect(await placeFile(second)).toBe(folder.file('files', 'file (1).bin'));
    expect((await readdir(folder.file('files'))).sort()).toEqual(['file (1).bin', 'file.bin']);
  });

  test('over another one only where that was asked for', async () => {
    await using folder = await tempDirectory();
    await mkdir(folder.file('files'));
    await writeFile(folder.file('files', 'file.bin'), 'mine');
    expect(await placeFile(await placing(folder, { ifExists: 'overwrite' }))).toBe(folder.file('files', 'file.bin'));
    expect(await readFile(folder.file('files', 'file.bin'), 'utf8')).toBe(text);
    expect(await readdir(folder.file('files'))).toEqual(['file.bin']);
  });

  test.each(['rename', 'overwrite'] as const)(
    'killed at any step it goes on, with one file in the end (%s)',
    async (ifExists) => {
      const steps = [
        async () => {},
        // The link was made, the first name not yet removed.
        async ({ from, directory }: Placing) => {
          await mkdir(directory, { recursive: true });
          await link(from, join(directory, 'file.bin'));
        },
        // All was done but the record of it.
        async (given: Placing) => void (await placeFile(given)),
      ];
      for (const step of steps) {
        await using folder = await tempDirectory();
        const given = await placing(folder, { ifExists });
        await step(given);
        expect(await placeFile(given)).toBe(folder.file('files', 'file.bin'));
        expect(await readdir(folder.file('files'))).toEqual(['file.bin']);
        expect(await readFile(folder.file('files', 'file.bin'), 'utf8')).toBe(text);
      }
    },
  );

  test('what somebody took away meanwhile is not mistaken for another file of that name', async () => {
    await using folder = await tempDirectory();
    await mkdir(folder.file('files'));
    await writeFile(folder.file('files', 'file.bin'), text);
    const given = await placing(folder);
    await unlink(given.from);
    await expect(placeFile(given)).rejects.toMatchObject({ code: 'E_FS_GONE' });
    expect(await readdir(folder.file('files'))).toEqual(['file.bin']);
  });

  test('a folder that cannot be made is named, and the file stays', async () => {
    await using folder = await tempDirectory();
    await writeFile(folder.file('files'), 'no folder');
    const given = await placing(folder);
    await expect(placeFile(given)).rejects.toThrow(/file\.bin cannot be moved into .*files/);
    expect(await readFile(given.from, 'utf8')).toBe(text);
  });
});

describe('to another volume', () => {
  test('it is copied, put on record, and only then removed; nothing else is left', async ({ skip }) => {
    await using folder = await tempDirectory();
    const directory = await otherVolume(folder);
    if (directory === undefined) return skip('there is no second volume');
    const given = await placing(folder, { directory });
    let wasThere = false;
    const path = await placeFile({
      ...given,
      onCopied: async (copy) => {
        wasThere = (await inodeOf(given.from)) !== undefined && (await readFile(copy, 'utf8')) === text;
      },
    });
    expect([path, wasThere]).toEqual([join(directory, 'file.bin'), true]);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await readdir(directory)).toEqual(['file.bin']);
    expect(await readdir(folder.file('staging'))).toEqual([]);
  });

  test('killed at any step it goes on, with one file in the end', async ({ skip }) => {
    const copyName = '.file.bin.sluice-copy';
    const steps: ((given: Placing) => Promise<Partial<Placing>>)[] = [
      // Half a copy.
      async ({ directory }) => {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, copyName), text.slice(0, 4));
        return {};
      },
      // The copy is on record, the first file not yet removed.
      async ({ from, directory }) => {
        await mkdir(directory, { recursive: true });
        const copy = join(directory, copyName);
        await copyFile(from, copy);
        return { from: copy, inode: await inodeOf(copy) };
      },
      // All was done but the last record.
      async (given) => {
        let record: Partial<Placing> = {};
        await placeFile({
          ...given,
          onCopied: async (from, inode) => {
            record = { from, inode };
          },
        });
        return record;
      },
    ];
    for (const step of steps) {
      await using folder = await tempDirectory();
      const directory = await otherVolume(folder);
      if (directory === undefined) return skip('there is no second volume');
      const given = await placing(folder, { directory });
      const record = await step(given);
      expect(await placeFile({ ...given, ...record })).toBe(join(directory, 'file.bin'));
      expect(await readdir(directory)).toEqual(['file.bin']);
      expect(await readFile(join(directory, 'file.bin'), 'utf8')).toBe(text);
      await rm(directory, { recursive: true });
    }
  });
});
