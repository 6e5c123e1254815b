/** The application: everything a person can do with downloads, whatever face it is done through. */
import { mkdirSync } from 'node:fs';
import { hashOfFile } from '#downloads/done/file-sum';
import { Finishing } from '#downloads/done/finishing';
import { History } from '#downloads/done/history';
import { type AddingPorts, placeFor } from '#downloads/intake/adding';
import { Intake } from '#downloads/intake/intake';
import { DownloadList } from '#downloads/list/download-list';
import { hoursAt } from '#downloads/list/hours';
import type { ListedDownload } from '#downloads/list/listed-download';
import { type Room, roomIn } from '#downloads/list/room';
import { assignmentOf, connectionsOf } from '#downloads/request/assign';
import { profileFor } from '#downloads/request/profiles';
import { Requests } from '#downloads/request/requests';
import { Configuration } from '#downloads/store/configuration';
import { lockDataFolder } from '#downloads/store/data-lock';
import { Secrets } from '#downloads/store/secrets';
import { type OpenStore, Stores } from '#downloads/store/stores';
import type { Vault } from '#downloads/store/vault';
import { createEngine, type Engine, type EngineOptions } from '#engine';
import { CallError } from '#shared/call-failures';
import type { Totals } from '#shared/rows';
import type { Settings, SettingsChange } from '#shared/settings';
import { formatBytes } from '#shared/units';
import { type News, Newsroom } from './news.ts';
import { allowedDirectory } from './roots.ts';

export interface ApplicationPorts {
  /** Where settings, list and history are kept; made where it is not there. */
  readonly dataFolder: string;
  readonly openStore: OpenStore;
  readonly vault: Vault;
  /** Folders downloads may be put into; empty: any. */
  readonly roots: readonly string[];
  /** Where none is chosen. */
  readonly defaultDirectory: string;
  readonly engine?: Partial<EngineOptions>;
  /** A mistake of ours: for the log. The application goes on. */
  onMistake(error: unknown): void;
}

/** How often the hours are looked at, and speeds sampled. */
const hoursMs = 15_000;
const sampleMs = 1000;

