/**
 * A download of the list: what is stored of it, and the engine's download while it is at work.
 *
 *   queued → live (the engine's states) → done: leaves the list for the history
 *              └→ failed, paused → (queue) → queued          out of hours → queued again by itself
 */
import { mkdir, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inodeOf } from '#downloads/done/place';
import { type Download, DownloadError, type DownloadOptions, type Engine, safeUrl } from '#engine';
import type {
  DownloadEvent,
  DownloadProgress,
  DownloadRequest,
  DownloadState,
  DownloadTarget,
  NoteValues,
} from '#shared/download';
import type { Failure } from '#shared/failure';
import type { RequestDraft } from '#shared/orders';
import type { Counters, Detail, DownloadRow, LogLine } from '#shared/rows';
import type { StoredDownload } from '#shared/stored';
import { cellsOf } from './cells.ts';
import { Journal } from './journal.ts';

/** How the engine is to fetch it, from its request, profile and the settings. */
export interface Assignment {
  readonly request: DownloadRequest;
  readonly target: DownloadTarget;
  readonly options: Partial<DownloadOptions>;
}

export interface ListedPorts {
  readonly engine: Engine;
  assign(listed: ListedDownload): Assignment;
  restore(record: StoredDownload): RequestDraft;
  /** The connections it may use. */
  connections(listed: ListedDownload): number;
  /** Something of its row is another now. */
  onChanged(listed: ListedDownload): void;
  /** The stored part is another now; resolves once that is on disk. */
  save(listed: ListedDownload): Promise<void>;
  /** Its name and kind are known. */
  onIdentified(listed: ListedDownload): void;
  /** The file of its name that is in its folder already and is to stay, so that nothing is to be fetched. */
  kept(listed: ListedDownload): Promise<string | undefined>;
  /** The file is whole in the folder it was fetched to, or one that was there before is kept (`isOurs` false). */
  onFinished(listed: ListedDownload, path: string, isOurs: boolean): Promise<void>;
  /** It is not at work any more. */
  onRest(listed: ListedDownload): void;
}

/** What became of a new link: the same file, nothing known yet, or why it was refused. */
export type LinkVerdict = 'same' | 'open' | Failure;

/** Why it is stopped: what becomes of it then. */
type StopReason = 'person' | 'hours' | 'shutdown';

export class ListedDownload {
  record: StoredDownload;
  /** As it was before the last edit. */
  draftBefore: RequestDraft | undefined;
  requestChanges = 0;
  /** It was edited, and the changed request was not seen to bring bytes yet. */
  isUnproven = false;
  /** Why the edit is not taken up while it runs. */
  editRefused: Failure | undefined;
  readonly journal = new Journal();
  isForced = false;
  isOutOfHours = false;
  finalUrl: string | undefined;
  contentType: string | undefined;
  readonly #ports: ListedPorts;
  /** Unsealed when it is needed: most of a long list never is. */
  #draft: RequestDraft | undefined;
  #host: string;
  #download: Download | undefined;
  #state: DownloadState | undefined;
  #stopReason: StopReason | undefined;
  #ended: Promise<void> = Promise.resolve();
  #kept: string | undefined;
  /** A sum was to be had from the server, and was not. */
  #hasNoSum = false;
  /** Somebody waits to hear whether a new link leads to the same file. */
  #onVerdict: ((verdict: LinkVerdict) => void) | undefined;

  constructor(record: StoredDownload, draft: RequestDraft | undefined, ports: ListedPorts) {
    this.record = record;
    this.#draft = draft;
    this.#host = hostOf(record.request);
    this.#ports = ports;
  }

  /** With all secrets. @throws DownloadError E_AUTH where they cannot be had any more. */
  get draft(): RequestDraft {
    this.#draft ??= this.#ports.restore(this.record);
    return this.#draft;
  }

  set draft(draft: RequestDraft) {
    this.#draft = draft;
    this.requestChanges += 1;
    this.#host = hostOf(draft);
  }

  /** Name and port of the address's host. */
  get host(): string {
    return this.#host;
  }

