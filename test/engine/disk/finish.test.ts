import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type FileIo, nodeFileIo } from '../../../electron/engine/disk/file-io.ts';
import { alreadyFinished, type FinishOptions, finish } from '../../../electron/engine/disk/finish.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type TempDirectory, tempDirectory } from '../../support/temp.ts';

const systemError = (code: string) => Object.assign(new Error(code), { code });
const refuseLinks: Partial<FileIo> = { link: () => Promise.reject(systemError('EPERM')) };

/** A complete part, its checkpoint, and what is needed to finish it. */
async function partIn(directory: TempDirectory, changes: Partial<FinishOptions> & { io?: FileIo } = {}): Promise<FinishOptions> {
  const partPath = directory.file('a.zip.part');
  await writeFile(partPath, 'ours');
  await writeFile(`${partPath}.ckpt`, 'claims');
  const part = await nodeFileIo.identity(partPath);
  if (part === undefined) throw new Error('the part was not written');
  const { path } = directory;
  return {
    io: nodeFileIo,
    clock: new ManualClock(),
    part,
    partPath,
    directory: path,
    name: 'a.zip',
    ifExists: 'rename',
    isRecorded: true,
    ...changes,
  };
}

async function contentsOf(directory: TempDirectory): Promise<Record<string, string>> {
  const names = (await readdir(directory.path)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(directory.file(name), 'utf8')])));
}

const fileSystems: [string, FileIo][] = [
  ['with hard links', nodeFileIo],
  ...['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EISDIR'].map((code): [string, FileIo] => [
    `without hard links (${code})`,
    { ...nodeFileIo, link: () => Promise.reject(systemError(code)) },
  ]),
];

