/** The list by keyboard. */
import type { KeyboardEvent } from 'react';
import { moveBy, pause, selectedLive, showDetails, togglePause } from '../../state/actions.ts';
import type { App } from '../../state/app.ts';
import { type Items, indexOf } from '../../state/items.ts';
import { toggle } from '../../state/selection.ts';
import { chooseAll, moveCursor } from './choosing.ts';

interface GridKeys {
  readonly app: App;
  readonly items: Items;
  /** Rows that fit, for a page up or down. */
  readonly pageRows: number;
  scrollTo(index: number): void;
  openMenu(): void;
}

/** @returns a handler for the grid's `onKeyDown`; it takes only what it uses. */
export function gridKeys(keys: GridKeys): (event: KeyboardEvent) => void {
  return (event) => {
    // A key on a head's button or edge is for that.
    if (event.target !== event.currentTarget) return;
    if (moves(keys, event) || commands(keys, event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
}

function moves({ app, items, pageRows, scrollTo }: GridKeys, event: KeyboardEvent): boolean {
  const cursor = indexOf(items, app.history.store.getState(), app.selection.getState().cursor);
  const steps: Record<string, number> = {
    ArrowDown: cursor + 1,
    ArrowUp: Math.max(0, cursor - 1),
    PageDown: cursor + pageRows,
    PageUp: cursor - pageRows,
    Home: 0,
    End: items.count - 1,
  };
  const to = steps[event.key];
  if (to === undefined || items.count === 0) return false;
  if (event.altKey) {
    if (event.key === 'ArrowUp') void moveBy(app, selectedLive(app), -1);
    else if (event.key === 'ArrowDown') void moveBy(app, selectedLive(app), 1);
    return true;
  }
  scrollTo(moveCursor(app, items, to, event));
  return true;
}

function commands({ app, items, openMenu }: GridKeys, event: KeyboardEvent): boolean {
  const { ids, cursor } = app.selection.getState();
  const isCommand = event.ctrlKey || event.metaKey;
  switch (event.key) {
    case 'a':
      if (!isCommand) return false;
      void chooseAll(app, items);
      return true;
    case ' ':
      if (isCommand && cursor !== undefined) app.selection.setState((state) => toggle(state, cursor));
      else void togglePause(app, selectedLive(app));
      return true;
    case 'Enter':
      if (cursor !== undefined) showDetails(app, cursor);
      return true;
    case 'Delete':
    case 'Backspace':
      if (ids.size > 0) app.dialogs.setState({ dialog: { type: 'remove', ids: [...ids], deleteFiles: event.shiftKey } });
      return true;
    case 'ContextMenu':
      openMenu();
      return true;
    case 'F10':
      if (event.shiftKey) openMenu();
      return event.shiftKey;
    case 'MediaPlayPause':
      void pause(app, selectedLive(app));
      return true;
    default:
      return false;
  }
}
