/**
 * A network in motion: connections as fluids. Between two events every speed is constant, so time leaps from event to event
 * and a 100 GiB file costs no more to compute than a small one. A connection starts slowly (RFC 6928: ten packets, doubled
 * each round trip), gets what its place gives, and where all together would get more than the bottleneck lets through, those
 * that want more than an even share of it get an even share.
 */
import type { Network } from './network.ts';
import { Weather } from './weather.ts';

const FIRST_WINDOW_BYTES = 10 * 1460;

/** Who uses a connection. */
export interface Reader {
  onConnected(): void;
  onFirstByte(): void;
  /** Came at constant speed from `fromMs` on until now. */
  onBytes(bytes: number, fromMs: number): void;
  /** As many bytes came as were wanted. */
  onEnough(): void;
  /** 503: the host serves enough already. */
  onRefused(): void;
  onDeath(): void;
  onFreeze(): void;
}

/** One connection. */
export class Flow {
  /** Undefined: the host serves no more, and will say so. */
  readonly place: number | undefined;
  readonly roundTripMs: number;
  reader: Reader | undefined;
  phase: 'connecting' | 'idle' | 'asked' | 'streaming' = 'connecting';
  isFrozen = false;
  /** A body byte came over it. */
  hasServed = false;
  /** When the handshake is done, or the first byte is due. */
  stepsAtMs: number;
  /** Bytes a second now. */
  speed = 0;
  /** What it would take without the bottleneck. */
  demand = 0;
  /** What slow start allows. */
  windowSpeed: number;
  growsAtMs = Number.POSITIVE_INFINITY;
  /** Bytes until the reader wants to be told. */
  wantedBytes = 0;
  settledAtMs = 0;

  constructor(place: number | undefined, roundTripMs: number, readyAtMs: number, reader: Reader) {
    this.place = place;
    this.roundTripMs = roundTripMs;
    this.stepsAtMs = readyAtMs;
    this.reader = reader;
    this.windowSpeed = (FIRST_WINDOW_BYTES / roundTripMs) * 1000;
  }

  get enoughAtMs(): number {
    if (this.wantedBytes <= 0) return this.settledAtMs;
    return this.speed > 0 ? this.settledAtMs + (this.wantedBytes / this.speed) * 1000 : Number.POSITIVE_INFINITY;
  }

  get nextAtMs(): number {
    if (this.isFrozen || this.phase === 'idle') return Number.POSITIVE_INFINITY;
    return this.phase === 'streaming' ? Math.min(this.growsAtMs, this.enoughAtMs) : this.stepsAtMs;
  }
}

export class Wire {
  nowMs = 0;
  readonly #network: Network;
  readonly #weathers: Weather[];
  readonly #flows: Flow[] = [];
  /** Who is at which place. */
  readonly #taken: (Flow | undefined)[];

  constructor(network: Network) {
    this.#network = network;
    this.#weathers = network.places.map((place) => new Weather(network, place));
    this.#taken = network.places.map(() => undefined);
  }

