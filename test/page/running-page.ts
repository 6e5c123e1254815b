/** The built server as a process, and its page in a real browser. Nothing between them is stood in for. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type BrowserContextOptions, chromium, expect, type Page } from '@playwright/test';
import { build } from 'vite';
import type { Reply } from '#shared/contract';
import type { DownloadRow, HistoryRow } from '#shared/rows';
import { type Call, createClient } from '../../renderer/bridge/client.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Debian's package; another one by its path. */
const browserPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** What is waited for comes on a busy machine too. */
export const expectPage = expect.configure({ timeout: 20_000 });
/** Pictures to look at; not kept by git. */
export const pictures = path.join(root, 'out/pictures');

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** What the browser complained about, policy violations too. */
  readonly complaints: string[];
}

export class RunningPage implements AsyncDisposable {
  readonly #directory: TempDirectory;
  readonly #browser: Browser;
  #child: ChildProcess | undefined;
  #port = 0;
  #token = '';
  /** Calls as any client of the server makes them. */
  readonly call: Call = createClient(async (name, input): Promise<Reply> => {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/api/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify(input ?? {}),
    });
    return (await answer.json()) as Reply;
  });

  constructor(directory: TempDirectory, browser: Browser) {
    this.#directory = directory;
    this.#browser = browser;
  }

  static async start(): Promise<RunningPage> {
    const directory = await tempDirectory();
    await mkdir(directory.file('files'));
    await promisify(execFile)(process.execPath, [path.join(root, 'build/build-cli.mjs'), directory.file('sluice.cjs')], {
      cwd: root,
    });
    await build({ configFile: path.join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: directory.file('page') } });
    const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
    const running = new RunningPage(directory, browser);
    await running.startServer();
    return running;
  }

  /** Where downloads are put. */
  file(...names: string[]): string {
    return this.#directory.file('files', ...names);
  }

  /** On the port it had before, so that an open page finds it again. */
  async startServer(): Promise<void> {
    const args = ['serve', '--port', String(this.#port), '--dir', this.file(), '--data', this.#directory.file('data')];
    const child = spawn(process.execPath, [this.#directory.file('sluice.cjs'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    let text = '';
    for await (const part of child.stdout) {
      text += String(part);
      const match = /Listening on http:\/\/[^:]+:(\d+)\/#token=(\S+)/.exec(text);
      if (match === null) continue;
      this.#port = Number(match[1]);
      this.#token = match[2] ?? '';
      return;
    }
    throw new Error(`the server ended before it listened: ${text}`);
  }

  async stopServer(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  /** A fresh visitor who follows the printed address; `prepare` is done before that. */
  async open(options: BrowserContextOptions = {}, prepare?: (page: Page) => Promise<unknown>): Promise<OpenPage> {
    const context = await this.#browser.newContext({
      viewport: { width: 1360, height: 820 },
      reducedMotion: 'reduce',
      ...options,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await prepare?.(page);
    await page.goto(`http://127.0.0.1:${this.#port}/#token=${this.#token}`);
    await page
      .getByRole('button', { name: 'Add', exact: true })
      .or(page.getByRole('button', { name: '添加', exact: true }))
      .waitFor();
    return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Names of what lies in the folder of downloads. */
  files(): Promise<string[]> {
    return readdir(this.file());
  }

  /** The list as the application has it, in its order. */
  async rows(): Promise<readonly DownloadRow[]> {
    return (await this.call('downloads.snapshot', { offset: 0, limit: 10_000 })).rows;
  }

  /** The history as the application has it, the latest first. */
  async finished(): Promise<readonly HistoryRow[]> {
    return (await this.call('history.page', { offset: 0, limit: 1000, sort: 'finishedAt', descending: true })).rows;
  }

  /** Nothing in the list or in the history. */
  async clear(): Promise<void> {
    const ids = (await this.rows()).map(({ id }) => id);
    if (ids.length > 0) await this.call('downloads.remove', { ids, deleteFiles: true });
    await this.call('history.clear', {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.stopServer();
    await this.#directory[Symbol.asyncDispose]();
  }
}
