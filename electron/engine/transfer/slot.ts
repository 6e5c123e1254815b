/**
 * A download's place for one connection, which serves one lease after another.
 *
 *   idle → gated → connecting → headers → streaming ⇄ throttled → idle
 *            └─────────┴──────────┴──────────┴→ backoff → idle         held: kept out of work by the user
 *
 * It asks (redirects by hand, every hop with the secrets of its own origin only), watches for silence, pauses when the disk or
 * a limit says so, and hands every byte to whoever asked. It judges nothing and decides nothing: `transfer.ts` does.
 */

import type { Clock } from '#engine/clock';
import { DownloadError } from '#engine/errors';
import { BodyDecoder } from '#engine/network/decoder';
import { ExchangeNote } from '#engine/network/exchange-note';
import type { Closure, Permit, PermitOwner } from '#engine/network/host-gate';
import type { Exchange } from '#engine/network/http';
import { type AnswerHeaders, contentLength, header } from '#engine/network/http-headers';
import type { Loan, Pool } from '#engine/network/pool';
import { isRedirect, MAX_REDIRECTS, nextHop } from '#engine/network/redirect';
import type { RequestSource } from '#engine/network/request';
import type { ConnectionTarget } from '#engine/network/route';
import { TransportError } from '#engine/network/trouble';
import type { ExchangeRecord, Interval, SegmentView } from '#shared/download';
import type { Answer, Identity } from './accept.ts';
import type { Link } from './link.ts';
import type { Lease } from './range-map.ts';
import { SpeedMeter } from './speed.ts';

/** A refused answer's body up to this size is read away, so that the connection can be used again. */
const DRAIN_BYTES = 16 * 1024;
const DRAIN_MS = 1000;
const FLOW_BYTES = 16 * 1024;
const START_IDLE_MS = 15_000;
const MIN_IDLE_MS = 6000;
const MAX_IDLE_MS = 30_000;
/** Gaps seen before the silence limit adapts to them. */
const MIN_GAPS = 20;

export interface SlotPorts {
  readonly clock: Clock;
  readonly pool: Pool;
  readonly owner: PermitOwner;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** 0: adaptive. */
  readonly idleTimeoutMs: number;
  readonly allowUnsafeRedirects: boolean;
  /** Bytes to read at once. */
  readAtMost(): number;
  /** Body bytes were read; false when the reader has to pause until `wake('limit')`. */
  debit(slot: Slot, bytes: number): boolean;
  /** An exchange has given more than a server that cuts every connection at once would give. */
  onFlow(): void;
  /** A request that `source` made is over, whatever came of it. */
  onExchanged(exchange: ExchangeRecord, source: RequestSource): void;
  /** Forgets a pause asked by `debit`. */
  forgetDebit(slot: Slot): void;
}

export interface Question {
  readonly source: RequestSource;
  readonly from: URL;
  readonly range?: Interval | undefined;
  /** Not on a connection that served before. */
  readonly isFresh: boolean;
  /** Says whether the body is wanted, and what codings of it are to be undone; nothing of it is read until then. */
  onAnswer(answer: Answer, url: URL): Promise<'refuse' | { readonly codings: readonly string[] }>;
  /** Decoded bytes. `enough`: nothing more is wanted. `last`: the body should end here. */
  onBytes(bytes: Buffer): 'more' | 'last' | 'enough';
}

export type Outcome =
  /** The body was read to its end. `isProven`: by its framing, not only by the end of the connection. */
  | { readonly type: 'ended'; readonly isProven: boolean }
  | { readonly type: 'enough' }
  | { readonly type: 'refused' }
  | { readonly type: 'trouble'; readonly error: DownloadError; readonly hadAnswer: boolean };

type Step =
  | Outcome
  | { readonly type: 'redirect'; readonly status: number; readonly location: string | undefined }
  /** It knows now how the server wants its login. */
  | { readonly type: 'repeat' };
type PauseReason = 'judging' | 'disk' | 'limit' | 'decoding';

