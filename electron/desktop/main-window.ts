/**
 * The window with the list. Closing it leaves Sluice in the tray, if the settings say so; hidden for long, its page and the page's
 * process go, while downloads run on. Whoever wants it shown gets it, made anew if need be.
 */
import { join } from 'node:path';
import { app, BrowserWindow, nativeTheme, screen } from 'electron';
import type { PageChannel } from './page-channel.ts';
import { pageAddress } from './page-scheme.ts';
import type { WindowPlace } from './window-place.ts';

export interface MainWindowPorts {
  readonly channel: PageChannel;
  readonly place: WindowPlace;
  closesToTray(): boolean;
  /** The page's process ended unasked; `again`: so often that the window is left closed. */
  onCrash(again: boolean): void;
}

/** After it the page's process is not worth its memory. */
const hiddenLongMs = 5 * 60_000;
const crashesMs = 60_000;
const mostCrashes = 3;

/** Of every window: the page has the preload script's two functions and nothing of Node. */
export const pagePreferences = (): Electron.WebPreferences => ({
  preload: join(app.getAppPath(), 'out/app/preload.cjs'),
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  spellcheck: false,
});

/** The page's `--ground`, so that a window does not flash before its page is drawn. */
export const groundColor = (): string => (nativeTheme.shouldUseDarkColors ? '#151b1f' : '#f3f5f7');

export class MainWindow {
  readonly #ports: MainWindowPorts;
  #window: BrowserWindow | undefined;
  #hiddenTimer: NodeJS.Timeout | undefined;
  #crashes: number[] = [];
  #isQuitting = false;

  constructor(ports: MainWindowPorts) {
    this.#ports = ports;
    app.on('before-quit', () => {
      this.#isQuitting = true;
    });
    // It lives in the tray without a window.
    app.on('window-all-closed', () => {});
    app.on('activate', () => this.show());
  }

  get current(): BrowserWindow | undefined {
    return this.#window;
  }

  show(): void {
    clearTimeout(this.#hiddenTimer);
    if (this.#window === undefined) {
      this.#open();
      return;
    }
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.show();
    this.#window.focus();
  }

  #open(): void {
    const { bounds, isMaximized } = this.#ports.place.read(screen.getAllDisplays().map(({ workArea }) => workArea));
    const window = new BrowserWindow({
      ...bounds,
      ...{ minWidth: 480, minHeight: 360, show: false, title: 'Sluice', backgroundColor: groundColor() },
      webPreferences: pagePreferences(),
    });
    this.#window = window;
    if (isMaximized) window.maximize();
    this.#ports.channel.admit(window.webContents);
    window.once('ready-to-show', () => {
      window.show();
      window.focus();
    });
    window.on('close', (event) => this.#close(event, window));
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined;
    });
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason !== 'clean-exit') this.#recover(window);
    });
    window.loadURL(pageAddress()).catch(() => {
      // A window that is closed while it loads has failed at nothing.
    });
  }

  #close(event: { preventDefault(): void }, window: BrowserWindow): void {
    this.#ports.place.write(window.getNormalBounds(), window.isMaximized());
    if (this.#isQuitting) return;
    event.preventDefault();
    if (process.platform !== 'darwin' && !this.#ports.closesToTray()) {
      app.quit();
      return;
    }
    window.hide();
    clearTimeout(this.#hiddenTimer);
    this.#hiddenTimer = setTimeout(() => window.destroy(), hiddenLongMs);
    this.#hiddenTimer.unref();
  }

  #recover(window: BrowserWindow): void {
    const wasVisible = window.isVisible();
    this.#window = undefined;
    window.destroy();
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((at) => now - at < crashesMs), now];
    const again = this.#crashes.length >= mostCrashes;
    this.#ports.onCrash(again);
    if (wasVisible && !again) this.#open();
  }
}
