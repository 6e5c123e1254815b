/**
 * Everything that can be tuned, with its unit and range. Two tables: what one download may choose for itself,
 * and what all downloads of an engine share. `defaults` are the values the fault catalogue's tests rely on.
 */
import type { Checksum } from '#shared/download';
import { DownloadError } from './errors.ts';

export interface DownloadOptions {
  /** Connections at most, 1-64. */
  readonly connections: number;
  /** Bytes per second; 0 is no limit. */
  readonly limitBytesPerSecond: number;
  /** Share of a wider limit relative to other downloads, 1-1000. */
  readonly weight: number;
  /** Failures in a row without 256 KiB of new bytes before giving up, 0-1000. */
  readonly retries: number;
  /** First back-off in milliseconds, 0-3,600,000; doubles up to the larger of itself and a minute. */
  readonly retryWaitMs: number;
  /** Silence on a connection before it is dropped, in milliseconds; 0 adapts to what the server does (6-30 s). */
  readonly idleTimeoutMs: number;
  /** From asking for a connection to having it, TLS apart (half as much again), in milliseconds. */
  readonly connectTimeoutMs: number;
  /** From the request to the answer's headers, in milliseconds. */
  readonly headersTimeoutMs: number;
  /** The file is another one now, or can no longer be resumed: start again (and say so), or fail. */
  readonly onChange: 'restart' | 'fail';
  readonly checksum?: Checksum;
  /** Follow https → http and public → private address redirects. */
  readonly allowUnsafeRedirects: boolean;
}

export interface EngineOptions {
  /** Connections to one host (scheme, name and port) at most, 1-256. */
  readonly connectionsPerHost: number;
  /** Connections in all, 1-1024. */
  readonly connectionsInAll: number;
  /** Bytes per second for all downloads together; 0 is no limit. */
  readonly limitBytesPerSecond: number;
  /** How long an unused connection is kept for reuse, in milliseconds; a shorter hint of the server wins. */
  readonly idleConnectionMs: number;
  /** Bytes collected per connection before one write, 16 KiB-4 MiB. */
  readonly batchBytes: number;
  /** Bytes received but not yet written, over all connections, at which reading stops. */
  readonly unwrittenBytes: number;
  /** The one timer's period, in milliseconds: speeds, silences, checkpoints, idle connections. */
  readonly tickMs: number;
  /** A run that begins faster than 256 MiB/s writes no checkpoint before this time: most such runs end within it. */
  readonly firstCheckpointMs: number;
  /** A soft checkpoint is due after this time or these bytes, whichever comes first. */
  readonly softCheckpointMs: number;
  readonly softCheckpointBytes: number;
  /** A hard checkpoint (data synced first) is due after this time or these bytes. */
  readonly hardCheckpointMs: number;
  readonly hardCheckpointBytes: number;
}

export const downloadDefaults: DownloadOptions = {
  connections: 8,
  limitBytesPerSecond: 0,
  weight: 1,
  retries: 8,
  retryWaitMs: 1000,
  idleTimeoutMs: 0,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 20_000,
  onChange: 'restart',
  allowUnsafeRedirects: false,
};

export const engineDefaults: EngineOptions = {
  connectionsPerHost: 16,
  connectionsInAll: 128,
  limitBytesPerSecond: 0,
  idleConnectionMs: 4000,
  batchBytes: 512 * 1024,
  unwrittenBytes: 64 * 1024 * 1024,
  tickMs: 250,
  firstCheckpointMs: 2000,
  softCheckpointMs: 1000,
  softCheckpointBytes: 8 * 1024 * 1024,
  hardCheckpointMs: 10_000,
  hardCheckpointBytes: 256 * 1024 * 1024,
};

type Range = readonly [lowest: number, highest: number];

const downloadRanges: Partial<Record<keyof DownloadOptions, Range>> = {
  connections: [1, 64],
  limitBytesPerSecond: [0, Number.MAX_SAFE_INTEGER],
  weight: [1, 1000],
  retries: [0, 1000],
  retryWaitMs: [0, 3_600_000],
  idleTimeoutMs: [0, 3_600_000],
  connectTimeoutMs: [100, 3_600_000],
  headersTimeoutMs: [100, 3_600_000],
};

const engineRanges: Record<keyof EngineOptions, Range> = {
  connectionsPerHost: [1, 256],
  connectionsInAll: [1, 1024],
  limitBytesPerSecond: [0, Number.MAX_SAFE_INTEGER],
  idleConnectionMs: [0, 600_000],
  batchBytes: [16 * 1024, 4 * 1024 * 1024],
  unwrittenBytes: [1024 * 1024, 1024 * 1024 * 1024],
  tickMs: [10, 10_000],
  firstCheckpointMs: [0, 60_000],
  softCheckpointMs: [100, 600_000],
  softCheckpointBytes: [64 * 1024, Number.MAX_SAFE_INTEGER],
  hardCheckpointMs: [100, 3_600_000],
  hardCheckpointBytes: [1024 * 1024, Number.MAX_SAFE_INTEGER],
};

function checked<T extends object>(defaults: T, given: Partial<T>, ranges: Partial<Record<keyof T, Range>>): T {
  const options = { ...defaults, ...given };
  for (const [name, range] of Object.entries(ranges) as [keyof T & string, Range][]) {
    const value = options[name];
    if (!Number.isSafeInteger(value) || (value as number) < range[0] || (value as number) > range[1]) {
      throw new DownloadError('E_INPUT', `${name} is ${String(value)}, expected a whole number from ${range[0]} to ${range[1]}`);
    }
  }
  return options;
}

/** @throws DownloadError E_INPUT naming the option, its value and its range. */
export const checkDownloadOptions = (given: Partial<DownloadOptions>): DownloadOptions =>
  checked(downloadDefaults, given, downloadRanges);

/** @throws DownloadError E_INPUT naming the option, its value and its range. */
export const checkEngineOptions = (given: Partial<EngineOptions>): EngineOptions => checked(engineDefaults, given, engineRanges);
