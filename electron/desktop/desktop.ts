/** The desktop's faces around the application: windows, tray, menu, notifications, power, links from outside. */
import { app, clipboard, Menu, nativeTheme, shell } from 'electron';
import type { Application, OpenStore } from '#downloads';
import type { Door } from '#ipc/door';
import type { Host } from '#ipc/handlers';
import type { Settings } from '#shared/settings';
import { type Activity, ActivityWatch } from './activity.ts';
import { ClipboardWatch, copiedLinks } from './copied-links.ts';
import { type Endpoint, EndpointSwitch } from './endpoint.ts';
import { Errands } from './errands.ts';
import { chooseFolder, openFile, showFile } from './finished-files.ts';
import { startAtLogin } from './login-item.ts';
import { MainWindow } from './main-window.ts';
import { menuTemplate } from './menus.ts';
import type { Mistakes } from './mistakes.ts';
import { Notifications } from './notifications.ts';
import { PageChannel } from './page-channel.ts';
import { Power } from './power.ts';
import { QuickAdd } from './quick-add.ts';
import { Receiving } from './receiving.ts';
import { showInTaskbar } from './taskbar.ts';
import { type Texts, textsIn } from './texts.ts';
import { TrayIcon } from './tray.ts';
import { WindowPlace } from './window-place.ts';

export interface DesktopPorts {
  readonly application: Application;
  readonly openStore: OpenStore;
  readonly mistakes: Mistakes;
  openDoor(host: Host): Door;
  startEndpoint(port: number): Promise<Endpoint>;
}

export class Desktop {
  readonly receiving: Receiving;
  readonly #ports: DesktopPorts;
  readonly #errands = new Errands();
  readonly #window: MainWindow;
  readonly #quickAdd: QuickAdd;
  readonly #notifications: Notifications;
  readonly #power: Power;
  readonly #activity: ActivityWatch;
  readonly #tray: TrayIcon;
  readonly #endpoint: EndpointSwitch;
  readonly #clipboard: ClipboardWatch;
  #lastActivity: Activity;
  #loginItem = false;

