import { expect, test, vi } from 'vitest';
import type { Push } from '#shared/contract';
import { Settings } from '#shared/settings';
import type { Transport } from '../../../renderer/bridge/transport.ts';
import { createApp } from '../../../renderer/state/app.ts';
import { noTotals as totals } from '../../../renderer/state/list.ts';

test('a download that ended, was fetched again and ended again between two deltas is shown as it is now', async () => {
  let push: (push: Push) => void = () => {};
  let pages = 0;
  const transport: Transport = {
    isDesktop: false,
    onPush(listener) {
      push = listener;
      return () => {};
    },
    onConnection(listener) {
      listener('open');
      return () => {};
    },
    retry: () => {},
    signIn: () => Promise.resolve(true),
    send(name) {
      if (name === 'history.page') pages += 1;
      const values: Record<string, unknown> = {
        'feed.watch': { rev: 1 },
        'downloads.snapshot': { rev: 1, total: 0, rows: [], totals: { ...totals, done: 1, historyChanges: 1 } },
        'history.page': { total: 1, rows: [] },
        'settings.read': Settings.parse({}),
      };
      return Promise.resolve({ ok: true, value: values[name] });
    },
  };
  const app = createApp(transport, { memory: { get: () => null, set: () => {} }, now: Date.now });
  await app.firstLook;
  await vi.waitFor(() => expect(app.list.store.getState().rev).toBe(1));
  const before = pages;
  const delta = { rev: 2, upsert: [], counters: [], remove: [], bytesPerSecond: 0 };
  push({ name: 'feed.delta', value: { ...delta, totals: { ...totals, done: 1, historyChanges: 1 } } });
  expect(pages).toBe(before);
  push({ name: 'feed.delta', value: { ...delta, rev: 3, totals: { ...totals, done: 1, historyChanges: 3 } } });
  expect(pages).toBe(before + 1);
});
