/** One request as the origin saw it and what became of it. */
import type { HeaderField, Interval } from '#shared/download';
import { parseRange } from './answer.ts';
import type { WireRequest } from './connection.ts';

/** A connection as it was when it came in. */
export interface Arrival {
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Connections open at that moment, this one too; those refused for being too many are not counted. */
  readonly connectionsOpen: number;
  /** Connections accepted in the last second, this one too. */
  readonly connectionsLastSecond: number;
  /** Body bytes sent by then, over all answers. */
  readonly bytesServed: number;
  /** The clock's milliseconds. */
  readonly at: number;
}

export type Outcome =
  | 'streaming'
  /** The last byte went out. */
  | 'complete'
  /** The plan ended it early. */
  | 'cut'
  /** The client went away first. */
  | 'abandoned';

export interface Exchange extends Arrival {
  /** Number of the request, from 1. */
  readonly n: number;
  readonly method: string;
  /** As sent: path with query, or absolute through a proxy. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case; repeated fields joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: readonly HeaderField[];
  readonly body: Buffer;
  /** What `Range` asks for, half-open; an open end is the file's size. Undefined without a single byte range. */
  readonly range: Interval | undefined;
  /** Answers being streamed on other connections when it came in; refusals are not counted. */
  readonly streams: number;
  /** The status answered; undefined while, or if, there is none. */
  status: number | undefined;
  /** Body bytes handed to the system. */
  bytesSent: number;
  outcome: Outcome;
}

/** Reads a target as path and query; a proxy's `host:port` and `*` are a path of their own. */
function parseTarget(target: string): { path: string; query: URLSearchParams } {
  if (!target.startsWith('/') && !/^https?:/i.test(target)) return { path: target, query: new URLSearchParams() };
  const url = new URL(target.startsWith('/') ? `http://origin.test${target}` : target);
  return { path: url.pathname, query: url.searchParams };
}

function joinFields(fields: readonly HeaderField[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

/** The record of a request at the moment it is in. `sizeAt` tells the size of what lies at a path. */
export function exchangeOf(
  request: WireRequest,
  arrival: Arrival,
  now: Pick<Exchange, 'n' | 'at' | 'bytesServed' | 'streams'>,
  sizeAt: (path: string) => number,
): Exchange {
  const { path, query } = parseTarget(request.target);
  const headers = joinFields(request.fields);
  const range = parseRange(headers.range, sizeAt(path));
  return { ...arrival, ...request, ...now, path, query, headers, range, status: undefined, bytesSent: 0, outcome: 'streaming' };
}

/** How many bytes it asks for; infinity without a range. */
export const askedBytes = ({ range }: Exchange): number =>
  range === undefined ? Number.POSITIVE_INFINITY : range.end - range.start;
