/** Does what the desktop wants of its page: links that came in, menus that were used, things to be said. */
import type { StoreApi } from 'zustand/vanilla';
import type { Errand } from '#shared/desktop';
import type { Call } from '../bridge/client.ts';
import type { DialogState } from './dialogs.ts';
import type { Notices } from './notices.ts';

interface Ports {
  readonly call: Call;
  readonly dialogs: StoreApi<DialogState>;
  readonly notices: Notices;
}

/** @returns asks for the errands and does them. */
export function createErrands({ call, dialogs, notices }: Ports): () => Promise<void> {
  const open = ({ text, files = [], isForeign }: Extract<Errand, { type: 'add' }>): void => {
    const given = { ...(text !== undefined && { text }), ...(files.length > 0 && { files }) };
    dialogs.setState({ dialog: { type: 'add', ...given, isForeign } });
  };
  return async () => {
    for (const errand of await call('desktop.errands')) {
      if (errand.type === 'notice') notices.show(errand.notice);
      else if (errand.type === 'add') open(errand);
      else dialogs.setState({ dialog: { type: errand.type } });
    }
  };
}
