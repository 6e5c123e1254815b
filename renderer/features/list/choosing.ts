/** Choosing rows by mouse and keyboard: one, some, from here to there, all. */
import type { DownloadId } from '#shared/rows';
import type { App } from '../../state/app.ts';
import { finishedPlaces, type Items, idAt, indexOf } from '../../state/items.ts';
import { choose, extend, toggle } from '../../state/selection.ts';

/** The ids of [start, end), read from the history where they have to be. */
async function idsBetween(app: App, items: Items, start: number, end: number): Promise<DownloadId[]> {
  const live = items.live.slice(start, end);
  const places = finishedPlaces(items, start, end);
  if (places.start >= places.end) return live;
  return [...live, ...(await app.history.ids(places.start, places.end))];
}

export async function chooseAll(app: App, items: Items): Promise<void> {
  await app.attempt(async () => {
    const ids = await idsBetween(app, items, 0, items.count);
    app.selection.setState({ ids: new Set(ids) });
  });
}

async function extendTo(app: App, items: Items, id: DownloadId): Promise<void> {
  const state = app.selection.getState();
  const history = app.history.store.getState();
  const to = indexOf(items, history, id);
  const from = indexOf(items, history, state.anchor ?? id);
  // The anchor may be gone: the range then begins where it ends.
  const [start, end] = from < 0 ? [to, to] : [Math.min(from, to), Math.max(from, to)];
  await app.attempt(async () => app.selection.setState(extend(state, id, await idsBetween(app, items, start, end + 1))));
}

export interface Keys {
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

export function chooseByClick(app: App, items: Items, id: DownloadId, { shiftKey, ctrlKey, metaKey }: Keys): void {
  if (shiftKey) void extendTo(app, items, id);
  else if (ctrlKey || metaKey) app.selection.setState((state) => toggle(state, id));
  else app.selection.setState(choose(id));
}

/** Moves the cursor to a place, over what is no download. @returns the place it came to. */
export function moveCursor(app: App, items: Items, to: number, { shiftKey, ctrlKey, metaKey }: Keys): number {
  const history = app.history.store.getState();
  const from = indexOf(items, history, app.selection.getState().cursor);
  const way = to >= from ? 1 : -1;
  let place = Math.min(items.count - 1, Math.max(0, to));
  if (idAt(items, history, place) === undefined) place += way;
  const id = idAt(items, history, place);
  if (id === undefined) return place;
  if (shiftKey) void extendTo(app, items, id);
  else if (ctrlKey || metaKey) app.selection.setState({ cursor: id });
  else app.selection.setState(choose(id));
  return place;
}
