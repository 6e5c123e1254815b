import { beforeEach, describe, expect, test } from 'vitest';
import { DownloadError } from '../../../electron/engine/errors.ts';
import { HostGate } from '../../../electron/engine/network/host-gate.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { PermitHolder, settled } from '../../support/permit-holder.ts';

const busy = new DownloadError('E_HTTP_429', 'the server answered 429');
const minute = 60_000;

let clock: ManualClock;
let gate: HostGate;

beforeEach(() => {
  clock = new ManualClock();
  gate = new HostGate(clock, 16);
});

const newOwner = (): PermitHolder => new PermitHolder(gate, clock);

describe('the cap', () => {
  test('is the given limit until something is learnt, and what is over it waits for a release', async () => {
    const owner = newOwner();
    owner.ask(20);
    await settled();
    expect([owner.permits.length, gate.cap]).toEqual([16, 16]);
    owner.release(3);
    await settled();
    expect(owner.permits.length).toBe(16);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is what the host serves, over all downloads, when it refuses one more', async () => {
    const [one, other] = [newOwner(), newOwner()];
    await one.serve(2);
    await other.serve(3);
    // Two on their way count for nothing: one of them is the refused one.
    one.ask(2);
    await settled();
    gate.refuse();
    expect(gate.cap).toBe(5);
  });

  test('is one at least', async () => {
    gate.refuse();
    expect(gate.cap).toBe(1);
    const owner = newOwner();
    owner.ask(2);
    await clock.advanceSettled(1000);
    expect(owner.permits.length).toBe(1);
  });

  test('counts those on their way as far as it ever served as many, but none that was given back', async () => {
    const owner = newOwner();
    await owner.serve(4);
    owner.permits[0]?.noteServed(false);
    owner.permits[1]?.release();
    owner.permits[1]?.noteServed(true);
    owner.permits[1]?.release();
    gate.refuse();
    expect([gate.cap, gate.heldInAll]).toEqual([3, 3]);
  });

  test('never counts more than it served at once, however many are on their way', async () => {
    const owner = newOwner();
    await owner.serve(2);
    owner.ask(6);
    await settled();
    gate.refuse();
    expect([gate.cap, gate.heldInAll]).toEqual([2, 8]);
  });

  test('is not lowered by one connection lost without a word, but by the second before one more is served', async () => {
    const owner = newOwner();
    await owner.serve(4);
    expect([gate.refuse(true), gate.cap]).toEqual([false, 16]);
    // One more than ever is served: the first loss was chance, and says nothing of the next.
    await owner.serve(1);
    expect([gate.refuse(true), gate.cap]).toEqual([false, 16]);
    expect([gate.refuse(true), gate.cap]).toEqual([true, 5]);
  });

  test('once known is believed at each loss: a trial that is cut is a refused one', async () => {
    const owner = newOwner();
    await owner.serve(2);
    expect(gate.refuse()).toBe(true);
    owner.ask();
    await clock.advanceSettled(minute);
    owner.permits.pop()?.release();
    expect([gate.refuse(true), gate.cap]).toEqual([true, 2]);
  });

  test('of an extra connection: one more than were ever served at once', async () => {
    expect(gate.isOneMore).toBe(false);
    const owner = newOwner();
    await owner.serve(3);
    expect(gate.isOneMore).toBe(true);
    owner.release(1);
    expect(gate.isOneMore).toBe(false);
    owner.release();
    expect(gate.isOneMore).toBe(false);
  });

  test('is forgotten with the network', async () => {
    const owner = newOwner();
    await owner.serve(1);
    gate.refuse();
    gate.closeFor(minute, busy);
    owner.ask(5);
    gate.forget();
    await settled();
    expect([owner.permits.length, gate.cap, gate.closure]).toEqual([6, 16, undefined]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('trials beyond the cap', () => {
  /** Refuses each trial at once; the minutes between them. */
  async function refusedTrials(count: number): Promise<number[]> {
    const served = newOwner();
    await served.serve(2);
    gate.refuse();
    const waits: number[] = [];
    let last = clock.now();
    for (let n = 0; n < count; n += 1) {
      const trial = newOwner();
      trial.ask();
      while (trial.permits.length === 0) await clock.advanceSettled(1000);
      waits.push((clock.now() - last) / minute);
      last = clock.now();
      trial.release();
      gate.refuse();
      expect(gate.cap).toBe(2);
    }
    return waits;
  }

  test('come after one minute, and twice as late after each refusal, up to ten minutes', async () => {
    expect(await refusedTrials(7)).toEqual([1, 2, 4, 8, 10, 10, 10]);
  });

  test('are of one connection: nobody follows before the host has answered', async () => {
    const owner = newOwner();
    await owner.serve(2);
    gate.refuse();
    owner.ask(5);
    await clock.advanceSettled(minute);
    expect([owner.permits.length, gate.cap]).toEqual([3, 2]);
    // Refused before anybody says so: the place is not free for the next one.
    owner.permits.pop()?.release();
    await clock.advanceSettled(0);
    gate.refuse();
    await clock.advanceSettled(2 * minute - 1);
    expect(owner.permits.length).toBe(2);
    await clock.advanceSettled(1);
    expect(owner.permits.length).toBe(3);
  });

  test('that are served raise the cap, and the next comes a minute later, whatever was refused before', async () => {
    await refusedTrials(3);
    const owner = newOwner();
    owner.ask(3);
    await clock.advanceSettled(8 * minute);
    expect(owner.permits.length).toBe(1);
    owner.permits[0]?.noteServed(true);
    expect(gate.cap).toBe(3);
    await clock.advanceSettled(minute - 1);
    expect(owner.permits.length).toBe(1);
    await clock.advanceSettled(1);
    expect(owner.permits.length).toBe(2);
  });

  test('come after ten seconds where it served more before, and as soon as one is served the others follow', async () => {
    const owner = newOwner();
    await owner.serve(8);
    // Restarted: all but one are gone, and for a moment nobody is let in.
    for (const permit of owner.permits.splice(1)) permit.release();
    gate.refuse();
    expect(gate.cap).toBe(1);
    owner.ask(7);
    await clock.advanceSettled(9999);
    expect(owner.permits.length).toBe(1);
    await clock.advanceSettled(1);
    for (let served = 1; served < owner.permits.length; ) {
      owner.permits[served]?.noteServed(true);
      served += 1;
      await clock.advanceSettled(2000);
    }
    expect([owner.permits.length, gate.cap]).toEqual([8, 8]);
    expect(clock.now()).toBeLessThan(minute);
  });

  test('two refusals of one ramp are one lesson', async () => {
    const owner = newOwner();
    await owner.serve(2);
    gate.refuse();
    gate.refuse();
    owner.ask();
    await clock.advanceSettled(minute);
    expect(owner.permits.length).toBe(3);
  });
});

describe('the spacing of new connections', () => {
  /** Milliseconds between the refusal and each of `count` connections, all within the cap. */
  async function instantsAfter(refusals: number, count: number, isReuse = false): Promise<number[]> {
    const before = newOwner();
    await before.serve(8);
    for (let n = 0; n < refusals; n += 1) gate.refuse();
    before.release();
    const owner = newOwner();
    const now = clock.now();
    owner.ask(count, isReuse);
    await clock.advanceSettled(30_000);
    owner.release();
    return owner.instants.map((instant) => instant - now);
  }

  test('is none before any refusal', async () => {
    expect(await instantsAfter(0, 4)).toEqual([0, 0, 0, 0]);
  });

  test('is half a second after one refusal and doubles with each up to eight seconds', async () => {
    expect(await instantsAfter(1, 4)).toEqual([500, 1000, 1500, 2000]);
    expect((await instantsAfter(1, 3))[2]).toBe(3000);
    expect((await instantsAfter(1, 3))[2]).toBe(6000);
    for (let refusal = 0; refusal < 4; refusal += 1) await instantsAfter(1, 1);
    expect((await instantsAfter(1, 3))[2]).toBe(24_000);
  });

  test('is one lesson where several that were under way at once were refused', async () => {
    expect(await instantsAfter(6, 3)).toEqual([500, 1000, 1500]);
  });

  test('does not hold back a warm connection', async () => {
    expect(await instantsAfter(1, 3, true)).toEqual([0, 0, 0]);
  });

  test('is forgotten after ten minutes without a refusal', async () => {
    await instantsAfter(3, 1);
    clock.advance(10 * minute);
    expect(await instantsAfter(0, 3)).toEqual([0, 0, 0]);
    expect(await instantsAfter(1, 2)).toEqual([500, 1000]);
  });
});

describe('a host that asks to be left alone', () => {
  test('is, by all its downloads, to the millisecond, and says until when and why', async () => {
    gate.closeFor(7000, busy);
    const [one, other] = [newOwner(), newOwner()];
    one.ask();
    other.ask(1, true);
    expect(gate.closure).toEqual({ until: 7000, cause: busy });
    await clock.advanceSettled(6999);
    expect([...one.permits, ...other.permits]).toEqual([]);
    await clock.advanceSettled(1);
    expect([one.instants, other.instants]).toEqual([[7000], [7000]]);
    expect(gate.closure).toBeUndefined();
  });

  test('for a day is left alone for a day', async () => {
    gate.closeFor(86_400_000, busy);
    const owner = newOwner();
    owner.ask();
    await clock.advanceSettled(86_399_999);
    expect(owner.permits).toEqual([]);
    await clock.advanceSettled(1);
    expect(owner.instants).toEqual([86_400_000]);
  });

  test('again gets the longer of both waits', async () => {
    const later = new DownloadError('E_HTTP_503', 'the server answered 503');
    gate.closeFor(7000, busy);
    gate.closeFor(3000, later);
    expect(gate.closure).toEqual({ until: 7000, cause: busy });
    const owner = newOwner();
    owner.ask();
    await clock.advanceSettled(5000);
    gate.closeFor(4000, later);
    expect(gate.closure?.cause).toBe(later);
    await clock.advanceSettled(20_000);
    expect(owner.instants).toEqual([9000]);
  });

  test('keeps its connections that are in use', async () => {
    const owner = newOwner();
    await owner.serve(3);
    gate.closeFor(7000, busy);
    expect([gate.heldInAll, gate.cap]).toEqual([3, 16]);
  });
});

test('who gives up waiting leaves the queue, and the last one takes the timer along', async () => {
  gate.closeFor(minute, busy);
  const controller = new AbortController();
  const reason = new Error('stopped');
  const waiting = gate.acquire({}, () => false, controller.signal);
  expect(clock.pendingTimers).toBe(1);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(clock.pendingTimers).toBe(0);
  await expect(async () => gate.acquire({}, () => false, controller.signal)).rejects.toBe(reason);
});

test('a host whose links die on extra requests is remembered for a day', () => {
  expect(gate.isFragile).toBe(false);
  gate.markFragile();
  clock.advance(24 * 60 * minute - 1);
  expect(gate.isFragile).toBe(true);
  clock.advance(1);
  expect(gate.isFragile).toBe(false);
});
