/** WebContents: a real page of Chromium. */
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IpcMainInvokeEvent, WebContents, WebFrameMain, WebPreferences } from 'electron';
import type { Chromium, Session, TargetInfo } from './chromium.ts';
import { desk } from './desk.ts';
import { letPagesHavePermissions } from './downloads.ts';
import { invoke } from './ipc-main.ts';
import { handlerOf, inside, outside } from './schemes.ts';
import { preventable, strict } from './strict.ts';
import { beIsolatedWorld, beMainWorld, bridgeBetween } from './worlds.ts';

const key = `standIn${randomBytes(6).toString('hex')}`;
const worldName = 'Electron Isolated Context';

interface Frame {
  readonly id: string;
  readonly parentId?: string;
  readonly url: string;
  readonly urlFragment?: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly useContentSize: boolean;
}

/** Of the debugging protocol: a state or a place, not both at once. */
export interface WindowBounds {
  readonly windowState?: 'normal' | 'minimized';
  readonly left?: number;
  readonly top?: number;
  readonly width?: number;
  readonly height?: number;
}

interface PausedRequest {
  readonly requestId: string;
  readonly redirectedRequestId?: string;
  readonly resourceType: string;
  readonly frameId: string;
  readonly request: { readonly url: string; readonly method: string; readonly headers: Record<string, string> };
}

type Contents = Pick<
  WebContents,
  'id' | 'loadURL' | 'send' | 'getURL' | 'isDestroyed' | 'setWindowOpenHandler' | 'forcefullyCrashRenderer'
>;

export class StandInContents extends EventEmitter implements Contents {
  readonly id: number;
  readonly #chromium: Chromium;
  readonly #preferences: WebPreferences;
  readonly #opened: Promise<Session>;
  readonly #frames = new Map<string, Frame>();
  /** By frame, the context of its isolated world. */
  readonly #contexts = new Map<string, number>();
  readonly #popups: { url: string }[] = [];
  /** Addresses the app itself asked for: those are no navigation of the page's. */
  readonly #asked = new Set<string>();
  #session: Session | undefined;
  #seen: StandInContents | undefined;
  #targetId = '';
  #mainFrame = '';
  #isDestroyed = false;
  #openHandler: Parameters<WebContents['setWindowOpenHandler']>[0] = () => ({ action: 'allow' });

  constructor(chromium: Chromium, id: number, preferences: WebPreferences, size: Size) {
    super();
    this.id = id;
    this.#chromium = chromium;
    this.#preferences = preferences;
    const { sandbox, contextIsolation, nodeIntegration, webSecurity } = preferences;
    if (sandbox === false || contextIsolation === false || nodeIntegration === true || webSecurity === false) {
      throw new Error('the stand-in has only sandboxed and isolated pages');
    }
    this.#opened = this.#open(size);
    this.#opened.catch((error) => process.stderr.write(`stand-in: ${error}\n`));
  }

