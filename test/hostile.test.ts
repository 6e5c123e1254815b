/** Why Sluice exists: a server that makes people give up is beaten from every face, and hardly a byte is fetched twice. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openTestApplication } from './support/application.ts';
import { content } from './support/content.ts';
import { type HostileOrigin, startHostileOrigin } from './support/hostile-origin.ts';
import { runCommand, startServing, untilCall } from './support/serving.ts';
import { tempDirectory } from './support/temp.ts';

const MiB = 1024 * 1024;
const KiB = 1024;
const file = content(71, 24 * MiB);
/** So that a link dies when about half is there. */
const pace = { content: file, bytesPerSecond: 75 * KiB };
const testMs = 120_000;

/** The right file, and at most a fiftieth of it sent twice; counted where it was sent. */
async function expectBeaten({ origin }: HostileOrigin, path: string): Promise<void> {
  const sha = createHash('sha256').update(await readFile(path));
  expect(sha.digest('hex')).toBe(await file.sha256());
  expect(origin.firedTimes('the login page')).toBeGreaterThan(0);
  expect((origin.bytesSent - file.size) / file.size).toBeLessThan(0.02);
}

const expectHalf = (doneBytes: number): void => {
  expect(doneBytes / file.size).toBeGreaterThan(0.25);
  expect(doneBytes / file.size).toBeLessThan(0.75);
};

test.concurrent(
  'by API: the command is pasted, the link dies at half, a new one finishes the file',
  async () => {
    await using hostile = await startHostileOrigin(pace);
    await using folder = await tempDirectory();
    await using app = await openTestApplication(folder.path);
    const { requests } = await app.call('text.parse', { text: hostile.curl(hostile.newLink()) });
    const [request] = requests;
    if (request === undefined) throw new Error('the command was not understood');
    const id = await app.add({ request });
    await hostile.dead();
    const row = await app.until(() => app.row(id)?.waitingFor === 'url' && app.row(id));
    expect(row).toMatchObject({ name: 'file.zip', failure: { code: 'E_LINK_EXPIRED' } });
    expectHalf(row.counters[1]);
    await app.call('link.replace', { id, url: hostile.newLink() });
    const path = await app.until(() => app.application.history.get(id)?.path);
    await expectBeaten(hostile, path);
  },
  testMs,
);

test.concurrent(
  'by the command line, with a server: add --curl, then link',
  async () => {
    await using hostile = await startHostileOrigin(pace);
    await using folder = await tempDirectory();
    await mkdir(folder.file('files'));
    await using server = await startServing(folder.path);
    const added = await server.run('add', '--curl', hostile.curl(hostile.newLink()));
    expect(added.stderr).toMatch(/the link dies in \d+ s/);
    expect(added.status).toBe(0);
    const id = added.stdout.trim();
    await hostile.dead();
    const all = { offset: 0, limit: 10 };
    const { rows } = await untilCall(server.call, 'downloads.snapshot', all, ({ rows: [row] }) => row?.waitingFor === 'url');
    expectHalf(rows[0]?.counters[1] ?? 0);
    expect((await server.run('list')).stdout).toContain('needs a new link');
    const linked = await server.run('link', id.slice(0, 6), hostile.newLink());
    expect([linked.status, linked.stderr]).toEqual([0, '']);
    const done = await untilCall(server.call, 'history.page', all, ({ total }) => total === 1);
    await expectBeaten(hostile, done.rows[0]?.path ?? '');
  },
  testMs,
);

test.concurrent(
  'by the command line alone: get --curl says that the link died, and goes on with a new one',
  async () => {
    await using hostile = await startHostileOrigin(pace);
    await using folder = await tempDirectory();
    const get = (link: string) =>
      runCommand(['get', '--curl', hostile.curl(link), '-o', 'file.zip', '-d', folder.path, '--quiet'], {
        ...process.env,
        SLUICE_DATA: folder.file('data'),
      });
    const first = await get(hostile.newLink());
    expect([first.status, first.stdout]).toEqual([1, '']);
    expect(first.stderr).toMatch(/link no longer gives the file.*get a new link/);
    const second = await get(hostile.newLink());
    expect([second.status, second.stderr]).toEqual([0, '']);
    await expectBeaten(hostile, folder.file('file.zip'));
  },
  testMs,
);
