/** What the rule is told when it is asked, as `transfer.ts` tells it. */
import type { Lease, RangeMap } from '../../../electron/engine/range-map.ts';
import type { LeaseView, Situation } from '../../../electron/engine/schedule.ts';
import type { Slot } from './slot.ts';

export interface Surroundings {
  readonly nowMs: number;
  readonly map: RangeMap;
  readonly slots: readonly Slot[];
  /** As many connections as may be had. */
  readonly connections: number;
  readonly hasWarm: boolean;
}

export function situationOf(helper: Slot, around: Surroundings): Situation {
  const leases: LeaseView[] = [];
  let isHedging = false;
  for (const slot of around.slots) {
    if (slot === helper || slot.lease === undefined) continue;
    isHedging ||= slot.lease.isHedge;
    leases.push(viewOf(slot, slot.lease, around));
  }
  const roundTripMs = leastRoundTripMs(around.slots);
  return {
    holes: around.map.holes(),
    leases,
    helperBytesPerSecond: helper.lastBytesPerSecond,
    bestBytesPerSecond: bestOf(around.slots),
    helperStartMs: X.has('start') ? startMs(helper, around) : helper.flow ? roundTripMs : 3 * roundTripMs,
    connections: around.connections,
    isFragile: false,
    mayHedge: !isHedging,
  };
}

/** The probe's plain body goes on to the end of the file. */
export const isOpenEnded = (lease: Lease, size: number): boolean => lease.start === 0 && lease.bodyEnd >= size;

/** The best last speed of any. */
export const bestOf = (slots: readonly Slot[]): number =>
  slots.reduce((best, { lastBytesPerSecond }) => Math.max(best, lastBytesPerSecond), 0);

/** A lease as the rule sees it. */
export function viewOf(slot: Slot, lease: Lease, { nowMs, map, slots }: Surroundings): LeaseView {
  const expectedMs = slot.isStreaming ? 0 : X.has('start') ? startMs(slot, { slots } as Surroundings, true) : 3 * leastRoundTripMs(slots);
  const waitedMs = slot.isStreaming ? 0 : nowMs - slot.leasedAtMs;
  const isLate = waitedMs > Math.max(3 * expectedMs, 1000);
  return {
    id: slot.id,
    cursor: Math.floor(lease.cursor),
    end: lease.end,
    bytesPerSecond: slot.isStreaming ? slot.meter.bytesPerSecond : 0,
    observedMs: slot.isStreaming ? slot.meter.observedMs : isLate ? waitedMs : 0,
    startMs: isLate ? 0 : expectedMs,
    isOpenEnded: isOpenEnded(lease, map.limit),
    isFixed: lease.isHedge || lease.isHedged,
  };
}

function leastRoundTripMs(slots: readonly Slot[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { roundTripMs } of slots) if (roundTripMs > 0) least = Math.min(least, roundTripMs);
  return Number.isFinite(least) ? least : 50;
}

const X = new Set((process.env.X ?? '').split(','));

function startMs(helper: Slot, { slots, hasWarm }: Surroundings, isVictim = false): number {
  let connectMs = Number.POSITIVE_INFINITY;
  let answerMs = Number.POSITIVE_INFINITY;
  for (const slot of slots) {
    if (slot.roundTripMs > 0) connectMs = Math.min(connectMs, slot.roundTripMs);
    if (slot.answerMs > 0) answerMs = Math.min(answerMs, slot.answerMs);
  }
  if (!Number.isFinite(connectMs)) connectMs = 50;
  if (!Number.isFinite(answerMs)) answerMs = connectMs;
  const isWarm = isVictim ? helper.state === 'headers' : helper.flow || (hasWarm && !helper.needsFresh);
  return isWarm ? answerMs : connectMs + answerMs;
}
