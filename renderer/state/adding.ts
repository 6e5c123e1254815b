/**
 * What is being added: text and files, the downloads found in them, what a look at each told. Lives as long as the page, so that
 * a dialog that was closed has lost nothing.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { CallError } from '#shared/call-failures';
import type { Result, Sent } from '#shared/contract';
import type { AddResult, Order, RequestDraft } from '#shared/orders';
import type { DownloadId } from '#shared/rows';
import type { Call } from '../bridge/client.ts';
import type { DroppedFile } from './dialogs.ts';
import { noOptions, type Options, toOrder } from './order-draft.ts';

export type Look =
  | { readonly type: 'none' }
  | { readonly type: 'asking' }
  | { readonly type: 'found'; readonly probe: Result<'downloads.probe'> }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

export interface Found {
  /** The address, and which of the same it is. */
  readonly key: string;
  readonly request: RequestDraft;
  readonly isTaken: boolean;
  /** What the person wrote for this one alone. */
  readonly own: Pick<Order, 'name' | 'directory' | 'category' | 'connections'>;
  readonly look: Look;
  /** Downloads in want of a link that this may be the new one of, the likeliest first. */
  readonly belongsTo?: readonly DownloadId[];
  /** Why it was not added. */
  readonly outcome?: Exclude<AddResult, { type: 'added' }>;
}

export interface AddingState {
  readonly text: string;
  /** What `found` was found in: what is typed now may not have been read yet. */
  readonly readText: string;
  readonly files: readonly DroppedFile[];
  readonly found: readonly Found[];
  readonly remarks: readonly string[];
  readonly options: Options;
  readonly isReading: boolean;
  readonly isSending: boolean;
  /** Another program sent the links: no server is asked about them before the person wants it. */
  readonly isHeld: boolean;
}

export interface Adding {
  readonly store: StoreApi<AddingState>;
  setText(text: string): void;
  addFiles(files: readonly DroppedFile[]): Promise<void>;
  /** Finds the downloads in what is there now. Rejects with what the application says. */
  read(): Promise<void>;
  change(key: string, change: Partial<Pick<Found, 'isTaken' | 'own'>>): void;
  setOptions(change: Partial<Options>): void;
  hold(isHeld: boolean): void;
  /** Looks at the first of those not looked at yet, a few at a time, until `signal` ends it. */
  look(signal: AbortSignal): Promise<void>;
  /** @returns how many were added; what was not stays, with the reason. */
  send(): Promise<number>;
  /** Adds one that is there already, all the same. */
  sendAnyway(keys: readonly string[]): Promise<number>;
  drop(key: string): void;
  clear(): void;
}

const nothing: AddingState = {
  ...{
    text: '',
    readText: '',
    files: [],
    found: [],
    remarks: [],
    options: noOptions,
    isReading: false,
    isSending: false,
    isHeld: false,
  },
};

const looksAtOnce = 4;
const mostLooks = 40;

/** A list that was read again keeps what was said about the downloads that are still in it. */
export function mergeFound(requests: readonly RequestDraft[], known: readonly Found[]): Found[] {
  const before = new Map(known.map((found) => [found.key, found]));
  const times = new Map<string, number>();
  return requests.map((request) => {
    const time = times.get(request.url) ?? 0;
    times.set(request.url, time + 1);
    const key = time === 0 ? request.url : `${request.url} ${time}`;
    const found = before.get(key);
    if (found === undefined) return { key, request, isTaken: true, own: {}, look: { type: 'none' } };
    // What is left of a pasted command in the text is its address: the rest of it still counts.
    return { ...found, request: Object.keys(request).length === 1 ? found.request : request };
  });
}

