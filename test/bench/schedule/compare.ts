/** Rules side by side on the same random networks, each measured by the best that any could do there. */
import { idealMs } from './ideal.ts';
import { describeNetwork, makeNetwork, type Network } from './network.ts';
import { equalParts, halves, sparsestRun } from './rivals.ts';
import { type Rule, type Run, simulate, sluice } from './simulate.ts';

/** All that are compared, ours first. */
export const rules: readonly Rule[] = [sluice, equalParts, halves, sparsestRun];

/** One rule on one network. */
export interface Result extends Run {
  readonly network: Network;
  /** Of the time of the ideal, 1 at least. */
  readonly ratio: number;
}

/** Runs every rule of `compared` on each network. @throws Error where a rule never ends, or is faster than can be. */
export function compare(seed: number, networks: number, compared: readonly Rule[]): Map<Rule, Result[]> {
  const results = new Map<Rule, Result[]>(compared.map((rule) => [rule, []]));
  for (let index = 0; index < networks; index += 1) {
    const each = compareOne(makeNetwork(seed, index), compared);
    for (const [place, result] of each.entries()) results.get(compared[place] as Rule)?.push(result);
  }
  return results;
}

/** Every rule of `compared`, in their order, on one network. @throws as `compare`. */
export function compareOne(network: Network, compared: readonly Rule[]): Result[] {
  const bestMs = idealMs(network);
  return compared.map((rule) => {
    const run = simulate(network, rule);
    const ratio = run.timeMs / bestMs;
    if (ratio < 0.999999) throw new Error(`${rule.name} is faster than can be, ${ratio}: ${describeNetwork(network)}`);
    return { ...run, network, ratio };
  });
}

/** The value below which a share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