/** @throws DownloadError E_STATE where another process has the folder, or a newer version wrote it. */
export async function openApplication(ports: ApplicationPorts): Promise<Application> {
  mkdirSync(ports.dataFolder, { recursive: true, mode: 0o700 });
  const unlock = lockDataFolder(ports.dataFolder);
  try {
    return new Application(ports, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

export class Application {
  readonly list: DownloadList;
  readonly history: History;
  readonly configuration: Configuration;
  readonly requests: Requests;
  readonly intake: Intake;
  readonly vaultKind: Vault['kind'];
  readonly dataFolder: string;
  readonly roots: readonly string[];
  readonly #ports: ApplicationPorts;
  readonly #news: Newsroom;
  readonly #engine: Engine;
  readonly #secrets: Secrets;
  readonly #adding: AddingPorts;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Folders of which it was said already. */
  readonly #shortOfRoom = new Set<string>();
  readonly #unlock: () => void;
  #closing: Promise<void> | undefined;

  constructor(ports: ApplicationPorts, unlock: () => void) {
    this.#ports = ports;
    this.#unlock = unlock;
    this.vaultKind = ports.vault.kind;
    this.dataFolder = ports.dataFolder;
    this.roots = ports.roots;
    this.#news = new Newsroom(ports.onMistake);
    this.#adding = {
      allow: (directory) => allowedDirectory(directory, ports.roots),
      defaultDirectory: ports.defaultDirectory,
      settings: () => this.settings,
    };
    const stores = new Stores({
      dataFolder: ports.dataFolder,
      openStore: ports.openStore,
      onSetAside: (message) => this.#news.notice('warning', 'set-aside', message),
    });
    this.configuration = new Configuration(stores, ports.vault);
    this.#engine = createEngine(ports.engine, { onError: ports.onMistake });
    this.#secrets = new Secrets(stores, ports.vault);
    this.history = new History(stores);
    const finishing = new Finishing({
      history: this.history,
      news: this.#news,
      list: () => this.list,
      settings: () => this.settings,
    });
    this.list = new DownloadList(stores, {
      engine: this.#engine,
      secrets: this.#secrets,
      news: this.#news,
      settings: () => this.settings,
      assign: (listed) => assignmentOf(listed, this.configuration),
      connections: (listed) => connectionsOf(listed, this.configuration),
      onIdentified: (listed) => {
        this.#sortAgain(listed);
        void this.#lookForRoom(listed).catch(ports.onMistake);
      },
      kept: (listed) => finishing.kept(listed),
      finish: (listed, path, isOurs) => finishing.finish(listed, path, isOurs),
    });
    this.requests = new Requests(this.list, this.configuration);
    this.intake = new Intake({
      ...this.#adding,
      list: this.list,
      history: this.history,
      configuration: this.configuration,
      secrets: this.#secrets,
      engine: this.#engine,
      scratchFolder: ports.dataFolder,
    });
    this.#secrets.load();
    this.history.load();
    this.list.load((id) => this.history.get(id) !== undefined);
    this.#applySettings();
    this.list.fill();
    this.#every(hoursMs, () => this.#keepHours());
    this.#every(sampleMs, () => this.#sample());
  }

  get settings(): Settings {
    return this.configuration.settings;
  }

  /** The folder used when none is chosen. */
  get directory(): string {
    return this.settings.directory === '' ? this.#ports.defaultDirectory : this.settings.directory;
  }

  subscribe(listener: (news: News) => void): () => void {
    return this.#news.subscribe(listener);
  }

  totals(): Totals {
    const { size: done, changes: historyChanges } = this.history;
    const totals = { queued: 0, running: 0, waiting: 0, paused: 0, failed: 0, done, historyChanges, bytesPerSecond: 0 };
    for (const listed of this.list.all()) {
      const { state } = listed.standing();
      if (state !== 'done') totals[state] += 1;
      if (listed.isLive) totals.bytesPerSecond += Math.round(listed.progress()?.bytesPerSecond ?? 0);
    }
    return totals;
  }

  async removeFinished(ids: readonly string[], deleteFiles: boolean): Promise<number> {
    const removed = await this.history.remove(ids, deleteFiles);
    await Promise.all(removed.map((id) => this.#secrets.forget(id)));
    this.#news.tell({ type: 'history' });
    return removed.length;
  }

  /** @throws CallError NOT_NOW once it has a part. */
  async edit(
    id: string,
    change: { name?: string | undefined; directory?: string | undefined; checksum?: string | undefined },
  ): Promise<void> {
    const listed = this.list.require(id);
    const { name, directory, checksum } = change;
    const movesPart = name !== undefined && (listed.isLive || listed.record.doneBytes > 0);
    if (movesPart) throw new CallError('NOT_NOW', 'it has begun: its name cannot be changed any more');
    const { checksum: _checksum, ...bare } = listed.record;
    if (checksum === '') listed.record = bare;
    // The part stays where it is; the file goes to the new folder when it is done.
    const part = listed.record.partDirectory ?? (listed.record.doneBytes > 0 ? listed.record.directory : undefined);
    await this.list.change(listed, {
      ...(name !== undefined && { name, isNameChosen: true }),
      ...(directory !== undefined && {
        directory: allowedDirectory(directory, this.roots),
        isDirectoryChosen: true,
        ...(part !== undefined && { partDirectory: part }),
      }),
      ...(checksum !== undefined && checksum !== '' && { checksum }),
    });
  }

  changeSettings(change: SettingsChange): Settings {
    for (const directory of [
      change.directory,
      change.stagingDirectory,
      ...(change.categories ?? []).map((one) => one.directory),
    ]) {
      if (directory !== undefined && directory !== '') allowedDirectory(directory, this.roots);
    }
    if (this.roots.length > 0 && [change.whenOneDone, change.whenAllDone].some((command = []) => command.length > 0)) {
      throw new CallError('NOT_HERE', 'a server that is confined to folders runs no commands');
    }
    const settings = this.configuration.change(change);
    this.#applySettings();
    this.list.reassignAll();
    void this.#keepHours();
    this.#news.tell({ type: 'settings', settings });
    return settings;
  }

  testProfile(url: string): { profile?: string; rule?: string; reason: string } {
    const host = URL.parse(url)?.hostname;
    if (host === undefined) throw new CallError('BAD_INPUT', 'url: is no address');
    const match = profileFor(this.configuration.profiles, host);
    if (match === undefined) return { reason: `no profile has a host pattern that fits ${host}` };
    const { profile, rule = '' } = match;
    return { profile: profile.name, rule, reason: `${rule} is the most exact pattern of the first profile that fits ${host}` };
  }

  /** Of the volume the folder is on, and of all downloads of the list that will write there. */
  async space(directory: string): Promise<Room> {
    const path = allowedDirectory(directory, this.roots);
    const records = [...this.list.all()].map(({ record }) => record);
    const room = await roomIn(path, records, this.settings.stagingDirectory);
    if (room === undefined) throw new CallError('NOT_FOUND', `${path} is not there`);
    return room;
  }

  /** Reads a finished file again. Without a sum to compare with it tells the SHA-256, and whether the size is right. */
  async verify(id: string): Promise<{ isRight: boolean; algorithm: string; hex: string }> {
    const row = this.history.get(id);
    if (row === undefined) throw new CallError('NOT_FOUND', 'it is not done, or was removed');
    return await hashOfFile(row.path, row.size, row.checksum);
  }

  /** The network or the machine came back. */
  wake(): void {
    this.#engine.wake();
  }

  /** Stops everything; resolves once every byte and row is on disk. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.intake.cancelProbes();
    await this.list.close();
    await this.#engine.close();
    await Promise.all([this.history.flush(), this.#secrets.flush()]);
    this.#unlock();
  }

  /** With its name known it may belong elsewhere. */
  #sortAgain(listed: ListedDownload): void {
    const { record } = listed;
    const url = URL.parse(record.request.url);
    if (record.isCategoryChosen || record.name === undefined || url === null) return;
    const order = record.isDirectoryChosen ? { directory: record.directory } : {};
    const { directory, category } = placeFor(order, url, record.name, this.#adding);
    listed.record = { ...record, category, directory };
  }

  /** Each file may fit and all together not: said when that is known, not when the disk is full. */
  async #lookForRoom({ record }: ListedDownload): Promise<void> {
    const directory = record.partDirectory ?? record.directory;
    const going = [...this.list.all()].flatMap((one) => (one.record.rests === undefined ? one.record : []));
    const room = await roomIn(directory, going, this.settings.stagingDirectory);
    if (room === undefined) return;
    const { freeBytes, neededBytes } = room;
    if (neededBytes <= freeBytes) this.#shortOfRoom.delete(directory);
    else if (!this.#shortOfRoom.has(directory)) {
      this.#shortOfRoom.add(directory);
      const message = `the list needs ${formatBytes(neededBytes)} where ${directory} is, and ${formatBytes(freeBytes)} are free`;
      this.#news.notice('warning', 'short-of-room', message);
    }
  }

  #applySettings(): void {
    const { limitBytesPerSecond, schedule, connectionsPerHost, blockPrivateTargets } = this.settings;
    this.#engine.setConnectionsPerHost(connectionsPerHost);
    this.#engine.setPrivateTargets(!blockPrivateTargets);
    const hours = hoursAt(schedule, Date.now());
    this.#engine.setLimit(hours.limitBytesPerSecond > 0 ? hours.limitBytesPerSecond : limitBytesPerSecond);
  }

  async #keepHours(): Promise<void> {
    this.#applySettings();
    await this.list.keepHours();
  }

  #sample(): void {
    for (const listed of this.list.all()) {
      if (listed.isLive) listed.journal.sample(listed.progress()?.bytesPerSecond ?? 0);
    }
  }

  #every(ms: number, work: () => unknown): void {
    const timer = setInterval(() => {
      void Promise.resolve(work()).catch(this.#ports.onMistake);
    }, ms);
    // Timers of ours keep no process alive.
    timer.unref();
    this.#timers.push(timer);
  }
}
