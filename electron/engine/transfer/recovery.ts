/**
 * What follows when an exchange did not give what was asked: pure, one table. The rules behind it: a *range* never sleeps
 * (it is free for others at once), only a slot or the host does; refusing one connection *more* is news about the host,
 * not a failure of the bytes; a link that worked and is refused is asked for anew; only what nobody can cure fails.
 */

import { DownloadError } from '#engine/errors';
import { parseChallenges, realmClause } from '#engine/network/challenge';
import { retryAfterMs } from '#engine/network/http-headers';
import { loginRefused, type ProxyServer } from '#engine/network/proxy';
import { TransportError } from '#engine/network/trouble';
import type { Answer, Refusal } from './accept.ts';

/** What went wrong with one exchange. */
export type Mishap =
  | { readonly type: 'transport'; readonly error: DownloadError; readonly hadAnswer: boolean }
  | { readonly type: 'refused'; readonly as: Refusal; readonly error: DownloadError; readonly answer: Answer };

export interface Circumstances {
  /** Another connection streams, or did within ten seconds: this one was one more. */
  readonly isExtra: boolean;
  /** The host serves other downloads, and never served one connection more at once. */
  readonly isOneMore: boolean;
  /** The host served more at once before: what it does to a connection now says nothing of how many it takes. */
  readonly hasServedMore?: boolean;
  /** Something was received from this address in this run: it is no dead link. */
  readonly hasDelivered: boolean;
  /** The request carried a login. */
  readonly hasLogin: boolean;
  /** Something is on disk, from this run or an earlier one. */
  readonly hasClaims: boolean;
  /** The address asked was reached by redirect from the original. */
  readonly isResolved: boolean;
  /** The address asked was resolved for this very request. */
  readonly isFresh: boolean;
  /** A ranged answer was good in this run. */
  readonly hasProvenRange: boolean;
  /** The connection had served us before this exchange. */
  readonly isProvenConnection: boolean;
  /** The request asked for a range, and whether the server serves any is not known yet. */
  readonly mayAskPlain: boolean;
  /** How often the same bytes failed in a row before. */
  readonly failures: number;
  /** The answer came from another origin than the link and what it led to before. */
  readonly isElsewhere: boolean;
  /** All was given up once already. */
  readonly hasRestarted: boolean;
  readonly wallNow: number;
  /** What the answer came through; undefined where it came straight. */
  readonly proxy?: ProxyServer | undefined;
}

export type Remedy =
  /** At once, on a fresh connection, uncounted. */
  | { readonly type: 'again' }
  /** The host takes no more connections than it serves now. `isGuess`: it did not say so. */
  | { readonly type: 'cap'; readonly waitMs?: number; readonly isFragile?: boolean; readonly isGuess?: boolean }
  /** The slot sleeps `waitMs` (the usual back-off if undefined) and tries again, counted or not. */
  | { readonly type: 'back-off'; readonly waitMs?: number; readonly isCounted: boolean }
  /** All wait for the host, `waitMs` or the usual back-off. */
  | { readonly type: 'host'; readonly waitMs?: number; readonly isCounted: boolean }
  | { readonly type: 'network' }
  /** Ask the original address again. */
  | { readonly type: 'resolve' }
  /** Only a new link helps. */
  | { readonly type: 'new-link'; readonly error: DownloadError }
  /** One stream without ranges is what is left. */
  | { readonly type: 'no-range' }
  /** It may be the range that is disliked: ask once without one. */
  | { readonly type: 'ask-plain' }
  /** Compare an overlap with bytes on disk before trusting this server's answers. */
  | { readonly type: 'compare' }
  | { readonly type: 'changed'; readonly error: DownloadError }
  | { readonly type: 'fail'; readonly error: DownloadError };

/** 1 s and 3 s after a "not found" of one node among others that have the file. */
const MISSING_WAITS_MS = [1000, 3000];

