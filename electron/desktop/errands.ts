/** What the page is to do for the desktop, kept until a page asks for it: the window may be closed, hidden or still loading. */
import type { Errand } from '#shared/desktop';

/** Nobody reads more; a program that sends links without end does not fill the memory. */
const most = 100;

export class Errands {
  #waiting: Errand[] = [];
  /** Tells a page that is there to ask. */
  onGiven: () => void = () => {};

  give(errand: Errand): void {
    this.#waiting = [...this.#waiting, errand].slice(-most);
    this.onGiven();
  }

  /** Each is given once. */
  take(): Errand[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }
}
