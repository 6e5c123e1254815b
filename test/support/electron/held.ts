/**
 * What a desktop holds for a program, a file each, so that a test sees it as another program would: what keeps the computer awake,
 * number and progress on the icon, tray, menu, notifications, questions. When the program ends, its desktop lets go of all.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MenuItem, PowerSaveBlocker } from 'electron';

export type MenuEntry = Pick<MenuItem, 'id' | 'label' | 'enabled'>;

export interface Held {
  awake: Parameters<PowerSaveBlocker['start']>[0][];
  badge: number;
  progress: number;
  tray: { toolTip: string; menu: MenuEntry[] };
  menu: MenuEntry[];
  notifications: { title: string; body: string; actions: string[] }[];
  dialogs: { title: string; message: string }[];
}

const folder = process.env.STAND_IN_DESKTOP;
const paths = new Set<string>();
// What another process of the app holds is not touched.
process.on('exit', () => {
  for (const path of paths) rmSync(path, { force: true });
});

/** Whole at any moment: it is read by another process. */
export function hold<K extends keyof Held>(facility: K, value: Held[K]): void {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${facility}.json`);
  paths.add(path);
  writeFileSync(`${path}.new`, JSON.stringify(value));
  renameSync(`${path}.new`, path);
}

interface Menu {
  readonly items: readonly (MenuEntry & { readonly submenu?: Menu | null | undefined })[];
}

/** With what lies in menus within it. */
export const entriesOf = (menu: Menu | null): MenuEntry[] =>
  (menu?.items ?? []).flatMap(({ id, label, enabled, submenu = null }) => [{ id, label, enabled }, ...entriesOf(submenu)]);
