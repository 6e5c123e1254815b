/**
 * What is opened later is loaded later. Once the page is drawn and at rest it is fetched all the same, so that it is at hand
 * when it is wanted, and when the server is not there.
 */
import { type ComponentType, lazy } from 'react';

const fetches: (() => Promise<unknown>)[] = [];

function later<P>(load: () => Promise<ComponentType<P>>) {
  const once = async () => ({ default: await load() });
  fetches.push(once);
  return lazy(once);
}

export const AddDialog = later(async () => (await import('../add/add-dialog.tsx')).AddDialog);
export const DetailsPanel = later(async () => (await import('../details/panel.tsx')).DetailsPanel);
export const LimitsDialog = later(async () => (await import('../dialogs/limits-dialog.tsx')).LimitsDialog);
export const NewLinkDialog = later(async () => (await import('../dialogs/new-link-dialog.tsx')).NewLinkDialog);
export const RemoveDialog = later(async () => (await import('../dialogs/remove-dialog.tsx')).RemoveDialog);
export const SettingsDialog = later(async () => (await import('../settings/settings-dialog.tsx')).SettingsDialog);
export const ShortcutsDialog = later(async () => (await import('../dialogs/shortcuts-dialog.tsx')).ShortcutsDialog);

/** What cannot be had now is asked for again when it is opened. */
export function fetchLater(): void {
  const fetchAll = () => {
    for (const fetch of fetches) fetch().catch(() => undefined);
  };
  requestIdleCallback(fetchAll, { timeout: 5_000 });
}
