import { expect, test } from 'vitest';
import { choose, createSelection, extend, keepOnly, toggle } from '../../../renderer/state/selection.ts';
import { idOf } from '../rows.ts';

const [one, two, three] = [idOf(1), idOf(2), idOf(3)];

test('a range begins at the anchor and keeps it', () => {
  const state = extend(choose(one), three, [one, two, three]);
  expect(state).toMatchObject({ anchor: one, cursor: three });
  expect([...state.ids]).toEqual([one, two, three]);
});

test('toggling adds and takes away one', () => {
  const both = toggle(choose(one), two);
  expect([...both.ids]).toEqual([one, two]);
  expect([...toggle(both, one).ids]).toEqual([two]);
});

test('what is gone is chosen no more, and nothing changes where nothing is gone', () => {
  const state = toggle(choose(one), two);
  expect(keepOnly(state, () => true)).toBe(state);
  expect(keepOnly(state, (id) => id !== two)).toMatchObject({ cursor: undefined, anchor: undefined });
  expect(createSelection().getState().ids.size).toBe(0);
});
