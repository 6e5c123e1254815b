/** What other programs do, on the same networks. */
import type { Plan, Situation } from '../../../electron/engine/transfer/schedule.ts';
import type { Network } from './network.ts';
import type { Rule } from './simulate.ts';

const MiB = 1024 * 1024;

/** As many equal parts as connections; who is done, is done. */
export const equalParts: Rule = {
  name: 'static parts',
  usesTicks: false,
  planFor: ({ sizeBytes, connections }: Network) => {
    const partBytes = Math.ceil(sizeBytes / connections);
    return ({ holes, leases }: Situation): Plan => {
      const first = leases.find((lease) => lease.isOpenEnded && lease.end > partBytes);
      if (first) return { type: 'split', victim: first.id, at: Math.max(partBytes, first.cursor + 1), end: first.end };
      const hole = holes[0];
      if (hole === undefined) return { type: 'none' };
      const end = Math.min(hole.end, (Math.floor(hole.start / partBytes) + 1) * partBytes);
      return { type: 'lease', start: hole.start, end };
    };
  },
};

/** Equal parts, and who is done takes half of what is most, as axel and others do; nothing below a mebibyte. */
export const halves: Rule = {
  name: 'halves',
  usesTicks: false,
  planFor: (network: Network) => {
    const partsFirst = equalParts.planFor(network);
    return (situation: Situation): Plan => {
      const first = partsFirst(situation);
      if (first.type !== 'none') return first;
      let most: Situation['leases'][number] | undefined;
      for (const lease of situation.leases)
        if (most === undefined || lease.end - lease.cursor > most.end - most.cursor) most = lease;
      if (most === undefined || most.end - most.cursor < 2 * MiB) return first;
      return { type: 'split', victim: most.id, at: Math.ceil((most.cursor + most.end) / 2), end: most.end };
    };
  },
};

/**
 * aria2 with its defaults (pieces of 1 MiB, --min-split-size=20M): a new connection goes to the longest run of pieces nobody has
 * begun; right behind a connection's cursor it starts in the middle of the run, and only if 20 MiB are left from there on.
 */
export const sparsestRun: Rule = {
  name: "aria2's rule",
  usesTicks: false,
  planFor:
    () =>
    ({ holes, leases }: Situation): Plan => {
      let best: Plan = { type: 'none' };
      let longest = 0;
      for (const hole of holes) {
        if (hole.end - hole.start <= longest) continue;
        longest = hole.end - hole.start;
        best = { type: 'lease', start: hole.start, end: hole.end };
      }
      for (const { id, cursor, end } of leases) {
        const start = Math.ceil((cursor + 1) / MiB) * MiB;
        const at = Math.ceil((start + end) / 2 / MiB) * MiB;
        if (end - start <= longest || end - at < 20 * MiB) continue;
        longest = end - start;
        best = { type: 'split', victim: id, at, end };
      }
      return best;
    },
};