  get id(): string {
    return this.record.id;
  }

  /** At work, or waiting in the engine. */
  get isLive(): boolean {
    return this.#state !== undefined;
  }

  /** A person stopped it, and it has not come to rest yet. */
  get isPausing(): boolean {
    return this.isLive && this.#stopReason === 'person';
  }

  get isQueued(): boolean {
    return !this.isLive && this.record.rests === undefined;
  }

  /** Takes one of the places for downloads at work. */
  get isWorking(): boolean {
    return this.isLive && !this.isStuck;
  }

  /** Waits for what may take for ever. */
  get isStuck(): boolean {
    return this.#state?.type === 'waiting' && ['url', 'disk', 'host'].includes(this.#state.for);
  }

  /** Waits for a new link, or failed for want of one. */
  get needsLink(): boolean {
    if (this.#state?.type === 'waiting') return this.#state.for === 'url';
    return this.record.rests === 'failed' && ['E_LINK_EXPIRED', 'E_NOT_FILE'].includes(this.record.failure?.code ?? '');
  }

  get state(): DownloadState | undefined {
    return this.#state;
  }

  /** The engine's, while it is live. */
  get download(): Download | undefined {
    return this.isLive ? this.#download : undefined;
  }

  progress(): DownloadProgress | undefined {
    return this.#download?.progress();
  }

  /** To be called in state queued alone. */
  begin(): void {
    this.isOutOfHours = false;
    this.editRefused = undefined;
    this.#stopReason = undefined;
    this.#state = { type: 'queued' };
    this.#ended = this.#carryOut();
    this.#ports.onChanged(this);
  }

  /** Resolves once it is at rest, with every byte on record. */
  async stop(reason: StopReason): Promise<void> {
    if (this.isLive) {
      this.#stopReason = reason;
      await this.#download?.pause();
      await this.#ended;
      return;
    }
    if (reason !== 'person') return;
    this.record = { ...this.record, rests: 'paused' };
    this.#ports.onChanged(this);
    await this.#ports.save(this);
  }

  /** Queued again, with all it has. */
  async queue(): Promise<void> {
    const { rests: _rests, failure: _failure, ...record } = this.record;
    this.record = record;
    this.#ports.onChanged(this);
    await this.#ports.save(this);
  }

  /** Ends it for good. */
  async remove(deleteFiles: boolean): Promise<void> {
    await this.stop('shutdown');
    // Nothing lies anywhere of one that never began.
    const download = this.#download ?? (this.record.partDirectory === undefined ? undefined : this.#newDownload());
    await download?.remove({ deleteFiles });
    const { placed, placedInode } = this.record;
    // Whole, but never brought to its folder; another file may have its name by now.
    if (deleteFiles && placed !== undefined && (await inodeOf(placed)) === placedInode) await unlink(placed).catch(() => {});
  }

  /** Forgets its part and what was known of the file. */
  async forgetFile(): Promise<void> {
    await this.stop('shutdown');
    await (this.#download ?? this.#newDownload())?.remove({ deleteFiles: true });
    this.#download = undefined;
    this.forgetPlaced();
    const { partDirectory: _part, size: _size, resumable: _resumable, failure: _failure, ...record } = this.record;
    this.record = record;
  }

  /** Its request, profile or settings changed. */
  reassign(isNewUrl = false): void {
    if (this.#download === undefined) return;
    const { request, options } = this.#ports.assign(this);
    const { url, ...change } = request;
    // What is absent now must not stay.
    const bare = {
      method: undefined,
      headers: [],
      cookie: undefined,
      cookies: undefined,
      login: undefined,
      body: undefined,
      proxy: undefined,
      insecure: undefined,
    };
    const whole = { ...bare, ...change } as Partial<Omit<DownloadRequest, 'url'>>;
    if (isNewUrl) this.#download.setUrl(url, whole);
    else this.#download.setRequest(whole);
    this.#download.setConnections(options.connections ?? 8);
    this.#download.setLimit(options.limitBytesPerSecond ?? 0);
  }

  /** There are bytes that those of a new link can be compared with. */
  get canCompare(): boolean {
    const { size, resumable } = this.record;
    return size !== undefined && resumable !== false && this.doneBytes > 0;
  }

  get doneBytes(): number {
    return this.isLive ? (this.progress()?.doneBytes ?? 0) : this.record.doneBytes;
  }

  /** To be asked before it is given a new link. Resolves when the next run, or this one, knows; `open` where it was stopped before. */
  linkVerdict(): Promise<LinkVerdict> {
    this.#onVerdict?.('open');
    const verdict = Promise.withResolvers<LinkVerdict>();
    this.#onVerdict = (known) => {
      this.#onVerdict = undefined;
      verdict.resolve(known);
    };
    return verdict.promise;
  }

  row(): DownloadRow {
    const { record } = this;
    return {
      id: record.id,
      name: record.name ?? nameInAddress(record.request.url) ?? record.request.url,
      url: safeUrl(record.request.url),
      host: this.#host,
      ...this.standing(),
      ...(record.size !== undefined && { size: record.size }),
      ...(record.resumable !== undefined && { resumable: record.resumable }),
      connections: this.#ports.connections(this),
      limitBytesPerSecond: record.limitBytesPerSecond ?? 0,
      priority: record.priority,
      order: record.order,
      category: record.category,
      directory: record.directory,
      addedAt: record.addedAt,
      ...(record.linkExpiresAt !== undefined && { linkExpiresAt: record.linkExpiresAt }),
      ...(this.isUnproven && { canUndoEdit: true }),
      ...(this.editRefused && { editRefused: this.editRefused }),
      checksum: record.checksum === undefined ? 'none' : 'expected',
      counters: this.counters(),
    };
  }

  counters(): Counters {
    const { record } = this;
    const progress = this.isLive ? this.progress() : undefined;
    if (progress === undefined) return [record.id, record.doneBytes, 0, 0, -1, record.cells];
    const { doneBytes, bytesPerSecond, connections } = progress;
    const size = progress.size ?? record.size;
    // Before the part is looked at nothing is known of what is there.
    const isUnread = doneBytes === 0 && this.#state?.type === 'probing';
    return [
      record.id,
      isUnread ? record.doneBytes : doneBytes,
      Math.round(bytesPerSecond),
      connections,
      secondsLeft(progress, size),
      isUnread ? record.cells : cellsOf(progress.done, size),
    ];
  }

  /** `logFrom`: lines the reader has; `speedsFrom`: the time of its newest sample. */
  detail(logFrom = 0, speedsFrom = 0): Detail {
    const { journal, record } = this;
    const progress = this.progress();
    const first = Math.max(logFrom, journal.dropped);
    const path = record.name === undefined ? undefined : join(record.directory, record.name);
    return {
      id: record.id,
      segments: (this.isLive ? (progress?.segments ?? []) : []).map((segment) => ({ ...segment })),
      done: (progress?.done ?? []).map(({ start, end }) => [start, end]),
      ...(this.finalUrl !== undefined && { finalUrl: this.finalUrl }),
      ...(path !== undefined && { path }),
      receivedBytes: progress?.receivedBytes ?? 0,
      resumedBytes: progress?.resumedBytes ?? 0,
      requestChanges: this.requestChanges,
      logFrom: first,
      log: journal.lines.slice(first - journal.dropped),
      speeds: journal.speeds.filter(([at]) => at > speedsFrom),
    };
  }

  log(level: LogLine['level'], code: string, message: string, values?: NoteValues): void {
    this.journal.log(level, code, message, values);
  }

  /** What a person is told of its state. */
  standing(): Pick<DownloadRow, 'state' | 'phase' | 'waitingFor' | 'until' | 'failure'> {
    const { record } = this;
    const state = this.#state;
    switch (state?.type) {
      case undefined:
        if (record.rests === 'failed') return { state: 'failed', ...(record.failure && { failure: record.failure }) };
        if (record.rests === 'paused') return { state: 'paused', ...(record.failure && { failure: record.failure }) };
        return this.isOutOfHours ? { state: 'waiting', waitingFor: 'schedule' } : { state: 'queued' };
      case 'queued':
      case 'probing':
        return { state: 'running', phase: 'probing' };
      case 'active':
      case 'verifying':
      case 'finalizing':
        return { state: 'running', phase: state.type };
      case 'waiting': {
        // The engine counts on a clock of its own.
        const until = state.until === undefined ? undefined : Math.round(Date.now() + state.until - performance.now());
        return { state: 'waiting', waitingFor: state.for, failure: state.cause, ...(until !== undefined && { until }) };
      }
      case 'pausing':
      case 'paused':
        return { state: 'paused' };
      case 'failed':
        return { state: 'failed', failure: state.failure };
      case 'done':
      case 'skipped':
        return { state: 'running', phase: 'finalizing' };
    }
  }

  #newDownload(): Download | undefined {
    const { request, target, options } = this.#ports.assign(this);
    try {
      return this.#ports.engine.download(request, target, options, { onPlaced: (path) => this.#placed(path) });
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      return undefined;
    }
  }

  async #carryOut(): Promise<void> {
    const end = await this.#run().catch((error: unknown): DownloadState => {
      const failure = error instanceof DownloadError ? error.failure : { code: 'E_INTERNAL' as const, message: String(error) };
      return { type: 'failed', failure };
    });
    this.#onVerdict?.(end.type === 'failed' ? end.failure : end.type === 'done' || end.type === 'skipped' ? 'same' : 'open');
    this.#remember();
    // A finished one is not to be begun again while it is brought to its folder.
    if (end.type !== 'done' && end.type !== 'skipped') this.#state = undefined;
    await this.#conclude(end);
    this.#state = undefined;
    this.#ports.onRest(this);
  }

  async #run(): Promise<DownloadState> {
    const { placed, size = 0 } = this.record;
    if (placed !== undefined) return { type: 'done', path: placed, size, lengthVerified: true };
    // The engine looks where it fetches to, which a staging folder or a pattern for names makes another place.
    this.#kept = await this.#ports.kept(this);
    if (this.#kept !== undefined) return { type: 'skipped', path: this.#kept };
    await mkdir(this.#ports.assign(this).target.directory, { recursive: true }).catch(() => {});
    // Only now: what a person changes meanwhile would be lost, since there is no download yet that could be told.
    const { request, target, options } = this.#ports.assign(this);
    const download = this.#ports.engine.download(request, target, options, { onPlaced: (path) => this.#placed(path) });
    this.#download = download;
    this.record = { ...this.record, partDirectory: target.directory };
    const unsubscribe = download.subscribe((event) => this.#take(event));
    try {
      if (this.#stopReason === undefined) download.start();
      else await download.pause();
      const end = await download.finished();
      if (this.#kept === undefined || end.type === 'done') return end;
      await download.remove({ deleteFiles: true });
      return { type: 'skipped', path: this.#kept };
    } finally {
      unsubscribe();
    }
  }

  /** Now that its name is known. */
  async #leaveKept(): Promise<void> {
    this.#kept = await this.#ports.kept(this);
    if (this.#kept !== undefined) await this.#download?.pause();
  }

  async #conclude(end: DownloadState): Promise<void> {
    if (end.type === 'done' || end.type === 'skipped') {
      await this.#ports.onFinished(this, end.path, end.type === 'done');
      return;
    }
    if (end.type === 'failed') this.fail(end.failure);
    else if (this.#stopReason === 'person') this.record = { ...this.record, rests: 'paused' };
    else if (this.#stopReason === 'hours') this.isOutOfHours = true;
    this.#ports.onChanged(this);
    await this.#ports.save(this).catch(() => {});
  }

  /** What was whole is gone: it has to be fetched anew. */
  forgetPlaced(): void {
    const { placed: _placed, placedInode: _inode, ...record } = this.record;
    this.record = { ...record, doneBytes: 0, cells: '' };
  }

  /** It rests as failed. */
  fail(failure: Failure): void {
    this.record = { ...this.record, rests: 'failed', failure };
    this.log('error', failure.code, failure.message);
  }

  /** From here on a kill loses nothing: it only has to be brought to its folder. */
  async #placed(path: string): Promise<void> {
    this.#remember();
    const isProven = this.record.checksum !== undefined && !this.#hasNoSum;
    const placedInode = await inodeOf(path);
    this.record = { ...this.record, placed: path, name: basename(path), isProven, ...(placedInode && { placedInode }) };
    await this.#ports.save(this).catch(() => {});
  }

  #remember(): void {
    const progress = this.progress();
    if (progress === undefined || (progress.doneBytes === 0 && this.#state?.type === 'probing')) return;
    const { doneBytes, done, size } = progress;
    this.record = { ...this.record, doneBytes, cells: cellsOf(done, size), ...(size !== undefined && { size }) };
  }

  #take(event: DownloadEvent): void {
    switch (event.type) {
      case 'state':
        this.#state = event.state;
        this.#logState(event.state);
        if (event.state.type === 'waiting' && event.state.for === 'url') this.#onVerdict?.(event.state.cause);
        break;
      case 'identified': {
        const { name, size, resumable, finalUrl, contentType } = event;
        this.finalUrl = finalUrl;
        this.contentType = contentType;
        this.record = {
          ...this.record,
          ...(name !== '' && { name }),
          ...(size !== undefined && { size }),
          ...(resumable !== undefined && { resumable }),
        };
        this.#ports.onIdentified(this);
        void this.#leaveKept();
        void this.#ports.save(this).catch(() => {});
        break;
      }
      case 'restarted':
        this.log('warning', event.failure.code, event.failure.message);
        break;
      case 'noted':
        this.log('info', event.code, event.message, event.values);
        if (event.code === 'no-digest') this.#hasNoSum = true;
        if (event.code === 'link-proven') this.#onVerdict?.('same');
        break;
      case 'exchanged':
        this.journal.exchanged(event.exchange);
        if (!this.#provesEdit(event)) return;
        this.isUnproven = false;
        break;
      case 'edit-refused':
        this.editRefused = event.failure;
        this.log(
          'warning',
          'edit-refused',
          `the changed request was refused, and what runs goes on as before it: ${event.failure.message}`,
          { cause: event.failure },
        );
        break;
    }
    this.#ports.onChanged(this);
  }

  /** It was asked by the changed request, and brought bytes of the file. */
  #provesEdit({ exchange, isCurrent }: Extract<DownloadEvent, { type: 'exchanged' }>): boolean {
    const { status = 500, bytes } = exchange;
    return this.isUnproven && isCurrent && status < 300 && bytes > 0;
  }

  #logState(state: DownloadState): void {
    if (state.type === 'waiting') this.log('warning', state.cause.code, state.cause.message);
    else if (state.type === 'active') this.log('info', 'active', 'bytes are coming');
    else if (state.type === 'paused') this.log('info', 'paused', 'paused; every received byte is on record');
    else if (state.type === 'verifying') this.log('info', 'verifying', 'all bytes are there; the file is checked');
    else if (state.type === 'done') this.log('info', 'done', `finished: ${state.path}`, { path: state.path });
  }
}

const hostOf = ({ url }: { readonly url: string }): string => URL.parse(url)?.host ?? '';

function nameInAddress(address: string): string | undefined {
  const last = URL.parse(address)?.pathname.split('/').at(-1);
  if (!last) return undefined;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** -1 where it cannot be told. */
function secondsLeft({ doneBytes, bytesPerSecond, check }: DownloadProgress, size: number | undefined): number {
  // Reading a large file again takes minutes.
  if (check && check.bytesPerSecond > 0) return Math.ceil((check.totalBytes - check.doneBytes) / check.bytesPerSecond);
  return size !== undefined && bytesPerSecond > 0 ? Math.ceil((size - doneBytes) / bytesPerSecond) : -1;
}
