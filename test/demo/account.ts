/** What happened, told by what the server saw, not by what the command says of itself. */
import type { Interval } from '#shared/download';
import { formatBytes, formatDuration } from '#shared/units';
import { add, sizeOf } from '../../electron/engine/intervals.ts';
import type { Exchange } from '../support/exchange.ts';
import type { Origin } from '../support/origin.ts';
import { plannedLosses, plannedRefusals } from './bad-server.ts';

const wantedConnections = 8;

export interface Account {
  readonly size: number;
  readonly tookMs: number;
  /** Connections that carried bytes at one time, at most. */
  readonly connections: number;
  readonly requests: number;
  readonly lost: number;
  readonly refused: number;
  /** Share of the size that had been sent when the command was killed. */
  readonly killedAtShare: number;
  /** Bytes the second run did not ask for. */
  readonly keptBytes: number;
  readonly twiceBytes: number;
  readonly sha256: string;
  readonly isRight: boolean;
}

const hasBody = ({ status }: Exchange): boolean => status === 200 || status === 206;

/** Bytes of the file that went out at least once in these exchanges. */
function sentOnce(exchanges: readonly Exchange[]): number {
  const sent: Interval[] = [];
  for (const { range, bytesSent } of exchanges) add(sent, range?.start ?? 0, (range?.start ?? 0) + bytesSent);
  return sizeOf(sent);
}

/** `before` counts the requests of the run that was killed. */
export function countFrom(
  origin: Origin,
  before: number,
  size: number,
): Pick<Account, 'connections' | 'requests' | 'lost' | 'refused' | 'keptBytes' | 'twiceBytes'> {
  const { requests } = origin;
  const carried = requests.filter(hasBody);
  return {
    connections: origin.maxStreams,
    requests: requests.length,
    lost: requests.filter(({ outcome }) => outcome === 'cut').length,
    refused: requests.filter(({ status }) => status === 503).length,
    keptBytes: size - sentOnce(requests.slice(before).filter(hasBody)),
    twiceBytes: carried.reduce((sum, { bytesSent }) => sum + bytesSent, 0) - size,
  };
}

/** @throws an Error in one sentence when the demo did not show what it promised. */
export function expectAsPromised(account: Account): void {
  const { connections, lost, refused, isRight, sha256 } = account;
  if (!isRight) throw new Error(`the file is not the one the server has: its SHA-256 is ${sha256}`);
  if (connections < wantedConnections) {
    throw new Error(`the server saw ${connections} connections at once, not ${wantedConnections}`);
  }
  if (lost !== plannedLosses) throw new Error(`the server lost ${lost} connections, not the ${plannedLosses} planned`);
  if (refused !== plannedRefusals) throw new Error(`the server refused ${refused} requests, not the ${plannedRefusals} planned`);
}

/** The table, one fact a line. */
export function tableOf(account: Account): string {
  const { size, twiceBytes, sha256 } = account;
  const rows = [
    ['size', formatBytes(size)],
    ['time', formatDuration(account.tookMs)],
    ['connections at most', `${account.connections} at once`],
    ['requests', `${account.requests}`],
    ['connections lost', `${account.lost}, as planned`],
    ['refused with 503', `${account.refused}, as planned`],
    ['killed', `at ${Math.floor(account.killedAtShare * 100)} %`],
    ['resumed', `with ${formatBytes(account.keptBytes)} kept`],
    ['sent twice', `${formatBytes(twiceBytes)}, ${((twiceBytes / size) * 100).toFixed(1)} %`],
    ['SHA-256', `ok, ${sha256.slice(0, 16)}…`],
  ] as const;
  return rows.map(([name, value]) => `  ${name.padEnd(22)}${value}`).join('\n');
}
