/** What the person has set, as the application last said it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { SessionInfo } from '#shared/contract';
import type { Settings, SettingsChange } from '#shared/settings';
import type { Call } from '../bridge/client.ts';

export interface SettingsState {
  readonly settings: Settings | undefined;
  readonly session: SessionInfo | undefined;
}

export interface SettingsMirror {
  readonly store: StoreApi<SettingsState>;
  load(): Promise<void>;
  receive(settings: Settings): void;
  /** Shown at once; put back if the application refuses it. */
  write(change: SettingsChange): Promise<void>;
}

/** @throws CallError from `load` and `write`. */
export function createSettings(call: Call): SettingsMirror {
  const store = createStore<SettingsState>(() => ({ settings: undefined, session: undefined }));
  // What was pushed since a call was made is newer than its answer, whichever comes first.
  let pushes = 0;
  return {
    store,
    async load() {
      const [settings, session] = await Promise.all([call('settings.read'), call('session.info')]);
      store.setState({ settings, session });
    },
    receive(settings) {
      pushes += 1;
      store.setState({ settings });
    },
    async write(change) {
      const { settings: before } = store.getState();
      if (before !== undefined) store.setState({ settings: { ...before, ...withoutUndefined(change) } });
      const pushesBefore = pushes;
      const settle = (settings: Settings | undefined) => {
        if (pushes === pushesBefore) store.setState({ settings });
      };
      try {
        settle(await call('settings.write', change));
      } catch (error) {
        settle(before);
        throw error;
      }
    },
  };
}

function withoutUndefined(change: SettingsChange): Partial<Settings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<Settings>;
}
