import { beforeEach, describe, expect, test } from 'vitest';
import { DownloadError } from '../../electron/engine/errors.ts';
import { checkEngineOptions, type EngineOptions } from '../../electron/engine/options.ts';
import { type Loan, Pool } from '../../electron/engine/pool.ts';
import type { ConnectionTarget } from '../../electron/engine/route.ts';
import { certificates } from '../support/certificate.ts';
import { header, pace } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { watchResources } from '../support/leaks.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type Origin, type OriginOptions, startOrigin } from '../support/origin.ts';

const never = new AbortController().signal;
const small = content(1, 1000);

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

const newPool = (options: Partial<EngineOptions> = {}): Pool => new Pool(clock, checkEngineOptions(options));
const origin = (options: Partial<OriginOptions> = {}): Promise<Origin> => startOrigin({ content: small, ...options });
const target = (at: Origin, tls: ConnectionTarget['tls'] = {}): ConnectionTarget => ({ url: new URL(at.url()), tls });

interface Wish {
  readonly fresh?: boolean;
  readonly owner?: object;
  readonly signal?: AbortSignal;
}

async function lend(pool: Pool, to: ConnectionTarget, { fresh = false, owner = {}, signal = never }: Wish = {}): Promise<Loan> {
  const permit = await pool.permit(to, owner, { fresh, signal });
  return await pool.lend(to, permit, { timeoutMs: 5000, fresh, signal });
}

/** One whole exchange; the status. */
function ask({ connection }: Loan, { url }: ConnectionTarget): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    connection.send(
      { url, method: 'GET', headers: [] },
      {
        readAtMost: () => Number.POSITIVE_INFINITY,
        onAnswer: (status) => {
          answered = status;
        },
        onBytes: () => {},
        onEnd: () => resolve(answered),
        onTrouble: reject,
      },
    );
  });
}

/** Lends, asks and gives back warm. */
async function use(pool: Pool, to: ConnectionTarget, wish?: Wish): Promise<Loan> {
  const loan = await lend(pool, to, wish);
  expect(await ask(loan, to)).toBe(200);
  loan.giveBack(true);
  return loan;
}

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

describe('trust', () => {
  test('a connection made without checking the certificate is never lent to one who wants it checked', async () => {
    const { 'self-signed': identity, ca } = await certificates();
    await using server = await origin({ tls: identity });
    const pool = newPool();
    const careless = target(server, { insecure: true });
    await use(pool, careless);
    for (const careful of [target(server), target(server, { ca })]) {
      expect(pool.hasWarm(careful)).toBe(false);
      await expect(lend(pool, careful)).rejects.toMatchObject({ kind: 'certificate', code: 'E_TLS' });
    }
    expect(pool.hasWarm(careless)).toBe(true);
    expect(pool.gate(careless).heldInAll).toBe(0);
    pool.closeIdle();
  });

  test('nor one that another authority vouched for, nor its TLS session', async () => {
    const { good, ca } = await certificates();
    await using server = await origin({ tls: good });
    const pool = newPool();
    const trusting = target(server, { ca });
    for (let times = 0; times < 3; times += 1) await use(pool, trusting, { fresh: true });
    await expect(lend(pool, target(server))).rejects.toMatchObject({ kind: 'certificate' });
    const again = await lend(pool, trusting);
    expect(again.isWarm).toBe(true);
    again.giveBack(false);
    pool.closeIdle();
  });

  test('connections of one trust count with those of another at their host', async () => {
    const { good, ca } = await certificates();
    await using server = await origin({ tls: good });
    const pool = newPool({ connectionsPerHost: 1 });
    const first = await use(pool, target(server, { ca }));
    const second = await use(pool, target(server, { insecure: true }));
    expect([first.connection.isOpen, second.connection.isOpen, pool.openConnections]).toEqual([false, true, 1]);
    pool.closeIdle();
  });

  test('nor is one of another scheme, name or port of the same machine', async () => {
    await using one = await origin();
    await using other = await origin();
    const pool = newPool();
    await use(pool, target(one));
    const named = { url: new URL(one.url('/', 'localhost')), tls: {} };
    expect([pool.hasWarm(target(one)), pool.hasWarm(target(other)), pool.hasWarm(named)]).toEqual([true, false, false]);
    pool.closeIdle();
  });
});

describe('nothing is left behind', () => {
  test('by connections that were used, idle, refused or forgotten', async () => {
    const watch = watchResources();
    {
      await using server = await origin();
      const pool = newPool();
      await use(pool, target(server));
      await use(pool, target(server), { fresh: true });
      const gone = new URL(server.url());
      server.stopListening();
      const refused = { url: gone, tls: {} };
      await expect(lend(pool, refused, { fresh: true })).rejects.toMatchObject({ kind: 'unreachable', code: 'E_CONNECT' });
      expect([pool.openConnections, pool.gate(refused).heldInAll]).toEqual([2, 0]);
      pool.forget();
      expect([pool.openConnections, pool.sweep()]).toEqual([0, false]);
    }
    await watch.expectNone();
    expect(clock.pendingTimers).toBe(0);
  });

  test('by one that is stopped or too late while it connects', async () => {
    const { good } = await certificates();
    const watch = watchResources();
    {
      await using server = await origin({ tls: good, faults: [{ on: {}, times: 2, atLeast: 2, accept: 'silence' }] });
      const pool = newPool();
      const stop = new AbortController();
      const stopped = lend(pool, target(server), { signal: stop.signal });
      await server.until(() => server.connections === 1);
      stop.abort();
      await expect(stopped).rejects.toMatchObject({ kind: 'aborted' });
      const late = lend(pool, target(server));
      await server.until(() => server.connections === 2);
      await Promise.all([clock.advanceSettled(10_000), expect(late).rejects.toMatchObject({ code: 'E_TIMEOUT' })]);
      expect([pool.openConnections, pool.gate(target(server)).heldInAll]).toEqual([0, 0]);
    }
    await watch.expectNone();
    expect(clock.pendingTimers).toBe(0);
  });

  test('by one whose exchange is broken off', async () => {
    const watch = watchResources();
    {
      await using server = await origin({ content: content(1, 1_000_000), faults: [{ on: {}, answer: pace(1000) }] });
      const pool = newPool();
      const loan = await lend(pool, target(server));
      const broken = ask(loan, target(server));
      await server.until(() => server.bytesSent > 0);
      loan.giveBack(false);
      await expect(broken).rejects.toMatchObject({ name: 'TransportError' });
      await server.until(() => server.openConnections === 0);
      expect(pool.openConnections).toBe(0);
    }
    await watch.expectNone();
  });

  test('by a wait for a permit that is given up', async () => {
    await using server = await origin();
    const pool = newPool({ connectionsPerHost: 1 });
    const loan = await lend(pool, target(server));
    const stop = new AbortController();
    const waiting = lend(pool, target(server), { signal: stop.signal });
    stop.abort();
    await expect(waiting).rejects.toBeDefined();
    loan.giveBack(false);
    expect(pool.gate(target(server)).heldInAll).toBe(0);
  });
});
