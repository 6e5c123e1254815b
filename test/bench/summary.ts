/** From many runs to the few figures that are told: medians, spread, ratios to Sluice, targets met or missed. */
import type { Run } from './one-run.ts';
import type { Scenario, Target } from './scenarios.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface Summary {
  readonly name: string;
  readonly runs: number;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakBytes: Spread;
  /** Absent where nothing was fetched. */
  readonly connections?: Spread;
  /** Body bytes the server sent, as a multiple of the size. */
  readonly sentShare?: Spread;
  readonly ownSyncMs?: Spread;
  readonly syncAfterMs?: Spread;
  readonly loopMs?: Spread;
  /** Its median by the ideal. */
  readonly idealRatio?: number;
  /** This entrant's median by Sluice's. */
  readonly wallRatio?: number;
  readonly cpuRatio?: number;
}

export interface Verdict {
  readonly target: string;
  /** Undefined where the other is missing. */
  readonly isMet?: boolean;
  readonly value?: string;
}

export interface Result {
  readonly scenario: string;
  readonly title: string;
  readonly entrants: readonly Summary[];
  readonly verdicts: readonly Verdict[];
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  const median = sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

/** The spread of a figure that not every run has; nothing where none has it. */
function optional<K extends string>(key: K, values: readonly (number | undefined)[]): { [P in K]?: Spread } {
  const known = values.filter((value) => value !== undefined);
  return (known.length === 0 ? {} : { [key]: spreadOf(known) }) as { [P in K]?: Spread };
}

function summaryOf(name: string, runs: readonly Run[], { files, idealMs }: Scenario): Summary {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const wallMs = spreadOf(runs.map((run) => run.wallMs));
  return {
    name,
    runs: runs.length,
    wallMs,
    ...(idealMs === undefined ? {} : { idealRatio: wallMs.median / idealMs }),
    cpuMs: spreadOf(runs.map(({ cpuMs }) => cpuMs)),
    peakBytes: spreadOf(runs.map(({ peakBytes }) => peakBytes)),
    ...optional(
      'connections',
      runs.map(({ seen }) => seen?.connections),
    ),
    ...optional(
      'sentShare',
      runs.map(({ seen }) => seen && seen.bodyBytes / size),
    ),
    ...optional(
      'ownSyncMs',
      runs.map(({ ownSyncMs }) => ownSyncMs),
    ),
    ...optional(
      'syncAfterMs',
      runs.map(({ syncAfterMs }) => syncAfterMs),
    ),
    ...optional(
      'loopMs',
      runs.map(({ loopMs }) => loopMs),
    ),
  };
}

function judge(target: Target, sluice: Summary, entrants: readonly Summary[]): Verdict {
  const { figure, most } = target;
  switch (figure) {
    case 'peak': {
      const megabytes = sluice.peakBytes.most / 1e6;
      return { target: `peak at most ${most} MB`, isMet: megabytes <= most, value: `${Math.round(megabytes)} MB` };
    }
    case 'loop': {
      const lateMs = sluice.loopMs?.median ?? Number.NaN;
      return { target: `event loop late by at most ${most} ms (p99)`, isMet: lateMs <= most, value: `${lateMs.toFixed(1)} ms` };
    }
    case 'ideal':
      return { target: `wall at most ${most} × the ideal`, ...ratioTo(most, sluice.idealRatio ?? Number.NaN) };
    default: {
      const text = `${figure} at most ${most} × ${target.than}`;
      const other = entrants.find(({ name }) => name === target.than);
      if (other === undefined) return { target: text };
      const key = figure === 'wall' ? 'wallMs' : 'cpuMs';
      return { target: text, ...ratioTo(most, sluice[key].median / other[key].median) };
    }
  }
}

const ratioTo = (most: number, ratio: number): Pick<Verdict, 'isMet' | 'value'> => ({
  isMet: ratio <= most,
  value: `${ratio.toFixed(2)} ×`,
});

/** `runs` by entrant, in the order of the table. */
export function resultOf(scenario: Scenario, runs: ReadonlyMap<string, readonly Run[]>): Result {
  const plain = [...runs].map(([name, theirs]) => summaryOf(name, theirs, scenario));
  const sluice = plain.find(({ name }) => name === 'sluice');
  const entrants = plain.map((entrant) =>
    sluice === undefined
      ? entrant
      : {
          ...entrant,
          wallRatio: entrant.wallMs.median / sluice.wallMs.median,
          cpuRatio: entrant.cpuMs.median / sluice.cpuMs.median,
        },
  );
  const verdicts = sluice === undefined ? [] : scenario.targets.map((target) => judge(target, sluice, plain));
  return { scenario: scenario.name, title: scenario.title, entrants, verdicts };
}
