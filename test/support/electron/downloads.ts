/**
 * What pages download and are permitted, as the app decides: a file is saved where the person says in the dialog that Electron
 * shows, unless the app prevents it; what the app denies Chromium denies its page.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DownloadItem } from 'electron';
import type { Chromium } from './chromium.ts';
import { answerOf } from './desk.ts';
import { inside, outside } from './schemes.ts';
import { preventable, strict } from './strict.ts';
import { defaultSession, permits } from './system.ts';

export async function letPagesDownload(chromium: Chromium): Promise<void> {
  const folder = join(chromium.profile, 'downloads');
  const targets = new Map<string, string>();
  chromium.on('Browser.downloadWillBegin', ({ url, guid, suggestedFilename }) => {
    const event = preventable({});
    let filePath: string | undefined;
    const item = strict('downloadItem', {
      getURL: () => insideBlob(url),
      getFilename: () => suggestedFilename,
      // Who sets it is shown no dialog.
      setSavePath: (path) => {
        filePath = path;
      },
      cancel: () => event.preventDefault(),
    } satisfies Partial<DownloadItem>);
    defaultSession.emit('will-download', event, item, null);
    const isAsked = !event.defaultPrevented && filePath === undefined;
    const { canceled = event.defaultPrevented, filePath: chosen = filePath } = isAsked ? answerOf('', suggestedFilename) : {};
    if (canceled || chosen === undefined) void chromium.send('Browser.cancelDownload', { guid }).catch(() => {});
    else targets.set(guid, chosen);
  });
  chromium.on('Browser.downloadProgress', ({ guid, state }) => {
    const target = targets.get(guid);
    if (state === 'completed' && target !== undefined) copyFileSync(join(folder, guid), target);
  });
  const how = { behavior: 'allowAndName', downloadPath: folder, eventsEnabled: true };
  await chromium.send('Browser.setDownloadBehavior', how);
}

const insideBlob = (url: string): string => (url.startsWith('blob:') ? `blob:${inside(url.slice('blob:'.length))}` : inside(url));

/** Electron's names of what a page may ask for, with those of Chromium's protocol. */
const permissions = {
  geolocation: 'geolocation',
  notifications: 'notifications',
  midi: 'midi',
  'clipboard-read': 'clipboard-read',
  'storage-access': 'storage-access',
  'background-sync': 'background-sync',
};

export async function letPagesHavePermissions(chromium: Chromium, address: string): Promise<void> {
  const { origin } = new URL(outside(address));
  for (const [permission, name] of Object.entries(permissions)) {
    const setting = (await permits(permission, address)) ? 'granted' : 'denied';
    await chromium.send('Browser.setPermission', { permission: { name }, setting, origin });
  }
}
