/** One of several that share a run out: takes the networks `first`, `first + step`, … and tells each result as it comes. */
import { parentPort, workerData } from 'node:worker_threads';
import { compareOne, type Result, rules } from './compare.ts';
import { makeNetwork } from './network.ts';

export interface Share {
  readonly seed: number;
  readonly networks: number;
  readonly first: number;
  readonly step: number;
}

/** In the order of `rules`. */
export type Told = readonly Omit<Result, 'network'>[];

const { seed, networks, first, step } = workerData as Share;
for (let index = first; index < networks; index += step) {
  const told: Told = compareOne(makeNetwork(seed, index), rules).map(({ network: _network, ...figures }) => figures);
  parentPort?.postMessage({ index, told });
}
