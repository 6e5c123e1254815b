/**
 * Who works on what, pure. Three rules, in this order:
 *
 * 1. *Lease, in order*: an idle slot takes the front of the first hole, as much as its connection moves in eight seconds
 *    (4-64 MiB). Writing front to back keeps files previewable and spares file systems that zero-fill far jumps.
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
/** What a victim keeps beyond its cursor: bytes that are on their way anyway. */
const KEEP_BYTES = 256 * 1024;
/** Below this much time a helper is not worth its request. */
const MIN_GAIN_MS = 200;
/** A speed is believed only after this long: a first burst tells nothing. */
export const MIN_OBSERVED_MS = 250;
/** With less time than this left, one connection finishes sooner than a second one starts. */
const ALONE_MS = 300;
/** A connection that for so long had less than this share of another's speed is left to itself. */
const DRIP_MS = 10_000;
const DRIP_SHARE = 0.05;
/** Small files are not cut by time but shared out evenly at once. */
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
  /** Time until its first byte is to be expected, 0 once streaming. */
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
  const usual = median(situation.leases.filter(isObserved).map((lease) => lease.bytesPerSecond));
  const helper = situation.helperBytesPerSecond || usual;
  const last = victims.map((lease) => ({ lease, etaMs: etaMs(lease, usual) })).sort((a, b) => b.etaMs - a.etaMs)[0];
  if (last === undefined) return none;
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

const isObserved = (lease: LeaseView): boolean => lease.observedMs >= MIN_OBSERVED_MS;

function leaseFrom(hole: Interval, situation: Situation): Plan {
  const left = situation.holes.reduce((sum, { start, end }) => sum + (end - start), 0);
  // What is not a number is not known either.
  const speed = situation.helperBytesPerSecond || 0;
  const byTime = Math.min(Math.max((speed * LEASE_MS) / 1000, MIN_LEASE_BYTES), MAX_LEASE_BYTES);
  const bytes = Math.ceil(left < SMALL_BYTES ? Math.max(left / situation.connections, MIN_SPLIT_BYTES) : byTime);
  const size = hole.end - hole.start;
  // A sliver left over would cost a request of its own.
  return { type: 'lease', start: hole.start, end: size - bytes < MIN_SPLIT_BYTES ? hole.end : hole.start + bytes };
}

/** Milliseconds until the lease is done; infinity for one that stands still. */
function etaMs(lease: LeaseView, usual: number): number {
  const speed = isObserved(lease) ? lease.bytesPerSecond : lease.bytesPerSecond || usual;
  const rest = lease.end - lease.cursor;
  if (rest <= 0) return 0;
  return speed > 0 ? lease.startMs + (rest / speed) * 1000 : Number.POSITIVE_INFINITY;
}

function splitOf(victim: LeaseView, eta: number, helper: number, situation: Situation, victims: number): Plan | undefined {
  const rest = victim.end - victim.cursor;
  const latest = victim.cursor + KEEP_BYTES;
  // The one stream of a fresh download: give away everything beyond its own lease, to be leased in order.
  const isJudged = isObserved(victim);
  if (isJudged && eta < ALONE_MS) return undefined;
  const ownBytes = Math.min(Math.max((victim.bytesPerSecond * LEASE_MS) / 1000, MIN_LEASE_BYTES), MAX_LEASE_BYTES);
  if (victim.isOpenEnded && rest >= SMALL_BYTES && rest > 2 * ownBytes) {
    return { type: 'split', victim: victim.id, at: victim.cursor + Math.ceil(ownBytes), end: victim.end };
  }
  let bytes: number;
  if (!isJudged && victim.bytesPerSecond === 0 && helper === 0) bytes = rest / 2;
  else {
    const speed = isJudged ? victim.bytesPerSecond : victim.bytesPerSecond || helper;
    const other = helper || speed;
    const gainMs = eta === Number.POSITIVE_INFINITY ? eta : eta - situation.helperStartMs;
    // Both end together: x bytes from the back, where x / other + start = (rest - x) / speed.
    bytes = gainMs === Number.POSITIVE_INFINITY ? rest - KEEP_BYTES : ((gainMs / 1000) * speed * other) / (speed + other);
    if (isJudged && speed > 0 && (bytes / speed) * 1000 < Math.max(2 * situation.helperStartMs, MIN_GAIN_MS)) return undefined;
  }
  if (victims === 1 && !isJudged && rest < 2 * MIN_SPLIT_BYTES) return undefined;
  const at = Math.max(latest, Math.ceil(victim.end - bytes));
  return Number.isFinite(at) && victim.end - at >= MIN_SPLIT_BYTES
    ? { type: 'split', victim: victim.id, at, end: victim.end }
    : undefined;
}

function hedgeOf(victim: LeaseView, eta: number, helper: number, situation: Situation): Plan | undefined {
  const rest = victim.end - victim.cursor;
  if (!situation.mayHedge || rest <= 0 || helper <= 0 || (!isObserved(victim) && victim.startMs === 0)) return undefined;
  const ownMs = situation.helperStartMs + (rest / helper) * 1000;
  if (eta <= 1.5 * ownMs || eta <= ownMs + 300) return undefined;
  return { type: 'hedge', victim: victim.id, start: victim.cursor, end: victim.end };
}

function median(values: number[]): number {
  const sorted = values.filter((value) => value > 0).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
