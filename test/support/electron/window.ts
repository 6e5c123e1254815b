/** BrowserWindow: its page is real; its frame is told to the window and held by the desktop. */
import { EventEmitter } from 'node:events';
import type { BrowserWindow, BrowserWindowConstructorOptions, Rectangle } from 'electron';
import { app, isQuitting } from './app.ts';
import type { Chromium } from './chromium.ts';
import { StandInContents, type WindowBounds } from './contents.ts';
import { hold } from './held.ts';
import { preventable } from './strict.ts';

const windows = new Map<number, StandInWindow>();
const pages = new Map<number, StandInContents>();
let chromium: Chromium | undefined;
let lastId = 0;

type Offered = 'loadURL' | 'show' | 'hide' | 'focus' | 'isVisible' | 'isMinimized' | 'isMaximized' | 'isFocused' | 'restore';
type AlsoOffered =
  | 'minimize'
  | 'maximize'
  | 'getNormalBounds'
  | 'setBounds'
  | 'close'
  | 'destroy'
  | 'isDestroyed'
  | 'setProgressBar';

export class StandInWindow extends EventEmitter implements Pick<BrowserWindow, Offered | AlsoOffered> {
  readonly id: number;
  readonly webContents: StandInContents;
  readonly #bounds: Rectangle;
  #isVisible: boolean;
  #isFocused = false;
  #size: 'normal' | 'minimized' | 'maximized' = 'normal';
  #isDestroyed = false;

  constructor({
    width = 800,
    height = 600,
    x = 0,
    y = 0,
    show = true,
    webPreferences = {},
    useContentSize = false,
  }: BrowserWindowConstructorOptions = {}) {
    super();
    if (chromium === undefined) throw new Error('Cannot create BrowserWindow before app is ready');
    this.id = ++lastId;
    this.#bounds = { x, y, width, height };
    this.#isVisible = show;
    const contents = new StandInContents(chromium, this.id, webPreferences, { width, height, useContentSize });
    pages.set(this.id, contents);
    this.webContents = StandInContents.seen(contents);
    contents.once('stand-in-painted', () => this.emit('ready-to-show'));
    windows.set(this.id, this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  static getAllWindows(): StandInWindow[] {
    return [...windows.values()];
  }

  loadURL(address: string): Promise<void> {
    return this.webContents.loadURL(address);
  }

  show(): void {
    this.#isVisible = true;
    this.#place({ windowState: 'normal' });
    this.emit('show');
  }

  hide(): void {
    this.#isVisible = false;
    this.#place({ windowState: 'minimized' });
    this.#isFocused = false;
    this.emit('hide');
  }

  focus(): void {
    this.#isFocused = true;
    this.emit('focus');
  }

  isVisible(): boolean {
    return this.#isVisible;
  }

  isFocused(): boolean {
    return this.#isFocused;
  }

  isMinimized(): boolean {
    return this.#size === 'minimized';
  }

  isMaximized(): boolean {
    return this.#size === 'maximized';
  }

  minimize(): void {
    this.#size = 'minimized';
    this.#place({ windowState: 'minimized' });
    this.#isFocused = false;
  }

  maximize(): void {
    this.#size = 'maximized';
    this.emit('maximize');
  }

  restore(): void {
    this.#size = 'normal';
    this.#place({ windowState: 'normal' });
  }

  getNormalBounds(): Rectangle {
    return { ...this.#bounds };
  }

  setBounds(bounds: Partial<Rectangle>): void {
    Object.assign(this.#bounds, bounds);
    const { x: left, y: top, width, height } = this.#bounds;
    this.#place({ left, top, width, height });
    this.emit('resize');
  }

  setProgressBar(progress: number): void {
    hold('progress', progress);
  }

  close(): void {
    if (this.#isDestroyed) return;
    const event = preventable({});
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    windows.delete(this.id);
    const page = pages.get(this.id);
    pages.delete(this.id);
    if (page) void StandInContents.destroy(page);
    this.emit('closed');
    if (windows.size > 0 || isQuitting()) return;
    if (app.listenerCount('window-all-closed') > 0) app.emit('window-all-closed');
    else app.quit();
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** Chromium's own window follows: its page knows whether it is seen. A window without one, hidden, is a minimized one there. */
  #place(bounds: WindowBounds): void {
    const page = pages.get(this.id);
    if (page) void StandInContents.place(page, bounds);
  }
}

export function giveWindows(given: Chromium): void {
  chromium = given;
  given.on('Target.targetDestroyed', ({ targetId }: { targetId: string }) => {
    for (const [id, page] of pages) if (StandInContents.isShown(page, targetId)) windows.get(id)?.destroy();
  });
  given.onPopup = (target, session) => void StandInContents.judgePopup(pages.values(), given, target, session);
}

/** @returns whether none stayed open. */
export async function closeAll(): Promise<boolean> {
  for (const window of [...windows.values()]) window.close();
  return windows.size === 0;
}
