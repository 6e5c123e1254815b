/** The way from a whole file to a finished download: into its folder, into the history, and what a person wants done then. */
import { basename } from 'node:path';
import type { DownloadList } from '#downloads/list/download-list';
import type { ListedDownload } from '#downloads/list/listed-download';
import type { Newsroom } from '#downloads/news';
import { DownloadError, safeUrl } from '#engine';
import type { Settings } from '#shared/settings';
import { runCommand } from './commands.ts';
import type { History } from './history.ts';
import { placeFile } from './place.ts';

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

  /** `path`: where the whole file lies. What cannot be placed rests as failed, and is placed by the next start. */
  async finish(listed: ListedDownload, path: string, size: number): Promise<void> {
    const { record } = listed;
    const ifExists = record.ifExists ?? this.#ports.settings().ifExists;
    try {
      const finalPath = await placeFile(path, record.directory, ifExists);
      await this.#enterHistory(listed, finalPath, size);
    } catch (error) {
      const failure = error instanceof DownloadError ? error.failure : { code: 'E_INTERNAL' as const, message: String(error) };
      listed.fail(failure);
      await this.#ports.list().change(listed, {});
    }
  }

  /** Files that were whole when the process ended, but not yet in their folders. */
  async finishPlaced(): Promise<void> {
    for (const listed of [...this.#ports.list().all()]) {
      const { placed, size } = listed.record;
      if (placed !== undefined && size !== undefined) await this.finish(listed, placed, size);
    }
  }

  async #enterHistory(listed: ListedDownload, path: string, size: number): Promise<void> {
    const { id, request, hasSecrets, category, profile, checksum, addedAt } = listed.record;
    const name = basename(path);
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
      isProven: checksum !== undefined,
    });
    await this.#ports.list().leave(listed);
    this.#ports.news.tell({ type: 'finished', id, path, name });
    this.#run(this.#ports.settings().whenOneDone, { path, name, url: safeUrl(request.url) });
  }

  #run(command: readonly string[], finished: Parameters<typeof runCommand>[1]): void {
    runCommand(command, finished, (message) => this.#ports.news.notice('warning', 'command-failed', message));
  }
}
