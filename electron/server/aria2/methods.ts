/** aria2's methods, by name: what of the application answers each. Reads are its own; whatever changes something goes through the door. */
import { randomBytes } from 'node:crypto';
import type { Application } from '#downloads';
import type { Door } from '#ipc/door';
import type { CallName, Result, Sent } from '#shared/contract';
import type { DownloadId } from '#shared/rows';
import { RpcDownloads, slice } from './downloads.ts';
import { notificationNames } from './notifications.ts';
import {
  bytesOption,
  checkOptions,
  connectionsOption,
  constantOptions,
  flagOption,
  integerOption,
  orderOf,
  placeOptions,
  requestOptions,
} from './options.ts';
import type { Params } from './params.ts';
import { RpcError } from './rpc-error.ts';
import { fileOf, filesOf, pick, type Status, stateOf, statusOf } from './status.ts';

export type Method = (params: Params) => unknown;

export interface MethodPorts {
  readonly application: Application;
  readonly door: Door;
  onShutDown(): void;
}

/** The release of aria2 whose protocol this is: clients look for it before they ask. */
const protocolVersion = '1.36.0';
/** A client waits for its answer; whether a new link fits may take as long as its server likes. */
const linkPatienceMs = 2000;

const isFetchable = (uri: string): boolean => /^https?:\/\//i.test(uri) && URL.canParse(uri);