  /** A new connection, on its first free place. */
  open(reader: Reader): Flow {
    const free = this.#taken.indexOf(undefined);
    const place = free < 0 ? undefined : free;
    const roundTripMs = this.#network.places[place ?? 0]?.roundTripMs ?? 0;
    const flow = new Flow(place, roundTripMs, this.nowMs + this.#network.handshakes * roundTripMs, reader);
    this.#flows.push(flow);
    if (place !== undefined) this.#taken[place] = flow;
    return flow;
  }

  /** Sends a request: the answer's first byte comes a round trip later. */
  ask(flow: Flow, wantedBytes: number): void {
    flow.phase = 'asked';
    flow.wantedBytes = wantedBytes;
    flow.stepsAtMs = this.nowMs + flow.roundTripMs;
  }

  /** The answer was read to its end: the connection may serve again. */
  rest(flow: Flow): void {
    this.settle(flow);
    flow.phase = 'idle';
    flow.growsAtMs = Number.POSITIVE_INFINITY;
    this.#demand(flow);
  }

  close(flow: Flow): void {
    this.settle(flow);
    flow.reader = undefined;
    flow.phase = 'idle';
    const index = this.#flows.indexOf(flow);
    if (index < 0) return;
    this.#flows.splice(index, 1);
    if (flow.place !== undefined) this.#taken[flow.place] = undefined;
    this.#demand(flow);
  }

  /** Gives the reader what came until now. */
  settle(flow: Flow): void {
    const bytes = Math.min((flow.speed * (this.nowMs - flow.settledAtMs)) / 1000, flow.wantedBytes);
    const fromMs = flow.settledAtMs;
    flow.settledAtMs = this.nowMs;
    if (bytes <= 0) return;
    flow.wantedBytes -= bytes;
    flow.reader?.onBytes(bytes, fromMs);
  }

  get nextAtMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const flow of this.#flows) next = Math.min(next, flow.nextAtMs);
    for (const weather of this.#weathers) next = Math.min(next, weather.nextAtMs);
    return next;
  }

  /** Moves time on to `atMs`, no further than `nextAtMs`, and lets happen what is due then. */
  advanceTo(atMs: number): void {
    this.nowMs = Math.max(this.nowMs, atMs);
    for (const [place, weather] of this.#weathers.entries()) if (weather.nextAtMs <= atMs) this.#weatherAt(place, weather);
    // A reader that is told opens, closes and asks: work on a copy.
    for (const flow of [...this.#flows]) if (flow.nextAtMs <= atMs) this.#step(flow);
  }

  #weatherAt(place: number, weather: Weather): void {
    const event = weather.take();
    const flow = this.#taken[place];
    if (flow === undefined) return;
    if (event === 'change') this.#demand(flow);
    else if (event === 'death') this.#die(flow);
    else {
      flow.isFrozen = true;
      this.#demand(flow);
      flow.reader?.onFreeze();
    }
  }

  #die(flow: Flow): void {
    const { reader } = flow;
    this.close(flow);
    reader?.onDeath();
  }

  #step(flow: Flow): void {
    const { reader } = flow;
    switch (flow.phase) {
      case 'connecting':
        flow.phase = 'idle';
        reader?.onConnected();
        return;
      case 'asked':
        if (flow.place === undefined) {
          reader?.onRefused();
          return;
        }
        flow.phase = 'streaming';
        flow.hasServed = true;
        flow.settledAtMs = this.nowMs;
        if (Number.isFinite(flow.windowSpeed)) flow.growsAtMs = this.nowMs + flow.roundTripMs;
        this.#demand(flow);
        reader?.onFirstByte();
        return;
      case 'streaming':
        if (flow.enoughAtMs <= this.nowMs) {
          this.settle(flow);
          flow.wantedBytes = 0;
          reader?.onEnough();
        } else if (flow.growsAtMs <= this.nowMs) this.#grow(flow);
        return;
      case 'idle':
        return;
    }
  }

  #grow(flow: Flow): void {
    flow.windowSpeed *= 2;
    flow.growsAtMs += flow.roundTripMs;
    const most = this.#network.places[flow.place ?? 0]?.bytesPerSecond ?? 0;
    // Far beyond what the place ever gives: it has grown up.
    if (flow.windowSpeed > 8 * most) {
      flow.windowSpeed = Number.POSITIVE_INFINITY;
      flow.growsAtMs = Number.POSITIVE_INFINITY;
    }
    this.#demand(flow);
  }

  /** The flow's demand may have changed: so may all speeds. */
  #demand(flow: Flow): void {
    const isOpen = flow.phase === 'streaming' && !flow.isFrozen && flow.reader !== undefined;
    const speed = flow.place === undefined ? 0 : (this.#weathers[flow.place]?.bytesPerSecond ?? 0);
    const demand = isOpen ? Math.min(speed, flow.windowSpeed) : 0;
    if (demand === flow.demand && demand === flow.speed) return;
    flow.demand = demand;
    if (!Number.isFinite(this.#network.bottleneckBytesPerSecond)) {
      this.#setSpeed(flow, demand);
      return;
    }
    if (demand === 0) this.#setSpeed(flow, 0);
    let left = this.#network.bottleneckBytesPerSecond;
    const hungry = this.#flows.filter((other) => other.demand > 0).sort((a, b) => a.demand - b.demand);
    for (const [index, other] of hungry.entries()) {
      const share = Math.min(other.demand, left / (hungry.length - index));
      left -= share;
      this.#setSpeed(other, share);
    }
  }

  #setSpeed(flow: Flow, speed: number): void {
    if (flow.speed === speed) return;
    this.settle(flow);
    flow.speed = speed;
  }
}
