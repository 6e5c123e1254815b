/** The words every layer uses about one download. Plain data: it crosses wires and threads as it is. */
import type { Failure } from './failure.ts';

/** Bytes `start` up to but not including `end`. Half-open everywhere but in HTTP headers. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** A header as the user wrote it. Order and spelling are kept. */
export type HeaderField = readonly [name: string, value: string];

/** Which proxy leads to which address. Chosen for each hop of a redirect anew. */
export interface ProxySettings {
  /** For http: addresses. `http://`, `https://` or `socks5://HOST:PORT`; a login in it goes to the proxy alone. */
  readonly http?: string;
  /** For https: addresses. */
  readonly https?: string;
  /**
   * Hosts reached without: a name stands for all below it too, `10.0.0.0/8` for a network, `*` for everything; with
   * `:PORT` only there.
   */
  readonly noProxy?: readonly string[];
}

/** A cookie as a browser keeps it. */
export interface StoredCookie {
  readonly name: string;
  readonly value: string;
  /** Without a leading dot. */
  readonly domain: string;
  /** Hosts below the domain get it too. */
  readonly hasSubdomains: boolean;
  readonly path: string;
  /** Goes over https only. */
  readonly isSecure: boolean;
  readonly isHttpOnly: boolean;
  /** Milliseconds since the epoch; absent where it lives as long as a session. */
  readonly expiresAt?: number;
}

/** What to ask of the server. Secrets in it are bound to the origin of `url`. */
export interface DownloadRequest {
  /** Absolute http(s) address as WHATWG URL reads it; userinfo in it is a login. */
  readonly url: string;
  /** Default GET. Anything else runs on one connection and cannot resume. */
  readonly method?: string;
  readonly headers?: readonly HeaderField[];
  /** A cookie header, `a=1; b=2`, for the origin of `url`. */
  readonly cookie?: string;
  /** Cookies by their own domains, paths and ends: they go to whatever host they belong to, on the way of a redirect too. */
  readonly cookies?: readonly StoredCookie[];
  /** HTTP Basic (RFC 7617), or Digest (RFC 7616) where the server asks for it; for the origin of `url`. */
  readonly login?: { readonly user: string; readonly password: string };
  readonly body?: string | Uint8Array;
  /** PEM certificates trusted besides the built-in ones. */
  readonly ca?: string;
  /** Accept any certificate. Loud, and only for this download. */
  readonly insecure?: boolean;
  /** Absent: the servers are asked directly. */
  readonly proxy?: ProxySettings;
  /** Other hosts, `example.org` or `*.example.org`, that may be given this request's secrets where a redirect leads to them by https. */
  readonly trustedHosts?: readonly string[];
}

export type IfExists = 'rename' | 'overwrite' | 'skip';

/** Where the file goes. */
export interface DownloadTarget {
  /** Absolute path of an existing folder. */
  readonly directory: string;
  /** The user's own name for the file; without it the name comes from the answer (docs: names). */
  readonly name?: string;
  readonly ifExists: IfExists;
}

export type ChecksumAlgorithm = 'sha-256' | 'sha-1' | 'sha-512' | 'md5';
/** `auto`: take it from Repr-Digest, Content-Digest (RFC 9530), Content-MD5 or x-goog-hash, if any is sent. */
export type Checksum = 'auto' | { readonly algorithm: ChecksumAlgorithm; readonly hex: string };

/**
 *   queued → probing → active ⇄ waiting        every state but done and failed may go to
 *               │         │                    pausing → paused; paused → queued.
 *               └─────────┴→ verifying → finalizing → done
 *   any → failed(failure)                      failed → queued by retry: claims are kept.
 */
