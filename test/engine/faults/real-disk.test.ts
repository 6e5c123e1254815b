/**
 * Faults of a real file system, made by the kernel itself: a small volume that runs full, one that is read-only, a folder that
 * is removed. Mounting takes root; elsewhere the injected faults of disk-full and disk-part stand alone.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && canMount();

/** A container's root often may not. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

class Volume implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** A new, empty volume below the rig's folder; unmount it before the rig goes. */
  static async mount(rig: Rig, options: string): Promise<Volume> {
    const path = rig.directory.file('volume');
    await mkdir(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
    return new Volume(path);
  }

  remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.path]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    execFileSync('umount', [this.path]);
    return Promise.resolve();
  }
}

const passes = (rig: Rig, ms: number): Promise<void> => new Promise((resolve) => void rig.clock.setTimer(resolve, ms));

async function reaches(rig: Rig, run: Run, bytes: number): Promise<void> {
  run.download.start();
  await rig.origin.until(() => run.download.progress().doneBytes >= bytes);
}

test.skipIf(!mayMount)(
  'a real volume that others fill meanwhile is waited for, and when there is room nothing is fetched again',
  async () => {
    await using rig = await startRig({ content: content(201, 24 * MiB), bytesPerSecond: MiB });
    await using volume = await Volume.mount(rig, 'size=32m');
    const run = rig.download({}, {}, { directory: volume.path });
    await reaches(rig, run, 6 * MiB);
    {
      // As large as it gets: sparse parts hold no room.
      await using filler = await open(`${volume.path}/filler`, 'w');
      const block = Buffer.alloc(64 * 1024);
      await expect(
        (async () => {
          for (;;) await filler.write(block);
        })(),
      ).rejects.toMatchObject({ code: 'ENOSPC' });
    }
    await run.untilState('waiting');
    expect(run.download.state).toMatchObject({ for: 'disk', cause: { code: 'E_FS_FULL' } });
    expect(rig.engine.openConnections).toBe(0);
    const { doneBytes } = run.download.progress();
    expect(doneBytes).toBeGreaterThanOrEqual(6 * MiB);
    const requests = rig.origin.requests.length;
    await passes(rig, 30_000);
    expect(rig.origin.requests.length).toBe(requests);
    await rm(`${volume.path}/filler`);
    await run.end();
    await rig.expectDone(run);
    expect(await readdir(volume.path)).toEqual(['file.bin']);
    expect(run.restarts).toBe(0);
    expect(run.download.progress().resumedBytes).toBe(doneBytes);
  },
);

test.skipIf(!mayMount)(
  'a real read-only volume fails the download at once, by its name, without a byte of the file asked for in vain',
  async () => {
    await using rig = await startRig({ content: content(202, 8 * MiB), bytesPerSecond: MiB });
    await using volume = await Volume.mount(rig, 'size=32m,ro');
    const run = rig.download({}, {}, { directory: volume.path });
    expect(await run.end()).toMatchObject({
      type: 'failed',
      failure: { code: 'E_FS_PERM', message: 'cannot make file.bin.part: the file system is read-only (EROFS)' },
    });
    expect(await readdir(volume.path)).toEqual([]);
    expect(rig.engine.openConnections).toBe(0);
  },
);

test.skipIf(!mayMount)(
  'a part on a volume that is read-only for a while stays as it is, and is gone on with afterwards',
  async () => {
    await using rig = await startRig({ content: content(203, 16 * MiB), bytesPerSecond: MiB });
    await using volume = await Volume.mount(rig, 'size=32m');
    const run = rig.download({}, {}, { directory: volume.path });
    await reaches(rig, run, 6 * MiB);
    await run.download.pause();
    const { doneBytes } = run.download.progress();
    const before = await readdir(volume.path);
    volume.remount('ro');
    expect(await run.end()).toMatchObject({ type: 'failed', failure: { code: 'E_FS_PERM' } });
    expect(await readdir(volume.path)).toEqual(before);
    volume.remount('rw');
    await run.end();
    await rig.expectDone(run);
    expect(run.download.progress().resumedBytes).toBe(doneBytes);
    expect(run.restarts).toBe(0);
  },
);

test('F113: a folder removed for good while it is written to is waited for; made anew it gets the whole file, and that is said', async () => {
  await using rig = await startRig({ content: content(204, 16 * MiB), bytesPerSecond: MiB });
  const folder = rig.directory.file('folder');
  await mkdir(folder);
  const run = rig.download({}, {}, { directory: folder });
  await reaches(rig, run, 4 * MiB);
  await rm(folder, { recursive: true });
  await run.untilState('waiting');
  expect(run.download.state).toMatchObject({ for: 'disk', cause: { code: 'E_FS_GONE' } });
  const requests = rig.origin.requests.length;
  await passes(rig, 45_000);
  expect(rig.origin.requests.length).toBe(requests);
  await mkdir(folder);
  await run.end();
  await rig.expectDone(run);
  expect(run.restarts).toBeGreaterThan(0);
  expect(await readdir(folder)).toEqual(['file.bin']);
});
