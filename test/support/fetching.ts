/**
 * One download on the rig, with the invariants that hold whatever happens:
 *
 *     await using rig = await startRig({ content: content(1, 64 * MiB), faults: [...] });
 *     const run = rig.download({ connections: 8 });
 *     expect((await run.end()).type).toBe('done');
 *     await rig.expectDone(run);          // I1: the target equals the source
 *
 * Disposing asserts the rest: no poison in any part (I2), every recorded claim equals the source (I3), progress never fell
 * but in an announced restart (I4), no socket, handle or timer is left (I5), and each planned fault fired.
 */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import type { DownloadEvent, DownloadRequest, DownloadState, DownloadTarget, Interval } from '#shared/download';
import { Checkpoint } from '../../electron/engine/disk/checkpoint.ts';
import type { Download } from '../../electron/engine/download.ts';
import { createEngine, type Engine } from '../../electron/engine/engine.ts';
import { union } from '../../electron/engine/intervals.ts';
import { type ResolveName, resolveBySystem } from '../../electron/engine/network/host-addresses.ts';
import type { DownloadOptions, EngineOptions } from '../../electron/engine/options.ts';
import type { Content } from './content.ts';
import type { DiskFault } from './disk-faults.ts';
import { expectFileEqualsSource, expectNoPoison, expectRangesEqualSource } from './expect-file.ts';
import { FailingDisk } from './failing-disk.ts';
import { JumpClock } from './jump-clock.ts';
import { type Origin, type OriginOptions, startOrigin } from './origin.ts';
import { type TempDirectory, tempDirectory } from './temp.ts';

export const KiB = 1024;
export const MiB = 1024 * KiB;

export interface RigOptions extends Omit<OriginOptions, 'clock'> {
  readonly content: Content;
  readonly diskFaults?: readonly DiskFault[];
  readonly engine?: Partial<EngineOptions>;
  /** Fixed, so that a back-off's jitter is known: 0.5 gives exactly the nominal time. */
  readonly random?: () => number;
  /** What names mean; default: the system's resolver. */
  readonly resolveName?: ResolveName;
}

/** One download and what it told. */
export class Run {
  readonly download: Download;
  readonly events: DownloadEvent[] = [];
  /** Progress fell without an announced restart. */
  readonly falls: string[] = [];
  /** Body bytes read from sockets when the last byte was on disk, wasted ones too. */
  receivedBytes = 0;
  #highest = 0;
  /** Announced, and not seen yet: the second may be announced before the first is seen. */
  #fallsToCome = 0;
  readonly #watchers = new Set<() => void>();

  constructor(download: Download) {
    this.download = download;
    download.subscribe((event) => {
      if (event.type === 'restarted') this.#fallsToCome += 1;
      this.#watch();
      this.events.push(event);
      for (const check of [...this.#watchers]) check();
    });
  }

  /** Starts it and resolves at done, skipped, paused or failed. */
  end(): Promise<DownloadState> {
    this.download.start();
    return this.download.finished().finally(() => this.#watch());
  }

  get states(): string[] {
    return this.events.flatMap((event) => (event.type === 'state' ? [event.state.type] : []));
  }

  get restarts(): number {
    return this.events.filter((event) => event.type === 'restarted').length;
  }

  notes(code: string): number {
    return this.events.filter((event) => event.type === 'noted' && event.code === code).length;
  }

  /** The code of a failed end or of what is waited for. */
  get code(): string | undefined {
    const { state } = this.download;
    if (state.type === 'failed') return state.failure.code;
    return state.type === 'waiting' ? state.cause.code : undefined;
  }

  /** Resolves when an event makes `holds` true; at once where it is already. */
  until(holds: (run: Run) => boolean): Promise<void> {
    if (holds(this)) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!holds(this)) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
    });
  }

  untilState(type: DownloadState['type']): Promise<void> {
    return this.until(() => this.download.state.type === type);
  }

  #watch(): void {
    const { doneBytes, size, receivedBytes } = this.download.progress();
    this.receivedBytes = Math.max(this.receivedBytes, receivedBytes);
    if (doneBytes < this.#highest) {
      if (this.#fallsToCome === 0) this.falls.push(`${this.#highest} → ${doneBytes}`);
      else this.#fallsToCome -= 1;
    }
    if (size !== undefined && doneBytes > size) this.falls.push(`${doneBytes} of ${size}`);
    this.#highest = doneBytes;
  }
}

