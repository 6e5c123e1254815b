/**
 * Networks drawn at random. A host has *places*: who connects gets the first free one and its speed, its round trip and its
 * faults, so that every rule (and the ideal) meets the very same network however it spends its connections.
 */
import { Random } from './random.ts';

const MiB = 1024 * 1024;

export interface Place {
  readonly bytesPerSecond: number;
  readonly roundTripMs: number;
  /** Of its changes and deaths. */
  readonly weatherSeed: number;
  /** From here on it only drips, whoever connects: a new connection does not cure it. */
  readonly dripsFromMs: number;
  /** What is left of its speed then. */
  readonly dripFactor: number;
  /** The connection that is open here then stays open and silent for good; only a new one works. */
  readonly freezesAtMs: number;
}

export interface Network {
  readonly seed: number;
  readonly index: number;
  readonly sizeBytes: number;
  /** What the user asks for. */
  readonly connections: number;
  /** As many as the host serves at once, if fewer than asked for; one more is answered with 503. */
  readonly places: readonly Place[];
  /** Round trips before a request can be sent: 1, or 2 with TLS 1.3. */
  readonly handshakes: number;
  /** What all connections get together at most. */
  readonly bottleneckBytesPerSecond: number;
  /** Mean time between two deaths of the connections at one place. */
  readonly deathMeanMs: number;
  /** Mean time between two changes of a place's speed, and how much it changes (of the logarithm, one deviation). */
  readonly changeMeanMs: number;
  readonly changeSigma: number;
}

/** The network number `index` of a seed. */
export function makeNetwork(seed: number, index: number): Network {
  const random = new Random(seed, index);
  const sizeBytes = Math.round(random.logBetween(MiB, 100 * 1024 * MiB));
  const connections = random.whole(4, 16);
  const served = random.chance(0.2) ? random.whole(2, connections - 1) : connections;
  const roundTripMs = random.logBetween(5, 400);
  const usualBytesPerSecond = random.logBetween(100e3, 20e6);
  const sigma = random.between(0, 1.2);
  const speeds = Array.from({ length: served }, () => usualBytesPerSecond * Math.exp(sigma * random.normal()));
  const sum = speeds.reduce((total, speed) => total + speed, 0);
  const bottleneckBytesPerSecond = random.chance(0.5) ? sum * random.between(0.2, 1) : Number.POSITIVE_INFINITY;
  // Faults are of interest while the download runs: about this long.
  const usualMs = 5 * roundTripMs + (sizeBytes / Math.min(sum, bottleneckBytesPerSecond)) * 1000;
  const deathMeanMs = random.chance(0.3) ? random.logBetween(20_000, 600_000) : Number.POSITIVE_INFINITY;
  const isChanging = random.chance(0.5);
  const frozen = random.chance(0.03) ? random.whole(0, served - 1) : -1;
  const dripping = random.chance(0.03) ? random.whole(0, served - 1) : -1;
  const places = speeds.map((bytesPerSecond, place) => ({
    bytesPerSecond,
    roundTripMs: roundTripMs * random.between(1, 1.3),
    weatherSeed: random.bits(),
    dripsFromMs: place === dripping ? random.next() * usualMs : Number.POSITIVE_INFINITY,
    dripFactor: Math.max(random.logBetween(0.002, 0.05), 2000 / bytesPerSecond),
    freezesAtMs: place === frozen ? random.next() * usualMs : Number.POSITIVE_INFINITY,
  }));
  return {
    seed,
    index,
    sizeBytes,
    connections,
    places,
    handshakes: random.chance(0.7) ? 2 : 1,
    bottleneckBytesPerSecond,
    deathMeanMs,
    // Few enough that a day's download costs no more to compute than a minute's.
    changeMeanMs: isChanging ? Math.max(1000, usualMs / 30) : Number.POSITIVE_INFINITY,
    changeSigma: isChanging ? random.between(0.1, 0.6) : 0,
  };
}

/** One line that tells a network from others. */
export function describeNetwork(network: Network): string {
  const { sizeBytes, connections, places, handshakes, bottleneckBytesPerSecond, deathMeanMs, changeSigma } = network;
  const speeds = places.map(({ bytesPerSecond }) => (bytesPerSecond / 1e6).toFixed(2)).join(' ');
  const parts = [
    `network ${network.index} of seed ${network.seed}: ${(sizeBytes / MiB).toFixed(1)} MiB`,
    `${connections} connections${places.length < connections ? `, ${places.length} served` : ''}`,
    `round trip ${places[0]?.roundTripMs.toFixed(0)} ms, ${handshakes === 2 ? 'TLS' : 'plain'}`,
    `MB/s each ${speeds}`,
    Number.isFinite(bottleneckBytesPerSecond) ? `together at most ${(bottleneckBytesPerSecond / 1e6).toFixed(2)}` : '',
    Number.isFinite(deathMeanMs) ? `a death each ${(deathMeanMs / 1000).toFixed(0)} s` : '',
    changeSigma > 0 ? `speeds change by ${changeSigma.toFixed(2)}` : '',
    ...places.map(({ freezesAtMs }, place) =>
      Number.isFinite(freezesAtMs) ? `place ${place} freezes at ${(freezesAtMs / 1000).toFixed(2)} s` : '',
    ),
    ...places.map(({ dripsFromMs }, place) =>
      Number.isFinite(dripsFromMs) ? `place ${place} drips from ${(dripsFromMs / 1000).toFixed(2)} s` : '',
    ),
  ];
  return parts.filter((part) => part !== '').join('; ');
}
