/** What downloads share: connections, the one timer, limits, names. Downloads can be added at any time. */

import { Backlog } from '#engine/disk/batch-writer';
import { readBootId } from '#engine/disk/boot-id';
import { type FileIo, nodeFileIo } from '#engine/disk/file-io';
import { LeftParts } from '#engine/disk/left-parts';
import { NameRegistry } from '#engine/disk/names-taken';
import { patientIo } from '#engine/disk/patient-io';
import { Room } from '#engine/disk/room';
import { HostAddresses, type ResolveName, resolveBySystem } from '#engine/network/host-addresses';
import { Pool } from '#engine/network/pool';
import { isPrivateHost } from '#engine/network/redirect';
import type { DownloadRequest, DownloadTarget } from '#shared/download';
import { type Clock, systemClock } from './clock.ts';
import { Download, type DownloadServices } from './download.ts';
import { Bucket } from './limiter.ts';
import { checkEngineOptions, type DownloadOptions, type EngineOptions } from './options.ts';
import type { DownloadHooks } from './run.ts';
import { Ticker } from './ticker.ts';

/** What the engine needs of the world; each has a real default. */
export interface EnginePorts {
  readonly clock: Clock;
  readonly io: FileIo;
  readonly random: () => number;
  readonly resolveName: ResolveName;
  /** A mistake of ours in periodic work; the work goes on. */
  onError(error: unknown): void;
}

export class Engine {
  readonly #services: DownloadServices;
  #bootId: Promise<string | undefined> | undefined;

  constructor(options: Partial<EngineOptions>, ports: Partial<EnginePorts>) {
    const {
      clock = systemClock,
      io: disk = nodeFileIo,
      random = Math.random,
      resolveName = resolveBySystem,
      onError = () => {},
    } = ports;
    const checked = checkEngineOptions(options);
    const io = patientIo(disk, clock);
    const pool = new Pool(clock, checked, new HostAddresses(clock, resolveName));
    const ticker = new Ticker(clock, checked.tickMs, { onError, onGap: () => this.wake() });
    pool.onIdle = () => {
      const remove = ticker.add(() => {
        if (!pool.sweep()) remove();
      });
    };
    this.#services = {
      clock,
      io,
      random,
      options: checked,
      pool,
      ticker,
      backlog: new Backlog(checked.unwrittenBytes),
      bucket: new Bucket(clock, { bytesPerSecond: checked.limitBytesPerSecond }),
      names: new NameRegistry(),
      left: new LeftParts(io, clock),
      room: new Room(io),
      downloads: new Set(),
      bootId: () => (this.#bootId ??= readBootId(io)),
    };
  }

  /** A new download, in state `queued`. @throws DownloadError E_INPUT. */
  download(
    request: DownloadRequest,
    target: DownloadTarget,
    options: Partial<DownloadOptions> = {},
    hooks: Partial<DownloadHooks> = {},
  ): Download {
    return new Download(this.#services, request, target, options, hooks);
  }

  /** Bytes per second for all downloads together; 0 is no limit. */
  setLimit(bytesPerSecond: number): void {
    this.#services.bucket.bytesPerSecond = checkEngineOptions({ limitBytesPerSecond: bytesPerSecond }).limitBytesPerSecond;
  }

  /** From 1: to one server, by all downloads together. Those there are stay until they have had their turn. */
  setConnectionsPerHost(connections: number): void {
    this.#services.pool.connectionsPerHost = checkEngineOptions({ connectionsPerHost: connections }).connectionsPerHost;
  }

  /** Whether servers at loopback, private and link-local addresses may be asked, by whatever name or redirect they are reached. */
  setPrivateTargets(areAllowed: boolean): void {
    this.#services.pool.mayReach = areAllowed ? () => true : (address) => !isPrivateHost(asInUrl(address));
  }

  get openConnections(): number {
    return this.#services.pool.openConnections;
  }

  /** After a sleep or a change of network: what was learnt of hosts and every warm connection is void. */
  wake(): void {
    this.#services.pool.forget();
    for (const download of this.#services.downloads) download.wake();
  }

  /** Pauses every download and closes every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#services.downloads].map((download) => download.pause()));
    this.#services.pool.closeIdle();
    this.#services.bucket.close();
  }
}

/** Resolvers write IPv6 in other forms than URLs do; one with a zone is of this link. */
const asInUrl = (address: string): string =>
  address.includes(':') ? (URL.parse(`http://[${address}]/`)?.hostname ?? '::') : address;

export const createEngine = (options: Partial<EngineOptions> = {}, ports: Partial<EnginePorts> = {}): Engine =>
  new Engine(options, ports);
