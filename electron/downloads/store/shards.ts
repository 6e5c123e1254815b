/** Rows by id over several store files. A change is durable when its promise resolves; changes of one file share a write. */
import type { Stores } from './stores.ts';

/** Counters may be this much behind. */
const coalescedMs = 1000;

interface Shard<Row> {
  readonly name: string;
  readonly rows: Map<string, Row>;
  /** Set while something of it is not on disk. */
  dirty: PromiseWithResolvers<void> | undefined;
}

export interface ShardsOptions<Row> {
  /** Files are called `PREFIX-00` and so on. */
  readonly prefix: string;
  /** Which of the files a row is in. */
  fileOf(id: string, row: Row): number;
  /** Undefined for what is no row. */
  parse(value: unknown): Row | undefined;
}

export class Shards<Row> {
  readonly #stores: Stores;
  readonly #options: ShardsOptions<Row>;
  readonly #shards = new Map<number, Shard<Row>>();
  readonly #home = new Map<string, Shard<Row>>();
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #holds = 0;

  constructor(stores: Stores, options: ShardsOptions<Row>) {
    this.#stores = stores;
    this.#options = options;
  }

  /** Everything there is in files 0 to `mostFiles` - 1. */
  load(mostFiles: number): Row[] {
    const all: Row[] = [];
    for (let index = 0; index < mostFiles; index += 1) {
      const { rows } = this.#stores.read(this.#nameOf(index));
      if (typeof rows !== 'object' || rows === null) continue;
      const shard = this.#shard(index);
      let hasBad = false;
      for (const [id, value] of Object.entries(rows)) {
        const row = this.#options.parse(value);
        if (row === undefined) hasBad = true;
        else {
          shard.rows.set(id, row);
          this.#home.set(id, shard);
          all.push(row);
        }
      }
      if (hasBad) {
        this.#stores.setAside(shard.name, 'some rows are not what they should be', 'the others are kept');
        void this.#mark(shard);
      }
    }
    return all;
  }

  /** Resolves once it is on disk. */
  put(id: string, row: Row): Promise<void> {
    const shard = this.#home.get(id) ?? this.#shard(this.#options.fileOf(id, row));
    shard.rows.set(id, row);
    this.#home.set(id, shard);
    const written = this.#mark(shard);
    this.#writeSoon();
    return written;
  }

  /** For what may be lost: goes to disk within a second or two, or with the next `put`. */
  putLater(id: string, row: Row): void {
    const shard = this.#home.get(id);
    if (shard === undefined) return;
    shard.rows.set(id, row);
    void this.#mark(shard);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writeSoon();
    }, coalescedMs);
  }

  /** Writes nothing until what it returns is called: many rows put meanwhile are then one write of each file. */
  hold(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      this.#writeSoon();
    };
  }

  remove(id: string): Promise<void> {
    const shard = this.#home.get(id);
    if (shard === undefined) return Promise.resolve();
    this.#home.delete(id);
    shard.rows.delete(id);
    const written = this.#mark(shard);
    this.#writeSoon();
    return written;
  }

  get(id: string): Row | undefined {
    return this.#home.get(id)?.rows.get(id);
  }

  /** Resolves when everything is on disk. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writeNow();
  }

  #nameOf(index: number): string {
    return `${this.#options.prefix}-${String(index).padStart(2, '0')}`;
  }

  #shard(index: number): Shard<Row> {
    let shard = this.#shards.get(index);
    if (shard === undefined) {
      shard = { name: this.#nameOf(index), rows: new Map(), dirty: undefined };
      this.#shards.set(index, shard);
    }
    return shard;
  }

  #mark(shard: Shard<Row>): Promise<void> {
    if (shard.dirty === undefined) {
      shard.dirty = Promise.withResolvers();
      // Whoever waits for it hears of a failure; where nobody does it must not end the process.
      shard.dirty.promise.catch(() => {});
    }
    return shard.dirty.promise;
  }

  #writeSoon(): void {
    if (this.#holds === 0) void this.#writeNow();
  }

  #writeNow(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  /** One file a turn of the event loop. */
  async #writeAll(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const shard = [...this.#shards.values()].find(({ dirty }) => dirty !== undefined);
      if (shard?.dirty === undefined) return;
      const { resolve, reject } = shard.dirty;
      shard.dirty = undefined;
      try {
        this.#stores.write(shard.name, { rows: Object.fromEntries(shard.rows) });
        resolve();
      } catch (error) {
        reject(error);
      }
    }
  }
}
