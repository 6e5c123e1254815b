/** Looks at an address without keeping anything: the beginning of a download into a scratch folder, stopped at the first answer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DownloadError, type Engine } from '#engine';
import type { DownloadEvent, DownloadRequest, ExchangeRecord } from '#shared/download';

export type Identified = Extract<DownloadEvent, { type: 'identified' }>;

/** A look is not worth more: adding never waits for it. */
const mostMs = 20_000;
/** What arrives before the look is over is thrown away: this much a second at most. */
const slowly = 64 * 1024;

/** RFC 9110, section 14.3; without a validator (section 8.8) an unfinished file could not be told from another one. */
function saysRanges({ status, responseHeaders }: ExchangeRecord): boolean {
  const value = (name: string) => responseHeaders.find(([each]) => each.toLowerCase() === name)?.[1];
  const hasValidator = (value('etag') ?? value('last-modified')) !== undefined;
  return status === 200 && hasValidator && value('accept-ranges')?.toLowerCase() === 'bytes';
}

/** @throws DownloadError as a download would; E_TIMEOUT where it was cancelled or took too long. */
export async function probe(
  engine: Engine,
  request: DownloadRequest,
  dataFolder: string,
  signal: AbortSignal,
): Promise<Identified> {
  const directory = await mkdtemp(join(dataFolder, 'probe-'));
  const options = { connections: 1, retries: 1, limitBytesPerSecond: slowly } as const;
  const download = engine.download(request, { directory, ifExists: 'rename' }, options);
  const found = Promise.withResolvers<Identified>();
  const end = (): void => found.reject(new DownloadError('E_TIMEOUT', 'the look at the address was ended before an answer came'));
  let takesRanges = false;
  const unsubscribe = download.subscribe((event) => {
    if (event.type === 'exchanged') takesRanges ||= saysRanges(event.exchange);
    if (event.type === 'identified') found.resolve(event);
    if (event.type !== 'state') return;
    if (event.state.type === 'failed') found.reject(new DownloadError(event.state.failure.code, event.state.failure.message));
    if (event.state.type === 'waiting' && event.state.for !== 'retry') {
      found.reject(new DownloadError(event.state.cause.code, event.state.cause.message));
    }
  });
  const timer = setTimeout(end, mostMs);
  signal.addEventListener('abort', end, { once: true });
  try {
    download.start();
    const identified = await found.promise;
    // The exchange is told once it is over. A look asks for no range, so what the server says of them is all there is to know.
    await download.remove({ deleteFiles: true });
    return takesRanges ? { resumable: true, ...identified } : identified;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    await download.remove({ deleteFiles: true }).catch(() => {});
    unsubscribe();
    await rm(directory, { recursive: true, force: true }).catch(() => {});
  }
}
