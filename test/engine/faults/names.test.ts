/** Section E of the fault catalogue, as far as the disk decides: where a file with a hostile or taken name ends up. */
import { mkdir, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import { expectFileEqualsSource } from '../../support/expect-file.ts';
import { KiB, MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';

const small = content(97, 4 * KiB);
/** Large enough to be recorded, slow enough to look at while it runs. */
const paced = { content: content(100, 4 * MiB), bytesPerSecond: MiB };

const attachment = (name: string) => [['Content-Disposition', `attachment; filename="${name}"`]] as const;

/** Where each run's file lies, after all of them are done and hold the source. */
async function pathsOf(rig: Rig, runs: readonly Run[]): Promise<string[]> {
  const ends = await Promise.all(runs.map((run) => run.end()));
  expect(ends.map(({ type }) => type)).toEqual(runs.map(() => 'done'));
  const paths = ends.flatMap((end) => (end.type === 'done' ? [end.path] : []));
  for (const path of paths) await expectFileEqualsSource(path, rig.content);
  return paths;
}

const namesOf = (rig: Rig, paths: readonly string[]): string[] => paths.map((path) => path.slice(rig.directory.path.length + 1));

test.each([
  ['../../x', 'x'],
  ['..\\\\x', 'x'],
  ['/etc/x', 'x'],
  ['C:\\\\x', 'x'],
  ['a/b', 'b'],
  ['%2e%2e%2f%2e%2e%2fx', 'x'],
  ['x.txt:stream', 'x.txt'],
  ['~/x', 'x'],
  ['~root', 'root'],
  ['-rf', 'rf'],
  ['..', 'file.bin'],
  ['x.part', 'x.part'],
])('F97: a file called %j lands in the chosen folder as %j', async (told, name) => {
  await using rig = await startRig({ content: small, headers: attachment(told) });
  const [path = ''] = await pathsOf(rig, [rig.download()]);
  expect(dirname(await realpath(path))).toBe(rig.directory.path);
  expect(await readdir(rig.directory.path)).toEqual([name]);
});

test('F97: traversal in the address or its query stays in the folder too', async () => {
  await using rig = await startRig({ content: small });
  const addresses = ['/a/%2e%2e%2f%2e%2e%2fevil.sh', '/get?file=..%2F..%5C..%2Fpasswd.txt', '/%00x%00.exe'];
  const paths = await pathsOf(
    rig,
    addresses.map((path) => rig.download({}, { url: rig.origin.url(path) })),
  );
  expect(namesOf(rig, paths)).toEqual(['evil.sh', 'passwd.txt', 'x.exe']);
});

test("F97: the user's own name is a name and no path, also where an earlier part is looked for", async () => {
  await using rig = await startRig({ content: small });
  const outside = rig.directory.file('outside');
  const inside = rig.directory.file('inside');
  await mkdir(outside);
  await mkdir(inside);
  // With a path for a name this would be taken for an older part of ours, and set aside.
  await writeFile(`${outside}/x.part`, 'mine');
  const run = rig.download({}, {}, { directory: inside, name: '../outside/x' });
  await run.end();
  expect(run.download.state).toMatchObject({ type: 'done', path: `${inside}/x` });
  expect(await readdir(outside)).toEqual(['x.part']);
});

test('F97: a symbolic link planted under the name leads nowhere', async () => {
  await using rig = await startRig({ ...paced });
  const outside = rig.directory.file('outside');
  const inside = rig.directory.file('inside');
  await mkdir(inside);
  for (const name of ['file.bin', 'file (1).bin.part', 'file (2).bin.part.ckpt']) await symlink(outside, `${inside}/${name}`);
  const runs = [1, 2].map(() => rig.download({}, {}, { directory: inside }));
  await Promise.all(runs.map((run) => run.end()));
  for (const run of runs) {
    const { state } = run.download;
    expect(state.type).toBe('done');
    if (state.type === 'done') expect(dirname(await realpath(state.path))).toBe(inside);
  }
  await expect(stat(outside)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('F99: a name of 400 bytes is cut and still leaves room for part, checkpoint and number', async () => {
  const long = `${'文'.repeat(133)}.zip`;
  await using rig = await startRig({
    ...paced,
    headers: [['Content-Disposition', Buffer.from(`attachment; filename="${long}"`)]],
  });
  const paths = await pathsOf(
    rig,
    [1, 2, 3].map(() => rig.download()),
  );
  for (const name of namesOf(rig, paths)) {
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    expect(name).toMatch(/^文+( \([12]\))?\.zip$/);
  }
  expect(new Set(paths).size).toBe(3);
});

test('F100: three downloads of one name started in one tick get three names', async () => {
  await using rig = await startRig({ ...paced });
  const paths = await pathsOf(
    rig,
    [1, 2, 3].map(() => rig.download()),
  );
  expect(namesOf(rig, paths).toSorted()).toEqual(['file (1).bin', 'file (2).bin', 'file.bin']);
  expect((await readdir(rig.directory.path)).length).toBe(3);
});

test('F100: names that differ only in case are two names on every file system', async () => {
  await using rig = await startRig({ ...paced });
  const runs = ['/A.zip', '/a.zip', '/a.ZIP'].map((path) => rig.download({}, { url: rig.origin.url(path) }));
  const names = namesOf(rig, await pathsOf(rig, runs));
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(3);
});

test('F100: files that are there are passed over and stay as they are', async () => {
  await using rig = await startRig({ ...paced });
  for (const name of ['file.bin', 'file (1).bin', 'file (2).bin.part']) await writeFile(rig.directory.file(name), `my ${name}`);
  expect(namesOf(rig, await pathsOf(rig, [rig.download()]))).toEqual(['file (3).bin']);
  for (const name of ['file.bin', 'file (1).bin', 'file (2).bin.part']) {
    expect(await readFile(rig.directory.file(name), 'utf8')).toBe(`my ${name}`);
  }
});

test('F100: a file the user makes during the download is untouched, and the download gets the next free name', async () => {
  await using rig = await startRig({ ...paced });
  const run = rig.download();
  const path = rig.directory.file('file.bin');
  rig.origin
    .until(() => rig.origin.bytesSent > MiB)
    .then(() => Promise.all([writeFile(path, 'mine'), writeFile(rig.directory.file('file (1).bin'), 'mine too')]));
  expect(namesOf(rig, await pathsOf(rig, [run]))).toEqual(['file (2).bin']);
  expect(await readFile(path, 'utf8')).toBe('mine');
  expect(await readFile(rig.directory.file('file (1).bin'), 'utf8')).toBe('mine too');
});

test('F100: overwriting replaces the file at the end, and not before', async () => {
  await using rig = await startRig({ ...paced });
  await writeFile(rig.directory.file('file.bin'), 'old');
  const run = rig.download({}, {}, { ifExists: 'overwrite' });
  run.download.start();
  await rig.origin.until(() => rig.origin.bytesSent > MiB);
  expect(await readFile(rig.directory.file('file.bin'), 'utf8')).toBe('old');
  await run.end();
  await rig.expectDone(run);
  expect(await readdir(rig.directory.path)).toEqual(['file.bin']);
});

test.each([undefined, 'file.bin'])(
  'F100: a file that is there is enough where skipping was asked for (own name: %s)',
  async (name) => {
    await using rig = await startRig({ ...paced });
    await writeFile(rig.directory.file('file.bin'), 'mine');
    const run = rig.download({}, {}, { ifExists: 'skip', ...(name === undefined ? {} : { name }) });
    const end = await run.end();
    expect(end).toEqual({ type: 'skipped', path: rig.directory.file('file.bin') });
    expect(rig.origin.requests.length).toBe(name === undefined ? 1 : 0);
    expect(await readFile(rig.directory.file('file.bin'), 'utf8')).toBe('mine');
    expect(await readdir(rig.directory.path)).toEqual(['file.bin']);
  },
);
