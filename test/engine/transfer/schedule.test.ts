import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDrip, type LeaseView, type Plan, plan, type Situation } from '../../../electron/engine/transfer/schedule.ts';
import { type Behaviour, VirtualNetwork } from '../../support/virtual-network.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const keepBytes = 256 * KiB;

/** A lease that streams at 1 MiB/s and has been watched long enough. */
const lease = (change: Partial<LeaseView> = {}): LeaseView => ({
  id: 1,
  cursor: 0,
  end: 32 * MiB,
  bytesPerSecond: MiB,
  observedMs: 1000,
  startMs: 0,
  isOpenEnded: false,
  isFixed: false,
  ...change,
});

const situation = (change: Partial<Situation> = {}): Situation => ({
  holes: [],
  leases: [lease()],
  helperBytesPerSecond: MiB,
  bestBytesPerSecond: MiB,
  helperStartMs: 50,
  roundTripMs: 20,
  connections: 8,
  isFragile: false,
  mayHedge: true,
  ...change,
});

const none: Plan = { type: 'none' };

/** The plan, which must be a split. */
function splitOf(given: Situation): Extract<Plan, { type: 'split' }> {
  const decision = plan(given);
  if (decision.type !== 'split') throw new Error(`planned ${JSON.stringify(decision)}`);
  return decision;
}

