/** Somebody who asks a host's gate for connections and remembers what they got. */
import type { Clock } from '../../electron/engine/clock.ts';
import type { HostGate, Permit } from '../../electron/engine/network/host-gate.ts';

const never = new AbortController().signal;

/** Lets promises run on. */
export const settled = (): Promise<unknown> => new Promise(setImmediate);

export class PermitHolder {
  readonly permits: Permit[] = [];
  /** When each permit was given. */
  readonly instants: number[] = [];
  readonly #gate: HostGate;
  readonly #clock: Clock;

  constructor(gate: HostGate, clock: Clock) {
    this.#gate = gate;
    this.#clock = clock;
  }

  /** Asks for so many connections, warm ones if said so. */
  ask(count = 1, isReuse = false, signal = never): void {
    for (let n = 0; n < count; n += 1) {
      this.#gate
        .acquire(this, () => isReuse, signal)
        .then(
          (permit) => {
            this.permits.push(permit);
            this.instants.push(this.#clock.now());
          },
          () => {},
        );
    }
  }

  /** Asks and has them served; warm ones, which nothing spaces. */
  async serve(count: number): Promise<void> {
    this.ask(count, true);
    await settled();
    for (const permit of this.permits) permit.noteServed(true);
  }

  release(count = this.permits.length): void {
    for (const permit of this.permits.splice(0, count)) permit.release();
  }
}
