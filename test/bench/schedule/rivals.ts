/** The rules that are compared: the engine's own, and what other programs do. */
import { type Plan, plan, type Situation } from '../../../electron/engine/schedule.ts';
import type { Network } from './network.ts';
import type { Rule } from './simulate.ts';

const MiB = 1024 * 1024;

/** `plan()` of the engine. */
export const sluice: Rule = { name: 'Sluice', usesTicks: true, plan };

/** As many equal parts as connections; who is done, is done. */
export const equalParts: Rule = {
  name: 'equal parts',
  usesTicks: false,
  plan({ holes, leases }: Situation, { sizeBytes, connections }: Network): Plan {
    const partBytes = Math.ceil(sizeBytes / connections);
    const first = leases.find((lease) => lease.isOpenEnded && lease.end > partBytes);
    if (first) return { type: 'split', victim: first.id, at: Math.max(partBytes, first.cursor + 1), end: first.end };
    const hole = holes[0];
    if (hole === undefined) return { type: 'none' };
    const end = Math.min(hole.end, (Math.floor(hole.start / partBytes) + 1) * partBytes);
    return { type: 'lease', start: hole.start, end };
  },
};

/**
 * aria2 with its defaults (pieces of 1 MiB, --min-split-size=20M): a new connection goes to the longest run of pieces nobody has
 * begun; right behind a connection's cursor it starts in the middle of the run, and only if 20 MiB are left from there on.
 */
export const sparsest: Rule = {
  name: 'sparsest run (aria2)',
  usesTicks: false,
  plan({ holes, leases }: Situation): Plan {
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
