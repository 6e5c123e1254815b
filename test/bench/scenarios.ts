/** What is compared: the work, who can do it, and what Sluice aims at. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment, sluiceCommand } from './built-sluice.ts';
import type { Command } from './measure.ts';
import type { Door, Nginx } from './nginx.ts';
import type { Tool } from './peers.ts';
import { cappedFile, largeFile, type SourceFile, smallFiles } from './sources.ts';

/** Where one run happens. */
export interface Place {
  readonly nginx: Nginx;
  /** The files nginx serves. */
  readonly files: string;
  /** Empty; what is fetched goes here. */
  readonly directory: string;
  /** Of this run alone: what nginx's log lines are found by. */
  readonly token: string;
}

export type Figure = 'wall' | 'cpu' | 'peak';

/** At most `most` times what `than` took, or at most `most` megabytes. */
export type Target =
  | { readonly figure: 'wall' | 'cpu'; readonly than: string; readonly most: number }
  | { readonly figure: 'peak'; readonly most: number };

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

/** How long the command takes to be there at all, against the Node it runs on. */
function startUp(): Entrant[] {
  const run = (name: string, command: readonly string[]): Entrant => ({
    name,
    prepare: ({ directory }) => ({ command, env: plainEnvironment(join(directory, 'data')) }),
  });
  return [run('sluice', sluiceCommand('--version')), run('node -e 0', [process.execPath, '-e', '0'])];
}

const peak: Target = { figure: 'peak', most: 150 };
const segmented = (tools: readonly Tool[]): Tool[] => tools.filter(({ isSegmented }) => isSegmented);

export const scenarios: readonly Scenario[] = [
  {
    name: 'http-8',
    title: '1 GiB, HTTP, 8 connections',
    files: [largeFile],
    targets: [{ figure: 'wall', than: 'aria2c', most: 1 }, peak],
    entrants: fetchOne({ door: 'http', connections: 8, file: largeFile }),
  },
  {
    name: 'http-16',
    title: '1 GiB, HTTP, 16 connections',
    files: [largeFile],
    targets: [peak],
    entrants: fetchOne({ door: 'http', connections: 16, file: largeFile }),
  },
  {
    name: 'https-8',
    title: '1 GiB, HTTPS, 8 connections',
    files: [largeFile],
    targets: [{ figure: 'wall', than: 'aria2c', most: 1 }, { figure: 'cpu', than: 'aria2c', most: 1.3 }, peak],
    entrants: fetchOne({ door: 'https', connections: 8, file: largeFile }),
  },
  {
    name: 'capped-16',
    title: '512 MiB, HTTP, 4 MiB/s for each connection, 16 connections (not curl and wget2, which have one)',
    files: [cappedFile],
    targets: [],
    entrants: (tools) => fetchOne({ door: 'capped', connections: 16, file: cappedFile })(segmented(tools)),
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
    targets: [peak],
    entrants: fetchMany,
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
