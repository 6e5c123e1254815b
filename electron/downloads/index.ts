/** The application's face: what the faces and transports import. */
import { createEngine, type EngineOptions, systemClock } from '#engine';
import { dataFolder } from './data-folder.ts';
import { FinishedMemory } from './finished.ts';
import { Downloads, type DownloadsOptions } from './queue.ts';

export { checkUserName, type DownloadOptions, type EngineOptions, safeUrl } from '#engine';
export type { DownloadOrder, DownloadRow, Downloads, DownloadsEvent, DownloadsOptions } from './queue.ts';
export type { Outcome } from './run.ts';

/** A queue on an engine of its own, with the memory of this user's finished files. */
export function createDownloads(options: DownloadsOptions, engineOptions: Partial<EngineOptions> = {}): Downloads {
  const memory = new FinishedMemory(dataFolder());
  return new Downloads(options, { engine: createEngine(engineOptions), clock: systemClock, memory });
}