test.each(fileSystems)('a part becomes the file and nothing else is left, %s', async (_kind, io) => {
  await using directory = await tempDirectory();
  expect(await finish(await partIn(directory, { io }))).toBe(directory.file('a.zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'ours' });
});

test.each(fileSystems)(
  'F100, F116: files that appeared meanwhile are kept, ours gets the next free number, %s',
  async (_kind, io) => {
    await using directory = await tempDirectory();
    await writeFile(directory.file('a.zip'), 'user');
    await mkdir(directory.file('a (1).zip'));
    await symlink('nowhere', directory.file('a (2).zip'));
    expect(await finish(await partIn(directory, { io }))).toBe(directory.file('a (3).zip'));
    expect(await readFile(directory.file('a.zip'), 'utf8')).toBe('user');
    expect(await readFile(directory.file('a (3).zip'), 'utf8')).toBe('ours');
    expect((await readdir(directory.path)).sort()).toEqual(['a (1).zip', 'a (2).zip', 'a (3).zip', 'a.zip']);
  },
);

test('a file that appears between the placeholder of one name and the next is kept too', async () => {
  await using directory = await tempDirectory();
  const link = async () => {
    await writeFile(directory.file('a.zip'), 'user', { flag: 'a' });
    throw systemError('EPERM');
  };
  expect(await finish(await partIn(directory, { io: { ...nodeFileIo, link } }))).toBe(directory.file('a (1).zip'));
  expect((await contentsOf(directory))['a.zip']).toMatch(/^(user)+$/);
});

test('overwrite replaces the file, skip at this late point numbers ours', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('a.zip'), 'user');
  expect(await finish(await partIn(directory, { ifExists: 'skip' }))).toBe(directory.file('a (1).zip'));
  expect(await finish(await partIn(directory, { ifExists: 'overwrite' }))).toBe(directory.file('a.zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'ours', 'a (1).zip': 'ours' });
});

test('the file is durable before it is told of, and told of before the part goes', async () => {
  await using directory = await tempDirectory();
  const order: string[] = [];
  const io: FileIo = {
    ...nodeFileIo,
    async syncDirectory(path) {
      order.push('sync');
      await nodeFileIo.syncDirectory(path);
    },
    async unlink(path) {
      order.push(`unlink ${path.slice(directory.path.length + 1)}`);
      await nodeFileIo.unlink(path);
    },
  };
  const onPlaced = async (path: string) => {
    order.push(`told ${await alreadyFinished(io, directory.file('a.zip.part'), path)}`);
  };
  await finish(await partIn(directory, { io, onPlaced }));
  expect(order).toEqual(['sync', 'told true', 'unlink a.zip.part', 'unlink a.zip.part.sums', 'unlink a.zip.part.ckpt']);
});

/** The disk up to a kill: the step after `count` steps that change something never happens. */
function killedAfter(count: number, base: FileIo): { io: FileIo; steps: () => number } {
  let steps = 0;
  const step = async <T>(run: () => Promise<T>): Promise<T> => {
    if (steps === count) throw new Error('killed');
    const result = await run();
    steps += 1;
    return result;
  };
  const io: FileIo = {
    ...base,
    link: (from, to) => step(() => base.link(from, to)),
    rename: (from, to) => step(() => base.rename(from, to)),
    unlink: (path) => step(() => base.unlink(path)),
    syncDirectory: (path) => step(() => base.syncDirectory(path)),
  };
  return { io, steps: () => steps };
}

test.each([
  ['with hard links', nodeFileIo, 'rename', 4],
  ['without hard links', { ...nodeFileIo, ...refuseLinks }, 'rename', 3],
  ['overwriting', nodeFileIo, 'overwrite', 3],
] as const)('F123: killed after any step it can be done again, %s', async (_kind, base, ifExists, stepCount) => {
  for (let count = 0; count < stepCount; count += 1) {
    await using directory = await tempDirectory();
    const options = await partIn(directory, { ifExists });
    const killed = killedAfter(count, base);
    await expect(finish({ ...options, io: killed.io })).rejects.toThrow('killed');
    expect(killed.steps()).toBe(count);
    expect(await finish({ ...options, io: base })).toBe(directory.file('a.zip'));
    expect(await contentsOf(directory)).toEqual({ 'a.zip': 'ours' });
    expect(await finish({ ...options, io: base })).toBe(directory.file('a.zip'));
  }
});

test('F123: killed after a numbered link it is found again under its number', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('a.zip'), 'user');
  const options = await partIn(directory);
  await expect(finish({ ...options, io: killedAfter(1, nodeFileIo).io })).rejects.toThrow('killed');
  expect(await alreadyFinished(nodeFileIo, options.partPath, directory.file('a (1).zip'))).toBe(true);
  expect(await alreadyFinished(nodeFileIo, options.partPath, directory.file('a.zip'))).toBe(false);
  expect(await finish(options)).toBe(directory.file('a (1).zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'user', 'a (1).zip': 'ours' });
  expect(await alreadyFinished(nodeFileIo, options.partPath, directory.file('a (1).zip'))).toBe(false);
});

test('F112: a part that was removed or replaced is never taken for the file', async () => {
  await using directory = await tempDirectory();
  const options = await partIn(directory);
  await writeFile(directory.file('other'), 'not ours');
  await rename(directory.file('other'), options.partPath);
  await expect(finish(options)).rejects.toMatchObject({ code: 'E_FS_GONE' });
  expect(await readFile(options.partPath, 'utf8')).toBe('not ours');
  await rm(options.partPath);
  await expect(finish(options)).rejects.toMatchObject({ code: 'E_FS_GONE', message: 'a.zip.part was removed or replaced' });
  expect(await contentsOf(directory)).toEqual({ 'a.zip.part.ckpt': 'claims' });
});

test('F112: a part that is replaced at the very last moment is not taken for the file either', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('other'), 'not ours');
  const io: FileIo = {
    ...nodeFileIo,
    async link(from, to) {
      await rename(directory.file('other'), from);
      await nodeFileIo.link(from, to);
    },
  };
  await expect(finish(await partIn(directory, { io }))).rejects.toMatchObject({ code: 'E_FS_GONE' });
  expect(await contentsOf(directory)).toEqual({ 'a.zip.part': 'not ours', 'a.zip.part.ckpt': 'claims' });
});

test('a file that takes the name over right after the link is kept, and ours numbered', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('other'), 'user');
  let isFirst = true;
  const io: FileIo = {
    ...nodeFileIo,
    async link(from, to) {
      await nodeFileIo.link(from, to);
      if (isFirst) await rename(directory.file('other'), to);
      isFirst = false;
    },
  };
  expect(await finish(await partIn(directory, { io }))).toBe(directory.file('a (1).zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'user', 'a (1).zip': 'ours' });
});

test('what is put in the place of the part while the file is recorded as done is kept', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('other'), 'user');
  const onPlaced = () => rename(directory.file('other'), directory.file('a.zip.part'));
  expect(await finish(await partIn(directory, { onPlaced }))).toBe(directory.file('a.zip'));
  expect(await contentsOf(directory)).toMatchObject({ 'a.zip': 'ours', 'a.zip.part': 'user' });
});

