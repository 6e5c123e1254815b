/**
 * Who works on what, pure. Three rules, in this order:
 *
 * 1. *Lease, in order*: an idle slot takes the front of the first hole, as much as its connection moves in eight seconds
 *    (4-64 MiB, more where forty round trips take longer). Writing front to back keeps files previewable and spares file
 *    systems that zero-fill far jumps. Towards the end leases get smaller: four fifths of what the slot gets done until all
 *    would end together, and at last all of it. So most bodies end by themselves, and their connections stay.
 * 2. *Split by time*: with no hole left, the lease that would end last gives its back to the idle slot, in proportion to both
 *    speeds, so that both end together.
 * 3. *Hedge*: where splitting gains nothing but waiting hurts (a frozen connection), the same rest is asked for twice; the
 *    first to finish wins.
 *
 * What none of them reaches (the hedge itself landed on a bad connection, or a limit forbids hedges) is `isDrip`.
 */
import type { Interval } from '#shared/download';

const MiB = 1024 * 1024;
export const MIN_SPLIT_BYTES = MiB;
const LEASE_MS = 8000;
const MIN_LEASE_BYTES = 4 * MiB;
const MAX_LEASE_BYTES = 64 * MiB;
/** With fewer round trips than this to a lease, the one that asks for it costs too much. */
const LEASE_ROUND_TRIPS = 40;
/** The first lease of a connection whose speed is not known yet, at most. */
const FIRST_LEASE_BYTES = 16 * MiB;
/** Of a slot's share of what is free, as speeds change: the rest is shared out again later. */
const GUIDED_SHARE = 0.8;
/** Smaller parts of a share than so many round trips' worth are not worth a request of their own. */
const GUIDED_ROUND_TRIPS = 12;
/** What a victim keeps beyond its cursor: bytes that are on their way anyway. */
const KEEP_BYTES = 256 * 1024;
/** Below this much time a helper is not worth its request. */
const MIN_GAIN_MS = 100;
/** A speed is believed only after this long: a first burst tells nothing. */
export const MIN_OBSERVED_MS = 250;
/** Nor is one of so few round trips: connections start slowly. */
const YOUNG_ROUND_TRIPS = 6;
/** How much faster a connection that has just begun may well become. */
const YOUNG_FACTOR = 2;
/** The only connection needs longer than this: a second one gets half, however little it is. It may not be held back. */
const SLOW_MS = 10_000;
const SLOW_SPLIT_BYTES = 64 * 1024;
/** With less time than this left, the only connection finishes sooner than a second one starts. */
const ALONE_MS = 300;
/** A connection that for so long had less than this share of another's speed is left to itself. */
const DRIP_MS = 10_000;
const DRIP_SHARE = 0.05;
/** Smaller files are shared out evenly while nothing is known of speeds, their first stream is split like any other. */
const SMALL_BYTES = 32 * MiB;

/** A lease as the plan sees it. */
export interface LeaseView {
  readonly id: number;
  /** Next byte to receive. */
  readonly cursor: number;
  /** Undefined where the server does not tell. */
  readonly end: number;
  /** 0 while unknown. */
  readonly bytesPerSecond: number;
  readonly observedMs: number;
  /** Time until its next byte is to be expected, 0 while they come. */
  readonly startMs: number;
  /** The body goes on beyond `end`: cutting it costs the connection. */
  readonly isOpenEnded: boolean;
  /** Held by the user, or already hedged, or a hedge itself: not to be helped. */
  readonly isFixed: boolean;
}

export interface Situation {
  readonly holes: readonly Interval[];
  readonly leases: readonly LeaseView[];
  /** The idle slot's own last speed; 0 unknown. */
  readonly helperBytesPerSecond: number;
  /** The best last speed of all slots, 0 unknown: what one that was not tried yet may do. */
  readonly bestBytesPerSecond: number;
  /** Time until the idle slot's first byte, with what it has (a warm connection or none). */
  readonly helperStartMs: number;
  /** From a request on a warm connection to its answer. */
  readonly roundTripMs: number;
  readonly connections: number;
  /** Nothing but holes may be fetched: the link or host dies on extra requests. */
  readonly isFragile: boolean;
  readonly mayHedge: boolean;
}

export type Plan =
  | { readonly type: 'lease'; readonly start: number; readonly end: number }
  /** `victim` ends at `at` from now on; the helper takes `at` to `end`. */
  | { readonly type: 'split'; readonly victim: number; readonly at: number; readonly end: number }
  /** The same bytes once more. */
  | { readonly type: 'hedge'; readonly victim: number; readonly start: number; readonly end: number }
  | { readonly type: 'none' };

const none: Plan = { type: 'none' };

