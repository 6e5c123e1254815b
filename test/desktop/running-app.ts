/** The built desktop app with folders of its own, on the stand-in. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { connectRemote, type Remote } from '#command/remote';
import type { CallName, Result, Sent } from '#shared/contract';
import type { Held } from '../support/electron/held.ts';
import { electronProgram, launch } from '../support/electron/launch.ts';
import type { LaunchedApp, LaunchOptions } from '../support/electron/launched-app.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const root = resolve(import.meta.dirname, '../..');
/** What is waited for in a page comes on a busy machine too. */
export const expectPage = expect.configure({ timeout: 20_000 });
export const mainScript = join(root, 'out/app/main.cjs');

export class RunningApp implements AsyncDisposable {
  readonly folder: TempDirectory;
  #app: LaunchedApp | undefined;
  #remote: Remote | undefined;

  constructor(folder: TempDirectory) {
    this.folder = folder;
  }

  static async start(options: Partial<LaunchOptions> = {}): Promise<RunningApp> {
    const folder = await tempDirectory();
    mkdirSync(folder.file('files'));
    mkdirSync(folder.file('bin'));
    // What the system is asked to open is written down by the program that would open it.
    const writes = (file: string) => `#!/bin/sh\nprintf '%s\\n' "$*" >> '${folder.file(file)}'\n`;
    writeFileSync(folder.file('bin', 'xdg-open'), writes('opened'), { mode: 0o755 });
    writeFileSync(folder.file('bin', 'xdg-settings'), writes('default-programs'), { mode: 0o755 });
    const running = new RunningApp(folder);
    await running.start(options);
    return running;
  }

  /** Again, with the folders it had. */
  async start(options: Partial<LaunchOptions> = {}): Promise<LaunchedApp> {
    const env = { ...this.env, ...options.env };
    this.#remote?.[Symbol.dispose]();
    this.#remote = undefined;
    this.#app = await launch({ main: mainScript, ...options, env });
    return this.#app;
  }

  get app(): LaunchedApp {
    if (this.#app === undefined) throw new Error('the app was not started');
    return this.#app;
  }

  get env(): NodeJS.ProcessEnv {
    return {
      HOME: this.folder.path,
      PATH: `${this.folder.file('bin')}${delimiter}${process.env.PATH}`,
      XDG_CONFIG_HOME: this.folder.file('config'),
      SLUICE_DATA: this.folder.file('data'),
      STAND_IN_DOWNLOADS: this.folder.file('files'),
      STAND_IN_DESKTOP: this.folder.file('desktop'),
    };
  }

  /** The main window's page, drawn. */
  async page(): Promise<Page> {
    const page = await this.app.window();
    await page.getByRole('button', { name: 'Add', exact: true }).waitFor();
    return page;
  }

  /** Whether the main window is seen, as its page knows it. Playwright's driver tells every page that it is: there Electron is asked. */
  async isShown(): Promise<boolean> {
    if (electronProgram === undefined)
      return (await (await this.app.window()).evaluate('document.visibilityState')) === 'visible';
    return this.app.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows();
      return window?.isVisible() === true && !window.isMinimized();
    });
  }

  /** Asks the app as the command line does, over its socket: what the window shows is not trusted. */
  async call<K extends CallName>(name: K, input?: Sent<K>): Promise<Result<K>> {
    for (;;) {
      try {
        this.#remote ??= await connectRemote(this.folder.file('data'));
        return await this.#remote.call(name, input);
      } catch (error) {
        if ((error as { code?: string }).code !== 'UNREACHABLE') throw error;
        // It is not up yet.
        this.#remote = undefined;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Names of the downloads that are not done. */
  async listed(): Promise<string[]> {
    return (await this.call('downloads.snapshot', { offset: 0, limit: 100 })).rows.map(({ name }) => name);
  }

  /** What the system's opener was given so far: files, folders, addresses. */
  opened(): string[] {
    try {
      return readFileSync(this.folder.file('opened'), 'utf8').trim().split('\n');
    } catch {
      return [];
    }
  }

  /** What the desktop holds for the app now; nothing for one that has ended, however it ended. */
  held<K extends keyof Held>(facility: K): Held[K] | undefined {
    const { exitCode, signalCode } = this.app.child;
    if (exitCode !== null || signalCode !== null) return undefined;
    try {
      return JSON.parse(readFileSync(this.folder.file('desktop', `${facility}.json`), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Where downloads are put. */
  file(name: string): string {
    return this.folder.file('files', name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#remote?.[Symbol.dispose]();
    await this.#app?.[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}
