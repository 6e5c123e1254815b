/** Sleep and network: the computer stays awake while it downloads, and what waits goes on when it is back. */
import { app, net, powerMonitor, powerSaveBlocker } from 'electron';
import type { Activity } from './activity.ts';

const networkMs = 5000;

export class Power implements Disposable {
  readonly #keepsAwake: () => boolean;
  readonly #timer: NodeJS.Timeout;
  #blocker: number | undefined;
  #isOnline = true;

  /** `wake`: what waits for the network is to try now. */
  constructor(keepsAwake: () => boolean, wake: () => void) {
    this.#keepsAwake = keepsAwake;
    powerMonitor.on('resume', wake);
    // The system shuts down: what is not on disk yet has moments to get there.
    powerMonitor.on('shutdown', () => app.quit());
    // The main process is told of no change of network, so it looks.
    this.#timer = setInterval(() => {
      const isOnline = net.isOnline();
      if (isOnline && !this.#isOnline) wake();
      this.#isOnline = isOnline;
    }, networkMs);
    this.#timer.unref();
  }

  /** The screen may go dark; the system may not sleep. */
  follow({ running }: Activity): void {
    const isNeeded = running > 0 && this.#keepsAwake();
    if (isNeeded) this.#blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else if (this.#blocker !== undefined) {
      powerSaveBlocker.stop(this.#blocker);
      this.#blocker = undefined;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
