import { readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FileIo, nodeFileIo, type OpenFile } from '../../../electron/engine/disk/file-io.ts';
import { PartFile } from '../../../electron/engine/disk/part-file.ts';
import { tempDirectory } from '../../support/temp.ts';

/** The real disk, but for what `change` puts in place of a file's own functions. */
function ioWith(change: (file: OpenFile) => Partial<OpenFile>): FileIo {
  return {
    ...nodeFileIo,
    async open(path, mode) {
      const file = await nodeFileIo.open(path, mode);
      const own: OpenFile = {
        writev: (buffers, position) => file.writev(buffers, position),
        read: (buffer, position) => file.read(buffer, position),
        datasync: () => file.datasync(),
        truncate: (size) => file.truncate(size),
        identity: () => file.identity(),
        setModified: (wallMs) => file.setModified(wallMs),
        close: () => file.close(),
      };
      return { ...own, ...change(file) };
    },
  };
}

const systemError = (code: string) => Object.assign(new Error(code), { code });

test('F107: whatever the disk takes at a time, all bytes are written where they belong', async () => {
  await using directory = await tempDirectory();
  let count = 0;
  let shortWrites = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.nat(30),
      async (buffers, bites, position) => {
        const path = directory.file(`part-${count++}`);
        let turn = 0;
        const io = ioWith((file) => ({
          writev(given, at) {
            const whole = Buffer.concat(given);
            const bite = whole.subarray(0, bites[turn++ % bites.length]);
            if (bite.length < whole.length) shortWrites += 1;
            return file.writev([bite], at);
          },
        }));
        await using part = await PartFile.create(io, path);
        await part.writev(buffers, position);
        const bytes = Buffer.concat(buffers);
        expect(await readFile(path)).toEqual(bytes.length === 0 ? bytes : Buffer.concat([Buffer.alloc(position), bytes]));
      },
    ),
    { numRuns: 60 },
  );
  expect(shortWrites).toBeGreaterThan(0);
});

test.each(['EINTR', 'EAGAIN'])('F108: an interrupted call (%s) is made again', async (errno) => {
  await using directory = await tempDirectory();
  let interruptions = 0;
  const interrupted = async <T>(run: () => Promise<T>): Promise<T> => {
    if (interruptions++ % 3 < 2) throw systemError(errno);
    return await run();
  };
  const io = ioWith((file) => ({
    writev: (buffers, position) => interrupted(() => file.writev(buffers, position)),
    read: (buffer, position) => interrupted(() => file.read(buffer, position)),
    datasync: () => interrupted(() => file.datasync()),
  }));
  await using part = await PartFile.create(io, directory.file('a.part'));
  await part.writev([Buffer.from('abc')], 0);
  await part.datasync();
  const buffer = Buffer.alloc(3);
  expect(await part.read(buffer, 0)).toBe(3);
  expect(buffer.toString()).toBe('abc');
  expect(interruptions).toBeGreaterThanOrEqual(9);
});

test.each(['throws EAGAIN', 'takes nothing'])('a disk that for ever %s fails after a bounded number of tries', async (kind) => {
  await using directory = await tempDirectory();
  let tries = 0;
  const io = ioWith(() => ({
    writev() {
      tries += 1;
      return kind === 'takes nothing' ? Promise.resolve(0) : Promise.reject(systemError('EAGAIN'));
    },
  }));
  await using part = await PartFile.create(io, directory.file('a.part'));
  await expect(part.writev([Buffer.from('abc')], 0)).rejects.toMatchObject({ code: 'E_FS_IO' });
  expect(tries).toBe(16);
});

test('F103: a full disk is told by its code, and by the name of the file without its folder', async () => {
  await using part = await PartFile.open(nodeFileIo, '/dev/full');
  await expect(part.writev([Buffer.from('abc')], 0)).rejects.toMatchObject({
    code: 'E_FS_FULL',
    message: 'cannot write full: the disk is full (ENOSPC)',
  });
});

test('F109: a failed sync fails the call', async () => {
  await using directory = await tempDirectory();
  const io = ioWith(() => ({ datasync: () => Promise.reject(systemError('EIO')) }));
  await using part = await PartFile.create(io, directory.file('a.part'));
  await expect(part.datasync()).rejects.toMatchObject({ code: 'E_FS_IO' });
});

