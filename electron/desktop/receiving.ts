/** Takes in what other programs send and shows it in the add dialog, where nothing happens until the person agrees. */
import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { app } from 'electron';
import type { Errand } from '#shared/desktop';
import { isLinkFile, linksOfOwn, linksOfWords } from './links-in.ts';

const largestFileBytes = 16 * 1024 * 1024;

interface Ports {
  give(errand: Errand): void;
  showWindow(): void;
}

export class Receiving {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** @returns whether there was something to show. */
  async words(words: readonly string[], folder: string): Promise<boolean> {
    const { links, files } = linksOfWords(words);
    return this.#show(
      links,
      files.map((file) => resolve(folder, file)),
    );
  }

  async link(address: string): Promise<void> {
    await this.#show(linksOfOwn(address), []);
  }

  async file(path: string): Promise<void> {
    await this.#show([], isLinkFile(path) ? [path] : []);
  }

  async #show(links: readonly string[], paths: readonly string[]): Promise<boolean> {
    const files = (await Promise.all(paths.map(readSmall))).flatMap((text, index) =>
      text === undefined ? [] : [{ name: basename(paths[index] ?? ''), text }],
    );
    if (links.length + files.length === 0) return false;
    const text = links.length > 0 ? { text: links.join('\n') } : {};
    this.#ports.give({ type: 'add', ...text, files, isForeign: true });
    this.#ports.showWindow();
    return true;
  }
}

/** Undefined for what is no plain file of a readable size: a device or a pipe would never end. */
async function readSmall(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    return stats.isFile() && stats.size <= largestFileBytes ? await file.readFile('utf8') : undefined;
  } catch {
    return undefined;
  }
}

/** What comes before the app is up, macOS sends links so, is kept until `receiving` is there. */
export function listenForLinks(receiving: Promise<Receiving>): void {
  app.on('open-url', (event, address) => {
    event.preventDefault();
    void receiving.then((there) => there.link(address));
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    void receiving.then((there) => there.file(path));
  });
}
