/**
 * Loaded into the real Electron before the app, `electron -r …/recording-desk.cjs APP`: what a person would see around the windows is
 * written down beside being shown, under the names of desk.ts, so that a test can use it; dialogs are answered by the test.
 */
const electron = require('electron');

const desk = { trays: [], notifications: [], answers: [], dialogs: [], awake: new Set(), badge: 0, progress: -1 };
globalThis.standInDesk = desk;

/** Runs `after` with the receiver, the result and what was given, each time `object[name]` has been called. */
function follow(object, name, after) {
  const call = object[name];
  object[name] = function (...given) {
    const result = call.apply(this, given);
    after(this, result, given);
    return result;
  };
}

const { app, BrowserWindow, dialog, net, Notification, powerSaveBlocker, session, Tray } = electron;
follow(Tray.prototype, 'setToolTip', (tray, _, [text]) => {
  if (!desk.trays.includes(tray)) desk.trays.push(tray);
  tray.toolTip = text;
});
follow(Tray.prototype, 'setContextMenu', (tray, _, [menu]) => {
  tray.menu = menu;
});
follow(Notification.prototype, 'show', (notification) => desk.notifications.push(notification));
follow(app, 'setBadgeCount', (_, __, [count]) => {
  desk.badge = count;
});
follow(BrowserWindow.prototype, 'setProgressBar', (_, __, [progress]) => {
  desk.progress = progress;
});
follow(powerSaveBlocker, 'start', (_, id) => desk.awake.add(id));
follow(powerSaveBlocker, 'stop', (_, __, [id]) => desk.awake.delete(id));
const { isOnline } = net;
Object.defineProperty(desk, 'isOnline', { configurable: true, get: () => isOnline.call(net) });
net.isOnline = () => desk.isOnline;
for (const name of ['showMessageBox', 'showOpenDialog']) {
  dialog[name] = async (...given) => {
    const { title = '', message = '' } = given.at(-1);
    desk.dialogs.push({ title, message });
    const answer = desk.answers.shift();
    if (answer === undefined) throw new Error(`nobody answers the dialog ${JSON.stringify(message)}`);
    return { response: 0, checkboxChecked: false, canceled: false, filePaths: [], ...answer };
  };
}
// Where a file of the page's goes: the system's dialog has nobody in front of it.
void app.whenReady().then(() =>
  session.defaultSession.on('will-download', (_event, item) => {
    const path = desk.answers.shift()?.filePath;
    if (path === undefined) item.cancel();
    else item.setSavePath(path);
  }),
);

// As long-timers.ts does: nobody waits five minutes for a hidden window to be dropped.
const { setTimeout: set, clearTimeout: clear } = globalThis;
const long = new Map();
globalThis.setTimeout = Object.assign((work, ms, ...values) => {
  const timer = set(work, ms, ...values);
  if (ms >= 60_000) long.set(timer, work);
  return timer;
}, set);
globalThis.clearTimeout = (timer) => {
  long.delete(timer);
  clear(timer);
};
desk.endLongTimers = () => {
  const all = [...long];
  long.clear();
  for (const [timer, work] of all) {
    clear(timer);
    work();
  }
  return all.length;
};
