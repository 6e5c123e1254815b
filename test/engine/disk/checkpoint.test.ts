import { mkdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import { Checkpoint, type LoadedCheckpoint } from '../../../electron/engine/disk/checkpoint.ts';
import {
  type CheckpointIdentity,
  claimsAfterRestart,
  slotBytes,
  urlHash,
} from '../../../electron/engine/disk/checkpoint-format.ts';
import { type FileIo, nodeFileIo, type OpenFile } from '../../../electron/engine/disk/file-io.ts';
import { add, clipTo } from '../../../electron/engine/intervals.ts';
import { tempDirectory } from '../../support/temp.ts';

const size = 100_000;
const part = { dev: 1n, ino: 2n, size, isFile: true };
const identity: CheckpointIdentity = {
  urlHash: urlHash('http://example.test/f'),
  size,
  etag: '"v1"',
  dev: 1n,
  ino: 2n,
  bootId: 'boot',
};

const upTo = (end: number): Interval[] => [{ start: 0, end }];
const synced = () => Promise.resolve();
const systemError = (code: string) => Object.assign(new Error(code), { code });

/** The real disk, but for what `change` puts in place of a file's own functions. */
function ioWith(change: (file: OpenFile) => Partial<OpenFile>, changeIo: Partial<FileIo> = {}): FileIo {
  return {
    ...nodeFileIo,
    ...changeIo,
    async open(path, mode) {
      const file = await nodeFileIo.open(path, mode);
      const own: OpenFile = {
        writev: (buffers, position) => file.writev(buffers, position),
        read: (buffer, position) => file.read(buffer, position),
        datasync: () => file.datasync(),
        truncate: (length) => file.truncate(length),
        identity: () => file.identity(),
        setModified: (wallMs) => file.setModified(wallMs),
        close: () => file.close(),
      };
      return { ...own, ...change(file) };
    },
  };
}

async function load(path: string): Promise<LoadedCheckpoint & { type: 'loaded' }> {
  const loaded = await Checkpoint.load(nodeFileIo, path);
  if (loaded.type === 'refused') throw new Error(`the checkpoint is ${loaded.reason}`);
  return loaded;
}

const claimsOf = async (path: string, bootId?: string) => claimsAfterRestart((await load(path)).record, bootId, part);

test('a new checkpoint claims nothing and takes both its pages at once', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  expect(await load(path)).toEqual({ type: 'loaded', slot: 0, sequence: 1, record: { ...identity, hard: [], soft: [] } });
  expect((await stat(path)).size).toBe(2 * slotBytes);
  await expect(Checkpoint.create(nodeFileIo, path, identity)).rejects.toMatchObject({ code: 'E_FS_BUSY' });
  await checkpoint.close();
});

test('a checkpoint that cannot be made leaves no file', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const io = ioWith(() => ({ writev: () => Promise.reject(systemError('ENOSPC')) }));
  await expect(Checkpoint.create(io, path, identity)).rejects.toMatchObject({ code: 'E_FS_FULL' });
  expect(await Checkpoint.load(nodeFileIo, path)).toEqual({ type: 'refused', reason: 'missing' });
});

test('soft claims count within the run of the kernel, hard ones always', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  await checkpoint.writeSoft(upTo(10));
  expect(await claimsOf(path, 'boot')).toEqual(upTo(10));
  expect(await claimsOf(path)).toEqual([]);
  await checkpoint.writeHard(upTo(20), synced);
  await checkpoint.writeSoft(upTo(30));
  expect(await claimsOf(path, 'boot')).toEqual(upTo(30));
  expect(await claimsOf(path)).toEqual(upTo(20));
  await checkpoint.close();
});

test('a hard claim is written only after the sync of the data, of the intervals given at the call', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  const gate = Promise.withResolvers<void>();
  const done = upTo(10);
  const writing = checkpoint.writeHard(done, () => gate.promise);
  add(done, 10, 20);
  // A slow sync holds up no soft claims.
  await checkpoint.writeSoft(done);
  expect(await claimsOf(path, 'boot')).toEqual(upTo(20));
  expect(await claimsOf(path)).toEqual([]);
  gate.resolve();
  await writing;
  expect(await claimsOf(path, 'boot')).toEqual(upTo(20));
  expect(await claimsOf(path)).toEqual(upTo(10));
  await checkpoint.close();
});

