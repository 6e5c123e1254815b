/** The application's menu, with the shortcuts each system is used to. */
import type { MenuItemConstructorOptions } from 'electron';
import type { Texts } from './texts.ts';

export interface MenuActions {
  add(): void;
  addCopied(): void;
  quickAdd(): void;
  pauseAll(): void;
  resumeAll(): void;
  openFolder(): void;
  settings(): void;
  shortcuts(): void;
  quit(): void;
}

type Item = MenuItemConstructorOptions;
const line: Item = { type: 'separator' };

export function menuTemplate(texts: Texts, actions: MenuActions, platform: NodeJS.Platform, withTools: boolean): Item[] {
  const isMac = platform === 'darwin';
  const settings: Item = {
    ...{ id: 'settings', label: texts.settings, accelerator: 'CmdOrCtrl+,', click: () => actions.settings() },
  };
  const quit: Item = {
    // Windows has Alt+F4 for it, which closes the window first.
    ...{ id: 'quit', label: texts.quit, ...(platform !== 'win32' && { accelerator: 'CmdOrCtrl+Q' }) },
    click: () => actions.quit(),
  };
  const ownMenu: Item = {
    label: 'Sluice',
    submenu: [{ role: 'about' }, line, settings, line, { role: 'services' }, line, ...hiding, line, quit],
  };
  return [
    ...(isMac ? [ownMenu] : []),
    {
      label: texts.file,
      submenu: [...adding(texts, actions), line, ...(isMac ? [{ role: 'close' } as Item] : [settings, line, quit])],
    },
    // macOS gives text fields their clipboard keys through this menu alone.
    { role: 'editMenu', label: texts.edit },
    { label: texts.downloads, submenu: downloads(texts, actions) },
    { label: texts.view, submenu: [...zooming, line, { role: 'togglefullscreen' }, ...(withTools ? tools : [])] },
    ...(isMac ? [{ role: 'windowMenu', label: texts.window } as Item] : []),
    { role: 'help', label: texts.help, submenu: helping(texts, actions) },
  ];
}

const hiding: Item[] = [{ role: 'hide' }, { role: 'hideOthers' }, { role: 'unhide' }];
const zooming: Item[] = [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }];
const tools: Item[] = [line, { role: 'reload' }, { role: 'toggleDevTools' }];

const adding = (texts: Texts, actions: MenuActions): Item[] => [
  { id: 'add', label: texts.add, accelerator: 'CmdOrCtrl+N', click: () => actions.add() },
  { id: 'add-copied', label: texts.addCopied, accelerator: 'CmdOrCtrl+Shift+V', click: () => actions.addCopied() },
  { id: 'quick-add', label: texts.quickAdd, click: () => actions.quickAdd() },
];

const downloads = (texts: Texts, actions: MenuActions): Item[] => [
  { id: 'pause-all', label: texts.pauseAll, click: () => actions.pauseAll() },
  { id: 'resume-all', label: texts.resumeAll, click: () => actions.resumeAll() },
  line,
  { id: 'open-folder', label: texts.openFolder, click: () => actions.openFolder() },
];

const helping = (texts: Texts, actions: MenuActions): Item[] => [
  { id: 'shortcuts', label: texts.shortcuts, click: () => actions.shortcuts() },
];
