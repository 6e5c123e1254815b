/** The desktop app on the stand-in, in the shape of Playwright's own ElectronApplication. */
import { type ChildProcess, fork } from 'node:child_process';
import { type Browser, chromium, type Page } from '@playwright/test';
import type { desk } from './desk.ts';

export type Desk = typeof desk;
type Electron = typeof import('electron');

export interface LaunchOptions {
  /** The built main script. */
  readonly main: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What the desk is at the start. */
  readonly desk?: Partial<Desk>;
}

export class LaunchedApp implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Where its Chromium is reached. */
  endpoint = '';
  /** What it wrote, line by line. */
  output = '';
  readonly ended: Promise<number | string>;
  #browser: Browser | undefined;
  #last = 0;
  readonly #questions = new Map<number, PromiseWithResolvers<unknown>>();

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (piece) => {
        this.output += String(piece);
      });
    }
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? '')));
    child.on('message', (message: { type: string; id: number; value: unknown; error?: string }) => {
      if (message.type !== 'answer') return;
      const question = this.#questions.get(message.id);
      this.#questions.delete(message.id);
      if (message.error === undefined) question?.resolve(message.value);
      else question?.reject(new Error(message.error));
    });
  }

  /** Resolves once the app is ready; rejects with what it wrote where it ended before. */
  static async start({ main, args = [], env = {}, desk: given }: LaunchOptions): Promise<LaunchedApp> {
    const child = fork(main, [...args], {
      execArgv: ['--disable-warning=ExperimentalWarning', '--import', new URL('./register.ts', import.meta.url).href],
      env: { ...process.env, ...env, ...(given && { STAND_IN_DESK: JSON.stringify(given) }) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const app = new LaunchedApp(child);
    const endpoint = await new Promise<string>((resolve, reject) => {
      child.on('message', (message: { type: string; endpoint: string }) => {
        if (message.type === 'ready') resolve(message.endpoint);
      });
      void app.ended.then((code) => reject(new Error(`the app ended with ${code}: ${app.output}`)));
    });
    app.endpoint = endpoint;
    app.#browser = await chromium.connectOverCDP(endpoint, { noDefaults: true }).catch(async (cause) => {
      // Its Chromium ends with it, and with nothing else.
      throw new Error(`the app ended with ${await app.ended}: ${app.output}`, { cause });
    });
    return app;
  }

  windows(): Page[] {
    const [context] = this.#browser?.contexts() ?? [];
    return context?.pages().filter((page) => /stand-in\.test/.test(page.url())) ?? [];
  }

  /** The page of a window whose address ends so. */
  async window(ending = '/'): Promise<Page> {
    for (;;) {
      const page = this.windows().find((each) => each.url().endsWith(ending));
      if (page !== undefined) return page;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Runs a function in the main process. Its text is sent: it sees nothing of the test but its argument, which is JSON. */
  evaluate<R, A = undefined>(ask: (electron: Electron, argument: A, desk: Desk) => R | Promise<R>, argument?: A): Promise<R> {
    const id = ++this.#last;
    const question = Promise.withResolvers<unknown>();
    this.#questions.set(id, question);
    this.child.send({ id, source: String(ask), argument });
    return question.promise as Promise<R>;
  }

  /** As a person quits it. */
  async quit(): Promise<number | string> {
    await this.evaluate(({ app }) => void setImmediate(() => app.quit()));
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser?.close().catch(() => {});
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