export class Slot {
  readonly id: number;
  readonly meter: SpeedMeter;
  state: SegmentView['state'] = 'idle';
  lease: Lease | undefined;
  /** Working on something: not to be given work. */
  isBusy = false;
  isHeld = false;
  /** Its last exchange went well: the ramp may build on it. */
  isProven = false;
  /** Its connection gave a good answer before. */
  hasServed = false;
  /** Answers on this slot's connections differ in their validators: compare before trusting. */
  isWary = false;
  /** After a refusal: the same connection would lead to the same refuser. */
  needsFresh = false;
  /** What it asked for last. */
  link: Link | undefined;
  sleepsUntil = 0;
  /** When its lease was given, in clock milliseconds. */
  leasedAt = 0;
  /** The speed at the end of its last lease; 0 unknown. */
  lastBytesPerSecond = 0;
  /** Validators that an overlap showed to belong to our bytes, for this connection. */
  trusted: Pick<Identity, 'etag' | 'lastModified'> | undefined;
  lastByteAt = Number.NEGATIVE_INFINITY;
  /** What its last new connection cost, in milliseconds: the basis of the next estimate. */
  roundTripMs = 0;
  /** From its last request to the answer. */
  answerMs = 0;
  readonly #ports: SlotPorts;
  readonly #pauses = new Set<PauseReason>();
  #permit: Permit | undefined;
  #permitOrigin: string | undefined;
  #gatedAt: ConnectionTarget | undefined;
  #loan: Loan | undefined;
  #exchange: Exchange | undefined;
  #decoder: BodyDecoder | undefined;
  #stop = new AbortController();
  #end: ((step: Step) => void) | undefined;
  #sentAt = 0;
  #isAnswered = false;
  #flowedBytes = 0;
  #gaps = 0;
  #longestGapMs = 0;

  constructor(id: number, ports: SlotPorts) {
    this.id = id;
    this.#ports = ports;
    this.meter = new SpeedMeter(ports.clock);
  }

  get address(): string | undefined {
    return this.#loan?.connection.address;
  }

  get isStreaming(): boolean {
    return this.state === 'streaming' || this.state === 'throttled';
  }

  /** Waits for a host that asked to be left alone. */
  get closure(): Closure | undefined {
    return this.state === 'gated' && this.#gatedAt ? this.#ports.pool.gate(this.#gatedAt).closure : undefined;
  }

  /** An answer is being weighed: its body waits. */
  get isBeingJudged(): boolean {
    return this.#pauses.has('judging');
  }

  hasConnectionTo(url: URL): boolean {
    return this.#loan?.connection.isOpen === true && this.#loan.connection.origin === url.origin;
  }

