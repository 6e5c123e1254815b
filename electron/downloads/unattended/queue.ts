/**
 * Several downloads, added at any time, at most `jobs` of them running, first come first served.
 *
 *   added → queued → (already there) → ended
 *              └──→ running ──────────→ ended(done | skipped | failed | stopped)
 */
import { type Clock, DownloadError, type DownloadOptions, type Engine, type FileIdentity } from '#engine';
import type { DownloadEvent, DownloadProgress, DownloadRequest, DownloadState, DownloadTarget } from '#shared/download';
import type { FinishedFile, FinishedMemory } from './finished.ts';
import { type Outcome, Run } from './run.ts';

/** What a person asked for. */
export interface DownloadOrder {
  readonly request: DownloadRequest;
  readonly target: DownloadTarget;
  readonly options?: Partial<DownloadOptions>;
}

/** One download of the queue as it stands. */
export interface DownloadRow {
  /** From 1, in the order of adding. */
  readonly id: number;
  readonly order: DownloadOrder;
  /** The user's own name, or the one the answer gave. */
  readonly name?: string;
  readonly size?: number;
  /** Undefined before it runs. */
  readonly state?: DownloadState;
  readonly outcome?: Outcome;
}

export type DownloadsEvent =
  | { readonly type: 'added' | 'started'; readonly row: DownloadRow }
  | { readonly type: 'told'; readonly row: DownloadRow; readonly event: DownloadEvent }
  | { readonly type: 'ended'; readonly row: DownloadRow; readonly outcome: Outcome }
  /** The file is fine, but a second run will not know that it is there. Said once. */
  | { readonly type: 'forgetful'; readonly reason: string };

export interface DownloadsOptions {
  readonly jobs: number;
  /** See patience.ts; undefined waits as long as it takes. */
  readonly maxWaitMs?: number;
}

export interface DownloadsPorts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly memory?: FinishedMemory;
}

interface Entry {
  row: DownloadRow;
  run?: Run;
  progress?: () => DownloadProgress;
}

export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #ports: DownloadsPorts;
  readonly #entries = new Map<number, Entry>();
  readonly #queued: Entry[] = [];
  readonly #running = new Set<Entry>();
  readonly #listeners = new Set<(event: DownloadsEvent) => void>();
  #drained = Promise.withResolvers<void>();
  #isStopped = false;
  #saidForgetful = false;

  constructor(options: DownloadsOptions, ports: DownloadsPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#drained.resolve();
  }

  /** Starts it as soon as its turn comes. */
  add(order: DownloadOrder): DownloadRow {
    const { name } = order.target;
    const row: DownloadRow = { id: this.#entries.size + 1, order, ...(name === undefined ? {} : { name }) };
    const entry: Entry = { row };
    this.#entries.set(row.id, entry);
    if (this.#queued.length + this.#running.size === 0) this.#drained = Promise.withResolvers();
    this.#queued.push(entry);
    this.#tell({ type: 'added', row });
    if (this.#isStopped) this.#dropQueued();
    else this.#fill();
    return row;
  }

  rows(): DownloadRow[] {
    return Array.from(this.#entries.values(), ({ row }) => row);
  }

  /** Undefined unless the download runs. */
  progress(id: number): DownloadProgress | undefined {
    return this.#entries.get(id)?.progress?.();
  }

  subscribe(listener: (event: DownloadsEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once nothing is queued or running. */
  drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Ends everything as `stopped`; resolves once all bytes and checkpoints are on disk. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#dropQueued();
    await Promise.all(Array.from(this.#running, (entry) => entry.run?.stop()));
    await this.drained();
  }

  /** Stops, and closes every connection and timer. */
  async close(): Promise<void> {
    await this.stop();
    await this.#ports.engine.close();
  }

  #fill(): void {
    while (this.#running.size < this.#options.jobs) {
      const entry = this.#queued.shift();
      if (entry === undefined) return;
      this.#running.add(entry);
      void this.#carryOut(entry);
    }
  }

  async #carryOut(entry: Entry): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await this.#outcome(entry);
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      outcome = { type: 'failed', failure: error.failure };
    }
    this.#running.delete(entry);
    this.#end(entry, outcome);
    if (!this.#isStopped) this.#fill();
    this.#settle();
  }

  async #outcome(entry: Entry): Promise<Outcome> {
    const { request, target, options } = entry.row.order;
    const { engine, clock } = this.#ports;
    // First, so that an order that cannot be carried out is refused in the same turn, whatever is on disk.
    const onPlaced = (path: string, file: FileIdentity): Promise<void> => this.#remember(entry, path, file);
    const download = engine.download(request, target, options, { onPlaced });
    const finished = await this.#alreadyThere(entry.row.order);
    if (finished !== undefined || this.#isStopped) {
      if (finished !== undefined) await download.tidy();
      // The engine keeps what it handed out until that has ended.
      await download.pause();
      return finished === undefined ? { type: 'stopped' } : { type: 'already-there', ...finished };
    }
    this.#tell({ type: 'started', row: entry.row });
    entry.progress = () => download.progress();
    const { maxWaitMs } = this.#options;
    entry.run = new Run(download, {
      clock,
      ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
      tell: (event) => this.#pass(entry, event),
    });
    return await entry.run.outcome();
  }

  /** Who asks to overwrite wants the file fetched anew. */
  async #alreadyThere({ request, target, options }: DownloadOrder): Promise<FinishedFile | undefined> {
    if (target.ifExists === 'overwrite') return undefined;
    const { directory, name } = target;
    const checksum = options?.checksum;
    return await this.#ports.memory?.find({
      request,
      directory,
      ...(name === undefined ? {} : { name }),
      ...(checksum === undefined ? {} : { checksum }),
    });
  }

  async #remember(entry: Entry, path: string, file: FileIdentity): Promise<void> {
    try {
      await this.#ports.memory?.remember(entry.row.order.request, path, file);
    } catch (error) {
      if (this.#saidForgetful) return;
      this.#saidForgetful = true;
      this.#tell({ type: 'forgetful', reason: error instanceof Error ? error.message : String(error) });
    }
  }

  #pass(entry: Entry, event: DownloadEvent): void {
    if (event.type === 'identified') {
      entry.row = { ...entry.row, name: event.name, ...(event.size === undefined ? {} : { size: event.size }) };
    }
    if (event.type === 'state') entry.row = { ...entry.row, state: event.state };
    this.#tell({ type: 'told', row: entry.row, event });
  }

  #end(entry: Entry, outcome: Outcome): void {
    entry.row = { ...entry.row, outcome };
    // The engine's download holds buffers and maps; a list of ten thousand ended ones must not keep them.
    delete entry.run;
    delete entry.progress;
    this.#tell({ type: 'ended', row: entry.row, outcome });
  }

  #dropQueued(): void {
    for (const entry of this.#queued.splice(0)) this.#end(entry, { type: 'stopped' });
    this.#settle();
  }

  #settle(): void {
    if (this.#queued.length + this.#running.size === 0) this.#drained.resolve();
  }

  #tell(event: DownloadsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