describe('leases', () => {
  const hole = { start: 10 * MiB, end: 500 * MiB };
  const later = { start: 600 * MiB, end: 900 * MiB };

  test.each([
    ['an unknown speed', 0, 16],
    ['a slow connection', 100 * KiB, 4],
    ['2 MiB/s', 2 * MiB, 16],
    ['a very fast connection', 50 * MiB, 64],
  ])(
    '%s takes the front of the first hole, worth eight seconds within 4 and 64 MiB, 16 MiB where nothing is known',
    (_name, helperBytesPerSecond, mebibytes) => {
      expect(plan(situation({ holes: [hole, later], helperBytesPerSecond }))).toEqual({
        type: 'lease',
        start: hole.start,
        end: hole.start + mebibytes * MiB,
      });
    },
  );

  test('less than a mebibyte of a hole is never left over for a request of its own', () => {
    const holes = [{ start: 0, end: 5 * MiB - 1 }, later];
    const slow = { helperBytesPerSecond: 100 * KiB };
    expect(plan(situation({ holes, ...slow }))).toEqual({ type: 'lease', start: 0, end: 5 * MiB - 1 });
    const exact = [{ start: 0, end: 5 * MiB }, later];
    expect(plan(situation({ holes: exact, ...slow }))).toEqual({ type: 'lease', start: 0, end: 4 * MiB });
  });

  test('while no speed is known a small file is shared out evenly, but not in shares of less than a mebibyte', () => {
    const unknown = { leases: [], helperBytesPerSecond: 0, bestBytesPerSecond: 0 };
    const shared = situation({ ...unknown, holes: [{ start: 0, end: 16 * MiB }] });
    expect(plan(shared)).toEqual({ type: 'lease', start: 0, end: 2 * MiB });
    const small = situation({ ...unknown, holes: [{ start: 0, end: 4 * MiB }], connections: 64 });
    expect(plan(small)).toEqual({ type: 'lease', start: 0, end: MiB });
  });

  test('a lease is worth forty round trips at least, where that is more', () => {
    const far = situation({ holes: [{ start: 0, end: 100_000 * MiB }], helperBytesPerSecond: 20 * MiB, roundTripMs: 400 });
    expect(plan(far)).toEqual({ type: 'lease', start: 0, end: 320 * MiB });
  });

  test('towards the end it is four fifths of what it gets done until all would end, so that speeds may still change', () => {
    const leases = Array.from({ length: 7 }, (_, index) => lease({ id: index + 1, end: MiB }));
    const near = situation({ holes: [{ start: 0, end: 53 * MiB }], leases, helperStartMs: 0, roundTripMs: 0 });
    // With the seven mebibytes that others have, all would end after 7.5 s, or after 5 where it is fast.
    expect(plan(near)).toEqual({ type: 'lease', start: 0, end: 6 * MiB });
    const fast = { ...near, helperBytesPerSecond: 5 * MiB };
    expect(plan(fast)).toEqual({ type: 'lease', start: 0, end: 20 * MiB });
  });

  test('the last leases end when all others do, those with much left to do taking none of it', () => {
    const busy = [2, 2, 2, 40].map((mebibytes, index) => lease({ id: index + 1, end: mebibytes * MiB }));
    const near = { holes: [{ start: 0, end: 10 * MiB }], leases: busy, connections: 5, helperStartMs: 0 };
    // Four connections of 1 MiB/s share out 10 MiB and the 6 that three of them have: 4 s.
    expect(plan(situation({ ...near, roundTripMs: 0 }))).toEqual({ type: 'lease', start: 0, end: 4 * MiB });
    // The three have to ask first, which takes 0.4 s of each.
    const far = situation({ ...near, roundTripMs: 400 });
    expect(plan(far)).toEqual({ type: 'lease', start: 0, end: Math.ceil(4.3 * MiB) });
  });

  test('a connection that has hardly begun is taken to become as fast as the others', () => {
    const young = lease({ id: 2, end: 20 * MiB, bytesPerSecond: 10 * KiB, observedMs: 500 });
    const slow = situation({ leases: [lease({ end: 21 * MiB }), young], roundTripMs: 200 });
    expect(plan(slow)).toMatchObject({ type: 'split', victim: 1 });
    const old = situation({ leases: [lease({ end: 21 * MiB }), { ...young, observedMs: 1200 }], roundTripMs: 200 });
    expect(plan(old)).toMatchObject({ type: 'split', victim: 2 });
  });

  test('asked again and again while nothing has begun to stream, a lease is halved, not taken away but for its first bytes', () => {
    const fresh = lease({ end: 32 * MiB, bytesPerSecond: 0, observedMs: 0, startMs: 100 });
    const split = plan(situation({ leases: [fresh], helperBytesPerSecond: 5 * MiB }));
    expect(split).toMatchObject({ type: 'split', victim: 1 });
    expect(split.type === 'split' ? split.at : 0).toBeGreaterThan(14 * MiB);
  });

  test('nothing is given to a connection that would only begin when the others have finished', () => {
    const busy = [lease({ id: 1, end: 3 * MiB }), lease({ id: 2, end: 2 * MiB })];
    expect(plan(situation({ leases: busy, helperStartMs: 3000 }))).toEqual({ type: 'none' });
    expect(plan(situation({ leases: busy, helperStartMs: 100 })).type).toBe('split');
  });

  test('the little that is left of a connection that hardly moves since it began is asked for twice', () => {
    const young = lease({ id: 1, end: MiB / 2, bytesPerSecond: 50 * KiB, observedMs: 500 });
    const slow = situation({ leases: [young], roundTripMs: 200, helperStartMs: 200, helperBytesPerSecond: MiB });
    expect(plan(slow)).toMatchObject({ type: 'hedge', victim: 1 });
    expect(plan({ ...slow, leases: [{ ...young, bytesPerSecond: 500 * KiB }] })).toEqual({ type: 'none' });
    expect(plan({ ...slow, leases: [{ ...young, observedMs: 100 }] })).toEqual({ type: 'none' });
  });

  test('a hole is leased before anything is split, and on a fragile host too', () => {
    expect(plan(situation({ holes: [hole], isFragile: true })).type).toBe('lease');
    expect(plan(situation({ holes: [{ start: 0, end: 1 }] }))).toEqual({ type: 'lease', start: 0, end: 1 });
  });
});

