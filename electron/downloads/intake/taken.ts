/** Which addresses and targets the list and the history have. Built when something is added, not kept: it may be large. */
import { join } from 'node:path';
import type { History } from '#downloads/done/history';
import type { DownloadList } from '#downloads/list/download-list';
import type { DownloadId } from '#shared/rows';
import { type Accepted, addressKey, type Taken } from './adding.ts';

export class TakenNames {
  readonly #list: DownloadList;
  readonly #history: History;

  constructor(list: DownloadList, history: History) {
    this.#list = list;
    this.#history = history;
  }

  url(href: string): DownloadId | undefined {
    for (const { record } of this.#list.all()) if (addressKey(record.request.url) === href) return record.id;
    for (const { request, id } of this.#history.all()) if (addressKey(request.url) === href) return id;
    return undefined;
  }

  /** A view for many at once, which knows those of its own too. */
  batch(): Taken & { take(accepted: Accepted): void } {
    const urls = new Map<string, DownloadId>();
    const targets = new Map<string, DownloadId>();
    const ids = new Set<DownloadId>();
    for (const { request, id } of this.#history.all()) urls.set(addressKey(request.url), id);
    const take = ({ record }: Pick<Accepted, 'record'>): void => {
      ids.add(record.id);
      urls.set(addressKey(record.request.url), record.id);
      if (record.name !== undefined) targets.set(join(record.directory, record.name), record.id);
    };
    for (const listed of this.#list.all()) take(listed);
    const hasId = (id: DownloadId): boolean => ids.has(id) || this.#history.get(id) !== undefined;
    return { url: (href) => urls.get(href), target: (path) => targets.get(path), hasId, take };
  }
}
