/** The keys that work wherever one is, except while typing. */
import { useEffect } from 'react';
import type { App } from '../../state/app.ts';
import { useApp } from '../../state/use-app.ts';
import { isTyping } from './drop-zone.tsx';
import { searchId } from './toolbar.tsx';

export function usePageKeys(): void {
  const app = useApp();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (app.dialogs.getState().dialog === undefined && press(app, event)) event.preventDefault();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [app]);
}

function press(app: App, event: KeyboardEvent): boolean {
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key === 'f') return focusSearch();
  if (isCommand && event.key === ',') return open(app, 'settings');
  if (isTyping(event.target) || isCommand || event.altKey) return false;
  switch (event.key) {
    case '/':
      return focusSearch();
    case '?':
      return open(app, 'shortcuts');
    case 'n':
      return open(app, 'add');
    case 'Escape':
      // A menu that is open takes this key for itself.
      if (document.querySelector('[role="menu"]') !== null) return false;
      return closeOne(app);
    default:
      return false;
  }
}

function open(app: App, type: 'settings' | 'shortcuts' | 'add'): true {
  app.dialogs.setState({ dialog: { type } });
  return true;
}

function focusSearch(): true {
  document.getElementById(searchId)?.focus();
  return true;
}

function closeOne(app: App): boolean {
  if (app.details.store.getState().openId !== undefined) {
    app.details.close();
    app.view.setState({ isPanelOpen: false });
  } else app.selection.setState({ ids: new Set(), cursor: undefined, anchor: undefined });
  return true;
}
