/** How far the reading of a file is that proves it: of what an earlier run left, or of all of it for its sum. Minutes, for a large one. */
import type { Clock } from '#engine/clock';
import { SpeedMeter } from '#engine/transfer/speed';
import type { CheckProgress } from '#shared/download';

export class ReadBack {
  readonly #meter: SpeedMeter;
  #totalBytes = 0;
  #doneBytes = 0;

  constructor(clock: Clock) {
    this.#meter = new SpeedMeter(clock);
  }

  /** From now on it is of so many bytes. */
  begin(totalBytes: number): void {
    this.#totalBytes = totalBytes;
    this.#doneBytes = 0;
    this.#meter.reset();
  }

  note(bytes: number): void {
    this.#doneBytes += bytes;
    this.#meter.add(bytes);
  }

  get progress(): CheckProgress {
    return { doneBytes: this.#doneBytes, totalBytes: this.#totalBytes, bytesPerSecond: this.#meter.bytesPerSecond };
  }
}
