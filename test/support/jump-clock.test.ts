import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../electron/engine/clock.ts';
import { pace, stall } from './changes.ts';
import { content } from './content.ts';
import { FailingDisk } from './failing-disk.ts';
import { JumpClock } from './jump-clock.ts';
import { watchResources } from './leaks.ts';
import { ManualClock } from './manual-clock.ts';
import { startOrigin } from './origin.ts';
import { ask } from './raw-client.ts';
import { tempDirectory } from './temp.ts';

const sleep = (clock: Clock, ms: number) => new Promise<void>((resolve) => clock.setTimer(resolve, ms));
const mib = 1024 * 1024;

describe('JumpClock', () => {
  test('a back-off of a minute takes well under a second and ends to the millisecond', async () => {
    using clock = new JumpClock();
    const realStart = performance.now();
    const start = clock.now();
    await sleep(clock, 60_000);
    expect(clock.now() - start).toBeGreaterThanOrEqual(60_000);
    expect(clock.now() - start).toBeLessThan(60_005);
    expect(performance.now() - realStart).toBeLessThan(1000);
  });

  test('ten minutes of a periodic timer are cheap, as once it is quiet it stays so', async () => {
    using clock = new JumpClock();
    const realStart = performance.now();
    let ticks = 0;
    const tick = () => {
      ticks += 1;
      clock.setTimer(tick, 250);
    };
    clock.setTimer(tick, 250);
    await sleep(clock, 600_000);
    expect(ticks).toBeGreaterThan(2390);
    expect(performance.now() - realStart).toBeLessThan(2000);
  });

  test('does not jump while bytes flow', async () => {
    using clock = new JumpClock();
    await using origin = await startOrigin({ content: content(1, 256 * mib), clock });
    let isTimedOut = false;
    clock.setTimer(() => {
      isTimedOut = true;
    }, 60_000);
    await ask(origin.port, { headers: ['Connection: close', 'Range: bytes=0-134217727'] });
    expect(origin.bytesSent).toBe(128 * mib);
    expect(isTimedOut).toBe(false);
    expect(clock.jumpedMs).toBeLessThan(1000);
  });

  test('does not jump while files are read and written, or while somebody is busy', async () => {
    using clock = new JumpClock();
    await using directory = await tempDirectory();
    let isTimedOut = false;
    clock.setTimer(() => {
      isTimedOut = true;
    }, 10_000);
    const bytes = Buffer.alloc(32 * mib);
    for (let round = 0; round < 3; round += 1) {
      await writeFile(directory.file('a'), bytes);
      await readFile(directory.file('a'));
    }
    expect(isTimedOut).toBe(false);
    let isBusy = true;
    const end = clock.busy(() => isBusy);
    await new Promise((resolve) => execFile('sleep', ['0.2'], resolve));
    expect(isTimedOut).toBe(false);
    isBusy = false;
    end();
    await sleep(clock, 10_000);
    expect(isTimedOut).toBe(true);
  });

  test('a paced body takes its virtual time to the percent and little real time', async () => {
    using clock = new JumpClock();
    await using origin = await startOrigin({ content: content(1, 16 * mib), clock, faults: [{ on: {}, answer: pace(mib) }] });
    const [start, realStart] = [clock.now(), performance.now()];
    const { body } = await ask(origin.port, { headers: ['Connection: close'] });
    expect(body.length).toBe(16 * mib);
    expect(clock.now() - start).toBeGreaterThan(15_900);
    expect(clock.now() - start).toBeLessThan(16_300);
    expect(performance.now() - realStart).toBeLessThan(4000);
  });

  test('eight paced connections share it', async () => {
    using clock = new JumpClock();
    await using origin = await startOrigin({ content: content(1, 4 * mib), clock, bytesPerSecond: mib });
    const start = clock.now();
    await Promise.all(Array.from({ length: 8 }, () => ask(origin.port, { headers: ['Connection: close'] })));
    expect(clock.now() - start).toBeGreaterThan(3900);
    expect(clock.now() - start).toBeLessThan(5500);
    expect(clock.jumpedMs).toBeGreaterThan(1000);
    expect(origin.maxStreams).toBe(8);
  });

  test('a silent stream is jumped over', async () => {
    using clock = new JumpClock();
    await using origin = await startOrigin({
      content: content(1, 1000),
      clock,
      faults: [{ on: {}, answer: stall(10, 300_000) }],
    });
    const [start, realStart] = [clock.now(), performance.now()];
    expect((await ask(origin.port, { headers: ['Connection: close'] })).body.length).toBe(1000);
    expect(clock.now() - start).toBeGreaterThanOrEqual(300_000);
    expect(clock.now() - start).toBeLessThan(300_200);
    expect(performance.now() - realStart).toBeLessThan(1000);
  });

  test('jumps while a disk hangs, which is no activity', async () => {
    using clock = new JumpClock();
    await using directory = await tempDirectory();
    await using disk = new FailingDisk([{ on: { operation: 'open' }, do: { hang: true } }], { clock });
    const opened = disk.open(directory.file('a'), 'create');
    await disk.whenHanging();
    await sleep(clock, 120_000);
    disk.release();
    await (await opened).close();
  });

  test('disposing leaves no timer and runs none', async () => {
    const watch = watchResources(['Timeout', 'Immediate']);
    let ran = 0;
    {
      using clock = new JumpClock();
      const cancel = clock.setTimer(() => {
        ran += 1;
      }, 1);
      clock.setTimer(() => {
        ran += 1;
      }, 5000);
      cancel();
    }
    expect(watch.extra()).toEqual({});
    await new Promise(setImmediate);
    expect(ran).toBe(0);
  });

  test('a cancelled last timer leaves nothing to poll for', async () => {
    using clock = new JumpClock();
    const watch = watchResources(['Timeout', 'Immediate']);
    clock.setTimer(() => {}, 5000)();
    await watch.expectNone(100);
  });
});

test('ManualClock runs timers in order and at their instants', () => {
  const clock = new ManualClock(1000);
  const ran: string[] = [];
  clock.setTimer(() => ran.push(`b ${clock.now()}`), 20);
  clock.setTimer(() => {
    ran.push(`a ${clock.now()}`);
    clock.setTimer(() => ran.push(`c ${clock.now()}`), 15);
  }, 10);
  clock.setTimer(() => ran.push('cancelled'), 12)();
  clock.setTimer(() => ran.push(`b2 ${clock.now()}`), 20);
  clock.advance(24);
  expect([ran, clock.now(), clock.wallNow(), clock.pendingTimers]).toEqual([['a 10', 'b 20', 'b2 20'], 24, 1024, 1]);
  clock.advance(1);
  expect(ran.at(-1)).toBe('c 25');
});