  constructor(ports: DesktopPorts) {
    this.#ports = ports;
    const { application, mistakes } = ports;
    const channel = new PageChannel(ports.openDoor(this.#host()));
    this.#errands.onGiven = () => channel.tell({ name: 'desktop.errand', value: null });
    this.#window = new MainWindow({
      channel,
      place: new WindowPlace(ports.openStore('window')),
      closesToTray: () => application.settings.desktop.closeToTray,
      onCrash: (again) => this.#say('warning', 'WINDOW_LOST', again ? this.#texts.windowGone : this.#texts.windowLost),
    });
    this.#quickAdd = new QuickAdd(channel);
    this.receiving = new Receiving({ give: (errand) => this.#errands.give(errand), showWindow: () => this.#window.show() });
    this.#notifications = new Notifications({
      application,
      texts: () => this.#texts,
      isWatched: () => this.#window.current?.isFocused() === true,
      showWindow: () => this.#window.show(),
      openFile: (path) => void openFile(path, this.#texts).catch(this.#refuse),
      showFile: (path) => void showFile(path).catch(this.#refuse),
    });
    this.#power = new Power(
      () => application.settings.desktop.keepAwake,
      () => application.wake(),
    );
    this.#endpoint = new EndpointSwitch({
      start: (port) => ports.startEndpoint(port),
      onRefused: (port) => this.#say('warning', 'PORT_TAKEN', this.#texts.portTaken(port)),
      onChanged: () => this.#showTray(),
    });
    this.#clipboard = new ClipboardWatch((text, count) => this.#offer(text, count));
    mistakes.onFirst = () => this.#say('error', 'INTERNAL', this.#texts.mistakeHelp(mistakes.path));
    this.#tray = new TrayIcon(() => this.#trayActions());
    this.#activity = new ActivityWatch(application);
    this.#lastActivity = this.#activity.now();
    this.#activity.subscribe((activity) => this.#follow(activity));
    application.subscribe((news) => {
      if (news.type === 'settings') this.#apply(news.settings);
    });
    this.#apply(application.settings);
  }

  show(): void {
    this.#window.show();
  }

  /** What a person has to know, said by the page as soon as there is one. */
  say(code: string, message: string): void {
    this.#say('warning', code, message);
  }

  /** Resolves when nothing of it listens or ticks any more. */
  async close(): Promise<void> {
    this.#activity[Symbol.dispose]();
    this.#power[Symbol.dispose]();
    this.#clipboard[Symbol.dispose]();
    await this.#endpoint.turn(0);
  }

  get #texts(): Texts {
    return textsIn(this.#ports.application.settings.language, app.getLocale());
  }

  readonly #refuse = (error: unknown): void => {
    this.#say('warning', 'NOT_NOW', error instanceof Error ? error.message : String(error));
  };

  #say(level: 'warning' | 'error', code: string, message: string): void {
    this.#errands.give({ type: 'notice', notice: { level, code, message } });
  }

  /** What the page may ask of the desktop. */
  #host(): Host {
    return {
      version: app.getVersion(),
      platform: process.platform,
      files: { open: (path) => openFile(path, this.#texts), show: showFile },
      desktop: {
        takeErrands: () => this.#errands.take(),
        clipboard: async () => (await copiedLinks()).text,
        add: (text) => this.#add(text),
        closeQuickAdd: () => this.#quickAdd.close(),
        chooseFolder: (directory) => chooseFolder(directory, this.#texts),
      },
    };
  }

  #add(text?: string): void {
    this.#errands.give({ type: 'add', ...(text !== undefined && { text }), isForeign: false });
    this.#window.show();
  }

  #offer(text: string, count: number): void {
    const { copied, copiedHelp } = this.#texts;
    this.#notifications.show(copied(count), copiedHelp, () => this.#add(text));
  }

  #apply(settings: Settings): void {
    const { desktop, appearance } = settings;
    nativeTheme.themeSource = appearance.theme;
    if (desktop.startAtLogin !== this.#loginItem) startAtLogin(desktop.startAtLogin);
    this.#loginItem = desktop.startAtLogin;
    void this.#clipboard.turn(desktop.watchClipboard);
    void this.#endpoint.turn(desktop.serverPort);
    this.#power.follow(this.#lastActivity);
    Menu.setApplicationMenu(
      Menu.buildFromTemplate(menuTemplate(this.#texts, this.#menuActions(), process.platform, !app.isPackaged)),
    );
    this.#showTray();
  }

  #follow(activity: Activity): void {
    this.#lastActivity = activity;
    this.#power.follow(activity);
    showInTaskbar(activity, this.#window.current);
    this.#showTray();
  }

  #showTray(): void {
    this.#tray.show(this.#texts, this.#lastActivity);
  }

  #all(): string[] {
    return [...this.#ports.application.list.all()].map(({ id }) => id);
  }

  #listActions() {
    const { list } = this.#ports.application;
    return {
      quickAdd: () => this.#quickAdd.show(this.#texts.quickAddTitle),
      pauseAll: () => void list.pause(this.#all()).catch(this.#ports.mistakes.take),
      resumeAll: () => void list.start(this.#all()).catch(this.#ports.mistakes.take),
    };
  }

  #trayActions() {
    const { url } = this.#endpoint;
    return {
      ...this.#listActions(),
      open: () => this.#window.show(),
      addText: (text: string) => this.#add(text),
      addFiles: (paths: readonly string[]) => void this.receiving.files(paths),
      copyAddress: url === undefined ? undefined : () => void clipboard.writeText(url),
    };
  }

  #menuActions() {
    const page = (type: 'settings' | 'shortcuts') => () => {
      this.#errands.give({ type });
      this.#window.show();
    };
    return {
      ...this.#listActions(),
      add: () => this.#add(),
      addCopied: () => void copiedLinks().then(({ text }) => this.#add(text)),
      openFolder: () => void shell.openPath(this.#ports.application.directory),
      settings: page('settings'),
      shortcuts: page('shortcuts'),
      quit: () => app.quit(),
    };
  }
}
