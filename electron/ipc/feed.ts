/**
 * Keeps watchers up to date: one batch of changes at most ten times a second, and only while somebody watches; the details of a
 * download only to who opened it.
 */
import type { Application } from '#downloads';
import { CallError } from '#shared/call-failures';
import type { Notice, Push, Pushed } from '#shared/contract';
import { shownSettings } from '#shared/request-secrets';
import type { Counters, Detail, DownloadId, DownloadRow, SnapshotPage, Totals } from '#shared/rows';
import type { Caller } from './answer.ts';

const deltaMs = 100;
const detailMs = 250;
/** Notices kept for who comes later. */
const mostUntold = 50;

interface Opened {
  logFrom: number;
  speedsFrom: number;
}

interface Connection {
  readonly onPush: (push: Push) => void;
  readonly opened: Map<string, Opened>;
  isWatching: boolean;
  /** It did once: a face that is there to be read, not a command that comes and goes. */
  hasWatched: boolean;
  /** Told before it came. */
  readonly missed: readonly Notice[];
}

export class Feed {
  readonly #application: Application;
  readonly #connections = new Map<string, Connection>();
  readonly #changed = new Set<string>();
  readonly #removed = new Set<string>();
  #untold: Notice[] = [];
  #rev = 0;
  #totals = '';
  #areTotalsOld = false;
  #deltas: NodeJS.Timeout | undefined;
  #details: NodeJS.Timeout | undefined;

  constructor(application: Application) {
    this.#application = application;
    application.subscribe((news) => {
      switch (news.type) {
        case 'changed':
          this.#note(news.id, this.#changed, this.#removed);
          break;
        case 'removed':
          this.#note(news.id, this.#removed, this.#changed);
          break;
        case 'notice':
          this.#tell(news.notice);
          break;
        case 'settings':
          this.#pushAll({ name: 'feed.settings', value: shownSettings(news.settings) });
          break;
        case 'history':
        case 'finished':
        case 'failed':
        case 'all-done':
          // Counted in the totals.
          this.#areTotalsOld = true;
      }
    });
  }

  connect(id: string, onPush: (push: Push) => void): void {
    this.#connections.set(id, { onPush, opened: new Map(), isWatching: false, hasWatched: false, missed: [...this.#untold] });
  }

  disconnect(id: string): void {
    this.#connections.delete(id);
    this.#pace();
  }

  watch({ id }: Caller, on: boolean): { rev: number } {
    const connection = this.#connection(id);
    connection.isWatching = on;
    if (on && !connection.hasWatched) {
      connection.hasWatched = true;
      this.#untold = [];
      for (const value of connection.missed) connection.onPush({ name: 'feed.notice', value });
    }
    this.#pace();
    return { rev: this.#rev };
  }

  snapshot(offset: number, limit: number): SnapshotPage {
    const all = this.#application.list.inOrder();
    const rows = all.slice(offset, offset + limit).map((listed) => listed.row());
    return { rev: this.#rev, total: all.length, rows, totals: this.#application.totals() };
  }

  open(caller: Caller, id: DownloadId): Detail {
    const listed = this.#application.list.require(id);
    const detail = listed.detail();
    this.#connection(caller.id).opened.set(id, marksOf(detail, { logFrom: 0, speedsFrom: 0 }));
    this.#pace();
    return detail;
  }

  close(caller: Caller, id: DownloadId): void {
    this.#connections.get(caller.id)?.opened.delete(id);
    this.#pace();
  }

  #connection(id: string): Connection {
    const connection = this.#connections.get(id);
    if (connection === undefined)
      throw new CallError('NOT_NOW', 'nothing can be sent to this caller: it is not connected to the feed');
    return connection;
  }

  #pace(): void {
    const all = [...this.#connections.values()];
    if (!all.some(({ isWatching }) => isWatching)) {
      // What changes from now on is in no delta: who watches again has to see that it missed something.
      if (this.#deltas !== undefined) this.#rev += 1;
      clearInterval(this.#deltas);
      this.#deltas = undefined;
      this.#changed.clear();
      this.#removed.clear();
    } else if (this.#deltas === undefined) {
      this.#deltas = setInterval(() => this.#sendDelta(), deltaMs).unref();
    }
    if (!all.some(({ opened }) => opened.size > 0)) {
      clearInterval(this.#details);
      this.#details = undefined;
    } else this.#details ??= setInterval(() => this.#sendDetails(), detailMs).unref();
  }

  #sendDelta(): void {
    const upsert: DownloadRow[] = [];
    const counters: Counters[] = [];
    let bytesPerSecond = 0;
    for (const listed of this.#application.list.all()) {
      if (!listed.isLive) continue;
      const now = listed.counters();
      bytesPerSecond += now[2];
      if (!this.#changed.has(listed.id)) counters.push(now);
    }
    for (const id of this.#changed) {
      const row = this.#application.list.get(id)?.row();
      if (row) upsert.push(row);
    }
    const remove = [...this.#removed] as DownloadId[];
    const totals = upsert.length + remove.length > 0 || this.#areTotalsOld ? this.#newTotals() : undefined;
    this.#changed.clear();
    this.#removed.clear();
    if (upsert.length + counters.length + remove.length === 0 && totals === undefined) return;
    this.#rev += 1;
    const value: Pushed<'feed.delta'> = { rev: this.#rev, upsert, counters, remove, bytesPerSecond, ...(totals && { totals }) };
    for (const { isWatching, onPush } of this.#connections.values()) if (isWatching) onPush({ name: 'feed.delta', value });
  }

  #newTotals(): Totals | undefined {
    this.#areTotalsOld = false;
    const totals = this.#application.totals();
    // The speed is in every delta by itself.
    const text = JSON.stringify({ ...totals, bytesPerSecond: 0 });
    if (text === this.#totals) return undefined;
    this.#totals = text;
    return totals;
  }

  #sendDetails(): void {
    for (const { opened, onPush } of this.#connections.values()) {
      for (const [id, marks] of opened) {
        const listed = this.#application.list.get(id);
        if (listed === undefined) {
          opened.delete(id);
          continue;
        }
        const detail = listed.detail(marks.logFrom, marks.speedsFrom);
        opened.set(id, marksOf(detail, marks));
        onPush({ name: 'feed.detail', value: detail });
      }
    }
  }

  /** Only while somebody watches: who begins to takes a snapshot, and what changed before is in it. */
  #note(id: string, now: Set<string>, before: Set<string>): void {
    before.delete(id);
    if (this.#deltas !== undefined) now.add(id);
  }

  /** What was found at the start is told before anybody listens: it waits for the first who does. */
  #tell(notice: Notice): void {
    this.#pushAll({ name: 'feed.notice', value: notice });
    if ([...this.#connections.values()].some(({ hasWatched }) => hasWatched)) return;
    this.#untold = [...this.#untold, notice].slice(-mostUntold);
  }

  #pushAll(push: Push): void {
    for (const { onPush } of this.#connections.values()) onPush(push);
  }
}

function marksOf(detail: Detail, before: Opened): Opened {
  return { logFrom: detail.logFrom + detail.log.length, speedsFrom: detail.speeds.at(-1)?.[0] ?? before.speedsFrom };
}
