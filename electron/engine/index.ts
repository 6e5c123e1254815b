/** The engine's face: the only file other layers import. */
export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type { Download } from './download.ts';
export { createEngine, type Engine, type EnginePorts } from './engine.ts';
export { DownloadError, safeUrl } from './errors.ts';
export { type FileIo, nodeFileIo } from './file-io.ts';
export { checkUserName } from './filename.ts';
export {
  checkDownloadOptions,
  type DownloadOptions,
  downloadDefaults,
  type EngineOptions,
  engineDefaults,
} from './options.ts';
