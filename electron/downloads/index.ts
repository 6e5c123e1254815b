/** The application's face: what the faces and transports import. */

import { dataFolder } from '#downloads/store/data-folder';
import { FinishedMemory } from '#downloads/unattended/finished';
import { Downloads, type DownloadsOptions } from '#downloads/unattended/queue';
import { createEngine, type EngineOptions, systemClock } from '#engine';
import type { Application, ApplicationPorts } from './application.ts';

export type { History } from '#downloads/done/history';
export { parseText } from '#downloads/intake/parse-text';
export { exchangeViews, transcriptText } from '#downloads/list/exchange-view';
export type { ListedDownload } from '#downloads/list/listed-download';
export { keyBytes, vaultWithKey } from '#downloads/store/sealing';
export { type OpenStore, type StoreFile, schemaVersion } from '#downloads/store/stores';
export type { Vault } from '#downloads/store/vault';
export type { DownloadOrder, DownloadRow, Downloads, DownloadsEvent, DownloadsOptions } from '#downloads/unattended/queue';
export type { Outcome } from '#downloads/unattended/run';
export { checkUserName, DownloadError, type DownloadOptions, type EngineOptions, safeUrl, systemCertificates } from '#engine';
export type { Application, ApplicationPorts } from './application.ts';
export { dataFolder };

/** A queue on an engine of its own, with the memory of this user's finished files. */
export function createDownloads(options: DownloadsOptions, engineOptions: Partial<EngineOptions> = {}): Downloads {
  const memory = new FinishedMemory(dataFolder());
  return new Downloads(options, { engine: createEngine(engineOptions), clock: systemClock, memory });
}

/** The list, its stores and settings, on an engine of its own. Loaded when it is wanted: a single download does without. */
export async function openApplication(ports: ApplicationPorts): Promise<Application> {
  return await (await import('./application.ts')).openApplication(ports);
}
