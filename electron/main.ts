/** The composition root of the desktop app. build/build-app.mjs makes out/app/main.cjs of it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { app, dialog } from 'electron';
import { isCommand } from '#command/command-names';
import { Desktop } from '#desktop/desktop';
import { guardPages } from '#desktop/guard';
import { isHiddenStart } from '#desktop/login-item';
import { Mistakes } from '#desktop/mistakes';
import { declarePageScheme, servePage } from '#desktop/page-scheme';
import { quitAtSignals, saveBeforeQuit } from '#desktop/quitting';
import { listenForLinks } from '#desktop/receiving';
import { openVault } from '#desktop/safe-vault';
import { storesIn } from '#desktop/store';
import { textsIn } from '#desktop/texts';
import { dataFolder, openApplication } from '#downloads';
import { openDoor } from '#ipc/open-door';
import { listenForCommands } from '#server/command-socket';
import { contentSecurityPolicy, PageFiles } from '#server/page-files';
import { startServer } from '#server/start';
import { tokenIn } from '#server/token';

process.env.UV_THREADPOOL_SIZE ??= '8';
// An installed app's arguments follow its name; in development its folder comes between.
const given = process.argv.slice(app.isPackaged ? 1 : 2);
// Chromium's own switch, without which it wants a display: the command has no use for one.
const words = given.filter((word) => !word.startsWith('--ozone-platform='));
const version = app.getVersion();
const pageFolder = join(app.getAppPath(), 'out/page');
const folder = dataFolder();

async function beCommand(): Promise<void> {
  const { runCommand } = await import('#command/command-process');
  const code = await runCommand(words, version, async () => {
    const { startHost } = await import('#server/host');
    return (options) => startHost({ ...options, pageFolder });
  });
  app.exit(code);
}

async function open(mistakes: Mistakes): Promise<{ desktop: Desktop; close: () => Promise<void> }> {
  const openStore = storesIn(folder);
  const { vault, notice } = await openVault(folder);
  const application = await openApplication({
    ...{ dataFolder: folder, openStore, vault, roots: [], defaultDirectory: app.getPath('downloads') },
    onMistake: mistakes.take,
  });
  // Who is not the window reaches neither the clipboard nor the programs of this computer.
  const door = openDoor(application, { version, platform: process.platform }, mistakes.take);
  const commands = await listenForCommands(door, folder);
  guardPages();
  servePage(new PageFiles(pageFolder), contentSecurityPolicy);
  const desktop = new Desktop({
    ...{ application, openStore, mistakes },
    openDoor: (host) => openDoor(application, host, mistakes.take),
    startEndpoint: (port) =>
      startServer({ door, host: '127.0.0.1', port, token: tokenIn(join(folder, 'token')), pageFolder, allowedOrigins: [] }),
  });
  if (notice !== undefined) desktop.say(notice.code, notice.message);
  const close = async (): Promise<void> => {
    await desktop.close();
    await commands.close();
    await application.close();
  };
  return { desktop, close };
}

async function beApp(): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Windows shows no notification of a program it knows no name of: that of the installer's shortcut.
  if (process.platform === 'win32') app.setAppUserModelId('app.sluice.desktop');
  const mistakes = new Mistakes(folder);
  process.on('uncaughtException', mistakes.take);
  process.on('unhandledRejection', mistakes.take);
  quitAtSignals();
  const opened = Promise.withResolvers<Desktop>();
  listenForLinks(opened.promise.then(({ receiving }) => receiving));
  app.on('second-instance', async (_event, argv, from) => {
    const desktop = await opened.promise;
    if (!(await desktop.receiving.words(argv.slice(1), from))) desktop.show();
  });
  await app.whenReady();
  const { desktop, close } = await open(mistakes);
  saveBeforeQuit(close, mistakes.take);
  opened.resolve(desktop);
  // On the other systems the installer does it.
  if (app.isPackaged) app.setAsDefaultProtocolClient('sluice');
  if (!(await desktop.receiving.words(words, process.cwd())) && !isHiddenStart(words)) desktop.show();
}

function refuse(error: unknown): void {
  dialog.showErrorBox(textsIn('system', app.getLocale()).cannotStart, error instanceof Error ? error.message : String(error));
  app.exit(1);
}

if (isCommand(words)) void beCommand();
else {
  // Chromium's own files apart from ours.
  app.setPath('userData', join(folder, 'window'));
  declarePageScheme();
  if (app.requestSingleInstanceLock()) beApp().catch(refuse);
  else app.exit(0);
}
