/** When requests came, on a clock that jumps: never before their time, and after it only by what the machine needs. */
import assert from 'node:assert/strict';
import type { Origin } from './origin.ts';

/** Real time passes on the clock too, so a busy machine adds to every wait. */
const slackMs = 500;

/** Milliseconds from each request to the next. */
export function waitsOf({ requests }: Origin): number[] {
  return requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));
}

/** @throws unless each wait is as long as expected, in milliseconds, and half a second longer at most. */
export function expectWaits(waits: readonly number[], expected: readonly number[]): void {
  const told = `waited ${waits.map(Math.round).join(', ')} ms, expected ${expected.join(', ')} ms`;
  assert.equal(waits.length, expected.length, told);
  for (const [index, wait] of waits.entries()) {
    const due = expected[index] as number;
    // Clocks of sender and receiver are read a moment apart.
    assert(wait >= due - 1 && wait <= due + slackMs, told);
  }
}
