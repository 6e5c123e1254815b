/** How fast bytes come, smoothed enough to plan by and honest about silence. */
import type { Clock } from '#engine/clock';

const windowMs = 500;
/** What a full window leaves of the speed before it (an average with alpha 0.4). */
const keptPerWindow = 0.6;
/** A speed measured over less than this is not to be planned by: a server's first burst says little. */
const shortestMs = 250;

export class SpeedMeter {
  readonly #clock: Clock;
  #startedAt: number | undefined;
  #lastByteAt = 0;
  #windowStart = 0;
  #windowBytes = 0;
  #average: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts bytes that have just come. The first call starts the measurement. */
  add(bytes: number): void {
    const now = this.#clock.now();
    if (this.#startedAt === undefined) {
      this.#startedAt = now;
      this.#windowStart = now;
    }
    this.#closeWindow(now);
    this.#windowBytes += bytes;
    this.#lastByteAt = now;
  }

  /**
   * The smoothed speed; once silent for q > 1 seconds, divided by q². So what is left on a dead connection seems to take
   * longer and longer, and is taken over by another one without any rule for the dead.
   */
  get bytesPerSecond(): number {
    if (this.#startedAt === undefined) return 0;
    const now = this.#clock.now();
    const begun = (this.#windowBytes * 1000) / Math.max(this.#lastByteAt - this.#windowStart, shortestMs);
    const silentSeconds = (now - this.#lastByteAt) / 1000;
    return (this.#average ?? begun) / Math.max(silentSeconds, 1) ** 2;
  }

  /** For how long it has been measuring. */
  get observedMs(): number {
    return this.#startedAt === undefined ? 0 : this.#clock.now() - this.#startedAt;
  }

  /** Forgets everything: what was measured before a pause or a suspend says nothing about now. */
  reset(): void {
    this.#startedAt = undefined;
    this.#average = undefined;
    this.#windowBytes = 0;
  }

  /** A window closes with the first bytes after its time, so a silence is averaged in as soon as it is over. */
  #closeWindow(now: number): void {
    const elapsedMs = now - this.#windowStart;
    if (elapsedMs < windowMs) return;
    const sample = (this.#windowBytes * 1000) / elapsedMs;
    const kept = keptPerWindow ** (elapsedMs / windowMs);
    this.#average = this.#average === undefined ? sample : this.#average * kept + sample * (1 - kept);
    this.#windowStart = now;
    this.#windowBytes = 0;
  }
}
