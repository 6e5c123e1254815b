/** What runs, once a second while something does: for tray, taskbar and the computer's sleep. */
import type { Application } from '#downloads';

export interface Activity {
  readonly running: number;
  readonly waiting: number;
  readonly queued: number;
  readonly bytesPerSecond: number;
  /** 0 to 1 of all that runs; undefined where nothing runs or a size is unknown. */
  readonly fraction: number | undefined;
}

const everyMs = 1000;

export class ActivityWatch implements Disposable {
  readonly #application: Application;
  readonly #listeners: ((activity: Activity) => void)[] = [];
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | undefined;
  #told = '';

  constructor(application: Application) {
    this.#application = application;
    this.#unsubscribe = application.subscribe(({ type }) => {
      if (type === 'changed' || type === 'removed' || type === 'finished' || type === 'settings') this.#soon(0);
    });
  }

  /** Told at once, and then each change. */
  subscribe(listener: (activity: Activity) => void): void {
    this.#listeners.push(listener);
    listener(this.now());
  }

  now(): Activity {
    const { running, waiting, queued, bytesPerSecond } = this.#application.totals();
    return { running, waiting, queued, bytesPerSecond, fraction: running > 0 ? this.#fraction() : undefined };
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }

  #soon(ms: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, ms);
    this.#timer.unref();
  }

  #tell(): void {
    const activity = this.now();
    if (activity.running > 0) this.#soon(everyMs);
    const text = JSON.stringify(activity);
    if (text === this.#told) return;
    this.#told = text;
    for (const listener of this.#listeners) listener(activity);
  }

  #fraction(): number | undefined {
    let doneBytes = 0;
    let bytes = 0;
    for (const listed of this.#application.list.all()) {
      if (!listed.isLive) continue;
      const { size } = listed.record;
      if (size === undefined) return undefined;
      bytes += size;
      doneBytes += listed.counters()[1];
    }
    return bytes > 0 ? Math.min(1, doneBytes / bytes) : undefined;
  }
}
