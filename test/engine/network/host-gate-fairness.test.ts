import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { DownloadError } from '../../../electron/engine/errors.ts';
import { HostGate } from '../../../electron/engine/network/host-gate.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { PermitHolder, settled } from '../../support/permit-holder.ts';

const busy = new DownloadError('E_HTTP_429', 'the server answered 429');

let clock: ManualClock;
let gate: HostGate;

beforeEach(() => {
  clock = new ManualClock();
  gate = new HostGate(clock, 16);
});

const newOwner = (): PermitHolder => new PermitHolder(gate, clock);

test('who has fewest connections is served first, then who waits longest', async () => {
  const [rich, poor, late] = [newOwner(), newOwner(), newOwner()];
  await rich.serve(14);
  await poor.serve(2);
  rich.ask(1);
  poor.ask(2);
  late.ask(2);
  const order: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    rich.release(1);
    await settled();
    order.push([poor.permits.length, late.permits.length].join('+'));
  }
  expect(order).toEqual(['2+1', '2+2', '3+2', '4+2']);
});

test('one with several connections has to yield only to one that has none and cannot have any', async () => {
  const [rich, poor] = [newOwner(), newOwner()];
  await rich.serve(15);
  expect(gate.shouldYield(rich)).toBe(false);
  poor.ask();
  await settled();
  // There was room for it.
  expect([poor.permits.length, gate.shouldYield(rich)]).toEqual([1, false]);
  poor.ask();
  expect([gate.shouldYield(rich), gate.shouldYield(poor)]).toEqual([false, false]);
  const third = newOwner();
  third.ask();
  expect([gate.shouldYield(rich), gate.shouldYield(poor)]).toEqual([true, false]);
  rich.release(1);
  await settled();
  expect([third.permits.length, gate.shouldYield(rich)]).toEqual([1, false]);
});

test('a learnt cap is shared in the same way', async () => {
  const [rich, poor] = [newOwner(), newOwner()];
  await rich.serve(2);
  poor.ask();
  await settled();
  gate.refuse();
  poor.release();
  poor.ask();
  expect(gate.shouldYield(rich)).toBe(true);
  rich.release(1);
  await clock.advanceSettled(1000);
  expect([rich.permits.length, poor.permits.length, gate.shouldYield(rich)]).toEqual([1, 1, false]);
});

test('whatever comes, no bound is passed and nothing is left in the end', async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('ask' as const), who: fc.nat(3) }),
    fc.record({ type: fc.constant('leave' as const), who: fc.nat(3) }),
    fc.record({ type: fc.constant('serve' as const), who: fc.nat(3) }),
    fc.record({ type: fc.constant('release' as const), who: fc.nat(3) }),
    fc.record({ type: fc.constant('refuse' as const), who: fc.nat(3) }),
    fc.record({ type: fc.constant('close' as const), who: fc.nat(3) }),
    fc.record({ type: fc.constant('pass' as const), who: fc.nat(3) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      clock = new ManualClock();
      gate = new HostGate(clock, 6);
      const owners = Array.from({ length: 4 }, () => newOwner());
      const patience = owners.map(() => new AbortController());
      for (const { type, who } of steps) {
        const owner = owners[who] as PermitHolder;
        const before = owners.map(({ permits }) => permits.length);
        if (type === 'ask') owner.ask(1, false, patience[who]?.signal);
        else if (type === 'leave') {
          patience[who]?.abort();
          patience[who] = new AbortController();
        } else if (type === 'serve') for (const permit of owner.permits) permit.noteServed(true);
        else if (type === 'release') owner.release(1);
        else if (type === 'refuse') gate.refuse();
        else if (type === 'close') gate.closeFor(3000, busy);
        await clock.advanceSettled(type === 'pass' ? 20_000 : 0);
        const held = owners.reduce((sum, { permits }) => sum + permits.length, 0);
        expect(gate.heldInAll).toBe(held);
        expect(held).toBeLessThanOrEqual(6);
        // Beyond the cap only one at a time begins, and only as a trial or before the cap was learnt.
        if (type !== 'pass' && held > gate.cap) expect(held).toBeLessThanOrEqual(before.reduce((a, b) => a + b) + 1);
      }
      for (const controller of patience) controller.abort();
      await settled();
      for (const owner of owners) owner.release();
      expect([gate.heldInAll, clock.pendingTimers]).toEqual([0, 0]);
    }),
    { numRuns: 300 },
  );
});
