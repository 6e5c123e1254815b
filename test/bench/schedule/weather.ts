/** What happens at one place of a network in the course of time. Made as it is needed: a long download has many events. */
import type { Network, Place } from './network.ts';
import { Random } from './random.ts';

export type WeatherEvent = 'change' | 'death' | 'freeze';

export class Weather {
  /** The speed now. */
  bytesPerSecond: number;
  nextAtMs = 0;
  readonly #place: Place;
  readonly #network: Network;
  readonly #changes: Random;
  readonly #deaths: Random;
  #changesAtMs: number;
  #diesAtMs: number;
  #dripsFromMs: number;
  #freezesAtMs: number;
  #changed = 1;
  #dripped = 1;

  constructor(network: Network, place: Place) {
    this.#network = network;
    this.#place = place;
    this.bytesPerSecond = place.bytesPerSecond;
    this.#changes = new Random(place.weatherSeed, 1);
    this.#deaths = new Random(place.weatherSeed, 2);
    this.#changesAtMs = this.#changes.exponential(network.changeMeanMs);
    this.#diesAtMs = this.#deaths.exponential(network.deathMeanMs);
    this.#dripsFromMs = place.dripsFromMs;
    this.#freezesAtMs = place.freezesAtMs;
    this.#look();
  }

  /** What comes at `nextAtMs`; moves on to what follows. */
  take(): WeatherEvent {
    const event = this.#takeNext();
    this.bytesPerSecond = this.#place.bytesPerSecond * this.#changed * this.#dripped;
    this.#look();
    return event;
  }

  #takeNext(): WeatherEvent {
    const at = this.nextAtMs;
    if (at === this.#freezesAtMs) {
      this.#freezesAtMs = Number.POSITIVE_INFINITY;
      return 'freeze';
    }
    if (at === this.#diesAtMs) {
      this.#diesAtMs += this.#deaths.exponential(this.#network.deathMeanMs);
      return 'death';
    }
    if (at === this.#dripsFromMs) {
      this.#dripped = this.#place.dripFactor;
      this.#dripsFromMs = Number.POSITIVE_INFINITY;
    } else {
      this.#changed = Math.exp(this.#network.changeSigma * this.#changes.normal());
      this.#changesAtMs += this.#changes.exponential(this.#network.changeMeanMs);
    }
    return 'change';
  }

  #look(): void {
    this.nextAtMs = Math.min(this.#changesAtMs, this.#diesAtMs, this.#dripsFromMs, this.#freezesAtMs);
  }
}
