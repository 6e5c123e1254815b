import { expect, test } from 'vitest';
import type { Reply } from '#shared/contract';
import { createClient } from '../../../renderer/bridge/client.ts';
import { createHistory } from '../../../renderer/state/history.ts';
import { idOf } from '../rows.ts';

function rig(total: number) {
  const asked: string[] = [];
  const call = createClient((_name, input): Promise<Reply> => {
    const { offset, limit, search } = input as { offset: number; limit: number; search?: string };
    asked.push(`${offset}+${limit}${search === undefined ? '' : ` ${search}`}`);
    const size = Math.max(0, Math.min(limit, total - offset));
    const rows = Array.from({ length: size }, (_, index) => ({
      id: idOf(offset + index),
      name: `${search ?? ''}${offset + index}`,
    }));
    return Promise.resolve({ ok: true, value: { total, rows } });
  });
  return { history: createHistory(call), asked };
}

test('pages are read once, when they come into sight', async () => {
  const { history, asked } = rig(1_000);
  await history.refresh();
  await history.need(0, 30);
  await history.need(180, 220);
  await history.need(150, 250);
  expect(asked).toEqual(['0+100', '100+100', '200+100']);
  expect(history.store.getState().rows.get(219)?.id).toBe(idOf(219));
  expect(history.store.getState().rows.has(300)).toBe(false);
});

test('an answer to an older question is not shown', async () => {
  const { history } = rig(50);
  const first = history.look({ search: 'old' });
  await history.look({ search: 'new' });
  await first;
  expect(history.store.getState().rows.get(0)?.name).toBe('new0');
});

test('the ids of a range are read whatever is in sight', async () => {
  const { history } = rig(2_500);
  expect(await history.ids(10, 2_500)).toHaveLength(2_490);
});
