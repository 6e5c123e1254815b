import { beforeEach, describe, expect, test } from 'vitest';
import { DownloadError } from '../../../electron/engine/errors.ts';
import { HostAddresses, resolveBySystem } from '../../../electron/engine/network/host-addresses.ts';
import { Pool } from '../../../electron/engine/network/pool.ts';
import { checkEngineOptions, type EngineOptions } from '../../../electron/engine/options.ts';
import { header } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { ask, lend, target, use } from '../../support/lending.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { type Origin, type OriginOptions, startOrigin } from '../../support/origin.ts';

const small = content(1, 1000);

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

const newPool = (options: Partial<EngineOptions> = {}): Pool =>
  new Pool(clock, checkEngineOptions(options), new HostAddresses(clock, resolveBySystem));
const origin = (options: Partial<OriginOptions> = {}): Promise<Origin> => startOrigin({ content: small, ...options });

const settled = () => new Promise(setImmediate);

describe('a connection given back', () => {
  test('is lent again while warm', async () => {
    await using server = await origin();
    const pool = newPool();
    const first = await use(pool, target(server));
    expect([first.isWarm, pool.hasWarm(target(server)), pool.openConnections]).toEqual([false, true, 1]);
    const second = await lend(pool, target(server));
    expect([second.isWarm, second.connection === first.connection]).toEqual([true, true]);
    expect(await ask(second, target(server))).toBe(200);
    second.giveBack(true);
    expect(server.connections).toBe(1);
    pool.closeIdle();
  });

  test('goes to whoever asks next, the one used last first', async () => {
    await using server = await origin();
    const pool = newPool();
    const [early, late] = [await lend(pool, target(server)), await lend(pool, target(server))];
    for (const loan of [late, early]) await ask(loan, target(server));
    early.giveBack(true);
    late.giveBack(true);
    const next = await lend(pool, target(server), { owner: {} });
    expect(next.connection).toBe(late.connection);
    next.giveBack(false);
    pool.closeIdle();
  });

  test('unfit for another exchange is closed, and its place is free', async () => {
    await using server = await origin();
    const pool = newPool({ connectionsPerHost: 1 });
    const loan = await lend(pool, target(server));
    await ask(loan, target(server));
    loan.giveBack(false);
    loan.giveBack(true);
    expect([pool.openConnections, pool.hasWarm(target(server)), pool.gate(target(server)).heldInAll]).toEqual([0, false, 0]);
    await server.until(() => server.openConnections === 0);
    await use(pool, target(server));
    expect(server.connections).toBe(2);
    pool.closeIdle();
  });

  test('is passed over where a fresh one is wanted', async () => {
    await using server = await origin();
    const pool = newPool();
    await use(pool, target(server));
    const fresh = await lend(pool, target(server), { fresh: true });
    expect([fresh.isWarm, server.connections, pool.openConnections]).toEqual([false, 2, 2]);
    fresh.giveBack(false);
    pool.closeIdle();
  });

  test('that the server closed meanwhile is not lent', async () => {
    await using server = await origin();
    const pool = newPool();
    const { connection } = await use(pool, target(server));
    server.dropConnections('fin');
    while (connection.isOpen) await settled();
    expect(pool.hasWarm(target(server))).toBe(false);
    expect(pool.sweep()).toBe(false);
    expect(pool.openConnections).toBe(0);
  });
});

describe('an idle connection', () => {
  test('is closed after the delay, by a sweep that is asked for only while there is one', async () => {
    await using server = await origin();
    const pool = newPool({ idleConnectionMs: 4000 });
    let wakes = 0;
    pool.onIdle = () => {
      wakes += 1;
    };
    const loans = [await lend(pool, target(server)), await lend(pool, target(server))];
    for (const loan of loans) await ask(loan, target(server));
    for (const loan of loans) loan.giveBack(true);
    expect(wakes).toBe(1);
    clock.advance(3999);
    expect([pool.sweep(), pool.openConnections]).toEqual([true, 2]);
    clock.advance(1);
    // Too old to be lent, swept or not.
    expect(pool.hasWarm(target(server))).toBe(false);
    expect([pool.sweep(), pool.openConnections]).toEqual([false, 0]);
    await server.until(() => server.openConnections === 0);
    await use(pool, target(server));
    expect(wakes).toBe(2);
    pool.closeIdle();
  });

  test.each([
    ['timeout=5, max=100', 3000],
    ['timeout=60', 4000],
    ['timeout=2', 0],
    ['timeout=0', 0],
    ['max=10', 4000],
  ])('is closed two seconds before the server would, by its hint %j', async (hint, keptMs) => {
    const faults = [{ on: {}, answer: header('Keep-Alive', hint) }];
    await using server = await origin({ faults });
    const pool = newPool({ idleConnectionMs: 4000 });
    await use(pool, target(server));
    expect(pool.hasWarm(target(server))).toBe(keptMs > 0);
    clock.advance(Math.max(0, keptMs - 1));
    expect(pool.sweep()).toBe(keptMs > 0);
    clock.advance(1);
    expect([pool.sweep(), pool.openConnections]).toEqual([false, 0]);
  });

  test('is not kept at all with a delay of none', async () => {
    await using server = await origin();
    const pool = newPool({ idleConnectionMs: 0 });
    await use(pool, target(server));
    expect(pool.openConnections).toBe(0);
  });
});

