/** The server of the demo: slow by connection, and wrong by plan. */
import { cut, named, status } from '../support/changes.ts';
import type { Content } from '../support/content.ts';
import type { Exchange } from '../support/exchange.ts';
import type { Change, Fault } from '../support/faults.ts';
import { type Origin, startOrigin } from '../support/origin.ts';

const MiB = 1024 * 1024;

/** Bytes per second of the first connection, the second …, and round again. */
const rates = [1.5, 0.8, 1.2, 2.1, 0.6, 1.4, 1.8, 1.1].map((rate) => rate * MiB);

/** The command is killed when so much of the file's size has been sent. */
export const killedAtShare = 0.45;

type Mishap = 'rst' | 'fin' | '503';

/** In turn, each to the first request that fits once such a share of the file's size has been sent. */
const mishaps: readonly { readonly share: number; readonly what: Mishap }[] = [
  { share: 0.08, what: 'rst' },
  { share: 0.15, what: 'fin' },
  { share: 0.22, what: 'rst' },
  // One connection more is too many.
  { share: 0.3, what: '503' },
  // The first answer after the kill: too busy altogether.
  { share: killedAtShare, what: '503' },
  { share: 0.55, what: 'rst' },
  { share: 0.62, what: 'fin' },
  { share: 0.7, what: 'rst' },
  { share: 0.75, what: '503' },
];

export const plannedLosses = mishaps.filter(({ what }) => what !== '503').length;
export const plannedRefusals = mishaps.length - plannedLosses;

const cutAfterBytes = MiB;

const changes: Record<Mishap, Change> = {
  rst: cut(cutAfterBytes, 'rst'),
  fin: cut(cutAfterBytes, 'fin'),
  '503': status(503, { headers: [['Retry-After', '1']] }),
};

/** A body has to be long to be broken off in its middle. */
const isLong = ({ range }: Exchange): boolean => range !== undefined && range.end - range.start >= 2 * cutAfterBytes;

function mishapsInTurn(size: number): Fault {
  let struck = 0;
  const strikes = (exchange: Exchange): boolean => {
    const next = mishaps[struck];
    return next !== undefined && exchange.bytesServed >= next.share * size && (next.what === '503' || isLong(exchange));
  };
  const strike = named('the next mishap', (answer, exchange, origin) => {
    const next = mishaps[struck];
    struck += 1;
    return next === undefined ? answer : changes[next.what](answer, exchange, origin);
  });
  return { name: 'mishap', on: { where: strikes }, times: mishaps.length, atLeast: mishaps.length, answer: strike };
}

/** Disposing it throws if a mishap did not happen. */
export function startBadServer(file: Content): Promise<Origin> {
  return startOrigin({
    content: file,
    bytesPerSecond: (connection) => rates[(connection - 1) % rates.length] as number,
    faults: [mishapsInTurn(file.size)],
  });
}

/** What the server does, in a sentence. */
export function describeServer(size: number): string {
  const [slowest, fastest] = [Math.min(...rates), Math.max(...rates)].map((rate) => (rate / MiB).toFixed(1));
  return (
    `A server on this machine gives ${size / MiB} MiB, ${slowest} to ${fastest} MiB/s a connection; it will lose ` +
    `${plannedLosses} connections in mid-body and refuse ${plannedRefusals} requests with 503.`
  );
}
