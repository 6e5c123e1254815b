/** The icon beside the clock: what runs, and the few things one wants of a program that has no window open. */
import { join } from 'node:path';
import { app, Menu, type MenuItemConstructorOptions, Tray } from 'electron';
import type { Activity } from './activity.ts';
import type { Texts } from './texts.ts';

export interface TrayActions {
  open(): void;
  quickAdd(): void;
  addText(text: string): void;
  addFiles(paths: readonly string[]): void;
  pauseAll(): void;
  resumeAll(): void;
  /** Absent where no other browser may come. */
  readonly copyAddress: (() => void) | undefined;
}

export function trayTemplate(texts: Texts, activity: Activity, actions: TrayActions): MenuItemConstructorOptions[] {
  const { copyAddress } = actions;
  return [
    { id: 'state', label: activityText(texts, activity), enabled: false },
    { type: 'separator' },
    { id: 'open', label: texts.open, click: () => actions.open() },
    { id: 'quick-add', label: texts.quickAdd, click: () => actions.quickAdd() },
    { type: 'separator' },
    { id: 'pause-all', label: texts.pauseAll, click: () => actions.pauseAll() },
    { id: 'resume-all', label: texts.resumeAll, click: () => actions.resumeAll() },
    ...(copyAddress ? [{ id: 'copy-address', label: texts.copyAddress, click: () => copyAddress() }] : []),
    { type: 'separator' },
    { id: 'quit', label: texts.quit, click: () => app.quit() },
  ];
}

export function activityText(texts: Texts, { running, waiting, bytesPerSecond }: Activity): string {
  const parts = [
    ...(running > 0 ? [texts.running(running, bytesPerSecond)] : []),
    ...(waiting > 0 ? [texts.waiting(waiting)] : []),
  ];
  return parts.length === 0 ? texts.nothingRuns : parts.join(', ');
}

/** The picture for this system: black on nothing for macOS, which colours it itself. */
const picture = (): string => join(app.getAppPath(), 'out/app', process.platform === 'darwin' ? 'trayTemplate.png' : 'tray.png');

export class TrayIcon {
  readonly #tray = new Tray(picture());
  readonly #actions: () => TrayActions;

  constructor(actions: () => TrayActions) {
    this.#actions = actions;
    this.#tray.on('click', () => {
      // On macOS a click opens the menu.
      if (process.platform !== 'darwin') actions().open();
    });
    // Of macOS alone.
    this.#tray.on('drop-text', (_event, text) => actions().addText(text));
    this.#tray.on('drop-files', (_event, paths) => actions().addFiles(paths));
  }

  show(texts: Texts, activity: Activity): void {
    this.#tray.setToolTip(`Sluice: ${activityText(texts, activity)}`);
    this.#tray.setContextMenu(Menu.buildFromTemplate(trayTemplate(texts, activity, this.#actions())));
  }
}
