/** What a person asks for: a request to be sent, and where its file goes. Bounded, because a page or a tool may send anything. */
import * as z from 'zod';
import { DownloadId, FailureView, Priority } from './rows.ts';

const noBreak = /^[^\r\n\0]*$/;
const line = (most: number) => z.string().max(most).regex(noBreak, 'must not contain a line break');
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const Url = z.string().min(1).max(16_384);
/** An absolute folder. What is allowed is decided where the file system is. */
export const Directory = z.string().min(1).max(4096).regex(noBreak, 'must not contain a line break');
export const FileName = z.string().min(1).max(1024);

export const HeaderField = z.tuple([z.string().min(1).max(256).regex(token, 'is no header name'), line(16_384)]);
/** Where a cookie goes (RFC 6265 section 5.3), on the way of a redirect too. */
export const CookieScope = z.strictObject({
  domain: line(253).min(1),
  hasSubdomains: z.boolean(),
  path: line(4096).startsWith('/'),
  isSecure: z.boolean(),
  /** Milliseconds since 1970. */
  expiresAt: z.number().optional(),
});
/** Without a scope it goes to the origin of the address alone. */
export const CookiePair = z.object({ name: line(4096), value: line(8192), scope: CookieScope.optional() });
export type CookiePair = z.infer<typeof CookiePair>;
export const Login = z.object({ username: line(1024), password: line(4096) });

/**
 * What is sent to the server. All that is here goes to the origin of `url` and to no other. In what is read back, secrets are
 * `null` where they were not asked for; `null` in what is written keeps the secret that is there.
 */
export const RequestDraft = z.strictObject({
  url: Url,
  method: z.string().min(1).max(32).regex(token, 'is no method').optional(),
  headers: z.array(HeaderField).max(200).optional(),
  cookies: z.array(CookiePair).max(500).optional(),
  userAgent: line(2048).optional(),
  referer: line(16_384).optional(),
  login: Login.optional(),
  body: z.string().max(1_048_576).optional(),
  /** `http://`, `https://` or `socks5://HOST:PORT`, with a login where it wants one; `direct` for none; absent: as settings say. */
  proxy: line(2048).optional(),
  insecure: z.boolean().optional(),
});
export type RequestDraft = z.infer<typeof RequestDraft>;

const secret = line(16_384).nullable();
/** A request as shown and edited: secrets are null unless asked for. */
export const RequestView = z.strictObject({
  ...RequestDraft.shape,
  headers: z
    .array(z.tuple([HeaderField.def.items[0], secret]))
    .max(200)
    .optional(),
  cookies: z
    .array(z.object({ ...CookiePair.shape, value: secret }))
    .max(500)
    .optional(),
  login: z.object({ username: line(1024), password: secret }).optional(),
  proxy: secret.optional(),
  body: RequestDraft.shape.body.unwrap().nullable().optional(),
});
export type RequestView = z.infer<typeof RequestView>;

export const ChecksumText = z
  .string()
  .max(256)
  .regex(/^(auto|(sha-?256|sha-?1|sha-?512|md5)=[0-9a-fA-F]+)$/, 'expected auto or ALGO=HEX');

export const Connections = z.int().min(1).max(64);
export const BytesPerSecond = z
  .int()
  .min(0)
  .max(2 ** 50);

/** One download to be added. What is absent is decided by category, profile and settings. */
export const Order = z.strictObject({
  request: RequestDraft,
  /** Absent: a new one. One that is known already is refused. */
  id: DownloadId.optional(),
  directory: Directory.optional(),
  name: FileName.optional(),
  category: z.string().max(100).optional(),
  profile: z.string().max(100).optional(),
  connections: Connections.optional(),
  limitBytesPerSecond: BytesPerSecond.optional(),
  priority: Priority.optional(),
  checksum: ChecksumText.optional(),
  ifExists: z.enum(['rename', 'overwrite', 'skip']).optional(),
});
export type Order = z.infer<typeof Order>;

/** What became of one order, in the order given. */
export const AddResult = z.discriminatedUnion('type', [
  /** `linkExpiresAt`: when a signed link dies, in milliseconds since 1970. */
  z.object({ type: z.literal('added'), id: DownloadId, linkExpiresAt: z.number().optional() }),
  /** Nothing was added: the same address, or the same target, is in the list (`id`) or on disk. */
  z.object({
    type: z.literal('duplicate'),
    of: z.enum(['url', 'target', 'file']),
    id: DownloadId.optional(),
    name: z.string(),
  }),
  z.object({ type: z.literal('refused'), failure: FailureView }),
]);
export type AddResult = z.infer<typeof AddResult>;

/** What a look at an address found. */
export const Probe = z.object({
  name: z.string(),
  size: z.number().optional(),
  /** As the server says; a download proves it. */
  resumable: z.boolean().optional(),
  finalUrl: z.string(),
  contentType: z.string().optional(),
  category: z.string(),
  directory: z.string(),
  duplicateOf: DownloadId.optional(),
  linkExpiresAt: z.number().optional(),
});
export type Probe = z.infer<typeof Probe>;

/** A request and the answer to it, as it went over the wire; secret values are masked. */
export const ExchangeView = z.object({
  at: z.number(),
  request: z.string(),
  requestHeaders: z.array(z.tuple([z.string(), z.string()])),
  status: z.number().optional(),
  responseHeaders: z.array(z.tuple([z.string(), z.string()])),
  /** Milliseconds to the answer's headers, and to its end. */
  headersMs: z.number().optional(),
  endMs: z.number().optional(),
  bytes: z.number(),
  failure: FailureView.optional(),
});
export type ExchangeView = z.infer<typeof ExchangeView>;
