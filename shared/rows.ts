/** What a list shows of a download, and how it is kept up to date. Never a secret: addresses come without login and query values. */
import * as z from 'zod';

/** 16 lowercase hex digits: also what aria2's protocol calls a GID. */
export const DownloadId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits')
  .brand<'DownloadId'>();
export type DownloadId = z.infer<typeof DownloadId>;

/** States in a person's words; `phase` and `waitingFor` say more. */
export const rowStates = ['queued', 'running', 'waiting', 'paused', 'done', 'failed'] as const;
export const RowState = z.enum(rowStates);
export type RowState = z.infer<typeof RowState>;

export const Priority = z.enum(['low', 'normal', 'high']);
export type Priority = z.infer<typeof Priority>;

/** `code`: see failure.ts for those of a download. One sentence without a full stop. */
export const FailureView = z.object({ code: z.string(), message: z.string() });

/**
 * What changes many times a second, as a tuple because fifty of them go out ten times a second. `cells`: 64 equal parts of the
 * file, each as a byte of how much of it is there (255 all), in base64; empty where the size is unknown.
 */
export const Counters = z.tuple([
  DownloadId,
  /** Bytes on disk. */ z.number(),
  /** Bytes per second. */ z.number(),
  /** Open connections. */ z.number(),
  /** Seconds left; -1 unknown. */ z.number(),
  /** Cells. */ z.string(),
]);
export type Counters = z.infer<typeof Counters>;

export const DownloadRow = z.object({
  id: DownloadId,
  name: z.string(),
  url: z.string(),
  host: z.string(),
  state: RowState,
  /** While running. */
  phase: z.enum(['probing', 'active', 'verifying', 'finalizing']).optional(),
  /** While waiting. */
  waitingFor: z.enum(['retry', 'host', 'network', 'disk', 'url', 'held', 'schedule']).optional(),
  /** When a wait ends by itself, in milliseconds since 1970. */
  until: z.number().optional(),
  /** Why it waits or failed. */
  failure: FailureView.optional(),
  /** Bytes; absent while unknown. */
  size: z.number().optional(),
  /** Undefined until the first ranged answer proves or refutes it. */
  resumable: z.boolean().optional(),
  /** Connections it may use. */
  connections: z.number(),
  /** 0 is no limit. */
  limitBytesPerSecond: z.number(),
  priority: Priority,
  /** Place in the queue: ascending; not whole, so that a move changes one row. */
  order: z.number(),
  category: z.string(),
  directory: z.string(),
  /** Milliseconds since 1970, as all times here. */
  addedAt: z.number(),
  finishedAt: z.number().optional(),
  /** When a signed link dies. */
  linkExpiresAt: z.number().optional(),
  /** Its request was edited, and no byte came with the changed one yet. */
  canUndoEdit: z.boolean().optional(),
  /** Why the edit is not taken up: it goes on as it was asked before. */
  editRefused: FailureView.optional(),
  /** It is done, and the file is not where it was put any more. */
  isMissing: z.boolean().optional(),
  checksum: z.enum(['none', 'expected', 'right']),
  counters: Counters,
});
export type DownloadRow = z.infer<typeof DownloadRow>;

export const Totals = z.object({
  queued: z.number(),
  running: z.number(),
  waiting: z.number(),
  paused: z.number(),
  failed: z.number(),
  /** Rows of the finished history. */
  done: z.number(),
  /** Counts up with every change of the history since the start: one row gone and one come leave `done` as it was. */
  historyChanges: z.number(),
  bytesPerSecond: z.number(),
});
export type Totals = z.infer<typeof Totals>;

/** Part of the list, in queue order, as it was at revision `rev`. Finished downloads are in the history instead. */
export const SnapshotPage = z.object({ rev: z.number(), total: z.number(), rows: z.array(DownloadRow), totals: Totals });
export type SnapshotPage = z.infer<typeof SnapshotPage>;

/**
 * What changed since revision `rev - 1`. Who missed one asks for a snapshot again; rows of a page of revision r are newer than
 * any delta up to r.
 */
export const Delta = z.object({
  rev: z.number(),
  upsert: z.array(DownloadRow),
  counters: z.array(Counters),
  remove: z.array(DownloadId),
  /** Absent where nothing of it changed. */
  totals: Totals.optional(),
  /** Bytes per second of all, in every delta. */
  bytesPerSecond: z.number(),
});
export type Delta = z.infer<typeof Delta>;

/** A row of the finished history. */
export const HistoryRow = z.object({
  id: DownloadId,
  name: z.string(),
  url: z.string(),
  host: z.string(),
  path: z.string(),
  size: z.number(),
  category: z.string(),
  addedAt: z.number(),
  finishedAt: z.number(),
  isMissing: z.boolean(),
  checksum: z.enum(['none', 'right']),
});
export type HistoryRow = z.infer<typeof HistoryRow>;

export const HistoryPage = z.object({ total: z.number(), rows: z.array(HistoryRow) });

/** A segment on its connection. See shared/download.ts for the states. */
export const SegmentRow = z.object({
  id: z.number(),
  state: z.enum(['idle', 'gated', 'connecting', 'headers', 'streaming', 'throttled', 'backoff', 'held']),
  start: z.number(),
  cursor: z.number(),
  end: z.number(),
  bytesPerSecond: z.number(),
  address: z.string().optional(),
  isHedge: z.boolean(),
  resumesInMs: z.number().optional(),
});
export type SegmentRow = z.infer<typeof SegmentRow>;

/** One line of what happened: `code` is stable, the message is plain words, `values` is what it says of this one time. */
export const LogLine = z.object({
  at: z.number(),
  level: z.enum(['info', 'warning', 'error']),
  code: z.string(),
  message: z.string(),
  values: z.record(z.string(), z.union([z.string(), z.number(), FailureView])).optional(),
});
export type LogLine = z.infer<typeof LogLine>;

/** All that the panel of one opened download shows and a row does not. Sent whole, a few times a second. */
export const Detail = z.object({
  id: DownloadId,
  segments: z.array(SegmentRow),
  /** Written ranges, ascending and disjoint. */
  done: z.array(z.tuple([z.number(), z.number()])),
  finalUrl: z.string().optional(),
  /** Where the file is or will be. */
  path: z.string().optional(),
  receivedBytes: z.number(),
  resumedBytes: z.number(),
  /** Counts up with every change of its request since the start: by an edit, a new link or one that was taken back. */
  requestChanges: z.number(),
  /** Log lines after number `logFrom`, which is how many lie before the first of `log`. */
  logFrom: z.number(),
  log: z.array(LogLine),
  /** New samples of [time, bytes per second]; all that are remembered in the answer to `detail.open`. */
  speeds: z.array(z.tuple([z.number(), z.number()])),
});
export type Detail = z.infer<typeof Detail>;