const linkStatuses = new Set([401, 403, 404, 410]);
const transientStatuses = new Set([408, 425, 500, 502, 504, 520, 521, 522, 523, 524]);
/** How servers refuse a header field they do not like. */
const rangeStatuses = new Set([400, 405, 501]);
const busyStatuses = new Set([429, 503]);
/** A redirect that leads nowhere. */
const astrayCodes = new Set<DownloadError['code']>(['E_REDIRECT_UNSAFE', 'E_TOO_MANY_REDIRECTS', 'E_PROTOCOL']);

export function remedyFor(mishap: Mishap, around: Circumstances): Remedy {
  return mishap.type === 'transport' ? afterTrouble(mishap.error, mishap.hadAnswer, around) : afterRefusal(mishap, around);
}

/** It may be over by itself, and says nothing against what was asked. */
export function isPassing(mishap: Mishap): boolean {
  if (mishap.type === 'transport') {
    const { error } = mishap;
    return error instanceof TransportError && error.kind !== 'certificate' && error.kind !== 'undecodable';
  }
  const { as, answer } = mishap;
  if (as === 'status') return busyStatuses.has(answer.status) || transientStatuses.has(answer.status);
  return as === 'suspect' || as === 'wrong-range';
}

function afterTrouble(error: DownloadError, hadAnswer: boolean, around: Circumstances): Remedy {
  // What is no trouble of the transport (a forbidden redirect, a full disk) is nothing another try could cure; but leading
  // one connection more astray is a way of refusing it.
  if (!(error instanceof TransportError)) {
    return around.isExtra && astrayCodes.has(error.code) ? { type: 'cap' } : { type: 'fail', error };
  }
  switch (error.kind) {
    case 'stale':
    case 'aborted':
      return { type: 'again' };
    case 'certificate':
      return { type: 'fail', error };
    case 'network':
      return { type: 'network' };
    case 'dns':
      if (around.hasDelivered) return { type: 'network' };
      return around.failures >= 2 ? { type: 'fail', error } : { type: 'back-off', waitMs: 5000, isCounted: true };
    case 'barred':
      return around.isExtra || around.isOneMore ? { type: 'cap' } : { type: 'fail', error };
    case 'garbled':
      if (around.failures < 1) return { type: 'back-off', isCounted: true };
      // Beside one that is read well: where no part was ever served, parts are what the server cannot do.
      if (around.isExtra) return { type: around.mayAskPlain ? 'no-range' : 'cap' };
      return { type: 'fail', error };
    case 'undecodable':
      return around.hasRestarted ? { type: 'fail', error } : { type: 'changed', error };
    case 'proxy':
    case 'unreachable':
    case 'cut':
    case 'silent':
      // No answer to one connection more, on a connection that never worked: the host has enough of us.
      if (((around.isExtra && !around.hasServedMore) || around.isOneMore) && !hadAnswer && !around.isProvenConnection) {
        // Whoever does not answer for so long is not asked once more to make sure.
        return { type: 'cap', isGuess: error.kind !== 'silent' };
      }
      // A proxy that worked is part of our own network: while it is gone, nothing can be said of the server.
      if (error.kind === 'proxy' && around.hasDelivered) return { type: 'network' };
      return { type: 'back-off', isCounted: true };
  }
}

function afterRefusal({ as, error, answer }: Extract<Mishap, { type: 'refused' }>, around: Circumstances): Remedy {
  switch (as) {
    case 'wrong-range':
      return around.failures >= 1 ? { type: 'no-range' } : { type: 'back-off', waitMs: 0, isCounted: false };
    case 'no-range':
      return { type: 'no-range' };
    case 'suspect':
      return { type: 'compare' };
    case 'changed':
      return { type: 'changed', error };
    case 'protocol':
      if (around.isExtra) return { type: 'cap' };
      return around.hasDelivered ? { type: 'back-off', isCounted: true } : { type: 'fail', error };
    case 'web-page':
      // All that is asked ends at a host nobody mentioned: a portal of the network stands before the server, until someone
      // logs in there.
      if (around.isElsewhere && around.hasClaims && !around.isExtra) return { type: 'network' };
      // An expired link may answer with a page too.
      if (around.isExtra) return { type: around.isResolved && !around.isFresh ? 'resolve' : 'cap' };
      return deadLink(around, error, 'E_NOT_FILE');
    case 'status':
      return afterStatus(answer, error, around);
  }
}

