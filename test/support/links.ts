/** Links that die: a lasting address that redirects to signed ones, each good for a while. */
import { redirect, status } from './changes.ts';
import type { Change, Fault } from './faults.ts';

export interface ExpiringLink {
  /** The lasting address. */
  readonly path: string;
  /** Where the signed ones lie; a token is added as query. */
  readonly signedPath: string;
  /** How long a signed link is good for new requests; those under way go on. */
  readonly validMs: number;
  /** What an expired link answers; default 403. */
  readonly refusal?: Change;
  /** How often it must have expired during the test; default 1. */
  readonly atLeast?: number;
}

/** Faults for an origin's plan: each visit of `path` gives a new signed link that expires by itself. */
export function expiringLink({ path, signedPath, validMs, refusal = status(403), atLeast = 1 }: ExpiringLink): Fault[] {
  const expiresAt = new Map<string, number>();
  return [
    {
      name: `${path} gives a signed link`,
      on: { path },
      times: Number.POSITIVE_INFINITY,
      answer: redirect(302, ({ at }) => {
        const token = String(expiresAt.size + 1);
        expiresAt.set(token, at + validMs);
        return `${signedPath}?token=${token}`;
      }),
    },
    {
      name: `${signedPath} has expired`,
      on: { path: signedPath, where: ({ query, at }) => at >= (expiresAt.get(query.get('token') ?? '') ?? 0) },
      times: Number.POSITIVE_INFINITY,
      atLeast,
      answer: refusal,
    },
  ];
}