  async loadURL(address: string): Promise<void> {
    const session = await this.#opened;
    await letPagesHavePermissions(this.#chromium, address);
    this.#asked.add(new URL(outside(address)).href);
    const loaded = once(this, 'did-finish-load');
    const { errorText } = await session.send('Page.navigate', { url: outside(address) });
    if (errorText) throw new Error(`${errorText} loading '${address}'`);
    await loaded;
  }

  send(channel: string, ...values: unknown[]): void {
    this.#deliver(this.#mainFrame, { channel, values });
  }

  getURL(): string {
    const frame = this.#frames.get(this.#mainFrame);
    return frame === undefined || frame.url === 'about:blank' ? '' : inside(frame.url + (frame.urlFragment ?? ''));
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  setWindowOpenHandler(handler: Parameters<WebContents['setWindowOpenHandler']>[0]): void {
    this.#openHandler = handler;
  }

  forcefullyCrashRenderer(): void {
    void this.#session?.send('Page.crash').catch(() => {});
  }

  /** As the app sees it: always the same object. */
  static seen(contents: StandInContents): StandInContents {
    contents.#seen ??= strict('webContents', contents);
    return contents.#seen;
  }

  /** A page of this one's wants to open: it waits for the handler's word. */
  static async judgePopup(all: Iterable<StandInContents>, chromium: Chromium, target: TargetInfo, session: Session) {
    const opener = [...all].find((each) => each.#targetId === target.openerId);
    if (opener !== undefined) {
      while (opener.#popups.length === 0) await once(opener, 'stand-in-popup');
      const { url } = opener.#popups.shift() ?? { url: '' };
      const { action } = opener.#openHandler({ url: inside(url) } as never);
      if (action === 'deny') {
        const closed = chromium.send('Target.closeTarget', { targetId: target.targetId });
        // Its opener waits for some until they run.
        await session.send('Runtime.runIfWaitingForDebugger').catch(() => {});
        await closed;
        return;
      }
    }
    await session.send('Runtime.runIfWaitingForDebugger');
  }

  static isShown(contents: StandInContents, targetId: string): boolean {
    return contents.#targetId === targetId;
  }

  static async place(contents: StandInContents, bounds: WindowBounds): Promise<void> {
    try {
      await contents.#opened;
      const { windowId } = (await contents.#chromium.send('Browser.getWindowForTarget', { targetId: contents.#targetId })) as {
        windowId: number;
      };
      await contents.#chromium.send('Browser.setWindowBounds', { windowId, bounds });
    } catch {
      // It was closed meanwhile.
    }
  }

  static async destroy(contents: StandInContents): Promise<void> {
    if (contents.#isDestroyed) return;
    contents.#isDestroyed = true;
    await contents.#opened.catch(() => {});
    await contents.#chromium.send('Target.closeTarget', { targetId: contents.#targetId }).catch(() => {});
    contents.emit('destroyed');
  }

  async #open({ width, height, useContentSize }: Size): Promise<Session> {
    const { targetId, session } = await this.#chromium.open(width, height);
    this.#targetId = targetId;
    this.#session = session;
    this.#listen(session);
    // Else it is the size of the window with its frame.
    const metrics = { width, height, deviceScaleFactor: 0, mobile: false };
    if (useContentSize) await session.send('Emulation.setDeviceMetricsOverride', metrics);
    const { frameTree } = await session.send('Page.getFrameTree');
    this.#mainFrame = frameTree.frame.id;
    await session.send('Page.enable');
    await session.send('Runtime.addBinding', { name: key, executionContextName: worldName });
    await session.send('Runtime.enable');
    const patterns = [{ urlPattern: 'https://*.stand-in.test/*' }, { urlPattern: '*', resourceType: 'Document' }];
    await session.send('Fetch.enable', { patterns });
    const bridge = `(${bridgeBetween})`;
    const main = `(${beMainWorld})(${bridge}, ${JSON.stringify(key)})`;
    await session.send('Page.addScriptToEvaluateOnNewDocument', { source: main });
    const { preload, nodeIntegrationInSubFrames = desk.preloadsFrames } = this.#preferences;
    // As Electron wraps it in the sandbox: neither Buffer nor process nor global are there.
    const text = preload === undefined ? '' : readFileSync(preload, 'utf8');
    const wrapped = `function(require, exports, module, process, global, Buffer){${text}\n}`;
    const isolated = `(${beIsolatedWorld})(${bridge}, ${JSON.stringify(key)}, ${nodeIntegrationInSubFrames}, ${wrapped})`;
    await session.send('Page.addScriptToEvaluateOnNewDocument', { source: isolated, worldName });
    await session.send('Runtime.runIfWaitingForDebugger');
    return session;
  }

  #listen(session: Session): void {
    session.on('Page.frameAttached', ({ frameId, parentFrameId }) =>
      this.#frames.set(frameId, { id: frameId, parentId: parentFrameId, url: '' }),
    );
    session.on('Page.frameDetached', ({ frameId, reason }) => {
      if (reason === 'remove') this.#frames.delete(frameId);
    });
    session.on('Page.frameNavigated', ({ frame }: { frame: Frame }) => {
      this.#frames.set(frame.id, frame);
      if (frame.parentId === undefined) this.emit('did-navigate', {}, inside(frame.url));
    });
    // A page that writes its frame's document gives it its own address.
    session.on('Page.documentOpened', ({ frame }: { frame: Frame }) => this.#frames.set(frame.id, frame));
    session.on('Page.loadEventFired', () => {
      if (this.getURL() === '') return;
      this.emit('did-finish-load');
      this.emit('stand-in-painted');
    });
    session.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === worldName) this.#contexts.set(context.auxData.frameId, context.id);
    });
    session.on('Runtime.bindingCalled', ({ name, payload, executionContextId }) => {
      if (name === key) void this.#answer(JSON.parse(payload), executionContextId);
    });
    session.on('Page.windowOpen', (popup) => {
      this.#popups.push(popup);
      this.emit('stand-in-popup');
    });
    session.on('Inspector.targetCrashed', () => {
      this.#contexts.clear();
      this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 139 });
    });
    session.on('Fetch.requestPaused', (paused: PausedRequest) => {
      this.#judge(session, paused).catch((error) => {
        // A request that was given up meanwhile needs no answer.
        if (!/InterceptionId|closed|not found/i.test(String(error))) process.stderr.write(`stand-in: ${error}\n`);
      });
    });
  }

  async #answer({ id, channel, values }: { id: number; channel: string; values: unknown[] }, context: number): Promise<void> {
    const frameId = [...this.#contexts].find(([, each]) => each === context)?.[0] ?? '';
    const senderFrame = this.#frameMain(frameId);
    const event = { type: 'frame', sender: StandInContents.seen(this), senderFrame } as unknown as IpcMainInvokeEvent;
    try {
      const given = values.map((value) => ((value as { $undefined?: true } | null)?.$undefined ? undefined : value));
      this.#deliver(frameId, { id, value: await invoke(channel, event, given) });
    } catch (error) {
      this.#deliver(frameId, { id, isError: true, value: (error as Error).message });
    }
  }

  #frameMain(id: string): WebFrameMain | null {
    const frame = this.#frames.get(id);
    if (frame === undefined) return null;
    const parent = frame.parentId === undefined ? null : this.#frameMain(frame.parentId);
    return { url: inside(frame.url), parent } as WebFrameMain;
  }

  #deliver(frameId: string, message: object): void {
    const contextId = this.#contexts.get(frameId);
    if (contextId === undefined) return;
    const expression = `globalThis.${key}Receive(${JSON.stringify(message)})`;
    void this.#session?.send('Runtime.evaluate', { contextId, expression, silent: true }).catch(() => {});
  }

  async #judge(session: Session, { requestId, redirectedRequestId, resourceType, frameId, request }: PausedRequest) {
    const url = inside(request.url);
    const isMainFrame = frameId === this.#mainFrame;
    if (resourceType === 'Document' && !(isMainFrame && this.#asked.delete(request.url))) {
      const details = preventable({ url, isMainFrame });
      if (redirectedRequestId !== undefined) this.emit('will-redirect', details);
      else {
        this.emit('will-frame-navigate', details);
        if (isMainFrame) this.emit('will-navigate', details);
      }
      if (details.defaultPrevented) return session.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
    }
    const handler = url === request.url ? undefined : handlerOf(url);
    if (handler === undefined) return session.send('Fetch.continueRequest', { requestId });
    const answer = await handler(new Request(url, { method: request.method, headers: request.headers }));
    return session.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: answer.status,
      responseHeaders: [...answer.headers].map(([name, value]) => ({ name, value })),
      body: Buffer.from(await answer.arrayBuffer()).toString('base64'),
    });
  }
}