describe('bounds', () => {
  test('per host: one more waits until one is given back', async () => {
    await using server = await origin();
    const pool = newPool({ connectionsPerHost: 2 });
    const loans = [await lend(pool, target(server)), await lend(pool, target(server))];
    let isLent = false;
    const third = lend(pool, target(server)).then((loan) => {
      isLent = true;
      return loan;
    });
    for (let turn = 0; turn < 20; turn += 1) await settled();
    expect([isLent, server.connections]).toEqual([false, 2]);
    loans[0]?.giveBack(false);
    (await third).giveBack(false);
    loans[1]?.giveBack(false);
    expect(pool.openConnections).toBe(0);
  });

  test('per host: an idle connection makes room for a fresh one', async () => {
    await using server = await origin();
    const pool = newPool({ connectionsPerHost: 2 });
    const loans = [await lend(pool, target(server)), await lend(pool, target(server))];
    for (const loan of loans) {
      await ask(loan, target(server));
      loan.giveBack(true);
    }
    const fresh = await lend(pool, target(server), { fresh: true });
    expect(pool.openConnections).toBe(2);
    // The one that was idle longest went.
    expect(loans.map(({ connection }) => connection.isOpen)).toEqual([false, true]);
    fresh.giveBack(false);
    pool.closeIdle();
  });

  test('in all: over all hosts, with the oldest idle one making room wherever it is', async () => {
    await using one = await origin();
    await using other = await origin({ host: '127.0.0.2' });
    const pool = newPool({ connectionsInAll: 2 });
    const oldest = await use(pool, target(one));
    clock.advance(10);
    await use(pool, target(other));
    expect(pool.openConnections).toBe(2);
    const fresh = await lend(pool, target(other), { fresh: true });
    expect([pool.openConnections, oldest.connection.isOpen]).toEqual([2, false]);
    const warm = await lend(pool, target(other));
    expect([warm.isWarm, pool.openConnections]).toEqual([true, 2]);
    const third = lend(pool, target(one));
    for (let turn = 0; turn < 20; turn += 1) await settled();
    expect(one.connections).toBe(1);
    warm.giveBack(false);
    (await third).giveBack(false);
    fresh.giveBack(false);
    expect(pool.openConnections).toBe(0);
  });

  test('in all: who has several yields to one that has none, on whatever host', async () => {
    await using one = await origin();
    await using other = await origin({ host: '127.0.0.2' });
    const pool = newPool({ connectionsInAll: 2 });
    const [rich, poor] = [{}, {}];
    const loans = [await lend(pool, target(one), { owner: rich }), await lend(pool, target(one), { owner: rich })];
    expect(pool.shouldYield(target(one), rich)).toBe(false);
    const waiting = lend(pool, target(other), { owner: poor });
    await settled();
    expect([pool.shouldYield(target(one), rich), pool.shouldYield(target(other), poor)]).toEqual([true, false]);
    loans[0]?.giveBack(false);
    const loan = await waiting;
    expect(pool.shouldYield(target(one), rich)).toBe(false);
    loan.giveBack(false);
    loans[1]?.giveBack(false);
  });

  test('a host that asks to be left alone is, though it has a warm connection', async () => {
    await using server = await origin();
    const pool = newPool();
    await use(pool, target(server));
    pool.gate(target(server)).closeFor(3000, new DownloadError('E_HTTP_429', 'the server answered 429'));
    let isLent = false;
    const next = lend(pool, target(server)).then((loan) => {
      isLent = true;
      return loan;
    });
    await clock.advanceSettled(2999);
    expect(isLent).toBe(false);
    await clock.advanceSettled(1);
    const loan = await next;
    expect(loan.isWarm).toBe(true);
    loan.giveBack(false);
  });
});