export function createAdding(call: Call): Adding {
  const store = createStore<AddingState>(() => nothing);
  let readings = 0;
  let reading: Promise<void> = Promise.resolve();
  let lastProbe = 0;

  const replace = (key: string, change: Partial<Found>) =>
    store.setState(({ found }) => ({ found: found.map((one) => (one.key === key ? { ...one, ...change } : one)) }));

  const readNow = async () => {
    const mine = ++readings;
    const { text, files } = store.getState();
    store.setState({ isReading: true });
    try {
      const sources = [
        ...(text.trim() === '' ? [] : [{ text }]),
        ...files.map(({ name, text: content }) => ({ name, text: content })),
      ];
      const parsed = await Promise.all(sources.map((source) => call('text.parse', source)));
      // What was typed meanwhile is read by a later call; who waits for this one wants to know what that finds.
      if (mine !== readings) return reading;
      const requests = parsed.flatMap((one) => one.requests);
      const remarks = parsed.flatMap((one) => one.remarks);
      store.setState(({ found }) => ({ readText: text, found: mergeFound(requests, found), remarks }));
    } finally {
      if (mine === readings) store.setState({ isReading: false });
    }
  };
  const read = () => {
    reading = readNow();
    return reading;
  };

  /** Whether it is the new link of a download that waits for one. */
  const match = async ({ key, request: { url } }: Found, size?: number) => {
    const { ids } = await call('link.match', { url, ...(size !== undefined && { size }) });
    replace(key, { belongsTo: ids });
  };

  const lookAt = async (one: Found, signal: AbortSignal) => {
    lastProbe += 1;
    const key = `add-${lastProbe}`;
    const cancel = () => void call('downloads.cancelProbe', { key }).catch(() => undefined);
    replace(one.key, { look: { type: 'asking' } });
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const probe = await call('downloads.probe', { key, order: toOrder(one, store.getState().options) });
      replace(one.key, { look: { type: 'found', probe } });
      await match(one, probe.size);
    } catch (error) {
      replace(one.key, { look: signal.aborted ? { type: 'none' } : failed(error) });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };

  const look = async (signal: AbortSignal) => {
    const next = () =>
      store
        .getState()
        .found.slice(0, mostLooks)
        .find((one) => one.isTaken && one.look.type === 'none');
    const worker = async () => {
      for (let one = next(); one !== undefined && !signal.aborted; one = next()) await lookAt(one, signal);
    };
    await Promise.all(Array.from({ length: looksAtOnce }, worker));
  };

  const submit = async (chosen: readonly Found[], duplicates: Sent<'downloads.add'>['duplicates']) => {
    if (chosen.length === 0) return 0;
    const { options } = store.getState();
    store.setState({ isSending: true });
    try {
      const orders = chosen.map((one) => toOrder(one, options));
      const { results } = await call('downloads.add', {
        ...{ orders, start: options.beginsNow, place: options.isFirst ? 'first' : 'last' },
        ...(duplicates === undefined ? {} : { duplicates }),
      });
      const outcomes = new Map(chosen.map((one, index) => [one.key, results[index]]));
      store.setState(({ found }) => ({ found: found.flatMap((one) => withOutcome(one, outcomes.get(one.key))) }));
      leaveTheRest(store);
      return results.filter(({ type }) => type === 'added').length;
    } finally {
      store.setState({ isSending: false });
    }
  };

  return {
    store,
    read,
    look,
    setText: (text) => store.setState({ text }),
    hold: (isHeld) => store.setState({ isHeld }),
    async addFiles(files) {
      store.setState((state) => ({ files: [...state.files, ...files] }));
      await read();
    },
    change: replace,
    setOptions: (change) => store.setState(({ options }) => ({ options: { ...options, ...change } })),
    async send() {
      await read();
      const isWanted = (one: Found) => one.isTaken && one.outcome?.type !== 'duplicate';
      const added = await submit(store.getState().found.filter(isWanted), undefined);
      // Once all that was wanted is added, what was left out has been decided too.
      if (added > 0 && !store.getState().found.some(({ isTaken }) => isTaken)) store.setState(nothing);
      return added;
    },
    sendAnyway: (keys) =>
      submit(
        store.getState().found.filter(({ key }) => keys.includes(key)),
        'add',
      ),
    drop(key) {
      store.setState(({ found }) => ({ found: found.filter((one) => one.key !== key) }));
      leaveTheRest(store);
    },
    clear: () => store.setState(nothing),
  };
}

const failed = (error: unknown): Look =>
  error instanceof CallError
    ? { type: 'failed', code: error.code, message: error.message }
    : { type: 'failed', code: 'INTERNAL', message: String(error) };

function withOutcome(one: Found, result: AddResult | undefined): Found[] {
  if (result === undefined) return [one];
  return result.type === 'added' ? [] : [{ ...one, outcome: result }];
}

/** What was added is no longer in the text: a second press must not add it twice. */
function leaveTheRest(store: StoreApi<AddingState>): void {
  const { found } = store.getState();
  if (found.length === 0) store.setState(nothing);
  else store.setState({ text: found.map(({ request }) => request.url).join('\n'), files: [] });
}
