/**
 * The windows' transport of the contract, and the only file that hears what a page sends: `call` brings a call and takes back its
 * reply, `push` brings what the application tells. Only our own page, in the main frame of a window of ours, is answered.
 */
import { ipcMain, type WebContents, type WebFrameMain } from 'electron';
import type { Door, Watcher } from '#ipc/door';
import type { Push, Reply } from '#shared/contract';
import { isPageAddress } from './page-scheme.ts';

const refusal: Reply = { ok: false, code: 'NOT_HERE', message: 'this page may not call Sluice' };

/** A frame that is gone already, a frame within a page and a page that is not ours are all strangers. */
export function isOurFrame(frame: Pick<WebFrameMain, 'url' | 'parent'> | null): boolean {
  return frame !== null && frame.parent === null && isPageAddress(frame.url);
}

export class PageChannel {
  readonly #door: Door;
  readonly #watchers = new Map<WebContents, Watcher>();

  constructor(door: Door) {
    this.#door = door;
    ipcMain.handle('call', ({ sender, senderFrame }, name: unknown, input: unknown): Reply | Promise<Reply> => {
      const watcher = this.#watchers.get(sender);
      if (watcher === undefined || !isOurFrame(senderFrame)) return refusal;
      return this.#door.answer(String(name), input, watcher);
    });
  }

  /** Lets the page of a new window call. */
  admit(contents: WebContents): void {
    // What the page before had opened ends with it.
    contents.on('did-navigate', () => this.#connect(contents));
    contents.on('render-process-gone', () => this.#disconnect(contents));
    contents.on('destroyed', () => this.#disconnect(contents));
    this.#connect(contents);
  }

  /** Tells all our pages. */
  tell(push: Push): void {
    for (const contents of this.#watchers.keys()) send(contents, push);
  }

  #connect(contents: WebContents): void {
    this.#disconnect(contents);
    this.#watchers.set(
      contents,
      this.#door.connect((push) => send(contents, push)),
    );
  }

  #disconnect(contents: WebContents): void {
    this.#watchers.get(contents)?.[Symbol.dispose]();
    this.#watchers.delete(contents);
  }
}

function send(contents: WebContents, push: Push): void {
  if (!contents.isDestroyed() && isPageAddress(contents.getURL())) contents.send('push', push);
}
