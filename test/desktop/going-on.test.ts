/** Downloads go on: after Sluice was quit or killed, after the computer slept, after the network was away. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { RunningApp } from './running-app.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MiB = 1024 * 1024;
const source = content(41, 16 * MiB);

const add = (running: RunningApp, origin: Origin) =>
  running.call('downloads.add', { orders: [{ request: { url: origin.url('/big.bin') } }] });

async function expectArrived(running: RunningApp, size = source.size): Promise<void> {
  await expect
    .poll(() => readFile(running.file('big.bin')).then((bytes) => source.matches(bytes, 0) && bytes.length), { timeout: 60_000 })
    .toBe(size);
}

/** What a person sees of the computer's mind to sleep, of taskbar, dock and tray. */
function surroundings(running: RunningApp) {
  const { toolTip: tip, menu: [first] = [] } = running.held('tray') ?? {};
  const [awake = [], badge, progress] = [running.held('awake'), running.held('badge'), running.held('progress') ?? -1];
  return { awake, badge, progress, tip, state: first?.label };
}
const quiet = {
  awake: [],
  badge: 0,
  progress: -1,
  tip: 'Sluice: Nothing is being downloaded',
  state: 'Nothing is being downloaded',
};

describe('after an end in the middle', () => {
  test.each(['quit', 'shutdown', 'killed'] as const)('%s: at the next start it goes on with what is there', async (how) => {
    await using origin = await startOrigin({ content: source, bytesPerSecond: MiB / 2 });
    await using running = await RunningApp.start();
    await running.page();
    await add(running, origin);
    await origin.until(() => origin.bytesSent > 6 * MiB);
    if (how === 'quit') expect(await running.app.quit()).toBe(0);
    else if (how === 'shutdown') {
      // The system ends its session.
      await running.app.evaluate(({ powerMonitor }) => void powerMonitor.emit('shutdown'));
      expect(await running.app.ended).toBe(0);
    } else {
      running.app.child.kill('SIGKILL');
      expect(await running.app.ended).toBe('SIGKILL');
    }
    const asked = origin.requests.length;
    await running.start({ args: ['--hidden'] });
    await origin.until(() => origin.requests.length > asked);
    await expectArrived(running);
    // Nobody touched the window or the list: it went on by itself, and a kill costs a moment's bytes at most.
    expect(running.app.windows()).toEqual([]);
    expect(origin.bytesSent).toBeLessThan(source.size + 8 * MiB);
    expect(origin.requests.slice(asked).every(({ headers }) => headers.range !== undefined)).toBe(true);
  });
});

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s saves what runs and ends with 0 in two seconds', async (signal) => {
    await using origin = await startOrigin({ content: source, bytesPerSecond: 2 * MiB });
    await using running = await RunningApp.start();
    await running.page();
    await add(running, origin);
    await origin.until(() => origin.bytesSent > 2 * MiB);
    const begun = performance.now();
    // As a session ends: its shutdown and signals come together, and none cuts short what another began.
    await running.app.evaluate(({ powerMonitor }) => void setImmediate(() => powerMonitor.emit('shutdown')));
    running.app.child.kill(signal);
    running.app.child.kill(signal);
    expect(await running.app.ended).toBe(0);
    expect(performance.now() - begun).toBeLessThan(2000);
    const names = readdirSync(running.folder.file('data'));
    const stored = names
      .filter((name) => /^downloads-\d+\.json$/.test(name))
      .flatMap((name) => Object.values(JSON.parse(readFileSync(running.folder.file('data', name), 'utf8')).rows as object));
    expect(stored).toEqual([expect.objectContaining({ doneBytes: expect.any(Number) })]);
    expect((stored[0] as { doneBytes: number }).doneBytes).toBeGreaterThan(MiB);
    expect(names.filter((name) => name === 'lock' || name === 'mistakes.log')).toEqual([]);
  });
});

describe('after the connection was no use', () => {
  /** The host asks for a wait that no test outlives: only who is woken comes before it is over. */
  const busy = { on: { request: 1 }, answer: status(503, { headers: [['Retry-After', '900']] }) } as const;

  test.each([
    ['the computer slept', ({ powerMonitor }: typeof import('electron')) => void powerMonitor.emit('resume')],
    [
      'the network was away',
      (_: unknown, __: unknown, desk: { isOnline: boolean }) => {
        let looks = 0;
        Object.defineProperty(desk, 'isOnline', { get: () => ++looks > 1 });
      },
    ],
  ])('%s: what waits tries at once', async (_what, happen) => {
    await using origin = await startOrigin({ content: content(42, MiB), faults: [busy] });
    await using running = await RunningApp.start({ args: ['--hidden'] });
    await add(running, origin);
    const state = async () => (await running.call('downloads.snapshot', { offset: 0, limit: 10 })).rows[0]?.state;
    await expect.poll(state).toBe('waiting');
    await running.app.evaluate(happen as () => void);
    await expect
      .poll(
        () =>
          readFile(running.file('big.bin')).then(
            ({ length }) => length,
            () => 0,
          ),
        { timeout: 20_000 },
      )
      .toBe(MiB);
  });

  test('it slept in the middle, and every connection died meanwhile', async () => {
    await using origin = await startOrigin({ content: source, bytesPerSecond: MiB });
    await using running = await RunningApp.start({ args: ['--hidden'] });
    await add(running, origin);
    await origin.until(() => origin.bytesSent > 4 * MiB);
    running.app.child.kill('SIGSTOP');
    origin.dropConnections('rst');
    running.app.child.kill('SIGCONT');
    await running.app.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
    await expectArrived(running);
    expect(origin.bytesSent).toBeLessThan(source.size * 1.5);
  });
});

test('while it downloads the computer stays awake, and taskbar, dock and tray show how far it is', async () => {
  await using origin = await startOrigin({ content: source, bytesPerSecond: MiB / 2 });
  await using running = await RunningApp.start();
  await running.page();
  expect(surroundings(running)).toEqual(quiet);
  await add(running, origin);
  await origin.until(() => origin.bytesSent > 4 * MiB);
  await expect.poll(() => surroundings(running).progress).toBeGreaterThan(0.1);
  const { awake, badge, progress, tip, state } = surroundings(running);
  // The screen may go dark.
  expect({ awake, badge }).toEqual({ awake: ['prevent-app-suspension'], badge: 1 });
  expect(progress).toBeLessThan(1);
  expect(state).toMatch(/^1 running, [\d.]+ MiB\/s$/);
  expect(tip).toBe(`Sluice: ${state}`);
  const { desktop } = await running.call('settings.read');
  await running.call('settings.write', { desktop: { ...desktop, keepAwake: false } });
  await expect.poll(() => surroundings(running).awake).toEqual([]);
  await running.call('settings.write', { desktop });
  await expect.poll(() => surroundings(running).awake).toHaveLength(1);
  await expectArrived(running);
  await expect.poll(() => surroundings(running)).toEqual(quiet);
});
