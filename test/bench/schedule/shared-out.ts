/** A run shared out to all cores: ten thousand networks take minutes. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type Result, rules } from './compare.ts';
import { makeNetwork } from './network.ts';
import type { Rule } from './simulate.ts';
import type { Share, Told } from './worker.ts';

/** As `compare` of all rules, in any order. @throws what a worker throws. */
export async function compareOnAllCores(
  seed: number,
  networks: number,
  onNetwork: (count: number, results: ReadonlyMap<Rule, readonly Result[]>) => void,
): Promise<ReadonlyMap<Rule, readonly Result[]>> {
  const results = new Map<Rule, Result[]>(rules.map((rule) => [rule, []]));
  const step = Math.min(availableParallelism(), networks);
  let count = 0;
  const take = ({ index, told }: { readonly index: number; readonly told: Told }): void => {
    const network = makeNetwork(seed, index);
    for (const [place, theirs] of [...results.values()].entries()) {
      const figures = told[place];
      if (figures) theirs.push({ ...figures, network });
    }
    count += 1;
    onNetwork(count, results);
  };
  const shares = Array.from({ length: step }, (_, first): Share => ({ seed, networks, first, step }));
  await Promise.all(shares.map((share) => carriedOut(share, take)));
  return results;
}

function carriedOut(share: Share, take: (told: { readonly index: number; readonly told: Told }) => void): Promise<void> {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: share });
  return new Promise((resolve, reject) => {
    worker.on('message', take);
    worker.on('error', reject);
    worker.on('exit', () => resolve());
  });
}