describe('splits', () => {
  test.each([
    ['equal', MiB, MiB],
    ['a slow victim', 200 * KiB, 2 * MiB],
    ['a slow helper', 2 * MiB, 200 * KiB],
  ])('both end together, whatever their speeds: %s', (_name, bytesPerSecond, helperBytesPerSecond) => {
    const victim = lease({ bytesPerSecond, cursor: 5 * MiB });
    const split = splitOf(situation({ leases: [victim], helperBytesPerSecond }));
    expect(split.end).toBe(victim.end);
    const victimMs = ((split.at - victim.cursor) / bytesPerSecond) * 1000;
    const helperMs = 50 + ((split.end - split.at) / helperBytesPerSecond) * 1000;
    // Within the helper's start, of which the rule takes off a share only.
    expect(Math.abs(victimMs - helperMs)).toBeLessThan(100);
  });

  test('the lease that would end last is the one that gets help', () => {
    const quick = lease({ id: 1, bytesPerSecond: 4 * MiB });
    const slow = lease({ id: 2, cursor: 20 * MiB, bytesPerSecond: 100 * KiB });
    expect(splitOf(situation({ leases: [quick, slow] })).victim).toBe(2);
  });

  test('the victim keeps 256 KiB beyond its cursor, even one that stands still', () => {
    const frozen = lease({ cursor: MiB, bytesPerSecond: 0, observedMs: 5000 });
    expect(splitOf(situation({ leases: [frozen] })).at).toBe(MiB + keepBytes);
  });

  test('nothing below a mebibyte is split off', () => {
    const frozen = (rest: number): LeaseView => lease({ cursor: 0, end: rest, bytesPerSecond: 0, observedMs: 5000 });
    expect(splitOf(situation({ leases: [frozen(MiB + keepBytes)], mayHedge: false })).at).toBe(keepBytes);
    expect(plan(situation({ leases: [frozen(MiB + keepBytes - 1)], mayHedge: false }))).toEqual(none);
  });

  test('with less than 0.3 s left nobody helps, once the speed has been watched for 250 ms; a first burst is not believed', () => {
    const fast = { bytesPerSecond: 100 * MiB, end: 29 * MiB };
    expect(plan(situation({ leases: [lease({ ...fast, observedMs: 250 })], helperBytesPerSecond: 100 * MiB }))).toEqual(none);
    const burst = situation({ leases: [lease({ ...fast, observedMs: 249 })], helperBytesPerSecond: 0 });
    expect(plan(burst).type).toBe('split');
    const longer = lease({ bytesPerSecond: 100 * MiB, end: 100 * MiB });
    expect(plan(situation({ leases: [longer], helperBytesPerSecond: 100 * MiB })).type).toBe('split');
  });

  test('the one stream of a fresh download gives away all beyond its own eight seconds, to be leased in order', () => {
    const first = lease({ cursor: MiB, end: 1000 * MiB, bytesPerSecond: 2 * MiB, isOpenEnded: true });
    const split = splitOf(situation({ leases: [first], helperBytesPerSecond: 0 }));
    expect(split).toEqual({ type: 'split', victim: 1, at: 17 * MiB, end: 1000 * MiB });
  });

  test('with no speed known at all the rest is halved', () => {
    const fresh = lease({ bytesPerSecond: 0, observedMs: 0, startMs: 150 });
    expect(splitOf(situation({ leases: [fresh], helperBytesPerSecond: 0 })).at).toBe(16 * MiB);
  });

  test.each([
    ['at its end', 32 * MiB],
    ['one byte before it', 32 * MiB - 1],
    ['beyond it', 32 * MiB + 5],
  ])('a lease whose cursor is %s is not split, so no lease is ever empty', (_name, cursor) => {
    for (const bytesPerSecond of [0, 1, MiB]) {
      expect(plan(situation({ leases: [lease({ cursor, bytesPerSecond })], mayHedge: false }))).toEqual(none);
    }
  });

  test('on a fragile host nothing is split and nothing asked for twice', () => {
    const frozen = lease({ bytesPerSecond: 0, observedMs: 9000 });
    expect(plan(situation({ leases: [frozen], isFragile: true }))).toEqual(none);
  });

  test('a lease without a known end, a held one and one that is hedged already are left alone', () => {
    expect(plan(situation({ leases: [lease({ end: Number.POSITIVE_INFINITY })] }))).toEqual(none);
    expect(plan(situation({ leases: [lease({ isFixed: true, bytesPerSecond: 0 })] }))).toEqual(none);
    expect(plan(situation({ leases: [] }))).toEqual(none);
  });
});

describe('drips', () => {
  const drip = lease({ end: MiB, bytesPerSecond: 10 * KiB, observedMs: 10_000 });

  test('a lease too small to split is let go after ten seconds at less than a twentieth of an idle slot', () => {
    expect(isDrip(drip, MiB)).toBe(true);
    expect(isDrip({ ...drip, observedMs: 9999 }, MiB)).toBe(false);
    expect(isDrip(drip, 200 * KiB)).toBe(false);
    expect(isDrip(drip, 0)).toBe(false);
  });

  test("one that can be split is split instead, but for a pair of which one is the other's hedge", () => {
    const large = { ...drip, end: 2 * MiB };
    expect(isDrip(large, MiB)).toBe(false);
    expect(isDrip({ ...large, isFixed: true }, MiB)).toBe(true);
  });
});

