/**
 * A changed request is taken up by one connection after another. The first one tries it; each of the others moves over once
 * the one before it receives, and goes on as it was asked until then. Where the change is refused, all go on as before it.
 */
import type { RequestSource } from '#engine/network/request';
import type { Knowledge } from './knowledge.ts';
import { Link } from './link.ts';
import { isPassing, type Mishap } from './recovery.ts';
import type { Slot } from './slot.ts';

/** So often what may pass by itself is tried again. */
const MAX_TRIES = 3;

export class Changeover {
  readonly #known: Knowledge;
  readonly #slots: readonly Slot[];
  /** The one that is on its way to the changed request. */
  #mover: Slot | undefined;
  #tries = 0;

  constructor(known: Knowledge, slots: readonly Slot[]) {
    this.#known = known;
    this.#slots = slots;
  }

  /** What `slot` is to ask for next. */
  linkOf(slot: Slot): Link {
    return (slot === this.#mover ? this.#known.candidate : undefined) ?? this.#known.link;
  }

  /** The same file by a changed request: to be tried by one connection, while others receive. */
  begin(source: RequestSource): void {
    const mover = this.#mover;
    this.#mover = undefined;
    this.#tries = 0;
    // Taken back, or only written again: what works is left alone.
    const isKnown = source.isSameAs(this.#known.link.source);
    this.#known.candidate = isKnown ? undefined : new Link(source);
    if (mover?.isBusy && mover.link !== this.#known.link) mover.stop();
  }

  /** `slot` receives what it asked for. Returns whether that proves the change. */
  received(slot: Slot): boolean {
    if (slot !== this.#mover) return false;
    this.#mover = undefined;
    return slot.link === this.#known.candidate && this.adopt();
  }

  /** The change is all there is. Returns false where there is none. */
  adopt(): boolean {
    const { candidate } = this.#known;
    if (candidate === undefined) return false;
    this.#known.link = candidate;
    this.#known.candidate = undefined;
    return true;
  }

  /** An answer to `link` was no good. Returns whether it refuses the change, which is given up then. */
  isRefused(link: Link, mishap: Mishap): boolean {
    if (link !== this.#known.candidate) return false;
    this.#tries += 1;
    if (isPassing(mishap) && this.#tries < MAX_TRIES) return false;
    this.#known.candidate = undefined;
    this.#mover = undefined;
    return true;
  }

  /** The next one moves over, if none is on its way. */
  moveOn(now: number): void {
    const { link, candidate, asksRanges } = this.#known;
    // A stream that could only start over goes on as it was asked for.
    if (!asksRanges) return;
    if (this.#mover && (this.#mover.isBusy || this.#mover.sleepsUntil > now)) return;
    this.#mover = this.#slots.find((slot) => slot.isStreaming && slot.link !== (candidate ?? link));
    this.#mover?.stop();
  }
}
