/** The list: what is queued, at work, paused or failed, in the order a person gave it; and whose turn it is. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Newsroom } from '#downloads/news';
import { type Secrets, secretsLost } from '#downloads/store/secrets';
import { Shards } from '#downloads/store/shards';
import type { Stores } from '#downloads/store/stores';
import { turns } from '#downloads/turns';
import { type Engine, safeUrl } from '#engine';
import { CallError } from '#shared/call-failures';
import type { RequestDraft } from '#shared/orders';
import type { Settings } from '#shared/settings';
import { StoredDownload } from '#shared/stored';
import { hoursAt } from './hours.ts';
import { ListedDownload, type ListedPorts } from './listed-download.ts';
import { nextToBegin } from './turn.ts';

const files = 64;
/** Removed in one go before others get their turn. */
const batch = 200;

export interface ListPorts extends Pick<ListedPorts, 'assign' | 'connections' | 'onIdentified' | 'kept'> {
  readonly engine: Engine;
  readonly secrets: Secrets;
  readonly news: Newsroom;
  settings(): Settings;
  /** Brings a finished file to its folder and the download into the history. */
  finish(listed: ListedDownload, path: string, isOurs: boolean): Promise<void>;
}

export class DownloadList {
  readonly #ports: ListPorts;
  readonly #shards: Shards<StoredDownload>;
  readonly #listed = new Map<string, ListedDownload>();
  #isFilling = false;
  #isClosed = false;
  #hadWork = false;