test('finishing again leaves alone what another download began under the same name', async () => {
  await using directory = await tempDirectory();
  const options = await partIn(directory);
  await finish(options);
  const others = await partIn(directory);
  expect(await finish(options)).toBe(directory.file('a.zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'ours', 'a.zip.part': 'ours', 'a.zip.part.ckpt': 'claims' });
  expect(await finish(others)).toBe(directory.file('a (1).zip'));
});

/** Says `code` until `clock` reaches `untilMs`. */
function heldUntil(clock: ManualClock, untilMs: number, code: string) {
  const held = { refusals: 0 };
  const guard = <T>(run: () => Promise<T>): Promise<T> => {
    if (clock.now() >= untilMs) return run();
    held.refusals += 1;
    return Promise.reject(systemError(code));
  };
  const io: FileIo = {
    ...nodeFileIo,
    ...refuseLinks,
    rename: (from, to) => guard(() => nodeFileIo.rename(from, to)),
    unlink: (path) => guard(() => nodeFileIo.unlink(path)),
  };
  return { io, held };
}

/** Lets time pass as the subject asks for it, until it is through. */
async function run<T>(clock: ManualClock, subject: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  subject.then(over, over);
  while (!isOver) {
    // Real file operations lie between two waits.
    if (clock.pendingTimers > 0) clock.advance(100);
    else await new Promise(setImmediate);
  }
  return subject;
}

test.each([
  ['EBUSY', 'linux'],
  ['EBUSY', 'win32'],
  ['EPERM', 'win32'],
  ['EACCES', 'win32'],
] as const)('F115: a file held for 20 s (%s on %s) is waited for', async (code, platform) => {
  await using directory = await tempDirectory();
  const clock = new ManualClock();
  const { io, held } = heldUntil(clock, 20_000, code);
  expect(await run(clock, finish(await partIn(directory, { io, clock, platform })))).toBe(directory.file('a.zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'ours' });
  expect(clock.now()).toBeGreaterThanOrEqual(20_000);
  expect(clock.now()).toBeLessThanOrEqual(22_000);
  expect(held.refusals).toBeGreaterThan(5);
});

test('F115: a file held for ever fails after a minute, leaves no placeholder, and can be finished later', async () => {
  await using directory = await tempDirectory();
  const clock = new ManualClock();
  const { io } = heldUntil(clock, Number.POSITIVE_INFINITY, 'EBUSY');
  const unlink = nodeFileIo.unlink;
  const options = await partIn(directory, { io: { ...io, unlink }, clock });
  await expect(run(clock, finish(options))).rejects.toMatchObject({
    code: 'E_FS_BUSY',
    message: 'cannot put in place a.zip: another program has held it for 60 s (EBUSY)',
  });
  expect(clock.now()).toBeGreaterThanOrEqual(60_000);
  expect(await contentsOf(directory)).toEqual({ 'a.zip.part': 'ours', 'a.zip.part.ckpt': 'claims' });
  expect(await finish({ ...options, io: nodeFileIo })).toBe(directory.file('a.zip'));
});

test.each(['EPERM', 'EACCES'])('elsewhere than on Windows %s is final at once', async (code) => {
  await using directory = await tempDirectory();
  const clock = new ManualClock();
  const io: FileIo = { ...nodeFileIo, ...refuseLinks, rename: () => Promise.reject(systemError(code)) };
  await expect(finish(await partIn(directory, { io, clock, platform: 'linux' }))).rejects.toMatchObject({ code: 'E_FS_PERM' });
  expect(await contentsOf(directory)).toEqual({ 'a.zip.part': 'ours', 'a.zip.part.ckpt': 'claims' });
});

test('a network disk that reports a failure of what it did loses nothing', async () => {
  await using directory = await tempDirectory();
  const io: FileIo = {
    ...nodeFileIo,
    ...refuseLinks,
    async rename(from, to) {
      await nodeFileIo.rename(from, to);
      throw systemError('EIO');
    },
  };
  const options = await partIn(directory, { io });
  await expect(finish(options)).rejects.toMatchObject({ code: 'E_FS_IO' });
  expect(await finish(options)).toBe(directory.file('a.zip'));
  expect(await contentsOf(directory)).toEqual({ 'a.zip': 'ours' });
});

test('waiting ends when it is told to, and leaves no timer', async () => {
  await using directory = await tempDirectory();
  const clock = new ManualClock();
  const { io } = heldUntil(clock, Number.POSITIVE_INFINITY, 'EBUSY');
  const stop = new AbortController();
  const finishing = finish(await partIn(directory, { io, clock, signal: stop.signal }));
  while (clock.pendingTimers === 0) await new Promise(setImmediate);
  stop.abort(new Error('quit'));
  await expect(finishing).rejects.toThrow('quit');
  expect(clock.pendingTimers).toBe(0);
});
