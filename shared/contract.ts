/**
 * Every call and push between the application and its faces (page, command, aria2's protocol), declared once. A new call is
 * a row here and a handler in electron/ipc/; the compiler finds the rest.
 */
import * as z from 'zod';
import { Errand } from './desktop.ts';
import {
  AddResult,
  BytesPerSecond,
  ChecksumText,
  Connections,
  Directory,
  ExchangeView,
  FileName,
  Order,
  Probe,
  RequestDraft,
  RequestView,
  Url,
} from './orders.ts';
import { Delta, Detail, DownloadId, HistoryPage, Priority, SnapshotPage } from './rows.ts';
import { Profile, Settings, SettingsChange } from './settings.ts';

/** Downloads taken at once by a call: as many as a list may hold. */
export const many = 10_000;
const Ids = z.array(DownloadId).min(1).max(many);
const IdsInput = z.strictObject({ ids: Ids });
const IdInput = z.strictObject({ id: DownloadId });
const Nothing = z.strictObject({}).optional();
const SegmentInput = z.strictObject({ id: DownloadId, segment: z.int().min(1).max(64) });
/** How many of those asked for it concerned; the others were in no state for it. */
const Changed = z.object({ changed: z.number() });
const Text = z.string().max(16 * 1024 * 1024);

export const SessionInfo = z.object({
  version: z.string(),
  platform: z.string(),
  dataFolder: z.string(),
  /** Folders downloads may be put into; empty: any. */
  roots: z.array(z.string()),
  /** The folder used when none is chosen. */
  directory: z.string(),
  /** Files can be opened and shown where this page is. */
  canOpenFiles: z.boolean(),
  /** The system has a place for secrets; else they are kept in a file only this user can read (server) or in memory (desktop). */
  keepsSecrets: z.enum(['sealed', 'file', 'memory']),
});
export type SessionInfo = z.infer<typeof SessionInfo>;

/** What pasted or dropped text holds. */
export const ParsedText = z.object({
  requests: z.array(RequestDraft).max(many),
  /** What was understood but is not used, or not understood, with its place. */
  remarks: z.array(z.string()),
});
export type ParsedText = z.infer<typeof ParsedText>;

export const HistoryQuery = z.strictObject({
  offset: z.int().min(0),
  limit: z.int().min(1).max(1000),
  search: z.string().max(1000).optional(),
  category: z.string().max(100).optional(),
  sort: z.enum(['finishedAt', 'name', 'size']).optional(),
  descending: z.boolean().optional(),
});

