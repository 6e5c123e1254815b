import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { DiskEffect } from './disk-faults.ts';
import { FailingDisk } from './failing-disk.ts';
import { ManualClock } from './manual-clock.ts';
import { tempDirectory } from './temp.ts';

const data = Buffer.from('0123456789');

describe('FailingDisk', () => {
  test('without a plan is the disk, counts handles and keeps a log', async () => {
    await using directory = await tempDirectory();
    await using disk = new FailingDisk();
    const path = directory.file('a');
    const file = await disk.open(path, 'create');
    expect(disk.openHandles).toBe(1);
    expect(await file.writev([data, data], 5)).toBe(20);
    await file.datasync();
    await file.close();
    expect([disk.openHandles, disk.pending]).toEqual([0, 0]);
    expect(disk.log.map(({ operation }) => operation)).toEqual(['open', 'writev', 'datasync', 'close']);
    expect((await readFile(path)).length).toBe(25);
    disk.spaceOverride = { free: 7 };
    expect((await disk.space(directory.path)).free).toBe(7);
    expect(await disk.list(directory.path)).toEqual(['a']);
  });

  test.each<[string, DiskEffect, string]>([
    ['writes short', { shortBytes: 3 }, '012'],
    ['flips a bit', { flipBit: true }, '0123446789'],
  ])('%s', async (_name, effect, expected) => {
    await using directory = await tempDirectory();
    await using disk = new FailingDisk([{ on: { operation: 'writev' }, do: effect }]);
    const file = await disk.open(directory.file('a'), 'create');
    expect(await file.writev([data], 0)).toBe(expected.length);
    await file.close();
    expect(await readFile(directory.file('a'), 'utf8')).toBe(expected);
  });

  test('fails from a byte on, for the paths named, until it heals', async () => {
    await using directory = await tempDirectory();
    await using disk = new FailingDisk([
      { on: { operation: 'writev', path: /\.part$/, afterBytes: 15 }, times: Number.POSITIVE_INFINITY, do: { error: 'ENOSPC' } },
    ]);
    const other = await disk.open(directory.file('a.ckpt'), 'create');
    for (let round = 0; round < 5; round += 1) await other.writev([data], round * 10);
    const part = await disk.open(directory.file('a.part'), 'create');
    await part.writev([data], 0);
    await expect(part.writev([data], 10)).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(part.writev([data], 10)).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.heal();
    expect(await part.writev([data], 10)).toBe(10);
    await part.close();
    await other.close();
  });

  test('fails the n-th time, delays by the clock and hangs until released', async () => {
    await using directory = await tempDirectory();
    const clock = new ManualClock();
    await using disk = new FailingDisk(
      [
        { on: { operation: 'link', nth: 2 }, do: { error: 'EBUSY' } },
        { on: { operation: 'rename' }, do: { delayMs: 5000 } },
        { on: { operation: 'datasync' }, do: { hang: true } },
      ],
      { clock },
    );
    const file = await disk.open(directory.file('a'), 'create');
    const synced = file.datasync();
    await disk.whenHanging();
    expect([disk.hanging, disk.pending]).toEqual([1, 0]);
    disk.release();
    await synced;
    await file.close();
    await disk.link(directory.file('a'), directory.file('b'));
    await expect(disk.link(directory.file('a'), directory.file('c'))).rejects.toMatchObject({ code: 'EBUSY' });
    await disk.link(directory.file('a'), directory.file('c'));
    const renamed = disk.rename(directory.file('c'), directory.file('d'));
    expect(clock.pendingTimers).toBe(1);
    clock.advance(5000);
    await renamed;
  });

  test('disposing fails for a fault that never fired', async () => {
    const disk = new FailingDisk([{ on: { operation: 'truncate' }, do: { error: 'EIO' } }]);
    await expect(disk[Symbol.asyncDispose]()).rejects.toThrow("never fired: { operation: 'truncate' } → { error: 'EIO' }");
  });
});
