/** Section D of the fault catalogue: what a name means, and whom a certificate convinces. */
import type { LookupAddress } from 'node:dns';
import { expect, test } from 'vitest';
import { systemClock } from '../../../electron/engine/clock.ts';
import { HostAddresses } from '../../../electron/engine/network/host-addresses.ts';
import { openSocket, peerOf } from '../../../electron/engine/network/socket.ts';
import { blackHole } from '../../support/black-hole.ts';
import { certificates } from '../../support/certificate.ts';
import { stall } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { MiB, startRig } from '../../support/fetching.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { startOrigin } from '../../support/origin.ts';

const v4 = (address: string): LookupAddress => ({ address, family: 4 });
const v6 = (address: string): LookupAddress => ({ address, family: 6 });

test('F72: a dead IPv6 address costs its attempt once; from then on IPv4 is asked first, and the name is resolved once', async () => {
  let questions = 0;
  await using rig = await startRig({
    content: content(72, 16 * MiB),
    bytesPerSecond: 4 * MiB,
    resolveName: (_name, settle) => {
      questions += 1;
      settle(null, [v6('::1'), v4('127.0.0.1')]);
    },
  });
  using hole = await blackHole('::1', rig.origin.port);
  // What is measured is the system's own attempt, in real time.
  rig.clock.busy(() => true);
  expect(hole.port).toBe(rig.origin.port);
  const run = rig.download({ connections: 4 }, { url: rig.origin.url('/file.bin', 'two-families.test') });
  const begunAt = performance.now();
  const end = run.end();
  await run.until(({ download }) => download.progress().doneBytes > 0);
  const firstMs = performance.now() - begunAt;
  await end;
  await rig.expectDone(run);
  expect(firstMs).toBeGreaterThan(900);
  // Each connection after the first has told how long its connecting took.
  const others = rig.origin.requests.filter(({ connection }) => connection > 1).map(({ at }) => at);
  expect(others.length).toBeGreaterThan(0);
  expect(Math.min(...others) - (rig.origin.requests[0]?.at ?? 0)).toBeLessThan(900);
  expect(questions).toBe(1);
});

test('F75: a name that moves leads new connections to its new address after a minute; the old ones live on', async () => {
  let address = '127.0.0.1';
  let questions = 0;
  const clock = new ManualClock();
  const addresses = new HostAddresses(clock, (_name, settle) => {
    questions += 1;
    settle(null, [v4(address)]);
  });
  await using before = await startOrigin({ content: content(75, MiB) });
  await using after = await startOrigin({ content: content(75, MiB), host: '127.0.0.2', port: before.port });
  const open = () =>
    openSocket(peerOf(new URL(before.url('/', 'moving.test'))), {}, { clock, addresses, timeoutMs: 5000, signal });
  const { signal } = new AbortController();
  const old = await open();
  address = '127.0.0.2';
  const soon = await open();
  expect([old.remoteAddress, soon.remoteAddress]).toEqual(['127.0.0.1', '127.0.0.1']);
  expect(questions).toBe(1);
  clock.advance(60_000);
  const late = await open();
  expect(late.remoteAddress).toBe('127.0.0.2');
  expect(questions).toBe(2);
  expect(old.destroyed || old.readableEnded).toBe(false);
  for (const socket of [old, soon, late]) socket.destroy();
  await after.until(() => after.connections === 1);
});

test('a host none of whose addresses answers is asked for again at the next attempt, a question on its way is shared', async () => {
  const questions: string[] = [];
  const settles: (() => void)[] = [];
  const addresses = new HostAddresses(systemClock, (name, settle) => {
    questions.push(name);
    settles.push(() => settle(null, [v4('127.0.0.1')]));
  });
  const find = () => new Promise((resolve) => addresses.lookup('h.test', { all: true }, (_error, found) => resolve(found)));
  const both = [find(), find()];
  for (const settle of settles.splice(0)) settle();
  expect(await Promise.all(both)).toEqual([[v4('127.0.0.1')], [v4('127.0.0.1')]]);
  await find();
  expect(questions).toHaveLength(1);
  addresses.noteUnreachable('h.test');
  const again = find();
  for (const settle of settles.splice(0)) settle();
  await again;
  expect(questions).toHaveLength(2);
});

test('F87: a certificate that turns bad on the way ends the download, and what has come is kept', async () => {
  const { good, expired, ca } = await certificates();
  await using rig = await startRig({
    content: content(87, 16 * MiB),
    tls: (connection) => (connection === 1 ? good : expired),
    bytesPerSecond: 4 * MiB,
    faults: [{ on: { request: 1 }, answer: stall(2 * MiB) }],
  });
  const run = rig.download({ connections: 2 }, { ca });
  await run.end();
  expect(run.code).toBe('E_TLS');
  expect(run.download.progress().doneBytes).toBeGreaterThan(0);
  expect(rig.origin.requests.every(({ connection }) => connection === 1)).toBe(true);
});
