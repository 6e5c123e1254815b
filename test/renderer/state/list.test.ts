import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reply } from '#shared/contract';
import type { Delta, DownloadId, DownloadRow } from '#shared/rows';
import { createClient } from '../../../renderer/bridge/client.ts';
import { createList, noTotals } from '../../../renderer/state/list.ts';
import { countersOf, idOf, rowOf } from '../rows.ts';

/** An application that keeps a list and tells what changed; `beforeAnswer` happens while a page of it is on its way. */
class Source {
  rows: DownloadRow[] = [];
  rev = 0;
  snapshots = 0;
  beforeAnswer: ((offset: number) => void) | undefined;

  readonly call = createClient((name, input): Promise<Reply> => {
    if (name === 'feed.watch') return Promise.resolve({ ok: true, value: { rev: this.rev } });
    this.snapshots += 1;
    const { offset, limit } = input as { offset: number; limit: number };
    const value = { rev: this.rev, total: this.rows.length, rows: this.rows.slice(offset, offset + limit), totals: noTotals };
    this.beforeAnswer?.(offset);
    return Promise.resolve({ ok: true, value });
  });

  change(part: Partial<Delta>): Delta {
    this.rev += 1;
    const { upsert = [], remove = [] } = part;
    for (const row of upsert) {
      const place = this.rows.findIndex(({ id }) => id === row.id);
      if (place < 0) this.rows.push(row);
      else this.rows[place] = row;
    }
    this.rows = this.rows.filter(({ id }) => !remove.includes(id));
    return { rev: this.rev, upsert, remove, counters: part.counters ?? [], bytesPerSecond: 0 };
  }
}

const idsIn = (rows: ReadonlyMap<DownloadId, DownloadRow>) => [...rows.keys()].sort();

test('deltas change the rows they name and no others', async () => {
  const source = new Source();
  source.rows = [rowOf(1), rowOf(2)];
  const list = createList(source.call);
  await list.watch(true);
  const before = list.store.getState().rows.get(idOf(2));
  list.receive(source.change({ upsert: [rowOf(1, { state: 'running' })] }));
  expect(list.store.getState().rows.get(idOf(1))?.state).toBe('running');
  expect(list.store.getState().rows.get(idOf(2))).toBe(before);
});

test('counters alone do not reshape the list', async () => {
  const source = new Source();
  source.rows = [rowOf(1)];
  const list = createList(source.call);
  await list.watch(true);
  const { shape } = list.store.getState();
  list.receive(source.change({ counters: [countersOf(1, 500)] }));
  expect(list.store.getState().shape).toBe(shape);
  expect(list.store.getState().counters.get(idOf(1))?.[1]).toBe(500);
});

test('after a missed delta the list is read again', async () => {
  const source = new Source();
  source.rows = [rowOf(1)];
  const list = createList(source.call);
  await list.watch(true);
  source.change({ upsert: [rowOf(2)] });
  list.receive(source.change({ upsert: [rowOf(3)] }));
  await expect.poll(() => idsIn(list.store.getState().rows)).toEqual([idOf(1), idOf(2), idOf(3)]);
  expect(source.snapshots).toBe(2);
});

test('a delta that was known already changes nothing', async () => {
  const source = new Source();
  source.rows = [rowOf(1)];
  const list = createList(source.call);
  const old = source.change({ remove: [idOf(1)] });
  source.change({ upsert: [rowOf(1)] });
  await list.watch(true);
  list.receive(old);
  expect(idsIn(list.store.getState().rows)).toEqual([idOf(1)]);
});

test('what changes while the list is read page by page is neither lost nor undone', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 90, max: 320 }),
      fc.array(fc.record({ at: fc.integer({ min: 0, max: 400 }), kind: fc.constantFrom('add', 'remove', 'change') }), {
        maxLength: 12,
      }),
      async (count, changes) => {
        const source = new Source();
        source.rows = Array.from({ length: count }, (_, index) => rowOf(index));
        const list = createList(source.call);
        let next = 1_000;
        source.beforeAnswer = () => {
          const change = changes.shift();
          if (change === undefined) return;
          const row = source.rows[change.at % Math.max(1, source.rows.length)];
          if (change.kind === 'add' || row === undefined) list.receive(source.change({ upsert: [rowOf(next++)] }));
          else if (change.kind === 'remove') list.receive(source.change({ remove: [row.id] }));
          else list.receive(source.change({ upsert: [{ ...row, name: `changed-${next++}` }] }));
        };
        await list.watch(true);
        source.beforeAnswer = undefined;
        const names = [...list.store.getState().rows.values()].map(({ name }) => name).sort();
        expect(names).toEqual(source.rows.map(({ name }) => name).sort());
        expect(list.store.getState().rev).toBe(source.rev);
      },
    ),
    { numRuns: 60 },
  );
});