describe('hedges', () => {
  const stuck = lease({ cursor: 0, end: MiB, bytesPerSecond: 10 * KiB });

  test('what is too little to split but takes too long is asked for once more, all of it', () => {
    expect(plan(situation({ leases: [stuck] }))).toEqual({ type: 'hedge', victim: 1, start: 0, end: MiB });
  });

  test('one hedge at a time', () => {
    expect(plan(situation({ leases: [stuck], mayHedge: false }))).toEqual(none);
  });

  test('a slot that was not tried yet is taken to do what the best one did, not what the one in trouble does', () => {
    const untried = situation({ leases: [stuck], helperBytesPerSecond: 0 });
    expect(plan(untried).type).toBe('hedge');
  });

  test('where the only connection is slow and no other was tried, half of the rest is tried on another, however little', () => {
    const untried = situation({ leases: [stuck], helperBytesPerSecond: 0, bestBytesPerSecond: 0 });
    const decision = plan(untried);
    expect(decision).toMatchObject({ type: 'split', victim: 1, end: MiB });
    expect(decision.type === 'split' && Math.abs(decision.at - MiB / 2)).toBeLessThan(64 * KiB);
    expect(plan({ ...untried, leases: [{ ...stuck, bytesPerSecond: 200 * KiB }] })).toEqual(none);
    expect(plan({ ...untried, leases: [{ ...stuck, end: 100 * KiB }] })).toEqual(none);
    expect(plan({ ...untried, isFragile: true })).toEqual(none);
  });

  test('it has to be worth it: half as much again, and 0.3 s at least', () => {
    const rest = 600 * KiB;
    const helperBytesPerSecond = 2 * MiB;
    const ownMs = 50 + (rest / helperBytesPerSecond) * 1000;
    const endingIn = (ms: number): Situation =>
      situation({ leases: [lease({ end: rest, bytesPerSecond: (rest / ms) * 1000 })], helperBytesPerSecond });
    expect(plan(endingIn(ownMs + 299))).toEqual(none);
    expect(plan(endingIn(ownMs + 301)).type).toBe('hedge');
    const slowHelper = { ...endingIn(1500), helperBytesPerSecond: 600 * KiB };
    expect(plan(slowHelper)).toEqual(none);
  });
});

const healthy: fc.Arbitrary<Behaviour> = fc.record({
  bytesPerSecond: fc.integer({ min: 64 * KiB, max: 40 * MiB }),
  startMs: fc.nat(500),
});
const any: fc.Arbitrary<Behaviour> = fc.oneof(
  healthy,
  fc.record({ bytesPerSecond: fc.constantFrom(0, 0.2, 1, 20, KiB), startMs: fc.nat(2000) }),
  fc.record({ bytesPerSecond: fc.integer({ min: 1, max: 40 * MiB }), startMs: fc.nat(500), freezesAfter: fc.nat(20 * MiB) }),
);
const size = fc.oneof(
  fc.constantFrom(1, 2, 4095, 4096, 4097, MiB - 1, MiB, MiB + 1, 2 * MiB - 1, 2 * MiB, 32 * MiB - 1, 32 * MiB, 32 * MiB + 1),
  fc.integer({ min: 1, max: 300 * MiB }),
);

