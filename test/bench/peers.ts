/** The tools that are compared, each with the command it gets for the same work. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { plainEnvironment, sluiceCommand } from './built-sluice.ts';
import type { Command } from './measure.ts';

/** One file over several connections. */
export interface OneFile {
  readonly url: string;
  readonly size: number;
  readonly connections: number;
  /** To be written there, under this name. */
  readonly directory: string;
  readonly name: string;
  /** PEM file to trust. */
  readonly authority: string;
}

/** Many files, several at once. */
export interface ManyFiles {
  /** A text file, one address a line. */
  readonly list: string;
  readonly jobs: number;
  readonly directory: string;
}

export type ToolName = 'sluice' | 'aria2c' | 'axel' | 'curl' | 'wget2' | 'ipull' | 'easydl';

export interface Tool {
  readonly name: ToolName;
  /** What is told of its flags, addresses and names left out. */
  readonly flags: string;
  /** Whether it fetches one file over several connections. */
  readonly isSegmented: boolean;
  one(file: OneFile): Command;
  /** Absent where the tool takes one file a call. */
  many?(files: ManyFiles): Command | Promise<Command>;
}

const sluice: Tool = {
  name: 'sluice',
  flags: 'get --json -x N; many: get --quiet -j N -i LIST',
  isSegmented: true,
  one: ({ url, connections, directory, name, authority }) => ({
    command: sluiceCommand('get', '--json', '-x', `${connections}`, '-d', directory, '-o', name, '--ca-cert', authority, url),
    env: plainEnvironment(join(directory, 'data')),
  }),
  many: ({ list, jobs, directory }) => ({
    command: sluiceCommand('get', '--quiet', '-j', `${jobs}`, '-d', directory, '-i', list),
    env: plainEnvironment(join(directory, 'data')),
  }),
};

const aria2c: Tool = {
  name: 'aria2c',
  flags: '-q -x N -s N -k 1M --file-allocation=none --allow-overwrite=true; many: -q -j N -i LIST, the same two',
  isSegmented: true,
  one: ({ url, connections, directory, name, authority }) => ({
    command: [
      ...['aria2c', '-q', '-x', `${connections}`, '-s', `${connections}`, '-k', '1M'],
      ...['--file-allocation=none', '--allow-overwrite=true', `--ca-certificate=${authority}`],
      ...['--no-conf', '-d', directory, '-o', name, url],
    ],
  }),
  many: ({ list, jobs, directory }) => ({
    command: [
      ...['aria2c', '-q', '-j', `${jobs}`, '--file-allocation=none', '--allow-overwrite=true'],
      ...['--no-conf', '-d', directory, '-i', list],
    ],
  }),
};

const axel: Tool = {
  name: 'axel',
  flags: '-q -n N -k (unchecked: it cannot read an IP address in a certificate)',
  isSegmented: true,
  one: ({ url, connections, directory, name }) => ({
    command: ['axel', '-q', '-N', '-k', '-n', `${connections}`, '-o', join(directory, name), url],
  }),
};

const curl: Tool = {
  name: 'curl',
  flags: '-q -sS --fail (one connection); many: -Z --parallel-max N --parallel-immediate',
  isSegmented: false,
  one: ({ url, directory, name, authority }) => ({
    command: ['curl', '-q', '-sS', '--fail', '--cacert', authority, '-o', join(directory, name), url],
  }),
  async many({ list, jobs, directory }) {
    const urls = (await readFile(list, 'utf8')).trim().split('\n');
    const configuration = join(directory, 'curl.conf');
    await writeFile(configuration, urls.map((url) => `url = "${url}"\n`).join(''));
    return {
      command: [
        ...['curl', '-q', '-sS', '--fail', '-Z', '--parallel-max', `${jobs}`, '--parallel-immediate'],
        ...['--remote-name-all', '--output-dir', directory, '-K', configuration],
      ],
    };
  },
};

const wget2: Tool = {
  name: 'wget2',
  flags: '-q --chunk-size=SIZE/N --max-threads=N (all on one connection); many: -q --max-threads=N -i LIST',
  isSegmented: false,
  one: ({ url, size, connections, directory, name, authority }) => ({
    command: [
      ...['wget2', '-q', '--no-config', `--chunk-size=${Math.ceil(size / connections)}`],
      ...[`--max-threads=${connections}`, `--ca-certificate=${authority}`, '-O', join(directory, name), url],
    ],
  }),
  many: ({ list, jobs, directory }) => ({
    command: ['wget2', '-q', '--no-config', `--max-threads=${jobs}`, '-P', directory, '-i', list],
  }),
};

export const tools: readonly Tool[] = [sluice, aria2c, axel, curl, wget2];

/** Undefined where the tool is not installed. */
export async function versionOf(tool: Tool): Promise<string | undefined> {
  const [program, ...args] = tool.name === 'sluice' ? sluiceCommand('--version') : ([tool.name, '--version'] as const);
  try {
    const { stdout } = await promisify(execFile)(program, args);
    return /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? 'of unknown version';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
