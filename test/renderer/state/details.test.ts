import { expect, test } from 'vitest';
import type { Detail } from '#shared/rows';
import { mergeDetail } from '../../../renderer/state/details.ts';
import { idOf } from '../rows.ts';

const line = (message: string) => ({ at: 0, level: 'info', code: 'x', message }) as const;

const detailOf = (part: Partial<Detail>): Detail => ({
  ...{
    id: idOf(1),
    segments: [],
    done: [],
    receivedBytes: 0,
    resumedBytes: 0,
    requestChanges: 0,
    logFrom: 0,
    log: [],
    speeds: [],
  },
  ...part,
});

test('log lines are joined where the new ones begin', () => {
  const known = detailOf({ log: [line('a'), line('b')] });
  expect(mergeDetail(known, detailOf({ logFrom: 2, log: [line('c')] })).log.map(({ message }) => message)).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect(mergeDetail(known, detailOf({ logFrom: 1, log: [line('B')] })).log.map(({ message }) => message)).toEqual(['a', 'B']);
});

test('a log that does not fit was begun anew', () => {
  const known = detailOf({ logFrom: 0, log: [line('a')] });
  expect(mergeDetail(known, detailOf({ logFrom: 40, log: [line('z')] })).log).toEqual([line('z')]);
});

test('only newer samples are added', () => {
  const known = detailOf({ speeds: [[1, 10]] });
  expect(
    mergeDetail(
      known,
      detailOf({
        speeds: [
          [1, 10],
          [2, 20],
        ],
      }),
    ).speeds,
  ).toEqual([
    [1, 10],
    [2, 20],
  ]);
});

test('the detail of another download replaces all', () => {
  const other = detailOf({ id: idOf(2) });
  expect(mergeDetail(detailOf({ log: [line('a')] }), other)).toBe(other);
});
