/**
 * One download from a person's point of view: its states, its commands, what it tells. The work is done by its runs.
 *
 *   queued → probing → active ⇄ waiting → … → verifying → finalizing → done
 *               └─────────┴────────┴────────────┴→ pausing → paused → (start) → probing
 *               └─────────┴────────┴────────────┴→ failed → (start) → probing          skipped: the file is there already
 */

import { safeName } from '#engine/naming/filename';
import { RequestSource, withAddress } from '#engine/network/request';
import type { DownloadEvent, DownloadProgress, DownloadRequest, DownloadState, DownloadTarget } from '#shared/download';
import { Bucket } from './limiter.ts';
import { checkDownloadOptions, type DownloadOptions } from './options.ts';
import { type DownloadHooks, type EngineServices, findLeft, Run } from './run.ts';

/** How often a full or absent disk is looked at again. */
const DISK_RETRY_MS = 10_000;

export interface DownloadServices extends EngineServices {
  /** Those that are not over: each enters and leaves by itself. */
  readonly downloads: Set<Download>;
}

export class Download {
  readonly #services: DownloadServices;
  readonly #hooks: DownloadHooks;
  readonly #target: DownloadTarget;
  readonly #listeners = new Set<(event: DownloadEvent) => void>();
  readonly #bucket: Bucket;
  #options: DownloadOptions;
  #source: RequestSource;
  #state: DownloadState = { type: 'queued' };
  #finished = Promise.withResolvers<DownloadState>();
  /** The one under way. */
  #run: Run | undefined;
  /** The latest one: what it knew is still what is known. */
  #lastRun: Run | undefined;
  #ended: Promise<void> = Promise.resolve();
  /** Of the runs before the latest. */
  #receivedBytes = 0;
  #isPausing = false;
  #isRemoved = false;
  #cancelRetry: (() => void) | undefined;

  /** @throws DownloadError E_INPUT. */
  constructor(
    services: DownloadServices,
    request: DownloadRequest,
    target: DownloadTarget,
    options: Partial<DownloadOptions>,
    hooks: Partial<DownloadHooks> = {},
  ) {
    this.#services = services;
    this.#hooks = { onPlaced: async () => {}, ...hooks };
    this.#source = new RequestSource(request);
    // Once and for all, so that what is looked for, made and put in place is one name, inside the folder.
    this.#target = target.name === undefined ? target : { ...target, name: safeName(target.name) };
    this.#options = checkDownloadOptions(options);
    const { limitBytesPerSecond: bytesPerSecond, weight } = this.#options;
    this.#bucket = new Bucket(services.clock, { bytesPerSecond, weight, parent: services.bucket });
    services.downloads.add(this);
  }

  get state(): DownloadState {
    return this.#state;
  }

  get request(): DownloadRequest {
    return this.#source.given;
  }

