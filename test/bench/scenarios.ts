/** What is compared: the work, who can do it, and what Sluice aims at. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment, sluiceCommand } from './built-sluice.ts';
import type { Command } from './measure.ts';
import type { Door, Nginx } from './nginx.ts';
import { type Conditions, idealMs, type OriginProcess } from './origin.ts';
import type { Tool } from './peers.ts';
import { cappedFile, hugeFile, largeFile, limitedFile, type SourceFile, smallFiles, unevenFile } from './sources.ts';

/** Where one run happens. */
export interface Place {
  readonly nginx: Nginx;
  /** The files nginx serves. */
  readonly files: string;
  /** Empty; what is fetched goes here. */
  readonly directory: string;
  /** Of this run alone: what nginx's log lines are found by. */
  readonly token: string;
  /** An origin of ours, for this run alone; nginx serves nothing then. */
  origin(conditions: Conditions): Promise<OriginProcess>;
}

/** At most `most` times what `than` took, times the ideal, megabytes, or milliseconds that the event loop is late (p99). */
export type Target =
  | { readonly figure: 'wall' | 'cpu'; readonly than: string; readonly most: number }
  | { readonly figure: 'ideal' | 'peak' | 'loop'; readonly most: number };

/** A contestant: a tool, or what stands in for one. */
export interface Entrant {
  readonly name: string;
  prepare(place: Place): Promise<Command> | Command;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly files: readonly SourceFile[];
  /** Written to the real disk, where syncing costs time. */
  readonly isOnDisk?: boolean;
  /** What no schedule can beat; see `idealMs`. */
  readonly idealMs?: number;
  /** So long that it is done in the first round only. */
  readonly isOnce?: boolean;
  /** Runs a round; more than one where a run is short. */
  readonly repeats?: number;
  readonly targets: readonly Target[];
  entrants(tools: readonly Tool[]): Entrant[];
}

interface OneFileOptions {
  readonly door: Door;
  readonly connections: number;
  readonly file: SourceFile;
}

const fetchOne =
  ({ door, connections, file }: OneFileOptions) =>
  (tools: readonly Tool[]): Entrant[] =>
    tools.map((tool) => ({
      name: tool.name,
      prepare: ({ nginx, token, directory }) => {
        const { name, size } = file;
        const url = nginx.url(door, token, name);
        return tool.one({ url, size, connections, directory, name, authority: nginx.authority });
      },
    }));

const jobs = 16;

function fetchMany(tools: readonly Tool[]): Entrant[] {
  return tools.flatMap(({ name, many }) =>
    many === undefined
      ? []
      : [
          {
            name,
            prepare: async ({ nginx, token, directory }: Place) => {
              const list = join(directory, '..', 'list.txt');
              await writeFile(list, smallFiles.map((file) => `${nginx.url('http', token, file.name)}\n`).join(''));
              return many({ list, jobs, directory });
            },
          },
        ],
  );
}

const connectionsOf = ({ bytesPerSecond }: Conditions): number => bytesPerSecond.length;

const fetchUnder =
  (conditions: Conditions) =>
  (tools: readonly Tool[]): Entrant[] =>
    segmented(tools).map((tool) => ({
      name: tool.name,
      prepare: async ({ origin, directory, nginx }) => {
        const { url } = await origin(conditions);
        const { name, size } = conditions.file;
        return tool.one({ url, size, connections: connectionsOf(conditions), directory, name, authority: nginx.authority });
      },
    }));

/** Sluice alone, with options or an environment of its own. */
const sluiceAlone =
  (file: SourceFile, args: readonly string[], environment: (directory: string) => NodeJS.ProcessEnv = () => ({})) =>
  (): Entrant[] => [
    {
      name: 'sluice',
      prepare: ({ nginx, token, directory }) => ({
        command: sluiceCommand('get', '--quiet', '-d', directory, ...args, nginx.url('http', token, file.name)),
        env: { ...plainEnvironment(join(directory, 'data')), ...environment(directory) },
      }),
    },
  ];

