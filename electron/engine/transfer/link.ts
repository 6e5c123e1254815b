/**
 * What is asked for, with the address of the file: the original, and where it led. A changed request is a new link. New
 * connections go straight to the final address; when that is refused, one slot alone asks the original again and the others
 * wait for what it learns.
 */
import type { RequestSource } from '#engine/network/request';

/** Where a slot begins its request. */
export interface Entry {
  readonly link: Link;
  readonly url: URL;
  /** The slot asks the original address for all. */
  readonly isFresh: boolean;
}

export class Link {
  readonly source: RequestSource;
  /** A body byte came from this address in this run: it is no dead link. */
  hasDelivered = false;
  #final: URL | undefined;
  #resolver: object | undefined;

  constructor(source: RequestSource) {
    this.source = source;
  }

  get original(): URL {
    return this.source.original;
  }

  get final(): URL {
    return this.#final ?? this.original;
  }

  /** False while another slot asks the original: what it learns is to be waited for. */
  mayEnter(slot: object): boolean {
    return this.#final !== undefined || this.#resolver === undefined || this.#resolver === slot;
  }

  /** Where `slot` is to begin; undefined where it may not. */
  enter(slot: object): Entry | undefined {
    if (!this.mayEnter(slot)) return undefined;
    if (this.#final) return { link: this, url: this.#final, isFresh: false };
    this.#resolver = slot;
    return { link: this, url: this.original, isFresh: true };
  }

  /** A good answer came from `url`. */
  resolved(url: URL): void {
    this.#final = url;
    this.#resolver = undefined;
  }

  leave(slot: object): void {
    if (this.#resolver === slot) this.#resolver = undefined;
  }

  /** `refused` is dead: the next slot asks the original. One that was refused late does not void what is known by now. */
  invalidate(refused: URL): void {
    if (this.#final?.href === refused.href) this.#final = undefined;
  }
}
