/** Tells of finished and failed downloads where nobody looks at the list, with what one wants to do about them. */
import { Notification } from 'electron';
import type { Application } from '#downloads';
import type { Texts } from './texts.ts';

interface Ports {
  readonly application: Application;
  texts(): Texts;
  /** A person looks at the list: it shows the same. */
  isWatched(): boolean;
  showWindow(): void;
  openFile(path: string): void;
  showFile(path: string): void;
}

interface Act {
  readonly text: string;
  run(): void;
}

/** More at once are told as one. */
const burstMs = 3000;
const mostInBurst = 3;

export class Notifications {
  readonly #ports: Ports;
  /** Held, or they are collected before they are clicked. */
  readonly #shown = new Set<Notification>();
  #recent: number[] = [];
  /** Since all were done the last time: of a single one that was told, nothing more is. */
  #finished = 0;

  constructor(ports: Ports) {
    this.#ports = ports;
    ports.application.subscribe((news) => {
      const { notifications } = ports.application.settings;
      if (news.type === 'finished') this.#finished += 1;
      if (news.type === 'finished' && notifications.whenDone) this.#done(news.name, news.path);
      if (news.type === 'failed' && notifications.whenFailed) this.#failed(news.id);
      if (news.type === 'all-done') {
        if (notifications.whenAllDone && this.#finished > (notifications.whenDone ? 1 : 0)) this.#allDone();
        this.#finished = 0;
      }
    });
  }

  /** With one main act, for a click, and those of its buttons where the system has them. */
  show(title: string, body: string, onClick: () => void, acts: readonly Act[] = []): void {
    if (!Notification.isSupported()) return;
    const notification = new Notification({
      ...{ title, body, silent: true },
      actions: acts.map(({ text }) => ({ type: 'button', text })),
    });
    this.#shown.add(notification);
    notification.on('click', onClick);
    notification.on('action', (details: { actionIndex?: number }, index?: number) => {
      acts[details.actionIndex ?? index ?? -1]?.run();
    });
    notification.on('close', () => this.#shown.delete(notification));
    notification.show();
  }

  #done(name: string, path: string): void {
    const { openFile, showFile, texts } = this.#ports;
    if (!this.#mayTell()) return;
    const words = texts();
    this.show(words.done, name, () => showFile(path), [
      { text: words.openFile, run: () => openFile(path) },
      { text: words.showFile, run: () => showFile(path) },
    ]);
  }

  #failed(id: string): void {
    const row = this.#ports.application.list.get(id)?.row();
    if (row === undefined || !this.#mayTell()) return;
    const { showWindow, texts } = this.#ports;
    const body = `${row.name}: ${row.failure?.message ?? ''}`;
    this.show(texts().failed, body, showWindow, [{ text: texts().showList, run: showWindow }]);
  }

  #allDone(): void {
    const { isWatched, showWindow, texts } = this.#ports;
    if (!isWatched()) this.show(texts().allDone, '', showWindow);
  }

  #mayTell(): boolean {
    const now = performance.now();
    this.#recent = [...this.#recent.filter((at) => now - at < burstMs), now];
    return !this.#ports.isWatched() && this.#recent.length <= mostInBurst;
  }
}
