import { expect, test } from 'vitest';
import type { HistoryRow } from '#shared/rows';
import { finishedPlaces, idAt, indexOf, itemAt, toItems } from '../../../renderer/state/items.ts';
import { idOf } from '../rows.ts';

const live = [idOf(1), idOf(2)];
const history = { rows: new Map([[1, { id: idOf(8) } as HistoryRow]]) };

test('the finished downloads follow the live ones, under a heading', () => {
  const items = toItems('all', live, 3);
  expect(items.count).toBe(6);
  expect([0, 1, 2, 3, 5, 6].map((index) => itemAt(items, index))).toEqual([
    { type: 'live', id: idOf(1) },
    { type: 'live', id: idOf(2) },
    { type: 'heading' },
    { type: 'finished', place: 0 },
    { type: 'finished', place: 2 },
    undefined,
  ]);
});

test('a filter of one state shows no history, the one of finished downloads nothing else', () => {
  expect(toItems('running', live, 3).count).toBe(2);
  expect(toItems('done', [], 3)).toMatchObject({ count: 3, hasHeading: false });
});

test('places and ids lead to each other; what is not read yet has no id', () => {
  const items = toItems('all', live, 3);
  expect(idAt(items, history, 4)).toBe(idOf(8));
  expect(indexOf(items, history, idOf(8))).toBe(4);
  expect(idAt(items, history, 3)).toBeUndefined();
  expect(idAt(items, history, 2)).toBeUndefined();
  expect(indexOf(items, history, idOf(99))).toBe(-1);
});

test('what is in sight of the history is what has to be read', () => {
  const items = toItems('all', live, 300);
  expect(finishedPlaces(items, 0, 10)).toEqual({ start: 0, end: 7 });
  expect(finishedPlaces(items, 0, 2)).toEqual({ start: 0, end: 0 });
  expect(finishedPlaces(items, 290, 400)).toEqual({ start: 287, end: 300 });
});
