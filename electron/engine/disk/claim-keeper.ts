/**
 * Puts claims on record while a download runs: often and cheaply as soft claims (they survive a kill), now and then as hard
 * ones behind a sync of the data (they survive a power cut). A slow disk gets fewer syncs, not a slower download.
 */

import type { Clock } from '#engine/clock';
import type { EngineOptions } from '#engine/options';
import type { Interval } from '#shared/download';
import type { Checkpoint } from './checkpoint.ts';
import type { PartFile } from './part-file.ts';
import type { Sums } from './sums.ts';

/** At most a tenth of the time is spent syncing. */
const REST_FACTOR = 10;
/** What comes faster than this, from the start on, is likely to be over before anybody needs a claim of it. */
const FAST_BYTES_PER_MS = 256 * 1024;
const FAST_HEAD_START_BYTES = 16 * 1024 * 1024;

export class ClaimKeeper {
  readonly #clock: Clock;
  readonly #options: EngineOptions;
  readonly #checkpoint: Checkpoint;
  readonly #part: PartFile;
  readonly #sums: Sums;
  readonly #done: () => readonly Interval[];
  readonly #onError: (error: unknown) => void;
  #softBytes = 0;
  #hardBytes = 0;
  #softAt: number;
  #hardAt: number;
  #restUntil = 0;
  readonly #startedAt: number;
  #bytes = 0;
  #isDeferred = false;
  #isSyncing = false;
  #isWriting = false;

  constructor(
    clock: Clock,
    options: EngineOptions,
    stored: { readonly checkpoint: Checkpoint; readonly part: PartFile; readonly sums: Sums; done(): readonly Interval[] },
    onError: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#options = options;
    this.#checkpoint = stored.checkpoint;
    this.#part = stored.part;
    this.#sums = stored.sums;
    this.#done = () => stored.done();
    this.#onError = onError;
    this.#softAt = clock.now();
    this.#hardAt = this.#softAt;
    this.#startedAt = this.#softAt;
  }

  /** Bytes were written. */
  note(bytes: number): void {
    this.#bytes += bytes;
    this.#softBytes += bytes;
    this.#hardBytes += bytes;
    if (this.#softBytes >= this.#options.softCheckpointBytes || this.#hardBytes >= this.#options.hardCheckpointBytes) this.tick();
  }

  /** Writes what is due. */
  tick(): void {
    const now = this.#clock.now();
    if (this.#mayWait(now)) return;
    const { softCheckpointBytes, softCheckpointMs, hardCheckpointBytes, hardCheckpointMs } = this.#options;
    if (this.#hardBytes > 0 && !this.#isSyncing && now >= this.#restUntil) {
      if (this.#hardBytes >= hardCheckpointBytes || now - this.#hardAt >= hardCheckpointMs) this.#guard(this.hard());
    }
    if (
      this.#softBytes > 0 &&
      !this.#isWriting &&
      (this.#softBytes >= softCheckpointBytes || now - this.#softAt >= softCheckpointMs)
    ) {
      this.#guard(this.#soft());
    }
  }

  /** Everything written so far is claimed for good when this resolves. */
  async hard(): Promise<void> {
    this.#isSyncing = true;
    try {
      await this.#sums.readBack(this.#part);
      await this.seal();
    } finally {
      this.#isSyncing = false;
    }
  }

  /** As `hard`, when every byte is there: what was not summed until now needs no sum for the moment that is left. */
  async seal(): Promise<void> {
    this.#hardBytes = 0;
    this.#hardAt = this.#clock.now();
    try {
      // A claim is worth what its sum is: both are durable before it.
      await this.#checkpoint.writeHard(this.#done(), async () => {
        await Promise.all([this.#part.datasync(), this.#sums.sync()]);
      });
    } finally {
      const now = this.#clock.now();
      this.#restUntil = now + REST_FACTOR * (now - this.#hardAt);
    }
  }

  /** A run too fast to be worth the trouble yet. */
  #mayWait(now: number): boolean {
    const elapsedMs = now - this.#startedAt;
    if (elapsedMs >= this.#options.firstCheckpointMs) return false;
    if (!this.#isDeferred && this.#bytes > FAST_HEAD_START_BYTES + elapsedMs * FAST_BYTES_PER_MS) {
      this.#isDeferred = true;
      this.#sums.defer();
    }
    return this.#isDeferred;
  }

  async #soft(): Promise<void> {
    this.#isWriting = true;
    this.#softBytes = 0;
    this.#softAt = this.#clock.now();
    try {
      await this.#sums.readBack(this.#part);
      const done = [...this.#done()];
      await this.#sums.flush();
      await this.#checkpoint.writeSoft(done);
    } finally {
      this.#isWriting = false;
    }
  }

  #guard(writing: Promise<void>): void {
    writing.catch(this.#onError);
  }
}
