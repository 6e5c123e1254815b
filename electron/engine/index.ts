/** The engine's face: the only file other layers import. */

export { type FileIdentity, type FileIo, nodeFileIo } from '#engine/disk/file-io';
export { checkUserName, safeName } from '#engine/naming/filename';
export { isPrivateHost } from '#engine/network/redirect';
export { checkRequest, firstRequest, type WireRequest } from '#engine/network/request';
export { systemCertificates } from '#engine/network/trust';
export type { Clock } from './clock.ts';
export { systemClock } from './clock.ts';
export type { Download } from './download.ts';
export { createEngine, type Engine, type EnginePorts } from './engine.ts';
export { DownloadError, safeUrl } from './errors.ts';
export {
  checkDownloadOptions,
  type DownloadOptions,
  downloadDefaults,
  type EngineOptions,
  engineDefaults,
} from './options.ts';