/** What an idle slot should do now. Terminates: every lease or split is at least one byte, and there is one hedge at most. */
export function plan(situation: Situation): Plan {
  const { holes } = situation;
  const hole = holes[0];
  if (hole) return leaseFrom(hole, situation);
  if (situation.isFragile) return none;
  const victims = situation.leases.filter((lease) => !lease.isFixed && Number.isFinite(lease.end));
  const usual = usualSpeed(situation);
  const helper = situation.helperBytesPerSecond || usual;
  const hoped = usual || helper || situation.bestBytesPerSecond;
  const last = victims.map((lease) => ({ lease, etaMs: etaMs(lease, hoped, situation) })).sort((a, b) => b.etaMs - a.etaMs)[0];
  if (last === undefined || isTooLate(situation)) return none;
  return (
    splitOf(last.lease, last.etaMs, helper, situation, victims.length) ??
    hedgeOf(last.lease, last.etaMs, situation.helperBytesPerSecond || Math.max(usual, situation.bestBytesPerSecond), situation) ??
    none
  );
}

/**
 * Whether a lease that cannot be split only drips, not silent enough to be given up, while an idle slot moves twenty times
 * as much: its range is better a hole for others.
 */
export function isDrip(lease: LeaseView, helperBytesPerSecond: number): boolean {
  const isWhole = lease.isFixed || lease.end - lease.cursor < MIN_SPLIT_BYTES + KEEP_BYTES;
  return isWhole && lease.observedMs >= DRIP_MS && lease.bytesPerSecond < DRIP_SHARE * helperBytesPerSecond;
}

const isObserved = (lease: LeaseView, { roundTripMs }: Situation): boolean =>
  lease.observedMs >= Math.max(MIN_OBSERVED_MS, YOUNG_ROUND_TRIPS * roundTripMs);

const usualSpeed = (situation: Situation): number =>
  median(situation.leases.filter((lease) => isObserved(lease, situation)).map((lease) => lease.bytesPerSecond));

function leaseFrom(hole: Interval, situation: Situation): Plan {
  const left = situation.holes.reduce((sum, { start, end }) => sum + (end - start), 0);
  // What is not a number is not known either.
  const speed = situation.helperBytesPerSecond || 0;
  const bytes = Math.ceil(Math.min(usualBytes(speed, left, situation), shareOf(speed, left, situation)));
  const size = hole.end - hole.start;
  // A sliver left over would cost a request of its own.
  return { type: 'lease', start: hole.start, end: size - bytes < MIN_SPLIT_BYTES ? hole.end : hole.start + bytes };
}

/** A lease while the end is far. */
function usualBytes(speed: number, left: number, { connections, roundTripMs }: Situation): number {
  if (!(speed > 0)) {
    if (left < SMALL_BYTES) return Math.max(left / connections, MIN_SPLIT_BYTES);
    return Math.min(Math.max((GUIDED_SHARE * left) / connections, MIN_LEASE_BYTES), FIRST_LEASE_BYTES);
  }
  const byTime = Math.min(Math.max((speed * LEASE_MS) / 1000, MIN_LEASE_BYTES), MAX_LEASE_BYTES);
  return Math.max(byTime, (speed * LEASE_ROUND_TRIPS * roundTripMs) / 1000 || 0);
}

/** What of `left` bytes a connection should take at most, so that all end together. */
function shareOf(speed: number, left: number, situation: Situation): number {
  const { leases, connections, helperStartMs, roundTripMs } = situation;
  const usual = usualSpeed(situation) || speed;
  const own = speed || usual;
  if (!(own > 0)) return Math.max(left / connections, MIN_SPLIT_BYTES);
  // Each has to ask before it takes part again.
  const workers = leases.map((lease) => ({
    ms: etaMs(lease, usual, situation) + roundTripMs,
    speed: speedOf(lease, usual, situation),
  }));
  workers.push({ ms: helperStartMs, speed: own });
  // The ramp will bring the others.
  while (workers.length < connections) workers.push({ ms: helperStartMs, speed: usual });
  const share = (own * (togetherMs(left, workers) - helperStartMs)) / 1000 || 0;
  const leastBytes = Math.max((own * GUIDED_ROUND_TRIPS * roundTripMs) / 1000, MIN_LEASE_BYTES);
  return GUIDED_SHARE * share > leastBytes ? GUIDED_SHARE * share : Math.max(share, MIN_SPLIT_BYTES);
}

/** Milliseconds until workers that are free after `ms` each have done `bytes` together. */
function togetherMs(bytes: number, workers: readonly { readonly ms: number; readonly speed: number }[]): number {
  let speed = 0;
  let work = bytes;
  for (const worker of [...workers].sort((a, b) => a.ms - b.ms)) {
    if (speed > 0 && (work / speed) * 1000 <= worker.ms) break;
    speed += worker.speed;
    work += (worker.speed * worker.ms) / 1000;
  }
  return (work / speed) * 1000;
}

