/** One download while it runs unattended: passes on what it says, and ends a wait that nobody will end. */
import type { Clock, Download } from '#engine';
import type { DownloadEvent, DownloadState } from '#shared/download';
import type { Failure } from '#shared/failure';
import { patienceWith, type WaitingState } from './patience.ts';

/** How a download of the queue ended. */
export type Outcome =
  | { readonly type: 'done'; readonly path: string; readonly size: number; readonly lengthVerified: boolean }
  /** Finished by an earlier run and untouched since; nothing was asked of the server. */
  | { readonly type: 'already-there'; readonly path: string; readonly size: number }
  /** Another file has the name, and was left alone as asked. */
  | { readonly type: 'skipped'; readonly path: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  /** The user stopped it; the part stays. */
  | { readonly type: 'stopped' };

export interface RunPorts {
  readonly clock: Clock;
  /** Undefined: waits as long as it takes. */
  readonly maxWaitMs?: number;
  tell(event: DownloadEvent): void;
}

export class Run {
  readonly #download: Download;
  readonly #ports: RunPorts;
  #cause: Failure | undefined;
  #cancelLook: (() => void) | undefined;
  /** Waits for host or network add up until a byte arrives: ten waits of ten seconds try the patience like one of a hundred. */
  #waitedMs = 0;
  #waitingSinceMs: number | undefined;
  #receivedBytes = 0;

  constructor(download: Download, ports: RunPorts) {
    this.#download = download;
    this.#ports = ports;
  }

  /** Resolves when nothing more will happen by itself; never rejects. */
  async outcome(): Promise<Outcome> {
    const unsubscribe = this.#download.subscribe((event) => {
      if (event.type === 'state') this.#watch(event.state);
      this.#ports.tell(event);
    });
    try {
      this.#download.start();
      return this.#outcomeOf(await this.#download.finished());
    } finally {
      this.#cancelLook?.();
      unsubscribe();
    }
  }

  /** Resolves once the bytes and the checkpoint are on disk. */
  stop(): Promise<void> {
    return this.#download.pause();
  }

  #outcomeOf(state: DownloadState): Outcome {
    if (state.type === 'done' || state.type === 'skipped' || state.type === 'failed') return state;
    return this.#cause === undefined ? { type: 'stopped' } : { type: 'failed', failure: this.#cause };
  }

  #watch(state: DownloadState): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    const now = this.#ports.clock.now();
    if (this.#waitingSinceMs !== undefined) this.#waitedMs += now - this.#waitingSinceMs;
    this.#waitingSinceMs = undefined;
    if (state.type !== 'waiting') return;
    const { receivedBytes } = this.#download.progress();
    if (receivedBytes > this.#receivedBytes) this.#waitedMs = 0;
    this.#receivedBytes = receivedBytes;
    if (state.for === 'host' || state.for === 'network') this.#waitingSinceMs = now;
    this.#decide(state);
  }

  #decide(waiting: WaitingState): void {
    const { clock, maxWaitMs } = this.#ports;
    if (maxWaitMs === undefined) return;
    const now = clock.now();
    const waitedMs = this.#waitedMs + (this.#waitingSinceMs === undefined ? 0 : now - this.#waitingSinceMs);
    const patience = patienceWith(waiting, waitedMs, now, maxWaitMs);
    if (patience.type === 'stay') return;
    if (patience.type === 'look-again') {
      this.#cancelLook = clock.setTimer(() => this.#decide(waiting), patience.inMs);
      return;
    }
    this.#cause = waiting.cause;
    void this.#download.pause();
  }
}
