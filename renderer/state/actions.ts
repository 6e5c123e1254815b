/** What a person can do with downloads, one function each; what is refused is shown in a corner. */
import type { DownloadId } from '#shared/rows';
import type { App } from './app.ts';
import { type Cure, fewerConnections } from './cure.ts';
import type { DetailTab } from './details.ts';
import { keepOnly } from './selection.ts';

type Ids = readonly DownloadId[];

/** More than a call takes; nobody has more. */
const mostIds = 10_000;
const some = (ids: Ids) => ids.slice(0, mostIds) as DownloadId[];

const isLive = (app: App) => (id: DownloadId) => app.list.store.getState().rows.has(id);

/** Those of the selection that are in the list, in its order; the finished ones are in the history. */
export function selectedLive(app: App): DownloadId[] {
  const { ids } = app.selection.getState();
  if (ids.size === 0) return [];
  return app.arranged.getState().ids.filter((id) => ids.has(id));
}

export function selectedFinished(app: App): DownloadId[] {
  const live = isLive(app);
  return [...app.selection.getState().ids].filter((id) => !live(id));
}

export const resume = (app: App, ids: Ids) =>
  ids.length > 0 && app.attempt(() => app.call('downloads.start', { ids: some(ids) }));

export const pause = (app: App, ids: Ids) => ids.length > 0 && app.attempt(() => app.call('downloads.pause', { ids: some(ids) }));

export const force = (app: App, ids: Ids) => ids.length > 0 && app.attempt(() => app.call('downloads.force', { ids: some(ids) }));

export const redo = (app: App, ids: Ids) => ids.length > 0 && app.attempt(() => app.call('downloads.redo', { ids: some(ids) }));

/** Pauses what moves; where nothing does, resumes. */
export function togglePause(app: App, ids: Ids) {
  const { rows } = app.list.store.getState();
  const moving = ids.filter((id) => ['queued', 'running', 'waiting'].includes(rows.get(id)?.state ?? ''));
  return moving.length > 0 ? pause(app, moving) : resume(app, ids);
}

/** Out of the list and out of the history, whichever each is in. */
export async function remove(app: App, ids: Ids, deleteFiles: boolean): Promise<boolean> {
  const { live = [], finished = [] } = Object.groupBy(ids, (id) => (isLive(app)(id) ? 'live' : 'finished'));
  const isDone = await app.attempt(async () => {
    if (live.length > 0) await app.call('downloads.remove', { ids: some(live), deleteFiles });
    if (finished.length > 0) {
      await app.call('history.remove', { ids: some(finished), deleteFiles });
      await app.history.refresh();
    }
  });
  if (isDone) {
    const gone = new Set(ids);
    app.selection.setState((state) => keepOnly(state, (id) => !gone.has(id)));
    if (gone.has(app.details.store.getState().openId as DownloadId)) app.details.close();
  }
  return isDone;
}

export type Place = 'first' | 'last' | { readonly before: DownloadId };

export const move = (app: App, ids: Ids, to: Place) =>
  ids.length > 0 && app.attempt(() => app.call('downloads.move', { ids: some(ids), to }));

/** One place up or down among those in sight; the selection stays together. */
export function moveBy(app: App, ids: Ids, way: -1 | 1) {
  const order = app.arranged.getState().ids;
  const chosen = new Set(ids);
  const places = ids.map((id) => order.indexOf(id));
  if (way === -1) {
    const before = order[Math.min(...places) - 1];
    return before !== undefined && move(app, ids, { before });
  }
  const after = order.slice(Math.max(...places) + 1).filter((id) => !chosen.has(id));
  if (after.length === 0) return false;
  const before = after[1];
  return move(app, ids, before === undefined ? 'last' : { before });
}

export function showDetails(app: App, id: DownloadId, tab?: DetailTab): void {
  app.view.setState({ isPanelOpen: true });
  void app.details.open(id, tab);
}

/** Does what helps a download that failed, or opens the place where the person can. */
export function applyCure(app: App, id: DownloadId, cure: Cure): void {
  const row = app.list.store.getState().rows.get(id);
  if (row === undefined) return;
  switch (cure) {
    case 'retry':
      void (row.state === 'waiting' ? force(app, [id]) : resume(app, [id]));
      break;
    case 'fresh':
      void redo(app, [id]);
      break;
    case 'undo':
      void app.attempt(() => app.call('request.rollBack', { id }));
      break;
    case 'newLink':
      app.dialogs.setState({ dialog: { type: 'newLink', id } });
      break;
    case 'fewer':
      void app.attempt(async () => {
        await app.call('downloads.set', { ids: [id], connections: fewerConnections(row.connections) });
        await app.call(row.state === 'waiting' ? 'downloads.force' : 'downloads.start', { ids: [id] });
      });
      break;
    case 'logIn':
    case 'proxy':
    case 'request':
      showDetails(app, id, 'request');
      break;
    case 'space':
    case 'folder':
      showDetails(app, id, 'file');
      break;
  }
}

/** The whole address, with what lists leave out of it. A finished download has only the one it is listed with. */
export async function fullAddress(app: App, id: DownloadId, listed: string): Promise<string> {
  if (!isLive(app)(id)) return listed;
  const { request } = await app.call('request.read', { id, reveal: true });
  return request.url;
}
