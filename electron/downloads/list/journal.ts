/** What happened to one download in this run of the application: its log, its exchanges, its speeds. Bounded. */
import type { ExchangeRecord, NoteValues } from '#shared/download';
import type { LogLine } from '#shared/rows';

const mostLines = 300;
const mostExchanges = 40;
const mostSpeeds = 600;

export class Journal {
  readonly lines: LogLine[] = [];
  /** How many lines were dropped before the first of `lines`. */
  dropped = 0;
  readonly exchanges: ExchangeRecord[] = [];
  /** [milliseconds since 1970, bytes per second], one a second while it runs. */
  readonly speeds: [number, number][] = [];

  log(level: LogLine['level'], code: string, message: string, values?: NoteValues): void {
    this.lines.push({ at: Date.now(), level, code, message, ...(values && { values }) });
    if (this.lines.length <= mostLines) return;
    this.lines.shift();
    this.dropped += 1;
  }

  exchanged(exchange: ExchangeRecord): void {
    this.exchanges.push(exchange);
    if (this.exchanges.length > mostExchanges) this.exchanges.shift();
  }

  sample(bytesPerSecond: number, at = Date.now()): void {
    if (at - (this.speeds.at(-1)?.[0] ?? 0) < 950) return;
    this.speeds.push([at, Math.round(bytesPerSecond)]);
    if (this.speeds.length > mostSpeeds) this.speeds.shift();
  }
}
