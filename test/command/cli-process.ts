/** The built command as a process of its own, in folders of its own, with nothing of the tester's environment. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Builds the one file once; `run` starts it in a fresh folder `work`, remembering in `data`. */
export class BuiltCommand implements AsyncDisposable {
  readonly #directory: TempDirectory;

  constructor(directory: TempDirectory) {
    this.#directory = directory;
  }

  static async build(): Promise<BuiltCommand> {
    const directory = await tempDirectory();
    const command = new BuiltCommand(directory);
    await promisify(execFile)(process.execPath, [path.join(root, 'build/build-cli.mjs'), command.file], { cwd: root });
    return command;
  }

  /** The built file. */
  get file(): string {
    return this.#directory.file('sluice.cjs');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }

  /** A folder to work in, gone with the test. */
  async folder(): Promise<WorkFolder> {
    const directory = await tempDirectory();
    await mkdir(directory.file('work'));
    return new WorkFolder(this.file, directory);
  }
}

export class WorkFolder implements AsyncDisposable {
  readonly #command: string;
  readonly #directory: TempDirectory;

  constructor(command: string, directory: TempDirectory) {
    this.#command = command;
    this.#directory = directory;
  }

  get path(): string {
    return this.#directory.file('work');
  }

  get data(): string {
    return this.#directory.file('data');
  }

  file(name: string): string {
    return this.#directory.file('work', name);
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return this.startScript(this.#command, args, env);
  }

  startScript(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Running {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: this.path,
      env: { PATH: process.env.PATH, SLUICE_DATA: this.data, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
    return { child, ended };
  }

  async run(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const { child, ended } = this.start(args, env);
    child.stdin?.end(input);
    return await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }
}

/** The events of `--json`. */
export const eventsOf = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