test('F143: with speeds of any kind, frozen and dripping connections, every byte comes, one hedge at a time, in few requests', () => {
  // One slot works, as without any nothing could end; the others do what they like. A file too small to be split belongs to
  // its first connection, so there that one works.
  const slots = fc.tuple(healthy, fc.array(fc.array(any, { minLength: 1, maxLength: 4 }), { maxLength: 15 }), fc.nat(15));
  fc.assert(
    fc.property(size, slots, fc.boolean(), (bytes, [works, others, place], mayHedge) => {
      const all = [...others];
      all.splice(bytes < 3 * MiB ? 0 : place % (others.length + 1), 0, [works]);
      const network = new VirtualNetwork({ size: bytes, slots: all, mayHedge });
      expect(network.run(3 * 3_600_000)).toBe(true);
      expect(network.map.done).toEqual([{ start: 0, end: bytes }]);
      expect(network.maxHedges).toBeLessThanOrEqual(mayHedge ? 1 : 0);
      // Every lease but the first was cut off another that kept its share, or follows one that ended early.
      const { silences, hedges, drips } = network;
      expect(network.requests).toBeLessThanOrEqual(1 + bytes / keepBytes + silences + hedges + drips);
    }),
    { numRuns: 150 },
  );
});

test('F143: a plan is a plan, whatever nonsense is measured', () => {
  const nonsense = fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 1e308, 1, MiB);
  const offset = fc.integer({ min: 0, max: 200 * MiB });
  const view = fc.record({
    cursor: offset,
    length: fc.oneof(fc.nat(4 * MiB), offset, fc.constant(Number.POSITIVE_INFINITY)),
    bytesPerSecond: nonsense,
    observedMs: fc.constantFrom(0, 249, 250, Number.NaN, Number.POSITIVE_INFINITY),
    startMs: fc.constantFrom(0, 150, Number.NaN),
    isOpenEnded: fc.boolean(),
    isFixed: fc.boolean(),
  });
  const hole = fc.record({ start: offset, length: fc.integer({ min: 1, max: 200 * MiB }) });
  fc.assert(
    fc.property(
      fc.array(view, { maxLength: 5 }),
      fc.option(hole, { nil: undefined }),
      nonsense,
      nonsense,
      nonsense,
      (views, free, helperBytesPerSecond, helperStartMs, bestBytesPerSecond) => {
        const leases = views.map(({ length, ...each }, index) => ({ ...each, id: index + 1, end: each.cursor + length }));
        const holes = free === undefined ? [] : [{ start: free.start, end: free.start + free.length }];
        const decision = plan(situation({ leases, holes, helperBytesPerSecond, helperStartMs, bestBytesPerSecond }));
        if (decision.type === 'none') return;
        const victim = decision.type === 'lease' ? undefined : leases[decision.victim - 1];
        const from = decision.type === 'split' ? decision.at : decision.start;
        expect([from, decision.end].every(Number.isSafeInteger), JSON.stringify(decision)).toBe(true);
        expect(decision.end).toBeGreaterThan(from);
        if (decision.type === 'lease') expect(decision).toMatchObject({ start: holes[0]?.start });
        if (decision.type === 'lease') expect(decision.end).toBeLessThanOrEqual(holes[0]?.end ?? 0);
        // The only connection, if slow, is left less.
        const leftBytes = leases.length === 1 ? 64 * KiB : keepBytes;
        if (decision.type === 'split') expect(from).toBeGreaterThanOrEqual((victim?.cursor ?? 0) + leftBytes);
        if (decision.type !== 'lease') expect(decision.end).toBe(victim?.end);
        expect(victim?.isFixed ?? false).toBe(false);
      },
    ),
    { numRuns: 3000 },
  );
});

describe('the tail', () => {
  const good: Behaviour = { bytesPerSecond: 3 * MiB, startMs: 50 };
  const among = (odd: Behaviour): VirtualNetwork =>
    new VirtualNetwork({ size: 100 * MiB, slots: Array.from({ length: 8 }, (_, index) => (index === 3 ? [odd, good] : [good])) });

  test.each([
    ['frozen from the start', { ...good, freezesAfter: 0 }],
    ['frozen in the middle', { ...good, freezesAfter: 2 * MiB }],
    ['dripping', { bytesPerSecond: 20, startMs: 50 }],
    ['twenty times slower', { bytesPerSecond: 150 * KiB, startMs: 50 }],
  ])('one connection of eight that is %s costs little more than itself', (_name, odd) => {
    const usual = among(good);
    usual.run(60_000);
    const network = among(odd);
    expect(network.run(60_000)).toBe(true);
    expect(network.ms).toBeLessThan((usual.ms * 8) / 7 + 1500);
    expect(network.receivedBytes - 100 * MiB).toBeLessThan(2 * MiB);
    expect(network.requests).toBeLessThan(30);
  });
});
