/** Writes an answer to a connection: in time, at its rate, up to where it breaks off. */
import { STATUS_CODES } from 'node:http';
import type { Clock } from '../../electron/engine/clock.ts';
import type { Answer, AnswerField } from './answer.ts';
import type { Connection } from './connection.ts';
import type { Outcome } from './exchange.ts';

const batchBytes = 256 * 1024;
/** Rates are kept by slices of so long; short, so that a paced body flows rather than bursts. */
const paceStepMs = 20;
/** A late timer may be made up for by so much, or the rate would fall short by every delay of the machine. */
const catchUpMs = 50;

/** Resolves after `ms` of the clock, or when the signal aborts; Infinity waits for the signal alone. */
export function delay(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = Number.isFinite(ms) ? clock.setTimer(finish, ms) : () => {};
    signal.addEventListener('abort', finish);
  });
}

function headOf(version: string, status: number, reason: string, headers: readonly AnswerField[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`HTTP/${version} ${status} ${reason}\r\n`)];
  for (const [name, value] of headers) parts.push(Buffer.from(`${name}: `), Buffer.from(value as string), Buffer.from('\r\n'));
  return Buffer.concat([...parts, Buffer.from('\r\n')]);
}

function headBytes(answer: Answer): Buffer {
  if (answer.rawHead !== undefined) return answer.rawHead;
  const interim = (answer.interim ?? []).map(({ status, headers }) => headOf('1.1', status, STATUS_CODES[status] ?? '', headers));
  const reason = answer.reason ?? STATUS_CODES[answer.status] ?? 'Unknown';
  return Buffer.concat([...interim, headOf(answer.httpVersion ?? '1.1', answer.status, reason, answer.headers)]);
}

interface Delivering {
  readonly answer: Answer;
  readonly connection: Connection;
  readonly clock: Clock;
  readonly onBytes: (bytes: number) => void;
}

async function waitForRate({ connection, clock }: Delivering, bytes: number, bytesPerSecond: number): Promise<void> {
  const begin = Math.max(connection.paidUntilMs, clock.now() - catchUpMs);
  connection.paidUntilMs = begin + (bytes / bytesPerSecond) * 1000;
  const waitMs = connection.paidUntilMs - clock.now();
  if (waitMs > 0) await delay(clock, waitMs, connection.closed);
}

/** Sends the body's bytes `from` up to `to`; false if the client went away. */
async function sendBody(delivering: Delivering, from: number, to: number): Promise<boolean> {
  const { answer, connection, onBytes } = delivering;
  const rate = answer.delivery.bytesPerSecond;
  const stepBytes = rate === undefined ? batchBytes : Math.max(1, Math.min(batchBytes, Math.floor((rate * paceStepMs) / 1000)));
  for (let position = from; position < to; ) {
    const next = Math.min(to, position + stepBytes);
    if (rate !== undefined) await waitForRate(delivering, next - position, rate);
    const slices = [...answer.body.slices(position, next)];
    if (answer.coding === 'chunked') {
      slices.unshift(Buffer.from(`${(next - position).toString(16)}\r\n`));
      slices.push(Buffer.from('\r\n'));
    }
    if (!(await connection.write(slices))) return false;
    onBytes(next - position);
    position = next;
  }
  return true;
}

type Stop = { readonly at: number; readonly stallMs: number } | { readonly at: number; readonly cut: 'fin' | 'rst' };

/** Where the body pauses or ends, in order; what lies beyond its end never happens. */
function stopsOf({ start, end, delivery: { stall, cut } }: Answer): Stop[] {
  const stops: Stop[] = [];
  if (stall !== undefined) stops.push({ at: start + stall.afterBytes, stallMs: stall.forMs });
  if (cut !== undefined) stops.push({ at: start + cut.afterBytes, cut: cut.how });
  return stops.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
}

async function finish(connection: Connection, how: 'fin' | 'rst'): Promise<void> {
  if (how === 'fin') connection.end();
  else await connection.resetAfterLastByte();
}

async function withoutAnswer({ connection }: Delivering, instead: 'silence' | 'rst' | 'fin', clock: Clock): Promise<Outcome> {
  if (instead !== 'silence') {
    await finish(connection, instead);
    return 'cut';
  }
  await delay(clock, Number.POSITIVE_INFINITY, connection.closed);
  return 'abandoned';
}

/** Writes the answer; resolves when it is out, broken off or abandoned by the client. */
export async function deliver(delivering: Delivering, hasBody: boolean): Promise<Outcome> {
  const { answer, connection, clock } = delivering;
  const { delivery } = answer;
  if (answer.instead !== undefined) return withoutAnswer(delivering, answer.instead, clock);
  if (delivery.headDelayMs !== undefined) await delay(clock, delivery.headDelayMs, connection.closed);
  if (!(await connection.write([headBytes(answer)]))) return 'abandoned';
  if (hasBody) {
    let position = answer.start;
    for (const stop of stopsOf(answer)) {
      if (!(await sendBody(delivering, position, stop.at))) return 'abandoned';
      position = stop.at;
      if ('cut' in stop) {
        await finish(connection, stop.cut);
        return 'cut';
      }
      await delay(clock, stop.stallMs, connection.closed);
    }
    if (!(await sendBody(delivering, position, answer.end))) return 'abandoned';
    if (answer.coding === 'chunked' && !(await connection.write([Buffer.from('0\r\n\r\n')]))) return 'abandoned';
    if (delivery.trailing !== undefined) await connection.write([delivery.trailing]);
  }
  const { afterwards = 'keep' } = delivery;
  if (afterwards !== 'keep') await finish(connection, afterwards);
  return 'complete';
}
