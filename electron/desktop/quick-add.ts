/** The small window of the tray: links are pasted or dropped, and downloaded as the settings say. */
import { BrowserWindow } from 'electron';
import { groundColor, pagePreferences } from './main-window.ts';
import type { PageChannel } from './page-channel.ts';
import { pageAddress } from './page-scheme.ts';

export class QuickAdd {
  readonly #channel: PageChannel;
  #window: BrowserWindow | undefined;

  constructor(channel: PageChannel) {
    this.#channel = channel;
  }

  show(title: string): void {
    this.#window ??= this.#open(title);
    this.#window.show();
    this.#window.focus();
  }

  close(): void {
    this.#window?.destroy();
  }

  #open(title: string): BrowserWindow {
    const window = new BrowserWindow({
      ...{
        width: 440,
        height: 232,
        useContentSize: true,
        resizable: false,
        maximizable: false,
        fullscreenable: false,
        minimizable: false,
      },
      ...{ alwaysOnTop: true, autoHideMenuBar: true, title, backgroundColor: groundColor() },
      webPreferences: pagePreferences(),
    });
    this.#channel.admit(window.webContents);
    window.on('closed', () => {
      this.#window = undefined;
    });
    window.loadURL(pageAddress('quick-add.html')).catch(() => {
      // Closed while it loads.
    });
    return window;
  }
}