test('hard checkpoints run one at a time, each with a sync of its own', async () => {
  await using directory = await tempDirectory();
  const checkpoint = await Checkpoint.create(nodeFileIo, directory.file('f.part.ckpt'), identity);
  let running = 0;
  let syncs = 0;
  const sync = async () => {
    running += 1;
    syncs += 1;
    expect(running).toBe(1);
    await new Promise(setImmediate);
    running -= 1;
  };
  await Promise.all([
    checkpoint.writeHard(upTo(1), sync),
    checkpoint.writeHard(upTo(2), sync),
    checkpoint.writeHard(upTo(3), sync),
  ]);
  expect(syncs).toBe(3);
  expect(checkpoint.hard).toEqual(upTo(3));
  await checkpoint.close();
});

test('F111: soft claims that queue up behind a hanging disk become one write of the newest', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const gate = Promise.withResolvers<void>();
  let writes = 0;
  const io = ioWith((file) => ({
    async writev(buffers, position) {
      writes += 1;
      if (writes === 2) await gate.promise;
      return file.writev(buffers, position);
    },
  }));
  const checkpoint = await Checkpoint.create(io, path, identity);
  const pending = Array.from({ length: 100 }, (_, index) => checkpoint.writeSoft(upTo(index + 1)));
  await new Promise(setImmediate);
  pending.push(...Array.from({ length: 100 }, (_, index) => checkpoint.writeSoft(upTo(index + 101))));
  gate.resolve();
  await Promise.all(pending);
  expect(writes).toBe(3);
  expect(await claimsOf(path, 'boot')).toEqual(upTo(200));
  await checkpoint.close();
});

test('F109: a failed sync takes back all but the hard claims, until the caller has fallen back to them too', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  await checkpoint.writeHard(upTo(10), synced);
  await checkpoint.writeSoft(upTo(50));
  const failure = systemError('EIO');
  const failing = checkpoint.writeHard(upTo(50), () => Promise.reject(failure));
  // Queued before the failure was known: the next sync would succeed although bytes are lost.
  const queued = checkpoint.writeHard(upTo(60), synced);
  await expect(failing).rejects.toBe(failure);
  await expect(queued).rejects.toBe(failure);
  await expect(checkpoint.writeSoft(upTo(60))).rejects.toBe(failure);
  expect(checkpoint.hard).toEqual(upTo(10));
  expect(await claimsOf(path, 'boot')).toEqual(upTo(10));
  await checkpoint.withdraw(checkpoint.hard);
  await checkpoint.writeHard(upTo(30), synced);
  expect(await claimsOf(path)).toEqual(upTo(30));
  await checkpoint.close();
});

test('F104: a checkpoint that cannot be written fails the call and leaves the last whole record', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  let isFull = false;
  let refusals = 0;
  const io = ioWith((file) => ({
    writev(buffers, position) {
      if (!isFull) return file.writev(buffers, position);
      refusals += 1;
      // The worst kind: some of the page is written over, then the disk is full.
      if (refusals % 2 === 1) return file.writev([Buffer.concat(buffers).subarray(0, 100)], position);
      return Promise.reject(systemError('ENOSPC'));
    },
  }));
  const checkpoint = await Checkpoint.create(io, path, identity);
  await checkpoint.writeHard(upTo(10), synced);
  isFull = true;
  await expect(checkpoint.writeSoft(upTo(20))).rejects.toMatchObject({ code: 'E_FS_FULL' });
  await expect(checkpoint.writeHard(upTo(30), synced)).rejects.toMatchObject({ code: 'E_FS_FULL' });
  expect(refusals).toBe(4);
  expect(await claimsOf(path)).toEqual(upTo(10));
  isFull = false;
  await checkpoint.writeHard(upTo(40), synced);
  expect(await claimsOf(path)).toEqual(upTo(40));
  await checkpoint.close();
});

test('withdrawn claims are gone from both slots', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  await checkpoint.writeHard(upTo(10), synced);
  await checkpoint.writeHard(upTo(20), synced);
  await checkpoint.writeSoft(upTo(30));
  await checkpoint.withdraw([{ start: 5, end: 25 }]);
  await checkpoint.close();
  const bytes = await readFile(path);
  for (const slot of [0, 1]) {
    const other = Buffer.from(bytes);
    other.fill(0, slot * slotBytes, (slot + 1) * slotBytes);
    await writeFile(path, other);
    expect(await claimsOf(path)).toEqual([{ start: 5, end: 20 }]);
    expect(await claimsOf(path, 'boot')).toEqual([{ start: 5, end: 25 }]);
  }
});