export type DownloadState =
  | { readonly type: 'queued' }
  | { readonly type: 'probing' }
  | { readonly type: 'active' }
  | { readonly type: 'waiting'; readonly for: WaitingFor; readonly until?: number; readonly cause: Failure }
  | { readonly type: 'verifying' }
  | { readonly type: 'finalizing' }
  | { readonly type: 'pausing' }
  | { readonly type: 'paused' }
  | { readonly type: 'done'; readonly path: string; readonly size: number; readonly lengthVerified: boolean }
  | { readonly type: 'skipped'; readonly path: string }
  | { readonly type: 'failed'; readonly failure: Failure };

/** `until` of a waiting state is in the clock's milliseconds; absent when only an event ends the wait. */
export type WaitingFor = 'retry' | 'host' | 'network' | 'disk' | 'url' | 'held';

/** One connection's place in a download, with the byte range leased to it. */
export interface SegmentView {
  /** Stable for the life of the slot, from 1. */
  readonly id: number;
  readonly state: 'idle' | 'gated' | 'connecting' | 'headers' | 'streaming' | 'throttled' | 'backoff' | 'held';
  readonly start: number;
  /** Next byte to receive. */
  readonly cursor: number;
  readonly end: number;
  readonly bytesPerSecond: number;
  /** `address:port` of the server, or of the proxy that leads to it, once connected. */
  readonly address?: string;
  readonly isHedge: boolean;
  /** Milliseconds left of a back-off. */
  readonly resumesInMs?: number;
}

/** A snapshot of what has been done; pulled by whoever shows it. */
export interface DownloadProgress {
  /** Undefined until known, and where the server does not tell. */
  readonly size?: number;
  /** Bytes on disk: the size of the union of written ranges, never a counter. */
  readonly doneBytes: number;
  /** Of `doneBytes`, those that an earlier run had fetched. */
  readonly resumedBytes: number;
  /** Body bytes read from sockets in this run, wasted ones too. */
  readonly receivedBytes: number;
  readonly bytesPerSecond: number;
  readonly connections: number;
  readonly segments: readonly SegmentView[];
  /** Written ranges, ascending and disjoint. */
  readonly done: readonly Interval[];
  /** While it is `verifying`. */
  readonly check?: CheckProgress;
}

/** Bytes on disk that are read again to prove them. */
export interface CheckProgress {
  readonly doneBytes: number;
  /** 0 where nothing has to be read. */
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
}

/** What a message says of this one time, by name, for those who say it in another language. Bytes are numbers. */
export type NoteValues = Readonly<Record<string, string | number | Failure>>;

export type DownloadEvent =
  | { readonly type: 'state'; readonly state: DownloadState }
  /** The first good answer: what the file is and where it goes. */
  | {
      readonly type: 'identified';
      readonly name: string;
      readonly size?: number;
      /** Undefined until the first ranged answer proves or refutes it. */
      readonly resumable?: boolean;
      readonly finalUrl: string;
      readonly contentType?: string;
      readonly resumedBytes: number;
    }
  /** What was claimed before is given up, and why. The only event after which progress may fall. */
  | { readonly type: 'restarted'; readonly failure: Failure }
  /** Something worth a line in the log: a retry, a lowered cap, a link resolved anew. */
  | { readonly type: 'noted'; readonly code: string; readonly message: string; readonly values?: NoteValues }
  /** The changed request was refused: its connections go on as they were asked before, while that works. */
  | { readonly type: 'edit-refused'; readonly failure: Failure }
  /** A request is over, whatever came of it. `isCurrent`: it was asked as the download's request is now. */
  | { readonly type: 'exchanged'; readonly exchange: ExchangeRecord; readonly isCurrent: boolean };

/** One request and its answer as they went over the wire, with secrets masked. */
export interface ExchangeRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: readonly HeaderField[];
  readonly status?: number;
  readonly responseHeaders: readonly HeaderField[];
  /** Milliseconds from the request to the answer's headers, and to the end of it. */
  readonly headersMs?: number;
  readonly endMs: number;
  /** Of the body, as received. */
  readonly bytes: number;
  readonly failure?: Failure;
}
