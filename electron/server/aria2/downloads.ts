/** Downloads as a client of aria2 sees them: active, waiting (paused ones too) and stopped, whichever part of the application holds them. */
import type { Application, ListedDownload } from '#downloads';
import { RpcError } from './rpc-error.ts';
import { type Finished, type Removed, type Status, stateOf, statusOf, statusOfFinished, statusOfRemoved } from './status.ts';

/** As many results of removed ones are kept as aria2 keeps by default. */
const mostRemoved = 1000;

export type Found =
  | { readonly type: 'listed'; readonly listed: ListedDownload }
  | { readonly type: 'finished'; readonly row: Finished }
  | { readonly type: 'removed'; readonly removed: Removed };

export class RpcDownloads {
  readonly #application: Application;
  readonly #removed = new Map<string, Removed>();

  constructor(application: Application) {
    this.#application = application;
  }

  /** @throws RpcError. */
  find(gid: string): Found {
    const listed = this.#application.list.get(gid);
    if (listed) return { type: 'listed', listed };
    const row = this.#application.history.get(gid);
    if (row) return { type: 'finished', row };
    const removed = this.#removed.get(gid);
    if (removed) return { type: 'removed', removed };
    throw new RpcError(`GID ${gid} is not found`);
  }

  /** One that is not over. @throws RpcError. */
  unfinished(gid: string, refusal: string): ListedDownload {
    const found = this.find(gid);
    if (found.type !== 'listed' || stateOf(found.listed) === 'error') throw new RpcError(refusal);
    return found.listed;
  }

  status(found: Found): Status {
    if (found.type === 'listed') return statusOf(found.listed);
    return found.type === 'finished' ? statusOfFinished(found.row) : found.removed.status;
  }

  active(): ListedDownload[] {
    return this.#application.list.inOrder().filter((listed) => stateOf(listed) === 'active');
  }

  waiting(): ListedDownload[] {
    return this.#application.list.inOrder().filter((listed) => ['waiting', 'paused'].includes(stateOf(listed)));
  }

  /** Those that are done, then those that failed, then those that were removed; the oldest first. */
  stopped(): Found[] {
    const { list, history } = this.#application;
    const finished = [...history.all()].map((row): Found => ({ type: 'finished', row }));
    const failed = list.inOrder().filter((listed) => stateOf(listed) === 'error');
    const removed = [...this.#removed.values()].map((one): Found => ({ type: 'removed', removed: one }));
    return [...finished, ...failed.map((listed): Found => ({ type: 'listed', listed })), ...removed];
  }

  /** What is on disk stays. */
  async remove(listed: ListedDownload): Promise<void> {
    const { id: gid } = listed;
    const removed = stateOf(listed) === 'active' ? { gid, status: statusOfRemoved(listed) } : undefined;
    await this.#application.list.remove([gid], false);
    if (removed === undefined) return;
    this.#removed.set(gid, removed);
    const oldest = this.#removed.keys().next().value;
    if (this.#removed.size > mostRemoved && oldest !== undefined) this.#removed.delete(oldest);
  }

  /** Forgets results; files stay. */
  async forget(results: readonly Found[]): Promise<void> {
    const failed = results.flatMap((found) => (found.type === 'listed' ? [found.listed.id] : []));
    const finished = results.flatMap((found) => (found.type === 'finished' ? [found.row.id] : []));
    for (const found of results) if (found.type === 'removed') this.#removed.delete(found.removed.gid);
    if (failed.length > 0) await this.#application.list.remove(failed, false);
    if (finished.length > 0) await this.#application.removeFinished(finished, false);
  }
}

/** `offset` from the front; from -1 on from the back, backwards. */
export function slice<T>(all: readonly T[], offset: number, count: number): T[] {
  if (count < 0) throw new RpcError('The integer parameter at 1 must be positive or zero.');
  if (offset >= 0) return all.slice(offset, offset + count);
  const end = all.length + offset + 1;
  return end <= 0 ? [] : all.slice(Math.max(0, end - count), end).reverse();
}
