/** Copies a download's address, whole. */
import type { DownloadId } from '#shared/rows';
import { fullAddress } from '../../state/actions.ts';
import type { App } from '../../state/app.ts';
import { copyText } from '../../ui/clipboard.ts';

export const copyAddress = (app: App, id: DownloadId, listed: string): Promise<boolean> =>
  app.attempt(async () => copyText(await fullAddress(app, id, listed)));