export const calls = {
  'session.info': { input: Nothing, output: SessionInfo },
  /** From now on this watcher is sent deltas; `off` while its page is hidden. */
  'feed.watch': { input: z.strictObject({ on: z.boolean() }), output: z.object({ rev: z.number() }) },

  'downloads.snapshot': {
    input: z.strictObject({ offset: z.int().min(0), limit: z.int().min(1).max(many) }),
    output: SnapshotPage,
  },
  'downloads.add': {
    input: z.strictObject({
      orders: z.array(Order).min(1).max(many),
      start: z.boolean().default(true),
      /** `first` puts them before all that are queued. */
      place: z.enum(['first', 'last']).default('last'),
      /** Absent: as settings say. */
      duplicates: z.enum(['ask', 'skip', 'add']).optional(),
    }),
    output: z.object({ results: z.array(AddResult) }),
  },
  /** Asks the server and keeps nothing. The same key cancels: an answer nobody waits for is of no use. */
  'downloads.probe': {
    input: z.strictObject({ key: z.string().min(1).max(64), order: Order }),
    output: Probe,
  },
  'downloads.cancelProbe': { input: z.strictObject({ key: z.string().min(1).max(64) }), output: z.void() },
  /** Queued downloads begin as soon as there is room; paused and failed ones are queued again, with all they have. */
  'downloads.start': { input: IdsInput, output: Changed },
  'downloads.pause': { input: IdsInput, output: Changed },
  /** Starts now, whatever the number of active downloads and the schedule say. */
  'downloads.force': { input: IdsInput, output: Changed },
  /** Done and failed ones are fetched anew, from nothing. */
  'downloads.redo': { input: IdsInput, output: Changed },
  'downloads.remove': { input: z.strictObject({ ids: Ids, deleteFiles: z.boolean() }), output: Changed },
  /** Puts them, in the order given, before `before`, or first, or last. */
  'downloads.move': {
    input: z.strictObject({ ids: Ids, to: z.union([z.enum(['first', 'last']), z.strictObject({ before: DownloadId })]) }),
    output: Changed,
  },
  'downloads.set': {
    input: z.strictObject({
      ids: Ids,
      priority: Priority.optional(),
      connections: Connections.optional(),
      limitBytesPerSecond: BytesPerSecond.optional(),
      category: z.string().max(100).optional(),
    }),
    output: Changed,
  },
  /** Before it has a part: folder and name. At any time: checksum. */
  'downloads.edit': {
    input: z.strictObject({
      id: DownloadId,
      name: FileName.optional(),
      directory: Directory.optional(),
      checksum: ChecksumText.or(z.literal('')).optional(),
    }),
    output: z.void(),
  },

  'detail.open': { input: IdInput, output: Detail },
  'detail.close': { input: IdInput, output: z.void() },
  'segment.hold': { input: SegmentInput, output: z.void() },
  'segment.release': { input: SegmentInput, output: z.void() },
  'segment.restart': { input: SegmentInput, output: z.void() },
  'segment.drop': { input: SegmentInput, output: z.void() },

  'request.read': {
    input: z.strictObject({ id: DownloadId, reveal: z.boolean().default(false) }),
    output: z.object({
      request: RequestView,
      /** What will be sent, line by line, secrets masked, and where each line comes from. */
      preview: z.array(z.object({ line: z.string(), from: z.enum(['download', 'profile', 'settings', 'sluice']) })),
      profile: z.string().optional(),
      canRollBack: z.boolean(),
      /** Which of its changes this is; see `Detail`. */
      changes: z.number(),
    }),
  },
  /** Running connections take it up one by one. */
  'request.write': { input: z.strictObject({ id: DownloadId, request: RequestView }), output: z.void() },
  'request.rollBack': { input: IdInput, output: z.void() },
  /**
   * A new address for the same file; its bytes are compared before one is trusted. WRONG_FILE and LINK_REFUSED change nothing.
   * `isOpen`: its server did not tell within `waitMs`; the comparison goes on, and a link that turns out wrong is taken back.
   * `startsOver`: no server told the file's size, so nothing can be compared, and what is there counts for nothing.
   */
  'link.replace': {
    input: z.strictObject({
      id: DownloadId,
      url: Url,
      request: RequestDraft.optional(),
      waitMs: z.int().min(0).max(60_000).default(20_000),
    }),
    output: z.object({ isOpen: z.boolean(), startsOver: z.boolean() }),
  },
  /** Downloads in want of a link that this address may be the new one of; `size` in bytes, where it is known. */
  'link.match': {
    input: z.strictObject({ url: Url, size: z.int().min(0).optional() }),
    output: z.object({ ids: z.array(DownloadId) }),
  },
  'transcript.read': { input: IdInput, output: z.object({ exchanges: z.array(ExchangeView) }) },
  'transcript.export': { input: IdInput, output: z.object({ text: z.string() }) },
  'curl.export': {
    input: z.strictObject({ id: DownloadId, reveal: z.boolean().default(false) }),
    output: z.object({ command: z.string() }),
  },
  /** Links with text around them, numbered patterns, cURL commands, link files, bookmarks, cookies.txt. */
  'text.parse': { input: z.strictObject({ text: Text, name: z.string().max(1024).optional() }), output: ParsedText },

  'history.page': { input: HistoryQuery, output: HistoryPage },
  'history.remove': { input: z.strictObject({ ids: Ids, deleteFiles: z.boolean() }), output: Changed },
  'history.clear': { input: Nothing, output: Changed },

  'file.open': { input: IdInput, output: z.void() },
  'file.show': { input: IdInput, output: z.void() },
  /** Reads the file again and compares its sum. */
  'file.verify': { input: IdInput, output: z.object({ isRight: z.boolean(), algorithm: z.string(), hex: z.string() }) },
  'disk.space': {
    input: z.strictObject({ directory: Directory }),
    output: z.object({ freeBytes: z.number(), neededBytes: z.number() }),
  },

  /** What the page is to do for the desktop since it last asked. NOT_HERE where there is no desktop, as all of these. */
  'desktop.errands': { input: Nothing, output: z.array(Errand) },
  /** The links in the clipboard, as text; empty where it holds none. */
  'desktop.clipboard': { input: Nothing, output: z.object({ text: z.string() }) },
  /** Shows the main window with the add dialog, and this text in it. */
  'desktop.add': { input: z.strictObject({ text: Text }), output: z.void() },
  'desktop.closeQuickAdd': { input: Nothing, output: z.void() },
  /** Lets the person choose a folder; absent where they did not. */
  'desktop.folder': {
    input: z.strictObject({ directory: z.string().max(4096) }),
    output: z.object({ directory: Directory.optional() }),
  },

  /** `reveal`: with the login of the proxy, which is masked (`•••`) otherwise. */
  'settings.read': { input: z.strictObject({ reveal: z.boolean().default(false) }).optional(), output: Settings },
  'settings.write': { input: SettingsChange, output: Settings },
  'profiles.read': { input: z.strictObject({ reveal: z.boolean().default(false) }), output: z.array(Profile) },
  /** The whole list, the first that fits wins. A masked secret (`•••`) stays what it was. */
  'profiles.write': { input: z.strictObject({ profiles: z.array(Profile).max(500) }), output: z.void() },
  'profiles.test': {
    input: z.strictObject({ url: Url }),
    output: z.object({ profile: z.string().optional(), rule: z.string().optional(), reason: z.string() }),
  },

  'list.export': { input: z.strictObject({ withSecrets: z.boolean().default(false) }), output: z.object({ text: z.string() }) },
  'list.import': {
    input: z.strictObject({ text: Text }),
    output: z.object({ added: z.number(), refused: z.array(z.string()) }),
  },
} as const;

/** What is sent without being asked for. */
export const pushes = {
  'feed.delta': Delta,
  'feed.detail': Detail,
  /** Something a person should see once, by code and in words. */
  'feed.notice': z.object({
    level: z.enum(['info', 'warning', 'error']),
    code: z.string(),
    message: z.string(),
    id: DownloadId.optional(),
  }),
  'feed.settings': Settings,
  /** There are errands: ask for them. */
  'desktop.errand': z.null(),
} as const;

export type CallName = keyof typeof calls;
/** What a caller gives. */
export type Sent<K extends CallName> = z.input<(typeof calls)[K]['input']>;
/** What a handler gets. */
export type Received<K extends CallName> = z.output<(typeof calls)[K]['input']>;
export type Result<K extends CallName> = z.output<(typeof calls)[K]['output']>;
export type PushName = keyof typeof pushes;
export type Pushed<K extends PushName> = z.output<(typeof pushes)[K]>;
export type Notice = Pushed<'feed.notice'>;

/** The same over every transport. */
export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: string; readonly message: string };
export type Send = (name: string, input: unknown) => Promise<Reply>;
export interface Push {
  readonly name: PushName;
  readonly value: unknown;
}