/** Those at work, as they help each other, will have done everything before the idle slot's first byte: it is no help. */
function isTooLate(situation: Situation): boolean {
  const { leases, helperStartMs } = situation;
  if (leases.length < 2) return false;
  const usual = usualSpeed(situation);
  const bytes = leases.reduce((sum, { cursor, end }) => sum + (end - cursor), 0);
  const speed = leases.reduce((sum, lease) => sum + speedOf(lease, usual, situation), 0);
  return bytes < (speed * helperStartMs) / 1000;
}

/** A connection that has hardly begun is taken to become as fast as others. */
const speedOf = (lease: LeaseView, usual: number, situation: Situation): number =>
  isObserved(lease, situation) ? lease.bytesPerSecond : Math.max(lease.bytesPerSecond, usual) || 0;

/** Milliseconds until the lease is done; infinity for one that stands still. */
function etaMs(lease: LeaseView, usual: number, situation: Situation): number {
  const speed = speedOf(lease, usual, situation);
  const rest = lease.end - lease.cursor;
  if (rest <= 0) return 0;
  return speed > 0 ? lease.startMs + (rest / speed) * 1000 : Number.POSITIVE_INFINITY;
}

function splitOf(victim: LeaseView, eta: number, helper: number, situation: Situation, victims: number): Plan | undefined {
  const rest = victim.end - victim.cursor;
  const isJudged = isObserved(victim, situation);
  const isOnly = situation.leases.length === 1 && situation.helperBytesPerSecond === 0 && situation.bestBytesPerSecond === 0;
  if (isJudged && situation.leases.length === 1 && eta < ALONE_MS) return undefined;
  const isSlow = isOnly && isJudged && eta > SLOW_MS && situation.mayHedge;
  const leastBytes = isSlow ? SLOW_SPLIT_BYTES : MIN_SPLIT_BYTES;
  const keepBytes = isSlow ? SLOW_SPLIT_BYTES : KEEP_BYTES;
  const firstBytes = Math.min(Math.max(rest / situation.connections, MIN_LEASE_BYTES), FIRST_LEASE_BYTES);
  const ownBytes = Math.min(Math.max((victim.bytesPerSecond * LEASE_MS) / 1000 || 0, firstBytes), MAX_LEASE_BYTES);
  // The one stream of a fresh download: give away everything beyond its own lease, to be leased in order.
  if (victim.isOpenEnded && rest >= SMALL_BYTES && rest > 2 * ownBytes) {
    return { type: 'split', victim: victim.id, at: victim.cursor + Math.ceil(ownBytes), end: victim.end };
  }
  let bytes: number;
  if (!isJudged && victim.bytesPerSecond === 0 && helper === 0) bytes = rest / 2;
  else {
    const speed = isJudged ? victim.bytesPerSecond : Math.max(victim.bytesPerSecond, helper || situation.bestBytesPerSecond);
    const other = helper || speed;
    const gainMs = eta === Number.POSITIVE_INFINITY ? eta : eta - situation.helperStartMs;
    // Both end together: x bytes from the back, where x / other + start = (rest - x) / speed.
    bytes = gainMs === Number.POSITIVE_INFINITY ? rest - keepBytes : ((gainMs / 1000) * speed * other) / (speed + other);
    const worthMs = isJudged ? Math.max(2 * situation.helperStartMs, MIN_GAIN_MS) : situation.helperStartMs;
    if (speed > 0 && (bytes / speed) * 1000 < worthMs) return undefined;
  }
  if (victims === 1 && !isJudged && rest < 2 * MIN_SPLIT_BYTES) return undefined;
  const at = Math.max(victim.cursor + keepBytes, Math.ceil(victim.end - bytes));
  return Number.isFinite(at) && victim.end - at >= leastBytes
    ? { type: 'split', victim: victim.id, at, end: victim.end }
    : undefined;
}

function hedgeOf(victim: LeaseView, eta: number, helper: number, situation: Situation): Plan | undefined {
  const rest = victim.end - victim.cursor;
  if (!situation.mayHedge || rest <= 0 || helper <= 0) return undefined;
  const ownMs = situation.helperStartMs + (rest / helper) * 1000;
  const isYoung = !isObserved(victim, situation) && victim.startMs === 0;
  // One that is just starting will be faster; but a little that is left of it costs little to ask for twice.
  if (isYoung && (rest > MIN_LEASE_BYTES || victim.observedMs < MIN_OBSERVED_MS)) return undefined;
  const dueMs = isYoung ? ((rest / victim.bytesPerSecond) * 1000) / YOUNG_FACTOR : eta;
  if (dueMs <= 1.5 * ownMs || dueMs <= ownMs + 300) return undefined;
  return { type: 'hedge', victim: victim.id, start: victim.cursor, end: victim.end };
}

function median(values: number[]): number {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
