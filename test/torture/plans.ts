/** When a run of the command is to be killed, drawn at random from a seed. */

/** The phases that must all be hit. */
export const phases = ['probing', 'active', 'checkpoint', 'pause', 'verifying', 'link', 'unlink'] as const;
export type Phase = (typeof phases)[number];

export type Plan =
  /** From outside, so long after the origin saw the first request. */
  | { readonly phase: 'probing'; readonly afterMs: number }
  /** From outside, after so much of the file was sent. */
  | { readonly phase: 'active'; readonly share: number }
  /** SIGTERM, and SIGKILL so long after it. */
  | { readonly phase: 'pause'; readonly share: number; readonly afterMs: number }
  /** From within, at an operation on a file; see probe.ts. */
  | { readonly phase: 'checkpoint' | 'verifying' | 'link' | 'unlink'; readonly at: string };

/** mulberry32: small, and the same everywhere for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

export function drawPlan(random: () => number): Plan {
  const phase = pick<Phase>(random, ['active', 'active', 'active', ...phases]);
  const when = pick(random, ['before', 'after']);
  switch (phase) {
    case 'probing':
      return { phase, afterMs: random() * 15 };
    case 'active':
      return { phase, share: random() };
    case 'pause':
      return { phase, share: random(), afterMs: random() * 25 };
    case 'checkpoint':
      return { phase, at: `${pick(random, ['writev', 'datasync'])}:.ckpt:${when}:${1 + Math.floor(random() * 6)}` };
    case 'verifying':
      return { phase, at: `${pick(random, ['utimes'])}:.part:${when}:1` };
    case 'link':
      return { phase, at: `link:.part:${when}:1` };
    case 'unlink':
      return { phase, at: `unlink:${pick(random, ['.part', '.ckpt'])}:${when}:1` };
  }
}
