/** The way from a whole file to a finished download: into its folder, into the history, and what a person wants done then. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DownloadList } from '#downloads/list/download-list';
import type { ListedDownload } from '#downloads/list/listed-download';
import type { Newsroom } from '#downloads/news';
import { DownloadError, safeUrl } from '#engine';
import type { Settings } from '#shared/settings';
import { runCommand } from './commands.ts';
import { nameByPattern } from './final-name.ts';
import type { History } from './history.ts';
import { inodeOf, placeFile } from './place.ts';

export interface FinishingPorts {
  readonly history: History;
  readonly news: Newsroom;
  list(): DownloadList;
  settings(): Settings;
}

export class Finishing {
  readonly #ports: FinishingPorts;

  constructor(ports: FinishingPorts) {
    this.#ports = ports;
    ports.news.subscribe((news) => {
      if (news.type === 'all-done') this.#run(ports.settings().whenAllDone, undefined);
    });
  }

  /** Where a file of its name is to be left as it is and not fetched again: the path of that file, if there is one. */
  async kept(listed: ListedDownload): Promise<string | undefined> {
    const { directory, name, placed, ifExists = this.#ports.settings().ifExists } = listed.record;
    if (ifExists !== 'skip' || name === undefined || placed !== undefined) return undefined;
    const path = join(directory, this.#nameOf(listed, name));
    return (await inodeOf(path)) === undefined ? undefined : path;
  }

  /**
   * `path`: where the whole file lies. What cannot be placed rests as failed, and is placed when it is started again.
   * `isOurs` false: it was there before and is kept as asked, so it stays where it is.
   */
  async finish(listed: ListedDownload, path: string, isOurs: boolean): Promise<void> {
    if (!isOurs) return await this.#enterHistory(listed, path);
    const { directory, ifExists = this.#ports.settings().ifExists, placedInode } = listed.record;
    try {
      const finalPath = await placeFile({
        from: path,
        inode: placedInode ?? (await inodeOf(path)),
        directory,
        name: this.#nameOf(listed, path),
        ifExists,
        onCopied: (placed, inode) => this.#ports.list().change(listed, { placed, placedInode: inode }),
      });
      await this.#enterHistory(listed, finalPath);
    } catch (error) {
      const failure = error instanceof DownloadError ? error.failure : { code: 'E_INTERNAL' as const, message: String(error) };
      if (failure.code === 'E_FS_GONE') listed.forgetPlaced();
      listed.fail(failure);
      await this.#ports.list().change(listed, {});
    }
  }

  #nameOf({ record }: ListedDownload, path: string): string {
    // A copy on its way has a name of its own.
    const name = record.placed === undefined ? basename(path) : (record.name ?? basename(path));
    const pattern = this.#ports.settings().categories.find(({ name: one }) => one === record.category)?.fileName;
    if (pattern === undefined || record.isNameChosen) return name;
    return nameByPattern(pattern, name, record.request.url, new Date(record.addedAt));
  }

  async #enterHistory(listed: ListedDownload, path: string): Promise<void> {
    const { id, request, hasSecrets, category, profile, checksum, addedAt, isProven = false } = listed.record;
    const name = basename(path);
    const size = (await stat(path).catch(() => undefined))?.size ?? listed.record.size ?? 0;
    // First here: a kill before the row leaves the list is then recognised by its id.
    await this.#ports.history.add({
      id,
      request,
      hasSecrets,
      category,
      ...(profile !== undefined && { profile }),
      ...(checksum !== undefined && { checksum }),
      addedAt,
      name,
      path,
      size,
      finishedAt: Date.now(),
      isProven,
    });
    await this.#ports.list().leave(listed);
    this.#ports.news.tell({ type: 'finished', id, path, name });
    this.#run(this.#ports.settings().whenOneDone, { path, name, url: safeUrl(request.url) });
  }

  #run(command: readonly string[], finished: Parameters<typeof runCommand>[1]): void {
    runCommand(command, finished, (message) => this.#ports.news.notice('warning', 'command-failed', message));
  }
}
