/**
 * The address of the file: the original, and where it led. New connections go straight to the final address; when that is
 * refused, one slot alone asks the original again and the others wait for what it learns.
 */

/** Where a slot begins its request. */
export interface Entry {
  readonly url: URL;
  /** The slot asks the original address for all. */
  readonly isFresh: boolean;
}

export class Link {
  original: URL;
  /** A body byte came from this address in this run: it is no dead link. */
  hasDelivered = false;
  #final: URL | undefined;
  #resolver: object | undefined;

  constructor(original: URL) {
    this.original = original;
  }

  get final(): URL {
    return this.#final ?? this.original;
  }

  /** Where `slot` is to begin; undefined while another one asks the original. */
  enter(slot: object): Entry | undefined {
    if (this.#final) return { url: this.#final, isFresh: false };
    if (this.#resolver !== undefined && this.#resolver !== slot) return undefined;
    this.#resolver = slot;
    return { url: this.original, isFresh: true };
  }

  /** A good answer came from `url`. */
  resolved(url: URL): void {
    this.#final = url;
    this.#resolver = undefined;
  }

  leave(slot: object): void {
    if (this.#resolver === slot) this.#resolver = undefined;
  }

  /** The final address is refused: the next slot asks the original. */
  invalidate(): void {
    this.#final = undefined;
  }

  /** A new link for the same file. */
  replace(original: URL): void {
    this.original = original;
    this.#final = undefined;
    this.#resolver = undefined;
    this.hasDelivered = false;
  }
}
