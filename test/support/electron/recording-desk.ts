/**
 * Loaded into the real Electron before the app: what it shows around its windows is held in files (held.ts) beside being shown, and
 * within reach of a test under the names of desk.ts; dialogs are answered by the test.
 */
import { app, BrowserWindow, dialog, Menu, Notification, net, powerSaveBlocker, session, Tray } from 'electron';
import { entriesOf, type Held, hold } from './held.ts';
import { endLongTimers, holdLongTimers } from './long-timers.ts';

interface Answer {
  readonly filePath?: string;
}

const desk = {
  trays: [] as object[],
  notifications: [] as Notification[],
  answers: [] as Answer[],
  isOnline: true,
  endLongTimers,
};
Object.assign(globalThis, { standInDesk: desk });
holdLongTimers();

type Method = (...given: never[]) => unknown;

/** Runs `after` with the receiver, the result and what was given, each time the method has been called. */
function follow<T extends object, K extends keyof T>(
  object: T,
  name: K,
  after: T[K] extends Method ? (receiver: T, result: ReturnType<T[K]>, given: Parameters<T[K]>) => void : never,
): void {
  const call = object[name] as (...given: unknown[]) => never;
  const followed = function (this: T, ...given: unknown[]): unknown {
    const result = call.apply(this, given);
    after(this, result, given as never);
    return result;
  };
  Object.assign(object, { [name]: followed });
}

const tray: Held['tray'] = { toolTip: '', menu: [] };
follow(Tray.prototype, 'setToolTip', (icon, _, [text]) => {
  if (!desk.trays.includes(icon)) desk.trays.push(icon);
  tray.toolTip = text;
  hold('tray', tray);
});
follow(Tray.prototype, 'setContextMenu', (icon, _, [menu]) => {
  Object.assign(icon, { menu });
  tray.menu = entriesOf(menu);
  hold('tray', tray);
});
follow(Menu, 'setApplicationMenu', (_, __, [menu]) => hold('menu', entriesOf(menu)));
follow(Notification.prototype, 'show', (notification) => {
  desk.notifications.push(notification);
  const shown = desk.notifications.map(({ title, body, actions }) => ({
    ...{ title, body, actions: actions.map(({ text }) => text ?? '') },
  }));
  hold('notifications', shown);
});
follow(app, 'setBadgeCount', (_, __, [count]) => hold('badge', count ?? 0));
follow(BrowserWindow.prototype, 'setProgressBar', (_, __, [progress]) => hold('progress', progress));

const awake = new Map<number, Held['awake'][number]>();
follow(powerSaveBlocker, 'start', (_, id, [type]) => {
  awake.set(id, type);
  hold('awake', [...awake.values()]);
});
follow(powerSaveBlocker, 'stop', (_, __, [id]) => {
  awake.delete(id);
  hold('awake', [...awake.values()]);
});

const { isOnline } = net;
Object.defineProperty(desk, 'isOnline', { configurable: true, get: () => isOnline.call(net) });
net.isOnline = () => desk.isOnline;

const dialogs: Held['dialogs'] = [];
for (const name of ['showMessageBox', 'showOpenDialog'] as const) {
  const answered = async (...given: unknown[]) => {
    const { title = '', message = '', defaultPath = '' } = given.at(-1) as Record<string, string>;
    dialogs.push({ title, message: message || defaultPath });
    hold('dialogs', dialogs);
    const answer = desk.answers.shift();
    if (answer === undefined) throw new Error(`nobody answers the dialog ${JSON.stringify(message)}`);
    return { response: 0, checkboxChecked: false, canceled: false, filePaths: [], ...answer };
  };
  Object.assign(dialog, { [name]: answered });
}
// Where a file of the page's goes: the system's dialog has nobody in front of it.
void app.whenReady().then(() =>
  session.defaultSession.on('will-download', (_event, item) => {
    const path = desk.answers.shift()?.filePath;
    if (path === undefined) item.cancel();
    else item.setSavePath(path);
  }),
);
