/**
 * What is known of the file at its address while it is fetched: where it is, what it is, whether parts of it can be had,
 * and how far that is to be believed. One per transfer, changed by what answers say and by the user.
 */

import type { RequestSource } from '#engine/network/request';
import type { Identity } from './accept.ts';
import { Link } from './link.ts';
import type { RangeMap } from './range-map.ts';

export interface KnownBefore {
  readonly source: RequestSource;
  readonly map: RangeMap;
  /** What an earlier run knew. */
  readonly identity?: Identity | undefined;
  /** The claims come from an earlier run, or the link is a new one: compare bytes before trusting its answers. */
  readonly needsProof: boolean;
  /** The claims come from another address: if its file differs, the link is wrong, not the bytes. */
  readonly isNewLink: boolean;
  /** The name the user gave the file. */
  readonly name?: string | undefined;
}

export class Knowledge {
  readonly map: RangeMap;
  readonly name: string | undefined;
  /** What is asked for, and was found to work if anything was. */
  link: Link;
  /** A changed request that no byte came with yet, beside the one that works; see changeover.ts. */
  candidate: Link | undefined;
  /** Undefined before the first good answer. */
  identity: Identity | undefined;
  /** Undefined until an answer proved or refuted it. */
  supportsRanges: boolean | undefined;
  needsProof: boolean;
  isNewLink: boolean;
  /** A ranged request was refused that may have been refused for its range: the next one has none, once a link. */
  plain: 'not yet' | 'now' | 'asked' = 'not yet';
  /** How often all was given up. */
  restarts = 0;

  constructor(before: KnownBefore) {
    this.name = before.name;
    this.map = before.map;
    this.identity = before.identity;
    this.needsProof = before.needsProof && before.map.done.length > 0;
    this.isNewLink = before.isNewLink && this.needsProof;
    this.link = new Link(before.source);
    // What was posted cannot be asked for in parts.
    if (before.source.method !== 'GET') this.supportsRanges = false;
  }

  /** Whether the next request names a range. */
  get asksRanges(): boolean {
    if (this.supportsRanges === false || this.plain === 'now') return false;
    return this.identity !== undefined && this.map.size !== undefined;
  }

  /** For one plain stream: something was not received yet. What only waits to be written is not asked for again. */
  get hasWholeToFetch(): boolean {
    return this.map.size === undefined || this.map.holes().length > 0;
  }

  /** The user changed the request. Returns whether its address is another one. */
  replaceSource(source: RequestSource): boolean {
    const isNewLink = source.original.href !== this.link.original.href;
    this.link = new Link(source);
    this.candidate = undefined;
    this.plain = 'not yet';
    if (isNewLink) {
      // Not `map.done`: bytes of the old link may be on their way to the disk. Without a size nothing could go on anyway.
      this.needsProof = this.identity?.size !== undefined;
      this.isNewLink = this.needsProof;
      this.supportsRanges = source.method === 'GET' ? undefined : false;
    }
    return isNewLink;
  }

  /** Nothing on disk counts any more. */
  forgetFile(): void {
    this.map.clear();
    this.identity = undefined;
    this.needsProof = false;
  }
}
