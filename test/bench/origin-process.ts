/**
 * The process of an origin of ours: what it is like comes as JSON in the first argument. Says its port on the first line;
 * at the end of its input it says what it has seen, and ends.
 */
import { systemClock } from '../../electron/engine/clock.ts';
import { delayHead } from '../support/changes.ts';
import { content } from '../support/content.ts';
import type { Change } from '../support/faults.ts';
import { startOrigin } from '../support/origin.ts';
import type { Conditions } from './origin.ts';

const { file, bytesPerSecond, roundTripMs = 0 } = JSON.parse(process.argv[2] ?? '') as Conditions;
const met = new Set<number>();
/** Of each connection: where in the list its rate stands. */
const places = new Map<number, number>();

/** A connection takes the place of one that was closed, as on a real path; one too many gains nothing by it. */
function rateOf(connection: number): number {
  const open = new Set(origin.openNumbers);
  for (const known of [...places.keys()]) if (!open.has(known)) places.delete(known);
  const taken = new Set(places.values());
  const place = places.get(connection) ?? [...bytesPerSecond.keys()].find((index) => !taken.has(index)) ?? -1;
  places.set(connection, place);
  return bytesPerSecond.at(place) ?? 0;
}

/** A round trip before each answer, and one more for the handshake where the connection is new. */
const farAway: Change = (answer, exchange, view) => {
  const isNew = !met.has(exchange.connection);
  met.add(exchange.connection);
  return delayHead(roundTripMs * (isNew ? 2 : 1))(answer, exchange, view);
};

const origin = await startOrigin({
  clock: systemClock,
  content: content(file.seed ?? 0, file.size),
  bytesPerSecond: rateOf,
  ...(roundTripMs > 0 && { faults: [{ on: {}, times: Number.POSITIVE_INFINITY, answer: farAway }] }),
});
console.log(origin.port);
for await (const _ of process.stdin);
const { connections, requests, bytesSent } = origin;
console.log(JSON.stringify({ connections, requests: requests.length, bodyBytes: bytesSent }));
process.exit();
