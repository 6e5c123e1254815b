/** What comes into the list: orders of a person, looks at an address, lists from elsewhere, finished ones wanted anew. */
import { dirname } from 'node:path';
import type { History } from '#downloads/done/history';
import type { DownloadList } from '#downloads/list/download-list';
import { compose } from '#downloads/request/compose';
import { profileOf } from '#downloads/request/profiles';
import type { Configuration } from '#downloads/store/configuration';
import type { Secrets } from '#downloads/store/secrets';
import { turns } from '#downloads/turns';
import { type Engine, safeUrl } from '#engine';
import { CallError } from '#shared/call-failures';
import { type ListEntry, parseListFile, writeListFile } from '#shared/list-file';
import type { AddResult, Order, Probe } from '#shared/orders';
import { withSecretsOf } from '#shared/request-secrets';
import type { DownloadId } from '#shared/rows';
import type { Settings } from '#shared/settings';
import type { StoredDownload, StoredFinished } from '#shared/stored';
import { type Accepted, type AddingPorts, addressKey, judgeOrder, placeFor } from './adding.ts';
import { linkExpiry } from './link-expiry.ts';
import { probe } from './probing.ts';
import { TakenNames } from './taken.ts';

export interface AddOptions {
  readonly start: boolean;
  readonly place: 'first' | 'last';
  readonly duplicates?: Settings['duplicates'] | undefined;
}

export interface IntakePorts extends AddingPorts {
  readonly list: DownloadList;
  readonly history: History;
  readonly configuration: Configuration;
  readonly secrets: Secrets;
  readonly engine: Engine;
  /** Where a look at an address may put what comes. */
  readonly scratchFolder: string;
}

export class Intake {
  readonly #ports: IntakePorts;
  readonly #taken: TakenNames;
  readonly #probes = new Map<string, AbortController>();
  /** Who comes while others are taken in waits: both might be for the same file, and the same place. */
  #inLine: Promise<unknown> = Promise.resolve();

  constructor(ports: IntakePorts) {
    this.#ports = ports;
    this.#taken = new TakenNames(ports.list, ports.history);
  }

  /** In the order given; refused and known ones are answers, the others are in the list and on disk. */
  add(orders: readonly Order[], options: AddOptions): Promise<AddResult[]> {
    return this.#next(() => this.#add(orders, options));
  }

