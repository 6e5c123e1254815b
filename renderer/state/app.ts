/** The page's composition: one transport, the stores it feeds, and how they are brought up to date when it comes back. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { CallError } from '#shared/call-failures';
import type { Notice, Push } from '#shared/contract';
import type { Delta, Detail } from '#shared/rows';
import type { Settings } from '#shared/settings';
import { type Call, createClient } from '../bridge/client.ts';
import type { ConnectionState, Transport } from '../bridge/transport.ts';
import { type Adding, createAdding } from './adding.ts';
import { type Arranged, createArranged } from './arranged.ts';
import { createDetails, type Details } from './details.ts';
import { createDialogs, type DialogState } from './dialogs.ts';
import { createErrands } from './errands.ts';
import { createHistory, type History } from './history.ts';
import { createList, type List } from './list.ts';
import { createNotices, type Notices } from './notices.ts';
import { createSelection, type SelectionState } from './selection.ts';
import { createSettings, type SettingsMirror } from './settings.ts';
import { createView, type Memory, type ViewState } from './view.ts';

export interface App {
  readonly call: Call;
  readonly transport: Transport;
  /** Resolves once the first rows and the settings were read, or could not be. */
  readonly firstLook: Promise<unknown>;
  readonly connection: StoreApi<{ readonly state: ConnectionState }>;
  readonly list: List;
  readonly history: History;
  readonly view: StoreApi<ViewState>;
  readonly arranged: StoreApi<Arranged>;
  readonly selection: StoreApi<SelectionState>;
  readonly details: Details;
  readonly settings: SettingsMirror;
  readonly notices: Notices;
  readonly adding: Adding;
  readonly dialogs: StoreApi<DialogState>;
  /** Runs an action and shows why it was refused, if it was. @returns whether it went well. */
  attempt(action: () => Promise<unknown>): Promise<boolean>;
  /** Deltas are sent only while somebody looks. */
  setVisible(isVisible: boolean): void;
}

interface Ports {
  readonly memory: Memory;
  now(): number;
}

export function createApp(transport: Transport, { memory, now }: Ports): App {
  const call = createClient(transport.send);
  const list = createList(call);
  const view = createView(memory);
  const history = createHistory(call);
  const details = createDetails(call);
  const settings = createSettings(call);
  const notices = createNotices();
  const connection = createStore<{ readonly state: ConnectionState }>(() => ({ state: 'opening' }));
  const dialogs = createDialogs();
  const doErrands = createErrands({ call, dialogs, notices });
  let isVisible = true;

  const attempt = async (action: () => Promise<unknown>) => {
    try {
      await action();
      return true;
    } catch (error) {
      notices.show({ level: 'error', ...toRefusal(error) });
      return false;
    }
  };
  const catchUp = () => attempt(() => Promise.all([list.watch(isVisible), settings.load(), history.refresh(), details.reopen()]));

  transport.onPush((push) => {
    if (push.name === 'desktop.errand') void attempt(doErrands);
    else receive(push, { list, details, settings, notices });
  });
  transport.onConnection((state) => {
    connection.setState({ state });
    if (state === 'open') void catchUp();
    if (transport.isDesktop) void attempt(doErrands);
  });
  followHistory(list, history);
  // Does not wait for the feed: it is asked again when that is open.
  const firstLook = Promise.allSettled([list.preview(), settings.load(), history.refresh()]);
  return {
    ...{ call, transport, firstLook, connection, list, history, view, details, settings, notices, attempt },
    arranged: createArranged(list.store, view, now),
    adding: createAdding(call),
    selection: createSelection(),
    dialogs,
    setVisible(visible) {
      if (visible === isVisible) return;
      isVisible = visible;
      if (connection.getState().state === 'open') void list.watch(visible).catch(() => undefined);
    },
  };
}

/** Anything but a refusal is a mistake of the page, and said as one. */
export function toRefusal(error: unknown): { code: string; message: string } {
  if (error instanceof CallError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

function receive(
  { name, value }: Push,
  { list, details, settings, notices }: Pick<App, 'list' | 'details' | 'settings' | 'notices'>,
) {
  switch (name) {
    case 'feed.delta':
      return list.receive(value as Delta);
    case 'feed.detail':
      return details.receive(value as Detail);
    case 'feed.settings':
      return settings.receive(value as Settings);
    case 'feed.notice':
      return notices.show(value as Notice);
  }
}

function followHistory(list: List, history: History): void {
  list.store.subscribe((state, before) => {
    if (before.isLoaded && state.totals.historyChanges !== before.totals.historyChanges)
      void history.refresh().catch(() => undefined);
  });
}