export class Rig implements AsyncDisposable {
  readonly clock: JumpClock;
  readonly disk: FailingDisk;
  readonly directory: TempDirectory;
  readonly origin: Origin;
  readonly content: Content;
  readonly runs: Run[] = [];
  engine: Engine;
  readonly #options: RigOptions;
  readonly #mistakes: unknown[] = [];

  constructor(options: RigOptions, clock: JumpClock, disk: FailingDisk, directory: TempDirectory, origin: Origin) {
    this.#options = options;
    this.content = options.content;
    this.clock = clock;
    this.disk = disk;
    this.directory = directory;
    this.origin = origin;
    this.engine = this.#newEngine();
  }

  /** A download of the origin's file, not started. `request.url` defaults to the origin's own. */
  download(
    options: Partial<DownloadOptions> = {},
    request: Partial<DownloadRequest> = {},
    target: Partial<DownloadTarget> = {},
  ): Run {
    const url = request.url ?? this.origin.url();
    const download = this.engine.download(
      { ...request, url },
      { directory: this.directory.path, ifExists: 'rename', ...target },
      options,
    );
    const run = new Run(download);
    this.runs.push(run);
    return run;
  }

  /** As after a restart of the process: nothing is known but what is on disk. */
  async restartEngine(): Promise<void> {
    await this.engine.close();
    this.engine = this.#newEngine();
  }

  /** Fetches over one connection until about `bytes` are claimed, and leaves them to a new process. @returns the claims. */
  async leavePart(bytes: number, options: Partial<DownloadOptions> = {}): Promise<number> {
    const run = this.download({ ...options, connections: 1 });
    run.download.start();
    const before = this.origin.bytesSent;
    await this.origin.until(() => this.origin.bytesSent - before >= bytes);
    await run.download.pause();
    assert.equal(run.download.state.type, 'paused');
    await this.restartEngine();
    return run.download.progress().doneBytes;
  }

  /** I1: done, and the target holds the source, byte for byte; nothing else of it is left in the folder. */
  async expectDone(run: Run, content = this.content): Promise<string> {
    const { state } = run.download;
    assert.equal(state.type, 'done', `ended ${JSON.stringify(state)}`);
    assert(state.type === 'done');
    await expectFileEqualsSource(state.path, content);
    const left = (await readdir(this.directory.path)).filter((name) => /\.part(\.ckpt|\.sums)?$/.test(name));
    assert.deepEqual(left, [], 'an unfinished file is left beside the finished one');
    return state.path;
  }

  /** What the checkpoint of an unfinished file claims. */
  async claims(name: string): Promise<Interval[]> {
    const loaded = await Checkpoint.load(this.disk, this.directory.file(`${name}.part.ckpt`));
    return loaded.type === 'loaded' ? union(loaded.record.hard, loaded.record.soft) : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _origin = this.origin;
    await using directory = this.directory;
    using _clock = this.clock;
    await using disk = this.disk;
    await this.engine.close();
    assert.equal(this.engine.openConnections, 0, 'connections are left open');
    assert.equal(disk.openHandles, 0, 'file handles are left open');
    assert.deepEqual(this.#mistakes, [], 'the engine made mistakes');
    for (const run of this.runs) assert.deepEqual(run.falls, [], 'progress fell without an announced restart');
    for (const name of await readdir(directory.path)) {
      if (!name.endsWith('.part')) continue;
      await expectNoPoison(directory.file(name));
      await expectRangesEqualSource(directory.file(name), await this.claims(name.slice(0, -'.part'.length)), this.content);
    }
  }

  #newEngine(): Engine {
    const { engine = {}, random = () => 0.5, resolveName = resolveBySystem } = this.#options;
    return createEngine(engine, {
      clock: this.clock,
      io: this.disk,
      random,
      resolveName,
      onError: (error) => this.#mistakes.push(error),
    });
  }
}

export async function startRig(options: RigOptions): Promise<Rig> {
  const clock = new JumpClock();
  const disk = new FailingDisk(options.diskFaults ?? [], { clock });
  const directory = await tempDirectory();
  const origin = await startOrigin({ ...options, clock });
  return new Rig(options, clock, disk, directory, origin);
}
