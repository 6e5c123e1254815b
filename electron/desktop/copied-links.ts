/** Links in the clipboard: read when the add dialog opens; watched only where the person wants that. */
import { clipboard } from 'electron';
import { parseText } from '#downloads';

/** Whoever copies more has not copied links. */
const longestText = 256 * 1024;
const watchMs = 1500;

/** The text where it holds links to files; nothing else of the clipboard is told to anybody. */
export async function copiedLinks(): Promise<{ readonly text: string; readonly count: number }> {
  const text = await clipboard.readText();
  if (text.length > longestText) return { text: '', count: 0 };
  const count = parseText(text).requests.length;
  return count === 0 ? { text: '', count } : { text, count };
}

export class ClipboardWatch implements Disposable {
  readonly #onLinks: (text: string, count: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #known = '';

  constructor(onLinks: (text: string, count: number) => void) {
    this.#onLinks = onLinks;
  }

  /** What lies there when it begins is no news. */
  async turn(isOn: boolean): Promise<void> {
    if (isOn === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!isOn) return;
    this.#timer = setInterval(() => void this.#look(), watchMs);
    this.#timer.unref();
    this.#known = (await copiedLinks()).text;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { text, count } = await copiedLinks();
    if (text === '' || text === this.#known) return;
    this.#known = text;
    this.#onLinks(text, count);
  }
}
