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
}

export function situationOf(helper: Slot, around: Surroundings): Situation {
  const leases: LeaseView[] = [];
  let isHedging = false;
  const roundTripMs = leastRoundTripMs(around.slots);
  for (const slot of around.slots) {
    if (slot === helper || slot.lease === undefined) continue;
    isHedging ||= slot.lease.isHedge;
    leases.push(viewOf(slot, slot.lease, roundTripMs, around));
  }
  return {
    holes: around.map.holes(),
    leases,
    helperBytesPerSecond: helper.lastBytesPerSecond,
    bestBytesPerSecond: Math.max(0, ...around.slots.map(({ lastBytesPerSecond }) => lastBytesPerSecond)),
    helperStartMs: helper.flow ? roundTripMs : 3 * roundTripMs,
    connections: around.connections,
    isFragile: false,
    mayHedge: !isHedging,
  };
}

/** The probe's plain body goes on to the end of the file. */
export const isOpenEnded = (lease: Lease, size: number): boolean => lease.start === 0 && lease.bodyEnd >= size;

function viewOf(slot: Slot, lease: Lease, roundTripMs: number, { nowMs, map }: Surroundings): LeaseView {
  const expectedMs = slot.isStreaming ? 0 : 3 * roundTripMs;
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