test('a second process goes on where the first stopped, with a higher sequence and its own identity', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const first = await Checkpoint.create(nodeFileIo, path, identity);
  await first.writeHard(upTo(10), synced);
  await first.writeSoft(upTo(30));
  await first.close();
  const loaded = await load(path);
  const claims = clipTo(claimsAfterRestart(loaded.record, 'boot', part) ?? [], 20);
  const second = await Checkpoint.open(nodeFileIo, path, loaded, claims, {
    ...identity,
    urlHash: urlHash('http://example.test/new'),
  });
  const reopened = await load(path);
  expect(reopened.sequence).toBeGreaterThan(loaded.sequence);
  expect(reopened.record.urlHash).toBe(urlHash('http://example.test/new'));
  // F112: the part was cut short at 20 and may grow again; no old record may claim what comes to lie there.
  expect(await claimsOf(path, 'boot')).toEqual(upTo(20));
  expect(await claimsOf(path)).toEqual(upTo(10));
  await second.writeHard(upTo(40), synced);
  expect(await claimsOf(path)).toEqual(upTo(40));
  await second.close();
});

test('after a reboot the soft claims of before stay void, whatever is written next', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const first = await Checkpoint.create(nodeFileIo, path, identity);
  await first.writeHard(upTo(10), synced);
  await first.writeSoft(upTo(30));
  await first.close();
  const loaded = await load(path);
  const claims = claimsAfterRestart(loaded.record, 'next boot', part) ?? [];
  const second = await Checkpoint.open(nodeFileIo, path, loaded, claims, { ...identity, bootId: 'next boot' });
  expect(await claimsOf(path, 'next boot')).toEqual(upTo(10));
  await second.writeSoft(upTo(15));
  expect(await claimsOf(path, 'next boot')).toEqual(upTo(15));
  await second.close();
});

test('F121: the older slot is used if the newest is corrupt; if both are, nothing is claimed and the reason told', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  await checkpoint.writeHard(upTo(10), synced);
  await checkpoint.writeHard(upTo(20), synced);
  await checkpoint.close();
  const newest = (await load(path)).slot;
  const bytes = await readFile(path);
  bytes.fill(0xff, newest * slotBytes + 100, newest * slotBytes + 200);
  await writeFile(path, bytes);
  expect(await claimsOf(path)).toEqual(upTo(10));
  const older = 1 - newest;
  bytes.fill(0xff, older * slotBytes + 100, older * slotBytes + 200);
  await writeFile(path, bytes);
  expect(await Checkpoint.load(nodeFileIo, path)).toEqual({ type: 'refused', reason: 'unreadable' });
});

test('what is no checkpoint is refused, and only the disk makes loading fail', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  expect(await Checkpoint.load(nodeFileIo, path)).toEqual({ type: 'refused', reason: 'missing' });
  await writeFile(path, '');
  expect(await Checkpoint.load(nodeFileIo, path)).toEqual({ type: 'refused', reason: 'unreadable' });
  await mkdir(directory.file('folder'));
  expect(await Checkpoint.load(nodeFileIo, directory.file('folder'))).toEqual({ type: 'refused', reason: 'unreadable' });
  const io = ioWith(() => ({ read: () => Promise.reject(systemError('EIO')) }));
  await expect(Checkpoint.load(io, path)).rejects.toMatchObject({ code: 'E_FS_IO' });
});

test('closing waits for what is being written, twice is once, and nothing is written after', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  const checkpoint = await Checkpoint.create(nodeFileIo, path, identity);
  const gate = Promise.withResolvers<void>();
  const writing = checkpoint.writeHard(upTo(10), () => gate.promise);
  const closing = checkpoint.close();
  gate.resolve();
  await Promise.all([writing, closing, checkpoint.close()]);
  expect(await claimsOf(path)).toEqual(upTo(10));
  await expect(checkpoint.writeSoft(upTo(20))).rejects.toThrow('after it was closed');
  await checkpoint.remove();
  await checkpoint.remove();
  expect(await Checkpoint.load(nodeFileIo, path)).toEqual({ type: 'refused', reason: 'missing' });
});

test('the folder is synced before the first hard claim, once', async () => {
  await using directory = await tempDirectory();
  const folders: string[] = [];
  const io = ioWith(() => ({}), { syncDirectory: async (path) => void folders.push(path) });
  const checkpoint = await Checkpoint.create(io, directory.file('f.part.ckpt'), identity);
  await checkpoint.writeSoft(upTo(5));
  expect(folders).toEqual([]);
  await checkpoint.writeHard(upTo(10), synced);
  await checkpoint.writeHard(upTo(20), synced);
  expect(folders).toEqual([directory.path]);
  await checkpoint.close();
});

test('one that goes while it is looked at is missing, not a failure: its download ended just then', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part.ckpt');
  await writeFile(path, 'x');
  const io = {
    ...nodeFileIo,
    async identity(at: string) {
      const found = await nodeFileIo.identity(at);
      await unlink(at);
      return found;
    },
  };
  expect(await Checkpoint.load(io, path)).toEqual({ type: 'refused', reason: 'missing' });
});
