/** Finished downloads: kept apart from the list, and read by the page. */
import { stat, unlink } from 'node:fs/promises';
import { Shards } from '#downloads/store/shards';
import type { Stores } from '#downloads/store/stores';
import { safeUrl } from '#engine';
import type { HistoryRow } from '#shared/rows';
import { StoredFinished } from '#shared/stored';

/** Rows of a file: what one finished download costs to write. */
const rowsOfFile = 500;
const mostFiles = 2000;

export interface HistoryQuery {
  readonly offset: number;
  readonly limit: number;
  readonly search?: string | undefined;
  readonly category?: string | undefined;
  readonly sort?: 'finishedAt' | 'name' | 'size' | undefined;
  readonly descending?: boolean | undefined;
}

export class History {
  readonly #shards: Shards<StoredFinished>;
  readonly #rows = new Map<string, StoredFinished>();
  #nextFile = 0;
  #rowsInNextFile = 0;
  #changes = 0;

  constructor(stores: Stores) {
    this.#shards = new Shards<StoredFinished>(stores, {
      prefix: 'history',
      fileOf: () => this.#place(),
      parse: (value) => StoredFinished.safeParse(value).data,
    });
  }

  load(): void {
    const rows = this.#shards.load(mostFiles).sort((a, b) => a.finishedAt - b.finishedAt);
    for (const row of rows) this.#rows.set(row.id, row);
    // Files may be half empty after removals; a new one costs nothing.
    this.#nextFile = Math.ceil(rows.length / rowsOfFile);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Changes since the start, counted. */
  get changes(): number {
    return this.#changes;
  }

  get(id: string): StoredFinished | undefined {
    return this.#rows.get(id);
  }

  /** Newest last. */
  all(): Iterable<StoredFinished> {
    return this.#rows.values();
  }

  /** Resolves once it is on disk. */
  add(row: StoredFinished): Promise<void> {
    this.#rows.set(row.id, row);
    this.#changes += 1;
    return this.#shards.put(row.id, row);
  }

  async remove(ids: readonly string[], deleteFiles: boolean): Promise<string[]> {
    const found = ids.flatMap((id) => this.#rows.get(id) ?? []);
    const written = found.map(async ({ id, path, size }) => {
      // Only the file as it was finished: another one may have taken its place.
      if (deleteFiles && (await stat(path).catch(() => undefined))?.size === size) await unlink(path).catch(() => {});
      this.#rows.delete(id);
      this.#changes += 1;
      await this.#shards.remove(id);
    });
    await Promise.all(written);
    return found.map(({ id }) => id);
  }

  async page(query: HistoryQuery): Promise<{ total: number; rows: HistoryRow[] }> {
    const { offset, limit, search, category, sort = 'finishedAt', descending = true } = query;
    const words = search?.toLowerCase();
    const found = [...this.#rows.values()].filter(
      (row) =>
        (category === undefined || row.category === category) &&
        (words === undefined || row.name.toLowerCase().includes(words) || row.request.url.toLowerCase().includes(words)),
    );
    const compare = (a: StoredFinished, b: StoredFinished): number =>
      sort === 'name' ? a.name.localeCompare(b.name) : a[sort] - b[sort];
    found.sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
    const rows = await Promise.all(found.slice(offset, offset + limit).map(shown));
    return { total: found.length, rows };
  }

  flush(): Promise<void> {
    return this.#shards.flush();
  }

  #place(): number {
    if (this.#rowsInNextFile >= rowsOfFile) {
      this.#nextFile += 1;
      this.#rowsInNextFile = 0;
    }
    this.#rowsInNextFile += 1;
    return this.#nextFile % mostFiles;
  }
}

async function shown(row: StoredFinished): Promise<HistoryRow> {
  const { id, name, path, size, category, addedAt, finishedAt, request, isProven } = row;
  const found = await stat(path).catch(() => undefined);
  return {
    id,
    name,
    url: safeUrl(request.url),
    host: URL.parse(request.url)?.host ?? '',
    path,
    size,
    category,
    addedAt,
    finishedAt,
    isMissing: found?.size !== size,
    checksum: isProven ? 'right' : 'none',
  };
}