  async #add(orders: readonly Order[], options: AddOptions): Promise<AddResult[]> {
    const ports = this.#portsOfBatch();
    const places = this.#ports.list.orders(options.place, orders.length);
    const duplicates = options.duplicates ?? this.#ports.settings().duplicates;
    const batch = this.#taken.batch();
    const judged: ReturnType<typeof judgeOrder>[] = [];
    const turn = turns();
    for (const [index, order] of orders.entries()) {
      await turn();
      const one = judgeOrder(order, { place: places[index] ?? 0, start: options.start, duplicates }, batch, ports);
      if (one.type === 'accepted') batch.take(one.accepted);
      judged.push(one);
    }
    await this.#ports.list.insert(judged.flatMap((one) => (one.type === 'accepted' ? [one.accepted] : [])));
    return judged.map((one): AddResult => {
      if (one.type !== 'accepted') return one;
      const { id, linkExpiresAt } = one.accepted.record;
      return { type: 'added', id, ...(linkExpiresAt !== undefined && { linkExpiresAt }) };
    });
  }

  /** @throws DownloadError where the address cannot be fetched. */
  async probe(key: string, order: Order): Promise<Probe> {
    this.cancelProbe(key);
    const stop = new AbortController();
    this.#probes.set(key, stop);
    try {
      const { engine, configuration, scratchFolder } = this.#ports;
      const { url: address } = order.request;
      const profile = profileOf(configuration.profiles, URL.parse(address)?.hostname ?? '', order.profile)?.profile;
      const { request } = compose(order.request, profile, configuration.settings);
      const { name, size, resumable, finalUrl, contentType } = await probe(engine, request, scratchFolder, stop.signal);
      const duplicateOf = this.#taken.url(addressKey(address));
      const linkExpiresAt = linkExpiry(address);
      return {
        name,
        ...(size !== undefined && { size }),
        ...(resumable !== undefined && { resumable }),
        finalUrl,
        ...(contentType !== undefined && { contentType }),
        ...placeFor(order, new URL(address), name, this.#ports),
        ...(duplicateOf !== undefined && { duplicateOf }),
        ...(linkExpiresAt !== undefined && { linkExpiresAt }),
      };
    } finally {
      if (this.#probes.get(key) === stop) this.#probes.delete(key);
    }
  }

  cancelProbe(key: string): void {
    this.#probes.get(key)?.abort();
    this.#probes.delete(key);
  }

  cancelProbes(): void {
    for (const key of [...this.#probes.keys()]) this.cancelProbe(key);
  }

  /** Fetched anew, from nothing; finished ones come back into the list. */
  redo(ids: readonly DownloadId[]): Promise<number> {
    return this.#next(() => this.#redo(ids));
  }

  async #redo(ids: readonly DownloadId[]): Promise<number> {
    const { list, history } = this.#ports;
    const finished = ids.flatMap((id) => history.get(id) ?? []);
    const orders = list.orders('last', finished.length);
    const again = finished.map((row, index) => this.#again(row, orders[index] ?? 0));
    await history.remove(
      finished.map(({ id }) => id),
      false,
    );
    await list.insert(again);
    return again.length + (await list.redo(ids.filter((id) => !finished.some((row) => row.id === id))));
  }

  exportList(withSecrets: boolean): string {
    const entries = this.#ports.list.inOrder().map((listed): ListEntry => {
      const { record } = listed;
      const {
        directory,
        name,
        partDirectory,
        category,
        profile,
        connections,
        limitBytesPerSecond,
        priority,
        checksum,
        size,
        doneBytes,
      } = record;
      return {
        request: withSecrets ? listed.draft : record.request,
        directory,
        ...(name !== undefined && { name }),
        ...(partDirectory !== undefined && { partDirectory }),
        category,
        ...(profile !== undefined && { profile }),
        ...(connections !== undefined && { connections }),
        ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
        priority,
        ...(checksum !== undefined && { checksum }),
        ...(record.rests !== undefined && { isPaused: true }),
        ...(size !== undefined && { size }),
        doneBytes,
      };
    });
    return writeListFile(entries);
  }

  /** What is in the list already is left alone. @throws CallError BAD_INPUT. */
  importList(text: string): Promise<{ added: number; refused: string[] }> {
    return this.#next(() => this.#importList(text));
  }

  async #importList(text: string): Promise<{ added: number; refused: string[] }> {
    const ports = this.#portsOfBatch();
    const file = parseListFile(text);
    if (file === undefined) throw new CallError('BAD_INPUT', 'text: this is no exported list');
    const refused = [...file.refused];
    const orders = this.#ports.list.orders('last', file.entries.length);
    const batch = this.#taken.batch();
    const accepted: Accepted[] = [];
    const turn = turns();
    for (const [index, entry] of file.entries.entries()) {
      await turn();
      const options = { place: orders[index] ?? 0, start: entry.isPaused !== true, duplicates: 'skip' } as const;
      const judged = judgeOrder(orderOf(entry), options, batch, ports);
      const part = partOf(entry, ports);
      if (judged.type === 'accepted' && typeof part !== 'string') {
        batch.take(judged.accepted);
        const { record, draft } = judged.accepted;
        accepted.push({ record: { ...record, ...part }, draft });
        continue;
      }
      const why = judged.type === 'refused' ? judged.failure.message : typeof part === 'string' ? part : 'is in the list already';
      refused.push(`${safeUrl(entry.request.url)}: ${why}`);
    }
    await this.#ports.list.insert(accepted);
    return { added: accepted.length, refused };
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#inLine.then(work);
    this.#inLine = done.catch(() => {});
    return done;
  }

  /** Most of a batch goes to the same few folders: each is looked at once. */
  #portsOfBatch(): AddingPorts {
    const known = new Map<string, string>();
    const { settings, defaultDirectory, allow } = this.#ports;
    return {
      settings,
      defaultDirectory,
      allow(directory) {
        const path = known.get(directory) ?? allow(directory);
        known.set(directory, path);
        return path;
      },
    };
  }

  #again(row: StoredFinished, order: number): Accepted {
    const { id, request, hasSecrets, category, profile, checksum, path, name } = row;
    const record: Accepted['record'] = {
      id,
      request,
      hasSecrets,
      directory: dirname(path),
      isDirectoryChosen: true,
      name,
      isNameChosen: true,
      category,
      isCategoryChosen: true,
      ...(profile !== undefined && { profile }),
      ...(checksum !== undefined && { checksum }),
      priority: 'normal',
      order,
      addedAt: Date.now(),
      doneBytes: 0,
      cells: '',
    };
    return { record, draft: this.#ports.secrets.restore(id, request, hasSecrets) };
  }
}

/** What is there of it; in words where it may not be used. */
function partOf({ partDirectory, size, doneBytes = 0 }: ListEntry, { allow }: AddingPorts): Partial<StoredDownload> | string {
  try {
    const part = partDirectory === undefined ? {} : { partDirectory: allow(partDirectory) };
    return { ...part, doneBytes, ...(size !== undefined && { size }) };
  } catch (error) {
    if (error instanceof CallError) return error.message;
    throw error;
  }
}

function orderOf(entry: ListEntry): Order {
  const { request, directory, name, category, profile, connections, limitBytesPerSecond, priority, checksum } = entry;
  return {
    request: withSecretsOf(request, { url: request.url }),
    directory,
    ...(name !== undefined && { name }),
    ...(category !== undefined && category !== '' && { category }),
    ...(profile !== undefined && { profile }),
    ...(connections !== undefined && { connections }),
    ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
    ...(priority !== undefined && { priority }),
    ...(checksum !== undefined && { checksum }),
  };
}
