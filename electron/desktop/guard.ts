/**
 * Holds every page of the app where it belongs: it goes nowhere else, opens nothing, embeds nothing and is permitted nothing. A
 * web address it wants to open goes to the person's browser.
 */
import { app, session, shell, type WebContents } from 'electron';
import { isPageAddress, pageAddress } from './page-scheme.ts';

const longestAddress = 8192;

/** http and https alone: any other scheme would start a program with what a page chose. */
export function isWebAddress(address: string): boolean {
  if (address.length > longestAddress || !/^https?:\/\/[^\s\\]+$/i.test(address)) return false;
  const url = URL.parse(address);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '';
}

/** Refused ones are dropped without a word: nothing a person did leads to them. */
function openInBrowser(address: string): void {
  if (isWebAddress(address)) void shell.openExternal(address);
}

function guard(contents: WebContents): void {
  for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const) {
    contents.on(event as 'will-frame-navigate', (details) => {
      if (!isPageAddress(details.url)) details.preventDefault();
    });
  }
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    openInBrowser(url);
    return { action: 'deny' };
  });
}

/** Once the app is ready, before there is a window. */
export function guardPages(): void {
  app.on('web-contents-created', (_event, contents) => guard(contents));
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  session.defaultSession.setPermissionCheckHandler(() => false);
  session.defaultSession.setDevicePermissionHandler(() => false);
  // Sluice downloads, not its page: only text the page made itself is saved, where the person says in the system's dialog.
  session.defaultSession.on('will-download', (event, item) => {
    if (!item.getURL().startsWith(`blob:${pageAddress()}`)) event.preventDefault();
  });
}