test('create never takes a file that is there, open never makes one, and neither follows a link', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('there'), 'user');
  await symlink(directory.file('there'), directory.file('link'));
  await symlink(directory.file('nowhere'), directory.file('dangling'));
  await expect(PartFile.create(nodeFileIo, directory.file('there'))).rejects.toMatchObject({ code: 'E_FS_BUSY' });
  await expect(PartFile.create(nodeFileIo, directory.file('dangling'))).rejects.toMatchObject({ code: 'E_FS_BUSY' });
  await expect(PartFile.open(nodeFileIo, directory.file('missing'))).rejects.toMatchObject({ code: 'E_FS_GONE' });
  await expect(PartFile.open(nodeFileIo, directory.file('link'))).rejects.toMatchObject({ code: 'E_FS_PERM' });
  expect(await readFile(directory.file('there'), 'utf8')).toBe('user');
});

test('reads are whole but at the end of the file', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('a.part'), 'abcdefghij');
  const io = ioWith((file) => ({ read: (buffer, position) => file.read(buffer.subarray(0, 3), position) }));
  await using part = await PartFile.open(io, directory.file('a.part'));
  const buffer = Buffer.alloc(8);
  expect(await part.read(buffer, 0)).toBe(8);
  expect(buffer.toString()).toBe('abcdefgh');
  expect(await part.read(buffer, 8)).toBe(2);
  expect(await part.read(buffer, 10)).toBe(0);
});

test('size, date and identity are those of the open file', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('a.part');
  await using part = await PartFile.create(nodeFileIo, path);
  await part.truncate(5000);
  await part.setModified(Date.UTC(2020, 1, 2));
  expect(await part.identity()).toEqual(await nodeFileIo.identity(path));
  expect(await part.identity()).toMatchObject({ size: 5000, mtimeMs: Date.UTC(2020, 1, 2), isFile: true });
  await truncate(path, 10);
  expect((await part.identity()).size).toBe(10);
});

test('the last reference closes the file, each reference counts once, and a closed file refuses use', async () => {
  await using directory = await tempDirectory();
  let closes = 0;
  const io = ioWith((file) => ({
    close() {
      closes += 1;
      return file.close();
    },
  }));
  const part = await PartFile.create(io, directory.file('a.part'));
  const segment = part.retain();
  await part[Symbol.asyncDispose]();
  await part[Symbol.asyncDispose]();
  await part.writev([Buffer.from('abc')], 0);
  expect(closes).toBe(0);
  await segment[Symbol.asyncDispose]();
  await segment[Symbol.asyncDispose]();
  expect(closes).toBe(1);
  await expect(part.writev([Buffer.from('abc')], 0)).rejects.toThrow('after its last reference');
  expect(() => part.retain()).toThrow('after its last reference');
});

test('F132: the file is not closed while a write is in flight, and giving up the last reference waits for both', async () => {
  await using directory = await tempDirectory();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const io = ioWith((file) => ({
    async writev(buffers, position) {
      await gate.promise;
      const count = await file.writev(buffers, position);
      order.push('written');
      return count;
    },
    async close() {
      await file.close();
      order.push('closed');
    },
  }));
  const part = await PartFile.create(io, directory.file('a.part'));
  const writing = part.writev([Buffer.from('abc')], 0);
  const releasing = Promise.resolve(part[Symbol.asyncDispose]()).then(() => order.push('released'));
  await expect(part.writev([Buffer.from('late')], 3)).rejects.toThrow('after its last reference');
  expect(order).toEqual([]);
  gate.resolve();
  await Promise.all([writing, releasing]);
  expect(order).toEqual(['written', 'closed', 'released']);
  expect(await readFile(directory.file('a.part'), 'utf8')).toBe('abc');
});

test('a failure to close reaches who gave up the last reference', async () => {
  await using directory = await tempDirectory();
  const io = ioWith((file) => ({
    async close() {
      await file.close();
      throw systemError('EDQUOT');
    },
  }));
  const part = await PartFile.create(io, directory.file('a.part'));
  await expect(Promise.resolve(part[Symbol.asyncDispose]())).rejects.toMatchObject({ code: 'E_FS_FULL' });
});
