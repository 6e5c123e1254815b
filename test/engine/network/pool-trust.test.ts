import { beforeEach, describe, expect, test } from 'vitest';
import { HostAddresses, resolveBySystem } from '../../../electron/engine/network/host-addresses.ts';
import { Pool } from '../../../electron/engine/network/pool.ts';
import { checkEngineOptions, type EngineOptions } from '../../../electron/engine/options.ts';
import { certificates } from '../../support/certificate.ts';
import { pace } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { watchResources } from '../../support/leaks.ts';
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