  /** Returns what ends the subscription. A listener that throws disturbs nobody. */
  subscribe(listener: (event: DownloadEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** From queued, paused or failed; does nothing in any other state. */
  start(): void {
    if (this.#isRemoved || !['queued', 'paused', 'failed'].includes(this.#state.type)) return;
    if (this.#state.type !== 'queued') this.#finished = Promise.withResolvers();
    this.#begin();
  }

  /** Resolves once paused, with every received byte on disk and on record; or at once where the download is over. */
  async pause(): Promise<void> {
    if (this.#run === undefined) {
      this.#cancelRetry?.();
      if (this.#state.type === 'queued' || this.#state.type === 'waiting') this.#end({ type: 'paused' });
      return;
    }
    if (!this.#isPausing) {
      this.#isPausing = true;
      if (this.#state.type !== 'finalizing') this.#setState({ type: 'pausing' });
      this.#run.stop();
    }
    await this.#ended;
  }

  /** Resolves at done, skipped, paused or failed. */
  finished(): Promise<DownloadState> {
    return this.#finished.promise;
  }

  progress(): DownloadProgress {
    const run = this.#lastRun;
    const transfer = this.#run?.transfer;
    const size = run?.size;
    return {
      ...(size === undefined ? {} : { size }),
      doneBytes: run?.map.doneBytes ?? 0,
      resumedBytes: run?.resumedBytes ?? 0,
      receivedBytes: this.#receivedBytes + (run?.receivedBytes ?? 0),
      bytesPerSecond: transfer?.bytesPerSecond ?? 0,
      connections: transfer?.connections ?? 0,
      segments: transfer?.segments() ?? [],
      done: [...(run?.map.done ?? [])],
      ...(run && this.#state.type === 'verifying' ? { check: run.check } : {}),
    };
  }

  setLimit(bytesPerSecond: number): void {
    this.#options = checkDownloadOptions({ ...this.#options, limitBytesPerSecond: bytesPerSecond });
    this.#bucket.bytesPerSecond = bytesPerSecond;
    this.#run?.transfer?.setLimit(bytesPerSecond);
  }

  /** @throws DownloadError E_INPUT outside 1-64. */
  setConnections(connections: number): void {
    this.#options = checkDownloadOptions({ ...this.#options, connections });
    this.#run?.transfer?.setConnections(connections);
  }

  /**
   * A new link for the same file: compared with the bytes on disk before anything of it is trusted. On another origin, the
   * headers, cookie, login and body given so far are not sent; `change` gives it its own.
   */
  setUrl(url: string, change: Partial<Omit<DownloadRequest, 'url'>> = {}): void {
    this.#setSource({ ...withAddress(this.request, url), ...change });
  }

  /** Headers, cookie, login and the like; running connections take it up at once, without losing a byte. */
  setRequest(change: Partial<Omit<DownloadRequest, 'url'>>): void {
    this.#setSource({ ...this.request, ...change });
  }

  /** Keeps one segment's range for it, but fetches nothing of it until `release`. */
  hold(segment: number): void {
    this.#run?.transfer?.hold(segment);
  }

  release(segment: number): void {
    this.#run?.transfer?.release(segment);
  }

  /** The segment goes on over a new connection. */
  restart(segment: number): void {
    this.#run?.transfer?.restart(segment);
  }

  /** One connection fewer; the others take the segment's range. @returns how many it may have from now on. */
  drop(segment: number): number {
    const connections = this.#run?.transfer?.drop(segment) ?? this.#options.connections;
    // The next run has as many.
    this.#options = { ...this.#options, connections };
    return connections;
  }

  /** The network or the machine came back. */
  wake(): void {
    this.#run?.transfer?.wake();
  }

  /** Ends it for good; with `deleteFiles` nothing of an unfinished download stays. */
  async remove(options: { readonly deleteFiles: boolean }): Promise<void> {
    this.#isRemoved = true;
    await this.pause();
    this.#bucket.close();
    if (!options.deleteFiles || this.#state.type === 'done') return;
    const left = await findLeft(this.#leftPorts(), () => {});
    if (left?.type === 'part') await left.stored.close(false);
  }

  /** Removes what a kill between the last steps of a finished run left behind. Makes no request. */
  async tidy(): Promise<void> {
    const left = await findLeft(this.#leftPorts(), () => {});
    if (left?.type !== 'part') return;
    const { stored } = left;
    if (await stored.isPlaced()) await stored.finish(undefined, this.#hooks.onPlaced);
    else await stored.close(true);
  }

  #leftPorts(): Parameters<typeof findLeft>[0] {
    const { keptName } = this.#lastRun ?? {};
    return { services: this.#services, hooks: this.#hooks, target: this.#target, keptName, source: () => this.#source };
  }

  #setSource(request: DownloadRequest): void {
    this.#source = this.#source.with(request);
    if (this.#run) this.#run.transfer?.setSource(this.#source);
    else if (this.#state.type === 'waiting') this.#begin();
  }

  #begin(): void {
    this.#cancelRetry?.();
    this.#services.downloads.add(this);
    this.#setState({ type: 'probing' });
    this.#receivedBytes += this.#lastRun?.receivedBytes ?? 0;
    const ports = {
      ...this.#leftPorts(),
      bucket: this.#bucket,
      options: () => this.#options,
      setState: (state: DownloadState) => {
        if (!this.#isPausing || state.type === 'finalizing') this.#setState(state);
      },
      emit: (event: DownloadEvent) => this.#emit(event),
    };
    const run = new Run(ports, this.#lastRun);
    this.#run = run;
    this.#lastRun = run;
    this.#ended = run.over().then((state) => this.#conclude(state));
  }

  #conclude(state: DownloadState): void {
    // Before the news of the end: whoever hears it may start the next run at once.
    this.#run = undefined;
    this.#isPausing = false;
    if (state.type === 'waiting') {
      this.#setState(state);
      this.#cancelRetry = this.#services.clock.setTimer(() => this.#begin(), DISK_RETRY_MS);
    } else {
      this.#end(state);
    }
  }

  #end(state: DownloadState): void {
    this.#services.downloads.delete(this);
    const finished = this.#finished;
    this.#setState(state);
    finished.resolve(state);
  }

  #setState(state: DownloadState): void {
    this.#state = state;
    this.#emit({ type: 'state', state });
  }

  #emit(event: DownloadEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // A listener's mistake is its own: the download goes on.
      }
    }
  }
}
