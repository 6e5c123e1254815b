/** Progress on the window's button in the taskbar, and the number of running downloads on the dock's icon. */
import { app, type BrowserWindow } from 'electron';
import type { Activity } from './activity.ts';

const none = -1;
/** Above 1: it runs, but how far it is nobody knows. */
const unknown = 2;

export function showInTaskbar({ running, fraction }: Activity, window: BrowserWindow | undefined): void {
  app.setBadgeCount(running);
  window?.setProgressBar(running === 0 ? none : (fraction ?? unknown));
}
