/**
 * `npm run bench:schedule [-- --networks N --seed S]`: the engine's schedule in virtual time over random networks, beside what
 * other programs do. `--network I` runs one of them and tells what happens. Exits 1 where a target is missed.
 */
import { parseArgs } from 'node:util';
import { quantile, type Result } from './compare.ts';
import { idealMs } from './ideal.ts';
import { describeNetwork, makeNetwork } from './network.ts';
import { compareOnAllCores } from './shared-out.ts';
import { simulate, sluice } from './simulate.ts';

const MiB = 1024 * 1024;
const largeBytes = 100 * MiB;
/** Of files of 100 MiB and more. */
const mostMedian = 1.05;
const mostP99 = 1.25;
/** Networks told about, the worst first. */
const toldNetworks = 5;

const columns: readonly (readonly [head: string, cell: (results: readonly Result[]) => string])[] = [
  ['median', (all) => quantile(ratios(all), 0.5).toFixed(3)],
  ['p90', (all) => quantile(ratios(all), 0.9).toFixed(3)],
  ['p99', (all) => quantile(ratios(all), 0.99).toFixed(3)],
  ['worst', (all) => quantile(ratios(all), 1).toFixed(2)],
  [
    'requests, median',
    (all) =>
      `${quantile(
        all.map(({ requests }) => requests),
        0.5,
      )}`,
  ],
  [
    'p99',
    (all) =>
      `${quantile(
        all.map(({ requests }) => requests),
        0.99,
      )}`,
  ],
  ['hedges a file', (all) => (sum(all.map(({ hedges }) => hedges)) / all.length).toFixed(2)],
  ['wasted', (all) => `${((100 * sum(all.map(({ wastedBytes }) => wastedBytes))) / sum(all.map(sizeOf))).toFixed(3)} %`],
  [
    'wasted MiB, median',
    (all) =>
      (
        quantile(
          all.map(({ wastedBytes }) => wastedBytes),
          0.5,
        ) / MiB
      ).toFixed(2),
  ],
  [
    'p99',
    (all) =>
      (
        quantile(
          all.map(({ wastedBytes }) => wastedBytes),
          0.99,
        ) / MiB
      ).toFixed(1),
  ],
];

const sizeOf = ({ network }: Result): number => network.sizeBytes;
const ratios = (all: readonly Result[]): number[] => all.map(({ ratio }) => ratio);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function table(title: string, rows: readonly (readonly [name: string, results: readonly Result[]])[]): string {
  const lines = rows.map(([name, results]) => `| ${[name, ...columns.map(([, cell]) => cell(results))].join(' | ')} |`);
  const head = `| time ÷ ideal | ${columns.map(([each]) => each).join(' | ')} |`;
  return [`${title}\n`, head, `|---|${'--:|'.repeat(columns.length)}`, ...lines].join('\n');
}

function tellOne(seed: number, index: number): void {
  const network = makeNetwork(seed, index);
  console.log(describeNetwork(network));
  const run = simulate(network, sluice, (line) => console.log(line));
  const bestMs = idealMs(network);
  console.log(
    `${(run.timeMs / 1000).toFixed(2)} s, the ideal ${(bestMs / 1000).toFixed(2)} s: ${(run.timeMs / bestMs).toFixed(3)}; ` +
      `${run.requests} requests, ${run.hedges} hedges, ${(run.wastedBytes / MiB).toFixed(2)} MiB wasted`,
  );
}

/** Of files of 100 MiB and more. */
const ofLarge = (results: readonly Result[]): Result[] => results.filter(({ network }) => network.sizeBytes >= largeBytes);

function figuresOf(ours: readonly Result[]): string {
  const [median, p99] = [quantile(ratios(ours), 0.5), quantile(ratios(ours), 0.99)];
  return `median ${median.toFixed(3)} (at most ${mostMedian}), p99 ${p99.toFixed(3)} (at most ${mostP99})`;
}

async function main(seed: number, networks: number): Promise<void> {
  const begun = performance.now();
  const results = await compareOnAllCores(seed, networks, (count, soFar) => {
    if (count % 1000 === 0) process.stderr.write(`${count} networks: ${figuresOf(ofLarge(soFar.get(sluice) ?? []))}\n`);
  });
  const seconds = (performance.now() - begun) / 1000;
  console.log(`seed ${seed}, ${networks} networks, ${seconds.toFixed(0)} s\n`);
  const only = (holds: (result: Result) => boolean) => [...results].map(([rule, all]) => [rule.name, all.filter(holds)] as const);
  const large = [...results].map(([rule, all]) => [rule.name, ofLarge(all)] as const);
  console.log(`${table(`Files of 100 MiB and more (${large[0]?.[1].length ?? 0})`, large)}\n`);
  const small = only(({ network }) => network.sizeBytes < largeBytes);
  console.log(`${table(`Smaller files (${small[0]?.[1].length ?? 0})`, small)}\n`);
  const ours = large[0]?.[1] ?? [];
  for (const { network, ratio } of [...ours].sort((a, b) => b.ratio - a.ratio).slice(0, toldNetworks)) {
    console.log(`${ratio.toFixed(2)}: ${describeNetwork(network)}`);
  }
  const [median, p99] = [quantile(ratios(ours), 0.5), quantile(ratios(ours), 0.99)];
  const isMet = median <= mostMedian && p99 <= mostP99;
  console.log(`\n${isMet ? 'met' : 'missed'}: ${figuresOf(ours)}`);
  if (!isMet) process.exitCode = 1;
}

const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '2026' },
    network: { type: 'string' },
  },
});
const [networks, seed] = [Number(values.networks), Number(values.seed)];
if (!Number.isSafeInteger(networks) || networks < 1 || !Number.isSafeInteger(seed)) {
  console.error('bench:schedule: --networks and --seed take whole numbers, networks at least 1');
  process.exitCode = 2;
} else if (values.network === undefined) await main(seed, networks);
else tellOne(seed, Number(values.network));
