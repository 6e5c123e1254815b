/** Takes in what other programs send and shows it in the add dialog, where nothing happens until the person agrees. */
import { constants, open } from 'node:fs/promises';
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

  async files(paths: readonly string[]): Promise<void> {
    await this.#show([], paths.filter(isLinkFile));
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

/** Undefined for what is no plain file of a readable size. A pipe would never open, a device or one of /proc never end. */
async function readSmall(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > largestFileBytes) return undefined;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(stats.size), 0, stats.size, 0);
    return buffer.toString('utf8', 0, bytesRead);
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
    void receiving.then((there) => there.files([path]));
  });
}