  /**
   * Waits until the host of `url` allows a connection; at once where the slot has one.
   * @throws TransportError `aborted` when stopped meanwhile.
   */
  async admit(url: URL, source: RequestSource): Promise<void> {
    if (this.hasConnectionTo(url) && !this.needsFresh) return;
    if (this.#permit && this.#permitOrigin === url.origin) return;
    this.release();
    this.state = 'gated';
    const target = source.target(url);
    this.#gatedAt = target;
    const { signal } = this.#stop;
    try {
      const options = { fresh: this.needsFresh, signal };
      this.#permit = await this.#ports.pool.permit(target, this.#ports.owner, options);
      this.#permitOrigin = url.origin;
    } catch (error) {
      throw signal.aborted ? stopped() : error;
    }
    if (signal.aborted) {
      this.release();
      throw stopped();
    }
  }

  /** One request, redirects followed. Never throws: what goes wrong is an outcome. */
  async ask(question: Question): Promise<Outcome> {
    let { from: url } = question;
    let { method } = question.source;
    let mayRepeat = true;
    try {
      for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
        await this.#connect(url, question);
        const step = await this.#send(url, method, question, mayRepeat);
        mayRepeat = step.type === 'redirect';
        if (step.type === 'repeat') continue;
        if (step.type !== 'redirect') return step;
        url = nextHop(url, step.location, this.#ports.allowUnsafeRedirects);
        if (step.status === 303 || (step.status < 303 && method === 'POST')) method = 'GET';
      }
      throw new DownloadError('E_TOO_MANY_REDIRECTS', `the server redirects more than ${MAX_REDIRECTS} times`);
    } catch (error) {
      this.release();
      const known = error instanceof DownloadError ? error : new DownloadError('E_INTERNAL', String(error), error);
      return { type: 'trouble', error: known, hadAnswer: false };
    } finally {
      this.#exchange = undefined;
      this.#pauses.clear();
      this.#ports.forgetDebit(this);
    }
  }

  /** Gives the connection (or the right to one) back; warm if the last exchange ended well and nobody is to be avoided. */
  release(): void {
    this.#loan?.giveBack(this.#exchange === undefined && !this.needsFresh);
    this.#loan = undefined;
    this.#permit?.release();
    this.#permit = undefined;
    this.#permitOrigin = undefined;
  }

  /** Closes the connection: what is behind it refused us, and no other slot is to meet it either. */
  discard(): void {
    this.#loan?.giveBack(false);
    this.release();
  }

  /** A piece of work begins, of one request or several: what stopped the one before it is over. */
  begin(): void {
    if (this.#stop.signal.aborted) this.#stop = new AbortController();
  }

  /** Ends whatever is under way, and what is asked before the next `begin`; the outcome says `aborted`. */
  stop(): void {
    const reason = stopped();
    // Without a reason of ours the system makes one, with a stack.
    this.#stop.abort(reason);
    this.#fail(reason);
  }

  pause(reason: PauseReason): void {
    this.#pauses.add(reason);
    this.#exchange?.pause();
    if (reason !== 'decoding') this.#decoder?.pause();
    if (this.state === 'streaming') this.state = 'throttled';
  }

  wake(reason: PauseReason): void {
    if (!this.#pauses.delete(reason)) return;
    // What the decoder holds has to leave it before there is room for more.
    if (this.#pauses.size === 0 || (this.#pauses.size === 1 && this.#pauses.has('decoding'))) this.#decoder?.resume();
    if (this.#pauses.size > 0) return;
    // Our own pause is no silence of the server's.
    this.lastByteAt = this.#ports.clock.now();
    if (this.state === 'throttled') this.state = 'streaming';
    this.#exchange?.resume();
  }

  /** The silence until now was not the server's. */
  forgiveSilence(): void {
    this.#sentAt = this.#ports.clock.now();
    this.lastByteAt = this.#sentAt;
  }

  /** Ends an exchange that has been silent for too long. */
  tick(now: number): void {
    if (this.#exchange === undefined || this.#pauses.size > 0) return;
    if (!this.#isAnswered && now - this.#sentAt >= this.#ports.headersTimeoutMs) {
      this.#fail(
        new TransportError('silent', 'E_TIMEOUT', `the server did not answer within ${this.#ports.headersTimeoutMs / 1000} s`),
      );
    } else if (this.#isAnswered && now - this.lastByteAt >= this.idleLimitMs) {
      const seconds = Math.round(this.idleLimitMs / 1000);
      this.#fail(new TransportError('silent', 'E_TIMEOUT', `the server sent nothing for ${seconds} s`));
    }
  }

  /** Silence allowed: eight times the longest recent gap between bytes, within 6 to 30 seconds. */
  get idleLimitMs(): number {
    if (this.#ports.idleTimeoutMs > 0) return this.#ports.idleTimeoutMs;
    if (this.#gaps < MIN_GAPS) return START_IDLE_MS;
    return Math.min(Math.max(8 * this.#longestGapMs, MIN_IDLE_MS), MAX_IDLE_MS);
  }

  async #connect(url: URL, question: Question): Promise<void> {
    const isFresh = question.isFresh || this.needsFresh;
    if (this.hasConnectionTo(url) && !isFresh) return;
    if (this.#loan) this.release();
    await this.admit(url, question.source);
    const permit = this.#permit;
    if (permit === undefined) throw stopped();
    this.#permit = undefined;
    this.state = 'connecting';
    const { clock, pool, connectTimeoutMs: timeoutMs } = this.#ports;
    const startedMs = clock.now();
    const { signal } = this.#stop;
    this.hasServed = false;
    this.#loan = await pool.lend(question.source.target(url), permit, { timeoutMs, fresh: isFresh, signal });
    this.needsFresh = false;
    this.trusted = undefined;
    // Another connection, another speed.
    this.meter.reset();
    if (!this.#loan.isWarm) this.roundTripMs = clock.now() - startedMs;
    if (signal.aborted) throw stopped();
  }

  #send(url: URL, method: string, question: Question, mayRepeat: boolean): Promise<Step> {
    const loan = this.#loan;
    if (loan === undefined || this.#stop.signal.aborted) return Promise.reject(stopped());
    const { clock } = this.#ports;
    this.state = 'headers';
    this.#sentAt = clock.now();
    this.lastByteAt = this.#sentAt;
    this.#isAnswered = false;
    this.#flowedBytes = 0;
    const request = question.source.at(url, question.range, method);
    const exchanged = new ExchangeNote(clock, request);
    return new Promise((resolve) => {
      let drained = Number.NaN;
      let afterDrain: Step | undefined;
      let cancelDrain: (() => void) | undefined;
      const end = (step: Step, isReusable: boolean): void => {
        if (this.#end !== end_) return;
        this.#end = undefined;
        cancelDrain?.();
        const exchange = this.#exchange;
        this.#exchange = undefined;
        this.#decoder?.close();
        this.#decoder = undefined;
        // The next hop begins unpaused: a pause left over would end the watch over its silence.
        this.#pauses.clear();
        if (!isReusable) {
          exchange?.abort();
          loan.giveBack(false);
          if (this.#loan === loan) this.#loan = undefined;
        }
        this.#ports.onExchanged(exchanged.ended(step.type === 'trouble' ? step.error : undefined), question.source);
        resolve(step);
      };
      const end_ = (step: Step): void => end(step, false);
      this.#end = end_;
      /** Ends with `step` once the unwanted body is read away, or at once where it is long. */
      const drain = (step: Step, headers: AnswerHeaders): void => {
        if ((contentLength(headers) ?? Number.POSITIVE_INFINITY) > DRAIN_BYTES) {
          end(step, false);
          return;
        }
        afterDrain = step;
        drained = 0;
        cancelDrain = clock.setTimer(() => end(step, false), DRAIN_MS);
        this.wake('judging');
      };
      const take = (bytes: Buffer): void => {
        const want = question.onBytes(bytes);
        if (want === 'enough') end({ type: 'enough' }, false);
        else if (want === 'last') {
          afterDrain = { type: 'ended', isProven: true };
          drained = 0;
          cancelDrain = clock.setTimer(() => end({ type: 'enough' }, false), DRAIN_MS);
        }
      };
      const newDecoder = (codings: readonly string[]): BodyDecoder =>
        new BodyDecoder(codings, {
          onBytes: take,
          // Its own end proves the body whole, however the connection ended.
          onEnd: () => end({ type: 'ended', isProven: true }, false),
          onError: (error) => end({ type: 'trouble', error, hadAnswer: true }, false),
          onRoom: () => this.wake('decoding'),
        });
      this.#exchange = loan.connection.send(request, {
        readAtMost: () => this.#ports.readAtMost(),
        onAnswer: (status, headers) => {
          this.#isAnswered = true;
          exchanged.answered(status, headers);
          this.lastByteAt = clock.now();
          this.answerMs = this.lastByteAt - this.#sentAt;
          question.source.remember(url, headers);
          this.pause('judging');
          if (isRedirect(status)) {
            drain({ type: 'redirect', status, location: header(headers, 'location') }, headers);
            return;
          }
          if (status === 401 && mayRepeat && question.source.learnLogin(request, headers)) {
            drain({ type: 'repeat' }, headers);
            return;
          }
          question.onAnswer({ status, headers }, url).then(
            (decision) => {
              if (this.#end !== end_) return;
              this.hasServed = decision !== 'refuse';
              loan.noteServed(this.hasServed);
              if (decision === 'refuse') {
                drain({ type: 'refused' }, headers);
                return;
              }
              if (decision.codings.length > 0) this.#decoder = newDecoder(decision.codings);
              this.state = 'streaming';
              this.wake('judging');
            },
            (error: unknown) => {
              const known = error instanceof DownloadError ? error : new DownloadError('E_INTERNAL', String(error), error);
              end({ type: 'trouble', error: known, hadAnswer: true }, false);
            },
          );
        },
        onBytes: (bytes) => {
          this.#noteGap(clock.now());
          exchanged.bytes += bytes.length;
          if (afterDrain) {
            drained += bytes.length;
            if (drained > DRAIN_BYTES) end(afterDrain, false);
            return;
          }
          this.meter.add(bytes.length);
          if (this.#decoder === undefined) take(bytes);
          else if (!this.#decoder.write(bytes)) this.pause('decoding');
          if (this.#end === end_ && afterDrain === undefined && !this.#ports.debit(this, bytes.length)) this.pause('limit');
          const before = this.#flowedBytes;
          this.#flowedBytes += bytes.length;
          if (before < FLOW_BYTES && this.#flowedBytes >= FLOW_BYTES) this.#ports.onFlow();
        },
        onEnd: (isProven) => {
          if (this.#decoder) this.#decoder.end();
          else end(afterDrain ?? { type: 'ended', isProven }, isProven);
        },
        onTrouble: (error) => end(afterDrain ?? { type: 'trouble', error, hadAnswer: this.#isAnswered }, false),
      });
    });
  }

  #noteGap(now: number): void {
    const gapMs = now - this.lastByteAt;
    this.lastByteAt = now;
    this.#gaps += 1;
    // Old gaps fade, so that one hiccup does not make us patient for ever.
    this.#longestGapMs = Math.max(gapMs, this.#longestGapMs * 0.999);
  }

  #fail(error: TransportError): void {
    this.#end?.({ type: 'trouble', error, hadAnswer: this.#isAnswered });
  }
}

const stopped = (): TransportError => new TransportError('aborted', 'E_NETWORK', 'stopped');
