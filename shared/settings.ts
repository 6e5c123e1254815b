/** Everything a person can set, with its default. A field that is missing in a stored file takes its default. */
import * as z from 'zod';
import { hostPatternFault } from './host-pattern.ts';
import { BytesPerSecond, Connections, Directory, HeaderField, Login } from './orders.ts';

const name = z.string().min(1).max(100);
const line = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\r\n\0]*$/, 'must not contain a line break');

/** Minutes of a day from midnight, [start, end); an end before the start is on the next day. */
export const TimeWindow = z.strictObject({
  /** 0 is Sunday. */
  weekdays: z.array(z.int().min(0).max(6)).max(7),
  startMinute: z.int().min(0).max(1439),
  endMinute: z.int().min(0).max(1440),
  /** 0 is no limit. */
  limitBytesPerSecond: BytesPerSecond,
});
export type TimeWindow = z.infer<typeof TimeWindow>;

/** Chooses folder and name: the first category of the list that fits. */
export const Category = z.strictObject({
  name,
  directory: Directory.optional(),
  /** What its files are called, with `{name}`, `{stem}`, `{extension}`, `{host}` and `{date}` in it; absent: `{name}`. */
  fileName: line(255).optional(),
  /** Without the dot, lower case. */
  extensions: z.array(z.string().min(1).max(16)).max(200),
  /** `example.org` and all below it. */
  hosts: z.array(line(253)).max(200),
  /** Part of the address, `*` for anything. */
  patterns: z.array(line(1000)).max(50),
});
export type Category = z.infer<typeof Category>;

const HostPattern = line(253).superRefine((pattern, context) => {
  const message = hostPatternFault(pattern);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** A named request setting for hosts. What a download asks for itself wins. */
export const Profile = z.strictObject({
  name,
  /** `example.org`, `*.example.org`, `*`. */
  hosts: z.array(HostPattern).min(1).max(100),
  headers: z.array(HeaderField).max(100).optional(),
  userAgent: line(2048).optional(),
  cookie: line(16_384).optional(),
  login: Login.optional(),
  proxy: line(2048).optional(),
  connections: Connections.optional(),
  limitBytesPerSecond: BytesPerSecond.optional(),
  insecure: z.boolean().optional(),
  /** Other origins that may be sent this profile's secrets. */
  trustedHosts: z.array(HostPattern).max(100).optional(),
});
export type Profile = z.infer<typeof Profile>;

/** A program and its arguments; `{path}`, `{name}` and `{url}` are put in as one argument each. No shell. */
export const Command = z.array(line(4096)).max(50);

export const Settings = z.strictObject({
  /** Empty: the system's folder for downloads, or the first allowed root. */
  directory: z.string().max(4096).default(''),
  /** Where unfinished files are kept; empty: beside the target. */
  stagingDirectory: z.string().max(4096).default(''),
  categories: z
    .array(Category)
    .max(100)
    .default([
      { name: 'Video', extensions: ['mp4', 'mkv', 'webm', 'avi', 'mov'], hosts: [], patterns: [] },
      { name: 'Music', extensions: ['mp3', 'flac', 'ogg', 'opus', 'm4a', 'wav'], hosts: [], patterns: [] },
      { name: 'Documents', extensions: ['pdf', 'epub', 'docx', 'xlsx', 'pptx', 'odt', 'txt'], hosts: [], patterns: [] },
      { name: 'Archives', extensions: ['zip', '7z', 'rar', 'tar', 'gz', 'xz', 'zst', 'bz2'], hosts: [], patterns: [] },
      { name: 'Programs', extensions: ['exe', 'msi', 'dmg', 'deb', 'rpm', 'appimage', 'apk', 'iso'], hosts: [], patterns: [] },
    ]),
  connections: Connections.default(8),
  connectionsPerHost: z.int().min(1).max(256).default(16),
  /** Downloads that run at once. */
  activeDownloads: z.int().min(1).max(100).default(4),
  limitBytesPerSecond: BytesPerSecond.default(0),
  /** Soonest-dying links first. */
  soonestDyingFirst: z.boolean().default(false),
  schedule: z.strictObject({ isOn: z.boolean(), windows: z.array(TimeWindow).max(50) }).default({ isOn: false, windows: [] }),
  ifExists: z.enum(['rename', 'overwrite', 'skip']).default('rename'),
  duplicates: z.enum(['ask', 'skip', 'add']).default('ask'),
  retries: z.int().min(0).max(1000).default(10),
  userAgent: line(2048).default(''),
  proxy: z
    .strictObject({ mode: z.enum(['system', 'direct', 'manual']), url: line(2048), noProxy: z.array(line(253)).max(200) })
    .default({ mode: 'system', url: '', noProxy: [] }),
  systemCertificates: z.boolean().default(false),
  blockPrivateTargets: z.boolean().default(false),
  whenOneDone: Command.default([]),
  whenAllDone: Command.default([]),
  appearance: z
    .strictObject({ theme: z.enum(['system', 'light', 'dark']), density: z.enum(['comfortable', 'compact']) })
    .default({ theme: 'system', density: 'comfortable' }),
  language: z.enum(['system', 'en', 'zh-CN']).default('system'),
  notifications: z
    .strictObject({ whenDone: z.boolean(), whenFailed: z.boolean(), whenAllDone: z.boolean() })
    .default({ whenDone: true, whenFailed: true, whenAllDone: true }),
  desktop: z
    .strictObject({
      closeToTray: z.boolean(),
      startAtLogin: z.boolean(),
      watchClipboard: z.boolean(),
      keepAwake: z.boolean(),
      /** 0: the page is reached from the window alone. */
      serverPort: z.int().min(0).max(65_535),
    })
    .default({ closeToTray: true, startAtLogin: false, watchClipboard: false, keepAwake: true, serverPort: 0 }),
});
export type Settings = z.infer<typeof Settings>;

export const defaultSettings: Settings = Settings.parse({});
/** Any of the fields, each whole. */
export const SettingsChange = z.strictObject(
  Object.fromEntries(Object.entries(Settings.shape).map(([key, schema]) => [key, schema.removeDefault().optional()])) as {
    [K in keyof typeof Settings.shape]: z.ZodOptional<ReturnType<(typeof Settings.shape)[K]['removeDefault']>>;
  },
);
export type SettingsChange = z.infer<typeof SettingsChange>;
