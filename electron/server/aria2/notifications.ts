/** aria2's notifications: what became of a download, told to every socket. */
import type { Application } from '#downloads';
import { type State, stateOf } from './status.ts';

export const notificationNames = [
  'aria2.onDownloadStart',
  'aria2.onDownloadPause',
  'aria2.onDownloadStop',
  'aria2.onDownloadComplete',
  'aria2.onDownloadError',
] as const;
type NotificationName = (typeof notificationNames)[number];

/** Tells `notify` from now on, until the function it returns is called. */
export function watchDownloads(application: Application, notify: (name: NotificationName, gid: string) => void): () => void {
  const { list } = application;
  /** By download: what was told last. */
  const known = new Map<string, State>();
  for (const listed of list.all()) known.set(listed.id, stateOf(listed));
  const take = (gid: string): void => {
    const listed = list.get(gid);
    if (listed === undefined) return;
    const before = known.get(gid);
    const now = stateOf(listed);
    known.set(gid, now);
    if (now === 'active' && before !== 'active') notify('aria2.onDownloadStart', gid);
    if (now === 'paused' && before !== undefined && before !== 'paused') notify('aria2.onDownloadPause', gid);
    if (now === 'error' && before !== 'error') notify('aria2.onDownloadError', gid);
  };
  return application.subscribe((news) => {
    if (news.type === 'changed') take(news.id);
    else if (news.type === 'finished') notify('aria2.onDownloadComplete', news.id);
    else if (news.type === 'removed') {
      const before = known.get(news.id);
      known.delete(news.id);
      // A finished one leaves the list for the history, which is no stop.
      const isDone = application.history.get(news.id) !== undefined;
      if (!isDone && before !== 'error') notify('aria2.onDownloadStop', news.id);
    }
  });
}