export function createMethods({ application, door, onShutDown }: MethodPorts): ReadonlyMap<string, Method> {
  const { list } = application;
  const downloads = new RpcDownloads(application);
  const sessionId = randomBytes(20).toString('hex');

  async function call<K extends CallName>(name: K, input: Sent<K>): Promise<Result<K>> {
    const reply = await door.answer(name, input, { id: 'aria2' });
    if (!reply.ok) throw new RpcError(reply.message);
    return reply.value as Result<K>;
  }
  const ids = (gid: string): DownloadId[] => [gid as DownloadId];
  const keysAt = (params: Params, at: number): readonly string[] | undefined => (params.has(at) ? params.strings(at) : undefined);

  async function addUri(params: Params): Promise<string> {
    const uris = params.strings(0);
    if (uris.length === 0) throw new RpcError('URI is not provided.');
    const [url] = uris.filter(isFetchable);
    if (url === undefined) throw new RpcError('No URI to download.');
    const options = params.options(1);
    const order = orderOf(url, options);
    const isPaused = flagOption(options, 'pause') === true;
    const position = params.has(2) ? params.integer(2) : undefined;
    if (position !== undefined && position < 0) throw new RpcError('The integer parameter at 2 must be positive or zero.');
    const { results } = await call('downloads.add', { orders: [order], start: !isPaused, duplicates: 'add' });
    const [result] = results;
    if (result?.type !== 'added') throw new RpcError(result?.type === 'refused' ? result.failure.message : 'No URI to download.');
    if (position !== undefined) await moveTo(result.id, position);
    return result.id;
  }

  /** Among those that wait. @returns where it then stands. */
  async function moveTo(gid: string, position: number): Promise<number> {
    const others = downloads.waiting().filter(({ id }) => id !== gid);
    const at = Math.min(Math.max(position, 0), others.length);
    const before = others[at]?.id as DownloadId | undefined;
    await call('downloads.move', { ids: ids(gid), to: before === undefined ? 'last' : { before } });
    return at;
  }

  async function changePosition(params: Params): Promise<number> {
    const gid = params.gid(0);
    const offset = params.integer(1);
    const how = params.string(2);
    const waiting = downloads.waiting().map(({ id }) => id);
    const at = waiting.indexOf(gid);
    downloads.find(gid);
    if (at < 0) throw new RpcError(`GID#${gid} not found in the waiting queue.`);
    const from = { POS_SET: 0, POS_CUR: at, POS_END: waiting.length - 1 }[how];
    if (from === undefined) throw new RpcError('Illegal argument.');
    return await moveTo(gid, from + offset);
  }

  async function pause(params: Params): Promise<string> {
    const gid = params.gid(0);
    const refusal = `GID#${gid} cannot be paused now`;
    if (stateOf(downloads.unfinished(gid, refusal)) === 'paused') throw new RpcError(refusal);
    await call('downloads.pause', { ids: ids(gid) });
    return gid;
  }

  async function unpause(params: Params): Promise<string> {
    const gid = params.gid(0);
    const refusal = `GID#${gid} cannot be unpaused now`;
    if (stateOf(downloads.unfinished(gid, refusal)) !== 'paused') throw new RpcError(refusal);
    await call('downloads.start', { ids: ids(gid) });
    return gid;
  }

  async function remove(params: Params): Promise<string> {
    const gid = params.gid(0);
    await downloads.remove(downloads.unfinished(gid, `Active Download not found for GID#${gid}`));
    return gid;
  }

  const all = (isMeant: (state: string) => boolean): DownloadId[] =>
    list.inOrder().flatMap((listed) => (isMeant(stateOf(listed)) ? [listed.id as DownloadId] : []));

  async function pauseAll(): Promise<string> {
    const meant = all((state) => state === 'active' || state === 'waiting');
    if (meant.length > 0) await call('downloads.pause', { ids: meant });
    return 'OK';
  }

  async function unpauseAll(): Promise<string> {
    const meant = all((state) => state === 'paused');
    if (meant.length > 0) await call('downloads.start', { ids: meant });
    return 'OK';
  }

  /** One address is used at a time: a new one takes its place. */
  async function changeUri(params: Params): Promise<readonly [number, number]> {
    const gid = params.gid(0);
    if (params.integer(1) !== 1) throw new RpcError('fileIndex is out of range');
    const [removed, added] = [params.strings(2), params.strings(3)];
    const listed = downloads.unfinished(gid, `Cannot remove URIs from GID#${gid}`);
    const isUsed = removed.includes(listed.draft.url);
    const url = added.find(isFetchable);
    if (url === undefined) {
      if (isUsed) throw new RpcError('the only address of a download cannot be taken away: give another one with it');
      return [0, 0];
    }
    const replaced = call('link.replace', { id: gid as DownloadId, url });
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(timer.resolve, linkPatienceMs);
    await Promise.race([replaced, timer.promise]).finally(() => clearTimeout(timeout));
    // A verdict that comes later stands in the download's log.
    replaced.catch(() => {});
    return [isUsed ? 1 : 0, 1];
  }

  function getOption(params: Params): Record<string, string> {
    const found = downloads.find(params.gid(0));
    if (found.type !== 'listed') throw new RpcError(`Cannot get option for GID#${params.gid(0)}`);
    const { record, draft } = found.listed;
    const row = found.listed.row();
    return {
      ...constantOptions,
      dir: record.directory,
      ...(record.name !== undefined && { out: record.name }),
      ...(record.checksum !== undefined && { checksum: record.checksum }),
      ...(draft.userAgent !== undefined && { 'user-agent': draft.userAgent }),
      ...(draft.referer !== undefined && { referer: draft.referer }),
      'max-connection-per-server': String(row.connections),
      'max-download-limit': String(row.limitBytesPerSecond),
      split: String(row.connections),
    };
  }

  async function changeOption(params: Params): Promise<string> {
    const gid = params.gid(0);
    const options = params.options(1);
    checkOptions(options);
    const listed = downloads.unfinished(gid, `Cannot change option for GID#${gid}`);
    const limitBytesPerSecond = bytesOption(options, 'max-download-limit');
    const connections = connectionsOption(options);
    if (limitBytesPerSecond !== undefined || connections !== undefined) {
      await call('downloads.set', {
        ids: ids(gid),
        ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
        ...(connections !== undefined && { connections }),
      });
    }
    const place = placeOptions(options);
    if (Object.keys(place).length > 0) await call('downloads.edit', { id: gid as DownloadId, ...place });
    const request = requestOptions(options, listed.draft.url);
    if (Object.keys(request).length > 0) {
      await call('request.write', { id: gid as DownloadId, request: { ...listed.draft, ...request } });
    }
    return 'OK';
  }

  function getGlobalOption(): Record<string, string> {
    const { settings } = application;
    return {
      ...constantOptions,
      dir: application.directory,
      'max-concurrent-downloads': String(settings.activeDownloads),
      'max-connection-per-server': String(settings.connections),
      'max-overall-download-limit': String(settings.limitBytesPerSecond),
      'max-overall-upload-limit': '0',
      split: String(settings.connections),
      ...(settings.userAgent !== '' && { 'user-agent': settings.userAgent }),
    };
  }

  async function changeGlobalOption(params: Params): Promise<string> {
    const options = params.options(0);
    checkOptions(options);
    // Where files go is for who runs the server to say.
    if (options.dir !== undefined) throw new RpcError("The option '--dir' is not allowed here.");
    const limitBytesPerSecond = bytesOption(options, 'max-overall-download-limit');
    const activeDownloads = integerOption(options, 'max-concurrent-downloads', 1, 100);
    const connections = connectionsOption(options);
    const { userAgent } = requestOptions(options, '');
    await call('settings.write', {
      ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
      ...(activeDownloads !== undefined && { activeDownloads }),
      ...(connections !== undefined && { connections }),
      ...(userAgent !== undefined && { userAgent }),
    });
    return 'OK';
  }

  function getGlobalStat(): Status {
    const { bytesPerSecond } = application.totals();
    const stopped = String(downloads.stopped().length);
    return {
      downloadSpeed: String(bytesPerSecond),
      numActive: String(downloads.active().length),
      numStopped: stopped,
      numStoppedTotal: stopped,
      numWaiting: String(downloads.waiting().length),
      uploadSpeed: '0',
    };
  }

  function getFiles(params: Params): readonly object[] {
    const found = downloads.find(params.gid(0));
    if (found.type === 'listed') return filesOf(found.listed);
    if (found.type === 'removed') return found.removed.status.files as readonly object[];
    const { path, size, request } = found.row;
    return [fileOf(path, size, size, request.url)];
  }

  function getUris(params: Params): unknown {
    const [file] = getFiles(params) as readonly { readonly uris: unknown }[];
    return file?.uris ?? [];
  }

  function getServers(params: Params): readonly object[] {
    const gid = params.gid(0);
    const found = downloads.find(gid);
    if (found.type !== 'listed' || stateOf(found.listed) !== 'active') {
      throw new RpcError(`No active download for GID#${gid}`);
    }
    const { listed } = found;
    const { url: uri } = listed.draft;
    const [, , bytesPerSecond] = listed.counters();
    return [{ index: '1', servers: [{ currentUri: listed.finalUrl ?? uri, downloadSpeed: String(bytesPerSecond), uri }] }];
  }

  async function removeDownloadResult(params: Params): Promise<string> {
    const gid = params.gid(0);
    const found = downloads.find(gid);
    const isResult = found.type !== 'listed' || stateOf(found.listed) === 'error';
    if (!isResult) throw new RpcError(`Could not remove download result of GID#${gid}`);
    await downloads.forget([found]);
    return 'OK';
  }

  async function purgeDownloadResult(): Promise<string> {
    await downloads.forget(downloads.stopped());
    return 'OK';
  }

  function shutDown(): string {
    // The answer goes out first.
    setTimeout(onShutDown, 100);
    return 'OK';
  }

  const unsupported = (what: string) => (): never => {
    throw new RpcError(`${what} are not supported by Sluice: it downloads by HTTP and HTTPS`);
  };

  const methods: Readonly<Record<string, Method>> = {
    'aria2.addUri': addUri,
    'aria2.addTorrent': unsupported('Torrents'),
    'aria2.addMetalink': unsupported('Metalink files'),
    'aria2.remove': remove,
    'aria2.forceRemove': remove,
    'aria2.pause': pause,
    'aria2.forcePause': pause,
    'aria2.pauseAll': pauseAll,
    'aria2.forcePauseAll': pauseAll,
    'aria2.unpause': unpause,
    'aria2.unpauseAll': unpauseAll,
    'aria2.tellStatus': (params) => pick(downloads.status(downloads.find(params.gid(0))), keysAt(params, 1)),
    'aria2.getUris': getUris,
    'aria2.getFiles': getFiles,
    'aria2.getPeers': (params) => {
      downloads.find(params.gid(0));
      return [];
    },
    'aria2.getServers': getServers,
    'aria2.tellActive': (params) => downloads.active().map((listed) => pick(statusOf(listed), keysAt(params, 0))),
    'aria2.tellWaiting': (params) =>
      slice(downloads.waiting(), params.integer(0), params.integer(1)).map((listed) => pick(statusOf(listed), keysAt(params, 2))),
    'aria2.tellStopped': (params) =>
      slice(downloads.stopped(), params.integer(0), params.integer(1)).map((found) =>
        pick(downloads.status(found), keysAt(params, 2)),
      ),
    'aria2.changePosition': changePosition,
    'aria2.changeUri': changeUri,
    'aria2.getOption': getOption,
    'aria2.changeOption': changeOption,
    'aria2.getGlobalOption': getGlobalOption,
    'aria2.changeGlobalOption': changeGlobalOption,
    'aria2.getGlobalStat': getGlobalStat,
    'aria2.purgeDownloadResult': purgeDownloadResult,
    'aria2.removeDownloadResult': removeDownloadResult,
    'aria2.getVersion': () => ({ enabledFeatures: ['Async DNS', 'GZip', 'HTTPS', 'Message Digest'], version: protocolVersion }),
    'aria2.getSessionInfo': () => ({ sessionId }),
    'aria2.shutdown': shutDown,
    'aria2.forceShutdown': shutDown,
    // Everything is on disk at any time.
    'aria2.saveSession': () => 'OK',
    'system.listMethods': () => [...Object.keys(methods), 'system.multicall'],
    'system.listNotifications': () => [...notificationNames],
  };
  return new Map(Object.entries(methods));
}
