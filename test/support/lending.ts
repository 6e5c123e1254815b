/** Borrowing from the pool as a download does, one exchange at a time. */
import assert from 'node:assert/strict';
import type { Loan, Pool } from '../../electron/engine/network/pool.ts';
import type { ConnectionTarget } from '../../electron/engine/network/route.ts';
import type { Origin } from './origin.ts';

const never = new AbortController().signal;

export const target = (at: Origin, tls: ConnectionTarget['tls'] = {}): ConnectionTarget => ({ url: new URL(at.url()), tls });

export interface Wish {
  readonly fresh?: boolean;
  readonly owner?: object;
  readonly signal?: AbortSignal;
}

export async function lend(
  pool: Pool,
  to: ConnectionTarget,
  { fresh = false, owner = {}, signal = never }: Wish = {},
): Promise<Loan> {
  const permit = await pool.permit(to, owner, { fresh, signal });
  return await pool.lend(to, permit, { timeoutMs: 5000, fresh, signal });
}

/** One whole exchange; the status. */
export function ask({ connection }: Loan, { url }: ConnectionTarget): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    connection.send(
      { url, method: 'GET', headers: [] },
      {
        readAtMost: () => Number.POSITIVE_INFINITY,
        onAnswer: (status) => {
          answered = status;
        },
        onBytes: () => {},
        onEnd: () => resolve(answered),
        onTrouble: reject,
      },
    );
  });
}

/** Lends, asks and gives back warm. */
export async function use(pool: Pool, to: ConnectionTarget, wish?: Wish): Promise<Loan> {
  const loan = await lend(pool, to, wish);
  assert.equal(await ask(loan, to), 200);
  loan.giveBack(true);
  return loan;
}