function afterStatus(answer: Answer, error: DownloadError, around: Circumstances): Remedy {
  const { status } = answer;
  // Only a proxy asks this way (RFC 9110 section 15.5.8), whichever of the two passed it on.
  if (status === 407) {
    return { type: 'fail', error: loginRefused(around.proxy, parseChallenges(answer.headers['proxy-authenticate'])) };
  }
  const waitMs = retryAfterMs(answer.headers, around.wallNow);
  const wait = waitMs === undefined ? {} : { waitMs };
  if (busyStatuses.has(status)) {
    if (around.isExtra || around.isOneMore) return { type: 'cap', ...wait };
    return { type: 'host', ...wait, isCounted: waitMs === undefined };
  }
  if (transientStatuses.has(status)) {
    if (waitMs !== undefined && !around.isExtra) return { type: 'host', waitMs, isCounted: true };
    return { type: 'back-off', ...wait, isCounted: true };
  }
  if (linkStatuses.has(status)) return afterLinkStatus(status, answer, error, around);
  if (around.mayAskPlain && rangeStatuses.has(status)) return { type: around.isExtra ? 'no-range' : 'ask-plain' };
  if (around.isExtra) return { type: 'cap' };
  return { type: 'fail', error };
}

function afterLinkStatus(status: number, answer: Answer, error: DownloadError, around: Circumstances): Remedy {
  if (around.isExtra) {
    if (around.isResolved && !around.isFresh) return { type: 'resolve' };
    if (status !== 404 && status !== 410) return { type: 'cap' };
    // One bad node among good ones, or a link that lives once: told apart by whether a second request ever worked.
    const tries = around.hasProvenRange ? MISSING_WAITS_MS : MISSING_WAITS_MS.slice(0, 1);
    const waitMs = tries[around.failures];
    if (waitMs !== undefined) return { type: 'back-off', waitMs, isCounted: false };
    return { type: 'cap', isFragile: !around.hasProvenRange };
  }
  if (status === 403 && around.mayAskPlain && (around.isFresh || !around.isResolved)) return { type: 'ask-plain' };
  if (status === 401 && !around.hasDelivered) {
    const fact = around.hasLogin ? 'the server refused the login' : 'the server wants a login';
    return {
      type: 'fail',
      error: new DownloadError('E_AUTH', `${fact}${realmClause(parseChallenges(answer.headers['www-authenticate']))}`),
    };
  }
  return deadLink(around, error, 'E_LINK_EXPIRED');
}

/** The link worked before: ask the original again; if that is refused at once too, only a person can help. */
function deadLink(around: Circumstances, error: DownloadError, code: 'E_LINK_EXPIRED' | 'E_NOT_FILE'): Remedy {
  if (around.isResolved && !around.isFresh) return { type: 'resolve' };
  if (!around.hasClaims && !around.hasDelivered) return { type: 'fail', error };
  const expired = new DownloadError(
    around.hasDelivered ? 'E_LINK_EXPIRED' : code,
    `the link no longer gives the file: ${error.message}`,
    error,
  );
  return { type: 'new-link', error: expired };
}

/** BACKOFF(k): the first wait doubled k times, at most a minute (or the first wait, if longer), give or take a fifth. */
export function backOffMs(failures: number, firstMs: number, random: () => number): number {
  const longest = Math.max(60_000, firstMs);
  return Math.min(longest, firstMs * 2 ** Math.min(failures, 30)) * (0.8 + 0.4 * random());
}
