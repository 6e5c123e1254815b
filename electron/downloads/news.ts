/** What the application tells whoever listens. */
import type { Notice } from '#shared/contract';
import type { Settings } from '#shared/settings';

export type News =
  /** A row of the list came, or is another now. */
  | { readonly type: 'changed'; readonly id: string }
  | { readonly type: 'removed'; readonly id: string }
  /** A download is done: it is in the history now. */
  | { readonly type: 'finished'; readonly id: string; readonly path: string; readonly name: string }
  | { readonly type: 'failed'; readonly id: string }
  /** Nothing runs and nothing is queued any more, after something was. */
  | { readonly type: 'all-done' }
  | { readonly type: 'history' }
  | { readonly type: 'notice'; readonly notice: Notice }
  | { readonly type: 'settings'; readonly settings: Settings };

/** Listeners of the application: one that throws disturbs nobody. */
export class Newsroom {
  readonly #listeners = new Set<(news: News) => void>();
  readonly #onMistake: (error: unknown) => void;

  constructor(onMistake: (error: unknown) => void) {
    this.#onMistake = onMistake;
  }

  /** Returns what ends the subscription. */
  subscribe(listener: (news: News) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(news: News): void {
    for (const listener of this.#listeners) {
      try {
        listener(news);
      } catch (error) {
        this.#onMistake(error);
      }
    }
  }

  notice(level: Notice['level'], code: string, message: string, id?: Notice['id']): void {
    // In the next turn: what is noticed while the application is put together is then heard by who listens to it.
    setImmediate(() => this.tell({ type: 'notice', notice: { level, code, message, ...(id !== undefined && { id }) } }));
  }
}
