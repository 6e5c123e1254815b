/** The app object: paths, the single instance, quitting. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { App } from 'electron';
import { hold } from './held.ts';
import { preventable } from './strict.ts';

type Named = Parameters<App['getPath']>[0];

interface Description {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly desktopName: string | undefined;
}

/** The package that the started script belongs to. */
function describe(): Description {
  for (let folder = dirname(resolve(process.argv[1] ?? '.')); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (!existsSync(file)) continue;
    const { name, productName, version, desktopName } = JSON.parse(readFileSync(file, 'utf8'));
    return { folder, name: productName ?? name, version, desktopName };
  }
}

const description = describe();

// An installed app's arguments begin behind its own name; one in development is given its folder first.
const isPackaged = process.env.STAND_IN_PACKAGED === '1';
if (isPackaged) process.argv.splice(1, 1);

type Offered = 'getPath' | 'setPath' | 'getVersion' | 'getAppPath' | 'getLocale' | 'whenReady' | 'requestSingleInstanceLock';
type AlsoOffered = 'quit' | 'exit' | 'setBadgeCount' | 'setAsDefaultProtocolClient' | 'isPackaged';

class StandInApp extends EventEmitter implements Pick<App, Offered | AlsoOffered> {
  readonly isPackaged = isPackaged;
  readonly #paths = new Map<Named, string>([
    ['home', homedir()],
    ['appData', process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config')],
    ['downloads', process.env.STAND_IN_DOWNLOADS ?? join(homedir(), 'Downloads')],
    ['exe', process.execPath],
  ]);
  readonly #ready = Promise.withResolvers<void>();
  #lock: Server | undefined;
  #isQuitting = false;

  getPath(name: Named): string {
    return this.#paths.get(name) ?? join(this.getPath('appData'), description.name);
  }

  setPath(name: Named, path: string): void {
    mkdirSync(path, { recursive: true });
    this.#paths.set(name, path);
  }

  getVersion(): string {
    return description.version;
  }

  getAppPath(): string {
    return description.folder;
  }

  getLocale(): string {
    return process.env.STAND_IN_LOCALE ?? 'en-US';
  }

  async whenReady(): Promise<void> {
    await this.#ready.promise;
  }

  setBadgeCount(count = 0): boolean {
    hold('badge', count);
    return true;
  }

  /** As Electron does on Linux: the system's own tool writes it down, for the desktop entry of the app. */
  setAsDefaultProtocolClient(protocol: string): boolean {
    const entry = description.desktopName ?? `${description.name}.desktop`;
    return spawnSync('xdg-settings', ['set', 'default-url-scheme-handler', protocol, entry]).status === 0;
  }

  /** A second process hands its arguments to the first one, which is asked synchronously, as Electron does. */
  requestSingleInstanceLock(): boolean {
    const folder = this.getPath('userData');
    mkdirSync(folder, { recursive: true });
    const path = join(tmpdir(), `stand-in-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`);
    const holder = join(folder, 'stand-in-lock');
    if (existsSync(holder) && isAlive(Number(readFileSync(holder, 'utf8')))) {
      const message = JSON.stringify({ argv: process.argv, folder: process.cwd() });
      const script = `require('node:net').connect(${JSON.stringify(path)}).end(${JSON.stringify(message)})`;
      execFileSync(process.execPath, ['-e', script]);
      return false;
    }
    writeFileSync(holder, String(process.pid));
    rmSync(path, { force: true });
    this.#lock = createServer((socket) => {
      let text = '';
      socket.on('data', (piece) => {
        text += String(piece);
      });
      socket.on('end', () => {
        const { argv, folder: from } = JSON.parse(text);
        this.emit('second-instance', {}, argv, from, {});
      });
    }).listen(path);
    this.#lock.unref();
    process.on('exit', () => rmSync(path, { force: true }));
    return true;
  }

  quit(): void {
    if (this.#isQuitting) return;
    const before = preventable({});
    this.emit('before-quit', before);
    if (before.defaultPrevented) return;
    this.#isQuitting = true;
    void control.closeWindows().then((areClosed) => {
      this.#isQuitting = areClosed;
      if (!areClosed) return;
      const event = preventable({});
      this.emit('will-quit', event);
      // Whoever prevents it ends the app later with exit(), or asks again.
      if (event.defaultPrevented) this.#isQuitting = false;
      else this.exit();
    });
  }

  exit(code = 0): void {
    void control.end().finally(() => process.exit(code));
  }

  static becomeReady(app: StandInApp): void {
    app.#ready.resolve();
    app.emit('ready', {}, {});
  }

  static isQuitting(app: StandInApp): boolean {
    return app.#isQuitting;
  }
}

/** What the app needs of the rest; put in by electron.ts. */
export const control = {
  /** False where a window stays open. */
  closeWindows: async (): Promise<boolean> => true,
  end: async (): Promise<void> => {},
};

export const app = new StandInApp();
export const becomeReady = (): void => StandInApp.becomeReady(app);
export const isQuitting = (): boolean => StandInApp.isQuitting(app);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
}
