/** A real Chromium, driven over its debugging protocol: by a pipe for the stand-in, by a port for the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

type Fields = Readonly<Record<string, unknown>>;

/** One target's conversation. Emits the protocol's events by their names. */
export class Session extends EventEmitter {
  readonly #chromium: Chromium;
  readonly #id: string;

  constructor(chromium: Chromium, id: string) {
    super();
    this.#chromium = chromium;
    this.#id = id;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the protocol has no types here; each use names what it reads.
  send(method: string, params: Fields = {}): Promise<any> {
    return this.#chromium.send(method, params, this.#id);
  }
}

export interface TargetInfo {
  readonly targetId: string;
  readonly openerId?: string;
  readonly url: string;
}

/** Without the network, and with all frames of a page in one process, so that one session sees them. */
const args = [
  ...['--headless=new', '--no-startup-window', '--no-first-run', '--no-default-browser-check', '--disable-gpu'],
  ...['--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--disable-extensions', '--disable-site-isolation-trials', '--password-store=basic'],
  ...['--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding', '--disable-background-timer-throttling'],
  ...['--remote-debugging-pipe', '--remote-debugging-port=0', '--no-sandbox'],
];

export class Chromium extends EventEmitter {
  readonly #child: ChildProcess;
  /** Its folder, which goes with it. */
  readonly profile: string;
  readonly #sessions = new Map<string, Session>();
  readonly #attached = new Map<string, Session>();
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #lastCall = 0;
  /** Where a test attaches. */
  endpoint = '';
  /** A page was opened by a page: it waits until it is resumed or closed. */
  onPopup: (target: TargetInfo, session: Session) => void = () => {};

  constructor(child: ChildProcess, profile: string) {
    super();
    this.#child = child;
    this.profile = profile;
    let text = '';
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (piece: string) => {
      const messages = (text + piece).split('\0');
      text = messages.pop() ?? '';
      for (const message of messages) this.#receive(JSON.parse(message));
    });
    // Its end of the pipe: Chromium ends with this process, even by SIGKILL.
    (child.stdio[3] as Writable).on('error', () => {});
  }

  static async launch(): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'sluice-stand-in-'));
    const child = spawn(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', [...args, `--user-data-dir=${profile}`], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    const chromium = new Chromium(child, profile);
    process.on('exit', () => chromium.kill());
    chromium.endpoint = await new Promise((resolve, reject) => {
      let text = '';
      child.stderr?.on('data', (piece) => {
        text += String(piece);
        const match = /DevTools listening on (ws:\/\/\S+)/.exec(text);
        if (match?.[1] !== undefined) resolve(match[1]);
      });
      child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}: ${text}`)));
    });
    await chromium.#attachToAll();
    return chromium;
  }

  send(method: string, params: Fields = {}, sessionId?: string): Promise<unknown> {
    const id = ++this.#lastCall;
    const call = Promise.withResolvers<unknown>();
    this.#calls.set(id, call);
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return call.promise;
  }

  /** A new page, stopped before its first document. */
  async open(width: number, height: number): Promise<{ targetId: string; session: Session }> {
    const params = { url: 'about:blank', newWindow: true, width, height };
    const { targetId } = (await this.send('Target.createTarget', params)) as { targetId: string };
    for (;;) {
      const session = this.#attached.get(targetId);
      if (session) return { targetId, session };
      await new Promise((resolve) => this.once('attached', resolve));
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2000);
    this.send('Browser.close').catch(() => {});
    await ended;
    clearTimeout(timer);
    this.kill();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 3 });
  }

  async #attachToAll(): Promise<void> {
    const filter = [{ type: 'page' }];
    await this.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true, filter });
    await this.send('Target.setDiscoverTargets', { discover: true });
  }

  #receive(message: Fields & { params?: Fields; error?: { message: string } }): void {
    if (typeof message.id === 'number') {
      const call = this.#calls.get(message.id);
      this.#calls.delete(message.id);
      if (message.error) call?.reject(new Error(message.error.message));
      else call?.resolve(message.result);
      return;
    }
    const method = String(message.method);
    if (method === 'Target.attachedToTarget') this.#onAttached(message.params as { sessionId: string; targetInfo: TargetInfo });
    else if (typeof message.sessionId === 'string') this.#sessions.get(message.sessionId)?.emit(method, message.params);
    else this.emit(method, message.params);
  }

  #onAttached({ sessionId, targetInfo }: { sessionId: string; targetInfo: TargetInfo }): void {
    const session = new Session(this, sessionId);
    this.#sessions.set(sessionId, session);
    if (targetInfo.openerId !== undefined) this.onPopup(targetInfo, session);
    else this.#attached.set(targetInfo.targetId, session);
    this.emit('attached');
  }
}