const loopWatch = (directory: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import=${new URL('loop-watch.ts', import.meta.url)}`,
  LOOP_WATCH: join(directory, 'loop'),
});

/** How long the command takes to be there at all, against the Node it runs on. */
function startUp(): Entrant[] {
  const run = (name: string, command: readonly string[]): Entrant => ({
    name,
    prepare: ({ directory }) => ({ command, env: plainEnvironment(join(directory, 'data')) }),
  });
  return [run('sluice', sluiceCommand('--version')), run('node -e 0', [process.execPath, '-e', '0'])];
}

const MiB = 1024 * 1024;
const same = (rate: number, connections: number): number[] => Array.from({ length: connections }, () => rate);
const uneven: Conditions = { file: unevenFile, bytesPerSecond: [8, 4, 2, 2, 1, 1, 0.25, 0.1].map((rate) => rate * MiB) };
const capped: Conditions = { file: cappedFile, bytesPerSecond: same(4 * MiB, 16) };
const far: Conditions = { file: cappedFile, bytesPerSecond: same(2 * MiB, 16), roundTripMs: 100 };

const peak: Target = { figure: 'peak', most: 150 };
const asAria2: readonly Target[] = [
  { figure: 'wall', than: 'aria2c', most: 1 },
  { figure: 'cpu', than: 'aria2c', most: 1.3 },
];
const segmented = (tools: readonly Tool[]): Tool[] => tools.filter(({ isSegmented }) => isSegmented);

export const scenarios: readonly Scenario[] = [
  {
    name: 'http-8',
    title: '1 GiB, HTTP, 8 connections',
    files: [largeFile],
    targets: [...asAria2, peak],
    entrants: fetchOne({ door: 'http', connections: 8, file: largeFile }),
  },
  {
    name: 'http-16',
    title: '1 GiB, HTTP, 16 connections',
    files: [largeFile],
    targets: [...asAria2, peak],
    entrants: fetchOne({ door: 'http', connections: 16, file: largeFile }),
  },
  {
    name: 'https-8',
    title: '1 GiB, HTTPS, 8 connections',
    files: [largeFile],
    targets: [...asAria2, peak],
    entrants: fetchOne({ door: 'https', connections: 8, file: largeFile }),
  },
  {
    name: 'uneven-8',
    title: '96 MiB over connections of 8, 4, 2, 2, 1, 1, 0.25 and 0.1 MiB/s',
    files: [unevenFile],
    idealMs: idealMs(uneven),
    targets: [{ figure: 'ideal', most: 1.2 }],
    entrants: fetchUnder(uneven),
  },
  {
    name: 'capped-16',
    title: '512 MiB over 16 connections of 4 MiB/s each',
    files: [cappedFile],
    idealMs: idealMs(capped),
    targets: [{ figure: 'ideal', most: 1.08 }],
    entrants: fetchUnder(capped),
  },
  {
    name: 'far-16',
    title: '512 MiB over 16 connections of 2 MiB/s each, 100 ms away',
    files: [cappedFile],
    idealMs: idealMs(far),
    targets: [{ figure: 'ideal', most: 1.08 }],
    entrants: fetchUnder(far),
  },
  {
    name: 'disk-8',
    title: '1 GiB, HTTP, 8 connections, to the disk, synced',
    files: [largeFile],
    isOnDisk: true,
    targets: [],
    entrants: fetchOne({ door: 'http', connections: 8, file: largeFile }),
  },
  {
    name: 'small-files',
    title: '1,000 files of 64 KiB, 16 at once (not axel, which takes one a call)',
    files: smallFiles,
    targets: [{ figure: 'wall', than: 'aria2c', most: 1.2 }, peak],
    entrants: fetchMany,
  },
  {
    name: 'limited',
    title: '128 MiB at 20 MB/s',
    files: [limitedFile],
    isOnce: true,
    targets: [{ figure: 'peak', most: 100 }],
    entrants: sluiceAlone(limitedFile, ['--limit-rate', '20000000']),
  },
  {
    name: 'huge-8',
    title: '10 GiB, HTTP, 8 connections, to the disk: memory does not grow with the file',
    files: [hugeFile],
    isOnDisk: true,
    isOnce: true,
    targets: [peak],
    entrants: sluiceAlone(hugeFile, ['-x', '8']),
  },
  {
    name: 'loop-16',
    title: '1 GiB, HTTP, 16 connections: how late the event loop is',
    files: [largeFile],
    targets: [{ figure: 'loop', most: 20 }],
    entrants: sluiceAlone(largeFile, ['-x', '16'], loopWatch),
  },
  {
    name: 'version',
    title: 'sluice --version',
    files: [],
    repeats: 10,
    targets: [{ figure: 'wall', than: 'node -e 0', most: 3 }],
    entrants: startUp,
  },
];
