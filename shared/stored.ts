/** What is kept of downloads between runs. A row that does not fit is refused by itself, never taken half. */
import * as z from 'zod';
import { ChecksumText, RequestView } from './orders.ts';
import { DownloadId, FailureView, Priority } from './rows.ts';

export const StoredDownload = z.object({
  id: DownloadId,
  /** Without secrets: those lie apart, sealed, under the same id. */
  request: RequestView,
  hasSecrets: z.boolean(),
  /** Where the file goes in the end. */
  directory: z.string(),
  /** The person chose the folder: no category changes it. */
  isDirectoryChosen: z.boolean(),
  /** Where its part lies once there is one. */
  partDirectory: z.string().optional(),
  /** It is whole and lies there, but not yet in its folder. */
  placed: z.string().optional(),
  /** By which it is known wherever a kill left it on its way there. */
  placedInode: z.string().optional(),
  /** Its checksum was compared, and right. */
  isProven: z.boolean().optional(),
  /** The person's own, or what the server's answer gave. */
  name: z.string().optional(),
  /** No category changes it. */
  isNameChosen: z.boolean().optional(),
  category: z.string(),
  isCategoryChosen: z.boolean(),
  profile: z.string().optional(),
  connections: z.number().optional(),
  limitBytesPerSecond: z.number().optional(),
  priority: Priority,
  checksum: ChecksumText.optional(),
  ifExists: z.enum(['rename', 'overwrite', 'skip']).optional(),
  order: z.number(),
  addedAt: z.number(),
  /** Absent: it waits for its turn, or ran when the application ended. */
  rests: z.enum(['paused', 'failed']).optional(),
  failure: FailureView.optional(),
  size: z.number().optional(),
  resumable: z.boolean().optional(),
  /** For the list alone: what counts lies in the checkpoint beside the part. */
  doneBytes: z.number(),
  cells: z.string(),
  linkExpiresAt: z.number().optional(),
});
export type StoredDownload = z.infer<typeof StoredDownload>;

/** A finished download: what the history shows, and what it takes to fetch it again. */
export const StoredFinished = z.object({
  ...StoredDownload.pick({
    id: true,
    request: true,
    hasSecrets: true,
    category: true,
    profile: true,
    checksum: true,
    addedAt: true,
  }).shape,
  name: z.string(),
  path: z.string(),
  size: z.number(),
  finishedAt: z.number(),
  isProven: z.boolean(),
});
export type StoredFinished = z.infer<typeof StoredFinished>;