  constructor(stores: Stores, ports: ListPorts) {
    this.#ports = ports;
    this.#shards = new Shards<StoredDownload>(stores, {
      prefix: 'downloads',
      fileOf: (id) => Number.parseInt(id.slice(-2), 16) % files,
      parse: (value) => StoredDownload.safeParse(value).data,
    });
  }

  /** Everything as it was. `isDone`: is in the history, so its end was not written here. */
  load(isDone: (id: string) => boolean): void {
    const { secrets, news } = this.#ports;
    for (const record of this.#shards.load(files).sort((a, b) => a.order - b.order)) {
      if (isDone(record.id)) {
        void this.#shards.remove(record.id);
        continue;
      }
      const listed = this.#admit(record, undefined);
      // Whole when the process ended, or could not be brought to its folder then: that is tried anew.
      if (record.placed !== undefined) void listed.queue();
      if (!record.hasSecrets || secrets.has(record.id)) continue;
      // Not tried without them: the server might take that for an attack, or give another file.
      listed.record = { ...record, rests: 'paused', failure: { code: 'E_AUTH', message: secretsLost } };
      listed.log('warning', 'secrets-lost', secretsLost);
      news.notice('warning', 'secrets-lost', `${record.name ?? safeUrl(record.request.url)}: ${secretsLost}`, record.id);
    }
  }

  get size(): number {
    return this.#listed.size;
  }

  get(id: string): ListedDownload | undefined {
    return this.#listed.get(id);
  }

  /** @throws CallError NOT_FOUND. */
  require(id: string): ListedDownload {
    const listed = this.#listed.get(id);
    if (listed === undefined) throw new CallError('NOT_FOUND', `there is no download ${id} in the list`);
    return listed;
  }

  /** In no order. */
  all(): Iterable<ListedDownload> {
    return this.#listed.values();
  }

  /** In queue order. */
  inOrder(): ListedDownload[] {
    return [...this.#listed.values()].sort((a, b) => a.record.order - b.record.order);
  }

  /** Places for `count` more, ascending. */
  orders(place: 'first' | 'last', count: number): number[] {
    let edge = place === 'first' ? 1 : 0;
    const further = place === 'first' ? Math.min : Math.max;
    for (const { record } of this.#listed.values()) edge = further(edge, record.order);
    return Array.from({ length: count }, (_, index) => (place === 'first' ? edge - count + index : edge + 1 + index));
  }

  /** Resolves once all are on disk. */
  async insert(downloads: readonly { readonly record: StoredDownload; readonly draft: RequestDraft }[]): Promise<void> {
    await this.#each(downloads, ({ record, draft }) => {
      const saved = this.#saveAll(this.#admit(record, draft));
      this.#ports.news.tell({ type: 'changed', id: record.id });
      return saved;
    });
    this.fill();
  }

  async start(ids: readonly string[]): Promise<number> {
    // Who resumes what is still on its way to a pause means it.
    await Promise.all(this.#pick(ids, ({ isPausing }) => isPausing).map((listed) => listed.stop('person')));
    const resting = this.#pick(ids, ({ record, isLive }) => !isLive && record.rests !== undefined);
    await this.#each(resting, (listed) => listed.queue());
    this.fill();
    return resting.length;
  }

  async pause(ids: readonly string[]): Promise<number> {
    const running = this.#pick(ids, ({ record }) => record.rests === undefined);
    await this.#each(running, (listed) => listed.stop('person'));
    this.fill();
    return running.length;
  }

  async force(ids: readonly string[]): Promise<number> {
    const resting = this.#pick(ids, ({ isLive }) => !isLive);
    for (const listed of resting) {
      listed.isForced = true;
      await listed.queue();
      if (!this.#isClosed && listed.isQueued) listed.begin();
    }
    return resting.length;
  }

  async redo(ids: readonly string[]): Promise<number> {
    const found = this.#pick(ids, () => true);
    for (const listed of found) {
      await listed.forgetFile();
      await listed.queue();
    }
    this.fill();
    return found.length;
  }

  async remove(ids: readonly string[], deleteFiles: boolean): Promise<number> {
    const found = this.#pick(ids, () => true);
    // One that is being finished brings itself to the history first, and waits for the disk: nothing is held until then.
    for (let from = 0; from < found.length; from += batch) {
      await Promise.all(found.slice(from, from + batch).map((listed) => this.#takeOff(listed, deleteFiles)));
      await nextTurn();
    }
    const written: Promise<unknown>[] = [];
    const release = this.#shards.hold();
    try {
      for (let from = 0; from < found.length; from += batch) {
        for (const { id } of found.slice(from, from + batch)) {
          written.push(this.#shards.remove(id), this.#ports.secrets.forget(id));
        }
        await nextTurn();
      }
    } finally {
      release();
    }
    await Promise.all(written);
    this.fill();
    return found.length;
  }

  /** It left for the history. */
  async leave(listed: ListedDownload): Promise<void> {
    this.#listed.delete(listed.id);
    this.#ports.news.tell({ type: 'removed', id: listed.id });
    await this.#shards.remove(listed.id);
  }

  async move(ids: readonly string[], to: 'first' | 'last' | { readonly before: string }): Promise<number> {
    const moved = this.#pick(ids, () => true);
    const isMoved = new Set(moved.map(({ id }) => id));
    const others = this.inOrder().filter(({ id }) => !isMoved.has(id));
    const at = typeof to === 'object' ? others.findIndex(({ id }) => id === to.before) : to === 'first' ? 0 : others.length;
    if (at < 0) throw new CallError('NOT_FOUND', 'the download they are to be put before is not in the list any more');
    const before = others[at - 1]?.record.order;
    const after = others[at]?.record.order;
    const low = before ?? (after === undefined ? 0 : after - moved.length - 1);
    const high = after ?? low + moved.length + 1;
    const step = (high - low) / (moved.length + 1);
    const orders = moved.map((_, index) => low + step * (index + 1));
    // Halves of halves come to an end: then all get whole numbers again.
    if (orders.some((order, index) => order <= (orders[index - 1] ?? low) || order >= high))
      return await this.#renumber(others, moved, at);
    await this.#each([...moved.entries()], ([index, listed]) => this.#change(listed, { order: orders[index] ?? 0 }));
    this.fill();
    return moved.length;
  }

  async set(
    ids: readonly string[],
    change: Partial<Pick<StoredDownload, 'priority' | 'connections' | 'limitBytesPerSecond' | 'category'>>,
  ): Promise<number> {
    const found = this.#pick(ids, () => true);
    const kept = change.category === undefined ? change : { ...change, isCategoryChosen: true };
    await this.#each(found, (listed) => this.#change(listed, kept));
    for (const listed of found) listed.reassign();
    this.fill();
    return found.length;
  }

  /** Stores a change of what is stored; resolves once on disk. */
  async change(listed: ListedDownload, change: Partial<StoredDownload>): Promise<void> {
    await this.#change(listed, change);
  }

  /** Takes a changed request: running connections take it up one by one. */
  async setDraft(listed: ListedDownload, draft: RequestDraft, isNewUrl: boolean): Promise<void> {
    listed.draft = draft;
    listed.reassign(isNewUrl);
    await this.#saveAll(listed);
    this.#ports.news.tell({ type: 'changed', id: listed.id });
  }

  /** The settings changed. */
  reassignAll(): void {
    for (const listed of this.#listed.values()) if (listed.isLive) listed.reassign();
    this.fill();
  }

  /** The hours changed, or may have. */
  async keepHours(now = Date.now()): Promise<void> {
    const { mayRun } = hoursAt(this.#ports.settings().schedule, now);
    if (mayRun) {
      for (const listed of this.#listed.values()) this.#leaveOutOfHours(listed);
      this.fill();
      return;
    }
    const running = [...this.#listed.values()].filter(({ isLive, isForced }) => isLive && !isForced);
    await Promise.all(running.map((listed) => listed.stop('hours')));
  }

  /** Begins what may begin, soon: many changes at once are one look. */
  fill(): void {
    if (this.#isFilling || this.#isClosed) return;
    this.#isFilling = true;
    setImmediate(() => {
      this.#isFilling = false;
      if (!this.#isClosed) this.#fillNow();
    });
  }

  /** Stops everything; resolves once all is on disk. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#listed.values()].filter(({ isLive }) => isLive).map((listed) => listed.stop('shutdown')));
    await this.#shards.flush();
  }

  #fillNow(): void {
    const { activeDownloads, soonestDyingFirst, schedule } = this.#ports.settings();
    const all = [...this.#listed.values()];
    const queued = all.filter(({ isQueued }) => isQueued);
    const live = all.filter(({ isLive }) => isLive);
    this.#tellAllDone(queued.length + live.length);
    if (!hoursAt(schedule, Date.now()).mayRun) return;
    const chosen = nextToBegin({
      queued: queued.map(({ id, record: { order, priority, linkExpiresAt } }) => ({ id, order, priority, linkExpiresAt })),
      working: live.filter(({ isWorking }) => isWorking).length,
      stuck: live.filter(({ isStuck }) => isStuck).length,
      activeDownloads,
      soonestDyingFirst,
    });
    for (const id of chosen) this.#listed.get(id)?.begin();
  }

  #tellAllDone(left: number): void {
    if (left > 0) this.#hadWork = true;
    else if (this.#hadWork) {
      this.#hadWork = false;
      this.#ports.news.tell({ type: 'all-done' });
    }
  }

  #leaveOutOfHours(listed: ListedDownload): void {
    if (!listed.isOutOfHours) return;
    listed.isOutOfHours = false;
    this.#ports.news.tell({ type: 'changed', id: listed.id });
  }

  #admit(record: StoredDownload, draft: RequestDraft | undefined): ListedDownload {
    const { engine, news, assign, connections, onIdentified, kept } = this.#ports;
    const listed = new ListedDownload(record, draft, {
      engine,
      assign,
      restore: ({ id, request, hasSecrets }) => this.#ports.secrets.restore(id, request, hasSecrets),
      connections,
      onIdentified,
      kept,
      onChanged: ({ id }) => news.tell({ type: 'changed', id }),
      save: (one) => this.#save(one),
      onFinished: (one, path, isOurs) => this.#ports.finish(one, path, isOurs),
      onRest: (one) => {
        one.isForced = false;
        if (one.record.rests === 'failed') news.tell({ type: 'failed', id: one.id });
        this.fill();
      },
    });
    this.#listed.set(record.id, listed);
    return listed;
  }

  /** In turns with all else; resolves when the work of all is done, each of the files they are stored in written once. */
  async #each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
    const done: Promise<void>[] = [];
    const release = this.#shards.hold();
    const next = turns();
    try {
      for (const one of all) {
        // The first at once: who asks next finds it begun.
        const turn = next();
        if (turn !== undefined) await turn;
        const each = work(one);
        // Heard of below.
        each.catch(() => {});
        done.push(each);
      }
    } finally {
      release();
    }
    await Promise.all(done);
  }

  /** Resolves when it is at rest and its files are gone. */
  async #takeOff(listed: ListedDownload, deleteFiles: boolean): Promise<void> {
    this.#listed.delete(listed.id);
    this.#ports.news.tell({ type: 'removed', id: listed.id });
    await listed.remove(deleteFiles).catch((error: unknown) => {
      // Off the list it is all the same, or it would be back after the next start.
      const why = error instanceof Error ? error.message : String(error);
      const name = listed.record.name ?? safeUrl(listed.record.request.url);
      this.#ports.news.notice('warning', 'not-deleted', `not all that was fetched of ${name} could be deleted: ${why}`);
    });
  }

  async #renumber(others: ListedDownload[], moved: readonly ListedDownload[], at: number): Promise<number> {
    const all = others.toSpliced(at, 0, ...moved);
    await this.#each([...all.entries()], ([index, listed]) => this.#change(listed, { order: index + 1 }));
    this.fill();
    return moved.length;
  }

  async #change(listed: ListedDownload, change: Partial<StoredDownload>): Promise<void> {
    listed.record = { ...listed.record, ...change };
    this.#ports.news.tell({ type: 'changed', id: listed.id });
    await this.#save(listed);
  }

  #pick(ids: readonly string[], fits: (listed: ListedDownload) => boolean): ListedDownload[] {
    return [...new Set(ids)].flatMap((id) => this.#listed.get(id) ?? []).filter(fits);
  }

  /** A removed one must not come back by a late save. */
  async #save(listed: ListedDownload): Promise<void> {
    if (this.#listed.get(listed.id) === listed) await this.#shards.put(listed.id, listed.record);
  }

  async #saveAll(listed: ListedDownload): Promise<void> {
    const kept = this.#ports.secrets.keep(listed.id, listed.draft);
    const { request, hasSecrets } = await kept;
    listed.record = { ...listed.record, request, hasSecrets };
    await this.#save(listed);
  }
}
