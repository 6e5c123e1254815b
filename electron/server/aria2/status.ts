/** A download as aria2 tells of it: everything is a string, numbers too. */
import { join } from 'node:path';
import type { History, ListedDownload } from '#downloads';
import type { Interval } from '#shared/download';

export type Finished = NonNullable<ReturnType<History['get']>>;

/** A download that was removed while it ran: nothing but its end is known of it any more. */
export interface Removed {
  readonly gid: string;
  readonly status: Status;
}

export type State = 'active' | 'waiting' | 'paused' | 'error' | 'complete' | 'removed';
export type Status = Readonly<Record<string, unknown>>;

const leastPieceBytes = 1024 * 1024;
/** A client draws them: more tell it nothing. */
const mostPieces = 2048;

/** aria2's exit status (its manual, EXIT STATUS) for what can go wrong here; 1 is "unknown". */
const errorCodes: Readonly<Record<string, number>> = {
  E_TIMEOUT: 2,
  E_NOT_FILE: 3,
  E_LINK_EXPIRED: 3,
  E_HTTP_404: 3,
  E_HTTP_410: 3,
  E_CONNECT: 6,
  E_NETWORK: 6,
  E_TLS: 6,
  E_NO_RANGE_RESUME: 8,
  E_FS_FULL: 9,
  E_FS_PERM: 15,
  E_FS_GONE: 15,
  E_FS_BUSY: 15,
  E_FS_LIMIT: 17,
  E_FS_IO: 17,
  E_DNS: 19,
  E_PROTOCOL: 22,
  E_TOO_MANY_REDIRECTS: 23,
  E_REDIRECT_UNSAFE: 23,
  E_AUTH: 24,
  E_PROXY_AUTH: 24,
  E_INPUT: 28,
  E_HOST_BUSY: 29,
  E_HASH: 32,
};

/** Of a status without a code of its own: "bad or unexpected". */
const unexpectedAnswer = 22;

function errorCodeOf(code = ''): number {
  return errorCodes[code] ?? (code.startsWith('E_HTTP_') ? unexpectedAnswer : 1);
}

export function stateOf(listed: ListedDownload): State {
  // Until its last byte is on record it cannot be told to go on.
  if (listed.state?.type === 'pausing') return 'active';
  const { state, waitingFor } = listed.standing();
  switch (state) {
    case 'running':
      return 'active';
    case 'waiting':
      return waitingFor === 'schedule' ? 'waiting' : 'active';
    case 'queued':
      return 'waiting';
    case 'failed':
      return 'error';
    default:
      return 'paused';
  }
}

export function statusOf(listed: ListedDownload): Status {
  const { record } = listed;
  const [, doneBytes, bytesPerSecond, connections] = listed.counters();
  const { size = 0 } = record;
  const { failure } = listed.standing();
  const status = stateOf(listed);
  const pieceBytes = pieceBytesOf(size);
  const bitfield = bitfieldOf(rangesOf(listed, size), size, pieceBytes);
  return {
    ...(bitfield !== '' && { bitfield }),
    completedLength: String(doneBytes),
    connections: String(connections),
    dir: record.directory,
    downloadSpeed: String(bytesPerSecond),
    ...(status === 'error' && {
      errorCode: String(errorCodeOf(failure?.code)),
      errorMessage: failure?.message ?? 'unknown error',
    }),
    files: filesOf(listed),
    gid: listed.id,
    numPieces: String(Math.ceil(size / pieceBytes)),
    pieceLength: String(pieceBytes),
    status,
    totalLength: String(size),
    uploadLength: '0',
    uploadSpeed: '0',
  };
}

export function filesOf(listed: ListedDownload): readonly object[] {
  const { record } = listed;
  const [, doneBytes] = listed.counters();
  const path = record.name === undefined ? '' : join(record.directory, record.name);
  return [fileOf(path, record.size ?? 0, doneBytes, listed.draft.url)];
}

export function statusOfFinished({ id, path, name, size, request }: Finished): Status {
  const pieceBytes = pieceBytesOf(size);
  const bitfield = bitfieldOf([{ start: 0, end: size }], size, pieceBytes);
  return {
    ...(bitfield !== '' && { bitfield }),
    completedLength: String(size),
    connections: '0',
    dir: path.slice(0, Math.max(0, path.length - name.length - 1)),
    downloadSpeed: '0',
    errorCode: '0',
    errorMessage: '',
    files: [fileOf(path, size, size, request.url)],
    gid: id,
    numPieces: String(Math.ceil(size / pieceBytes)),
    pieceLength: String(pieceBytes),
    status: 'complete' satisfies State,
    totalLength: String(size),
    uploadLength: '0',
    uploadSpeed: '0',
  };
}

/** As it was just before it was removed. */
export const statusOfRemoved = (listed: ListedDownload): Status => ({
  ...statusOf(listed),
  connections: '0',
  downloadSpeed: '0',
  errorCode: '31',
  errorMessage: '',
  status: 'removed' satisfies State,
});

export const pick = (status: Status, keys: readonly string[] | undefined): Status =>
  keys === undefined || keys.length === 0
    ? status
    : Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(status, key) ? [[key, status[key]]] : [])));

export const fileOf = (path: string, size: number, doneBytes: number, url: string): object => ({
  completedLength: String(doneBytes),
  index: '1',
  length: String(size),
  path,
  selected: 'true',
  uris: [{ status: 'used', uri: url }],
});

function pieceBytesOf(size: number): number {
  let bytes = leastPieceBytes;
  while (size / bytes > mostPieces) bytes *= 2;
  return bytes;
}

/** What is there: as the engine knows it, or at rest as the list's 64 cells tell. */
function rangesOf(listed: ListedDownload, size: number): readonly Interval[] {
  const live = listed.isLive ? listed.progress()?.done : undefined;
  if (live !== undefined) return live;
  const cells = Buffer.from(listed.record.cells, 'base64');
  return [...cells].flatMap((cell, index) =>
    cell === 255
      ? [{ start: Math.ceil((index * size) / cells.length), end: Math.floor(((index + 1) * size) / cells.length) }]
      : [],
  );
}

/** One bit a piece that is whole, the highest first, in hex. */
function bitfieldOf(done: readonly Interval[], size: number, pieceBytes: number): string {
  const bytes = new Uint8Array(Math.ceil(Math.ceil(size / pieceBytes) / 8));
  for (const { start, end } of joined(done)) {
    const last = end >= size ? Math.ceil(size / pieceBytes) : Math.floor(end / pieceBytes);
    for (let piece = Math.ceil(start / pieceBytes); piece < last; piece += 1) {
      const at = piece >> 3;
      bytes[at] = (bytes[at] ?? 0) | (0x80 >> (piece & 7));
    }
  }
  return Buffer.from(bytes).toString('hex');
}

/** Neighbours may touch. */
function joined(intervals: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (const { start, end } of intervals) {
    const before = result.at(-1);
    if (before && before.end >= start) result[result.length - 1] = { start: before.start, end };
    else result.push({ start, end });
  }
  return result;
}
