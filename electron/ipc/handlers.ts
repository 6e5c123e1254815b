/** One line for each call of the contract: what of the application answers it. */
import { type Application, exchangeViews, parseText, transcriptText } from '#downloads';
import { CallError } from '#shared/call-failures';
import type { Errand } from '#shared/desktop';
import { shownSettings } from '#shared/request-secrets';
import type { DownloadId } from '#shared/rows';
import type { Handlers } from './answer.ts';
import type { Feed } from './feed.ts';

export interface Host {
  readonly version: string;
  readonly platform: string;
  /** Absent where no desktop is: files can neither be opened nor shown. */
  readonly files?: {
    open(path: string): Promise<void>;
    show(path: string): Promise<void>;
  };
  /** Absent where no desktop is. */
  readonly desktop?: DesktopHost;
}

export interface DesktopHost {
  /** Each is given once. */
  takeErrands(): Errand[];
  clipboard(): Promise<string>;
  add(text: string): void;
  closeQuickAdd(): void;
  /** Undefined where the person chose none. */
  chooseFolder(directory: string): Promise<string | undefined>;
}

export function createHandlers(application: Application, feed: Feed, host: Host): Handlers {
  const { list, history, intake, configuration, requests } = application;
  const changed = async (count: number | Promise<number>): Promise<{ changed: number }> => ({ changed: await count });
  const pathOf = (id: DownloadId): string => {
    const path = history.get(id)?.path;
    if (path === undefined) throw new CallError('NOT_NOW', 'it is not done: there is no file to open yet');
    return path;
  };
  const files = (): NonNullable<Host['files']> => {
    if (host.files === undefined) throw new CallError('NOT_HERE', 'files can be opened in the desktop app only');
    return host.files;
  };
  const desktop = (): DesktopHost => {
    if (host.desktop === undefined) throw new CallError('NOT_HERE', 'only the window of the desktop app can do this');
    return host.desktop;
  };
  const live = (id: DownloadId) => {
    const { download } = list.require(id);
    if (download === undefined) throw new CallError('NOT_NOW', 'it does not run: it has no segments at work');
    return download;
  };
  return {
    'session.info': () => ({
      version: host.version,
      platform: host.platform,
      dataFolder: application.dataFolder,
      roots: [...application.roots],
      directory: application.directory,
      canOpenFiles: host.files !== undefined,
      keepsSecrets: application.vaultKind,
    }),
    'feed.watch': ({ on }, caller) => feed.watch(caller, on),

    'downloads.snapshot': ({ offset, limit }) => feed.snapshot(offset, limit),
    'downloads.add': async ({ orders, ...options }) => ({ results: await intake.add(orders, options) }),
    'downloads.probe': ({ key, order }) => intake.probe(key, order),
    'downloads.cancelProbe': ({ key }) => intake.cancelProbe(key),
    'downloads.start': ({ ids }) => changed(list.start(ids)),
    'downloads.pause': ({ ids }) => changed(list.pause(ids)),
    'downloads.force': ({ ids }) => changed(list.force(ids)),
    'downloads.redo': ({ ids }) => changed(intake.redo(ids)),
    'downloads.remove': ({ ids, deleteFiles }) => changed(list.remove(ids, deleteFiles)),
    'downloads.move': ({ ids, to }) => changed(list.move(ids, to)),
    'downloads.set': ({ ids, priority, connections, limitBytesPerSecond, category }) =>
      changed(
        list.set(ids, {
          ...(priority !== undefined && { priority }),
          ...(connections !== undefined && { connections }),
          ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
          ...(category !== undefined && { category }),
        }),
      ),
    'downloads.edit': ({ id, ...change }) => application.edit(id, change),

    'detail.open': ({ id }, caller) => feed.open(caller, id),
    'detail.close': ({ id }, caller) => feed.close(caller, id),
    'segment.hold': ({ id, segment }) => live(id).hold(segment),
    'segment.release': ({ id, segment }) => live(id).release(segment),
    'segment.restart': ({ id, segment }) => live(id).restart(segment),
    // It is the person's wish, as a number of connections is.
    'segment.drop': async ({ id, segment }) => void (await list.set([id], { connections: live(id).drop(segment) })),

    'request.read': ({ id, reveal }) => requests.read(id, reveal),
    'request.write': ({ id, request }) => requests.write(id, request),
    'request.rollBack': ({ id }) => requests.rollBack(id),
    'link.replace': ({ id, url, request, waitMs }) => requests.replaceLink(id, { ...request, url }, waitMs),
    'link.match': ({ url, size }) => ({ ids: requests.matchLink(url, size) as DownloadId[] }),
    'transcript.read': ({ id }) => ({ exchanges: exchangeViews(list.require(id)) }),
    'transcript.export': ({ id }) => ({ text: transcriptText(list.require(id).journal.exchanges) }),
    'curl.export': ({ id, reveal }) => ({ command: requests.curl(id, reveal) }),
    'text.parse': ({ text, name }) => parseText(text, name),

    'history.page': (query) => history.page(query),
    'history.remove': ({ ids, deleteFiles }) => changed(application.removeFinished(ids, deleteFiles)),
    'history.clear': () =>
      changed(
        application.removeFinished(
          [...history.all()].map(({ id }) => id),
          false,
        ),
      ),

    'file.open': ({ id }) => files().open(pathOf(id)),
    'file.show': ({ id }) => files().show(pathOf(id)),
    'file.verify': ({ id }) => application.verify(id),
    'disk.space': ({ directory }) => application.space(directory),

    'desktop.errands': () => desktop().takeErrands(),
    'desktop.clipboard': async () => ({ text: await desktop().clipboard() }),
    'desktop.add': ({ text }) => desktop().add(text),
    'desktop.closeQuickAdd': () => desktop().closeQuickAdd(),
    'desktop.folder': async ({ directory }) => {
      const chosen = await desktop().chooseFolder(directory);
      return chosen === undefined ? {} : { directory: chosen };
    },

    'settings.read': (input) => (input?.reveal ? application.settings : shownSettings(application.settings)),
    'settings.write': (change) => shownSettings(application.changeSettings(change)),
    'profiles.read': ({ reveal }) => (reveal ? [...configuration.profiles] : configuration.maskedProfiles()),
    'profiles.write': ({ profiles }) => configuration.writeProfiles(profiles),
    'profiles.test': ({ url }) => application.testProfile(url),

    'list.export': ({ withSecrets }) => ({ text: intake.exportList(withSecrets) }),
    'list.import': ({ text }) => intake.importList(text),
  };
}
