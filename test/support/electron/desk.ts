/** What a person would use around the windows: tray, menus, notifications, dialogs, other programs. What is seen of it is in held.ts. */
import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { dirname } from 'node:path';
import type {
  Dialog,
  Menu,
  MenuItem,
  MenuItemConstructorOptions,
  MessageBoxReturnValue,
  Notification,
  NotificationConstructorOptions,
  OpenDialogReturnValue,
  SaveDialogReturnValue,
  Shell,
  Tray,
} from 'electron';

import { entriesOf, type Held, hold } from './held.ts';
import { endLongTimers } from './long-timers.ts';

export const desk = {
  trays: [] as StandInTray[],
  notifications: [] as StandInNotification[],
  /** What a person answers to the next dialogs. A dialog without an answer is an error. */
  answers: [] as Partial<MessageBoxReturnValue & OpenDialogReturnValue & SaveDialogReturnValue>[],
  isOnline: true,
  /** Links that the app is started with, as macOS hands them over: before it is ready. */
  startedWith: [] as string[],
  /** The preload script runs in frames within pages too, whatever the app prefers: as if a hole let it. */
  preloadsFrames: false,
  clipboard: '',
  endLongTimers,
  keyStore: { isAvailable: true, backend: 'gnome_libsecret', isLocked: false },
};

let applicationMenu: StandInMenu | null = null;

class StandInMenuItem implements Pick<MenuItem, 'label' | 'type' | 'enabled' | 'checked' | 'id' | 'click'> {
  readonly id: string;
  readonly label: string;
  readonly type: MenuItem['type'];
  readonly role: MenuItem['role'];
  readonly accelerator: MenuItem['accelerator'];
  readonly submenu: StandInMenu | undefined;
  enabled: boolean;
  checked: boolean;
  readonly click: () => void;

  constructor(options: MenuItemConstructorOptions) {
    this.id = options.id ?? '';
    this.label = options.label ?? '';
    this.type = options.type ?? (options.submenu ? 'submenu' : 'normal');
    this.role = options.role as MenuItem['role'];
    this.accelerator = options.accelerator as MenuItem['accelerator'];
    this.submenu = Array.isArray(options.submenu) ? StandInMenu.buildFromTemplate(options.submenu) : undefined;
    this.enabled = options.enabled ?? true;
    this.checked = options.checked ?? false;
    this.click = () => {
      if (this.enabled) options.click?.(this as unknown as MenuItem, undefined, {} as never);
    };
  }
}

export class StandInMenu extends EventEmitter implements Pick<Menu, 'getMenuItemById'> {
  items: StandInMenuItem[] = [];

  static buildFromTemplate(template: (MenuItemConstructorOptions | MenuItem)[]): StandInMenu {
    const menu = new StandInMenu();
    menu.items = template.map((options) => new StandInMenuItem(options as MenuItemConstructorOptions));
    return menu;
  }

  static setApplicationMenu(menu: StandInMenu | null): void {
    applicationMenu = menu;
    hold('menu', entriesOf(menu));
  }

  static getApplicationMenu(): StandInMenu | null {
    return applicationMenu;
  }

  getMenuItemById(id: string): MenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? (item as unknown as MenuItem) : item.submenu?.getMenuItemById(id);
      if (found) return found;
    }
    return null;
  }
}

export class StandInTray extends EventEmitter implements Pick<Tray, 'destroy' | 'setImage'> {
  image: unknown;
  toolTip = '';
  menu: StandInMenu | null = null;

  constructor(image: unknown) {
    super();
    this.image = image;
    desk.trays.push(this);
  }

  setImage(image: unknown): void {
    this.image = image;
  }

  setToolTip(text: string): void {
    this.toolTip = text;
    this.#show();
  }

  setContextMenu(menu: StandInMenu | null): void {
    this.menu = menu;
    this.#show();
  }

  #show(): void {
    hold('tray', { toolTip: this.toolTip, menu: entriesOf(this.menu) });
  }

  destroy(): void {
    desk.trays.splice(desk.trays.indexOf(this), 1);
  }
}

export class StandInNotification extends EventEmitter implements Pick<Notification, 'show' | 'close' | 'title' | 'body'> {
  readonly title: string;
  readonly body: string;
  readonly actions: NonNullable<NotificationConstructorOptions['actions']>;

  constructor({ title = '', body = '', actions = [] }: NotificationConstructorOptions) {
    super();
    this.title = title;
    this.body = body;
    this.actions = actions;
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    desk.notifications.push(this);
    const shown = desk.notifications.map(({ title, body, actions }) => ({
      title,
      body,
      actions: actions.map(({ text }) => text ?? ''),
    }));
    hold('notifications', shown);
  }

  close(): void {
    this.emit('close');
  }
}

const dialogs: Held['dialogs'] = [];

export function answerOf(title: string, message: string) {
  dialogs.push({ title, message });
  hold('dialogs', dialogs);
  const answer = desk.answers.shift();
  if (answer === undefined) throw new Error(`nobody answers the dialog ${JSON.stringify(message)}`);
  return answer;
}

export const dialog = {
  async showMessageBox(...given: unknown[]): Promise<MessageBoxReturnValue> {
    const { title = '', message = '' } = given.at(-1) as { title?: string; message?: string };
    return { response: 0, checkboxChecked: false, ...answerOf(title, message) };
  },
  async showOpenDialog(...given: unknown[]): Promise<OpenDialogReturnValue> {
    const { title = '', defaultPath = '' } = given.at(-1) as { title?: string; defaultPath?: string };
    return { canceled: false, filePaths: [], ...answerOf(title, defaultPath) };
  },
  showErrorBox(title: string, message: string): void {
    process.stderr.write(`${title}\n${message}\n`);
  },
} satisfies Partial<Dialog>;

/** As Electron does on Linux: the system's opener is started. What it does is seen outside of this process. */
const hand = (what: string): Promise<string> =>
  new Promise((resolve) => {
    execFile('xdg-open', [what], (error) => resolve(error === null ? '' : 'Failed to open'));
  });

export const shell = {
  async openExternal(what) {
    await hand(what);
  },
  openPath: (what) => hand(what),
  // Without a file manager that selects files the folder is opened.
  showItemInFolder: (what) => void hand(dirname(what)),
} satisfies Partial<Shell>;
