/** Connections that rest until somebody can use them, as in the engine's pool: the last used first, four seconds at most. */
import type { Flow, Reader, Wire } from './wire.ts';

const IDLE_MS = 4000;

interface Resting {
  readonly flow: Flow;
  readonly closeAtMs: number;
}

export class WarmFlows {
  readonly #wire: Wire;
  #resting: Resting[] = [];

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get has(): boolean {
    return this.#resting.length > 0;
  }

  get nextAtMs(): number {
    return this.#resting[0]?.closeAtMs ?? Number.POSITIVE_INFINITY;
  }

  keep(flow: Flow): void {
    flow.reader = {
      onConnected: () => {},
      onFirstByte: () => {},
      onBytes: () => {},
      onEnough: () => {},
      onRefused: () => {},
      onFreeze: () => {},
      onDeath: () => {
        this.#resting = this.#resting.filter((other) => other.flow !== flow);
      },
    };
    this.#resting.push({ flow, closeAtMs: this.#wire.nowMs + IDLE_MS });
  }

  take(reader: Reader): Flow | undefined {
    const flow = this.#resting.pop()?.flow;
    if (flow) flow.reader = reader;
    return flow;
  }

  /** Closes those idle for too long. */
  sweep(): void {
    while (this.nextAtMs <= this.#wire.nowMs) this.#closeOldest();
  }

  /** Closes what exceeds `bound`. */
  makeRoom(bound: number): void {
    while (this.#resting.length > 0 && this.#resting.length > bound) this.#closeOldest();
  }

  #closeOldest(): void {
    const oldest = this.#resting.shift();
    if (oldest) this.#wire.close(oldest.flow);
  }
}
