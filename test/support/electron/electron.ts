/**
 * The stand-in for the module `electron` in the main process: a real Chromium shows the windows, what else a desktop has is
 * remembered (desk.ts). It offers what the app calls and nothing more; electron.test.ts compares it with Electron's own types.
 */
import { becomeReady, control, app as standInApp } from './app.ts';
import { Chromium } from './chromium.ts';
import {
  desk,
  StandInMenu as Menu,
  StandInNotification as Notification,
  dialog as standInDialog,
  shell as standInShell,
  StandInTray as Tray,
} from './desk.ts';
import { letPagesDownload } from './downloads.ts';
import { ipcMain as standInIpcMain } from './ipc-main.ts';
import { protocol as standInProtocol } from './schemes.ts';
import { preventable, strict } from './strict.ts';
import * as system from './system.ts';
import { StandInWindow as BrowserWindow, closeAll, giveWindows } from './window.ts';

const app = strict('app', standInApp);
const clipboard = strict('clipboard', system.clipboard);
const dialog = strict('dialog', standInDialog);
const ipcMain = strict('ipcMain', standInIpcMain);
const nativeTheme = strict('nativeTheme', system.nativeTheme);
const net = strict('net', system.net);
const powerMonitor = strict('powerMonitor', system.powerMonitor);
const powerSaveBlocker = strict('powerSaveBlocker', system.powerSaveBlocker);
const protocol = strict('protocol', standInProtocol);
const safeStorage = strict('safeStorage', system.safeStorage);
const screen = strict('screen', system.screen);
const session = strict('session', { defaultSession: strict('session', system.defaultSession) });
const shell = strict('shell', standInShell);

const electron = {
  ...{ app, BrowserWindow, clipboard, dialog, ipcMain, Menu, nativeTheme, net, Notification, powerMonitor, powerSaveBlocker },
  ...{ protocol, safeStorage, screen, session, shell, Tray },
};

export type StandIn = typeof electron;
export {
  app,
  BrowserWindow,
  clipboard,
  dialog,
  electron,
  ipcMain,
  Menu,
  Notification,
  nativeTheme,
  net,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  Tray,
};

if (process.env.STAND_IN_DESK !== undefined) Object.assign(desk, JSON.parse(process.env.STAND_IN_DESK));

/** Started at once, so that a command, which needs no window, does without. */
async function start(): Promise<void> {
  const chromium = await Chromium.launch();
  control.closeWindows = closeAll;
  control.end = () => chromium.close();
  giveWindows(chromium);
  await letPagesDownload(chromium);
  for (const address of desk.startedWith) standInApp.emit('open-url', preventable({}), address);
  becomeReady();
  process.send?.({ type: 'ready', endpoint: chromium.endpoint });
  // As Electron tells who drives it by its command line.
  if (process.argv.includes('--remote-debugging-port=0')) process.stderr.write(`DevTools listening on ${chromium.endpoint}\n`);
}

export const startStandIn = (): void =>
  void start().catch((error) => {
    process.stderr.write(`stand-in: ${error}\n`);
    process.exit(70);
  });

export { desk };
