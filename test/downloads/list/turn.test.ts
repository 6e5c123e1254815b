import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Line, nextToBegin, type Waiting } from '../../../electron/downloads/list/turn.ts';

const waiting = (id: string, order: number, more: Partial<Waiting> = {}): Waiting => ({
  id,
  order,
  priority: 'normal',
  linkExpiresAt: undefined,
  ...more,
});
const line = (queued: readonly Waiting[], more: Partial<Line> = {}): Line => ({
  queued,
  working: 0,
  stuck: 0,
  activeDownloads: 2,
  soonestDyingFirst: false,
  ...more,
});

describe('whose turn it is', () => {
  test('by priority, and by place among the same; never more than there are places', () => {
    const queued = [
      waiting('c', 3),
      waiting('a', 1),
      waiting('low', 0, { priority: 'low' }),
      waiting('high', 9, { priority: 'high' }),
    ];
    expect(nextToBegin(line(queued, { activeDownloads: 3 }))).toEqual(['high', 'a', 'c']);
    expect(nextToBegin(line(queued, { activeDownloads: 3, working: 2 }))).toEqual(['high']);
    expect(nextToBegin(line(queued, { working: 2 }))).toEqual([]);
  });

  test('a link that dies soonest goes first where that is wished for', () => {
    const queued = [
      waiting('a', 1, { priority: 'high' }),
      waiting('b', 2, { linkExpiresAt: 20 }),
      waiting('c', 3, { linkExpiresAt: 10 }),
    ];
    expect(nextToBegin(line(queued, { soonestDyingFirst: true }))).toEqual(['c', 'b']);
    expect(nextToBegin(line(queued))).toEqual(['a', 'b']);
  });

  test('those that wait for a person or a busy server take no place, but there are not any number of them', () => {
    const queued = Array.from({ length: 20 }, (_, index) => waiting(String(index), index));
    expect(nextToBegin(line(queued, { stuck: 2 }))).toHaveLength(2);
    expect(nextToBegin(line(queued, { stuck: 7 }))).toHaveLength(1);
    expect(nextToBegin(line(queued, { stuck: 8 }))).toEqual([]);
    expect(nextToBegin(line(queued, { stuck: 50, working: 1 }))).toEqual([]);
  });

  test('one place or many: the first of many is the one that a single place goes to', () => {
    const one = fc.record({
      order: fc.double({ noNaN: true, noDefaultInfinity: true }),
      priority: fc.constantFrom('low' as const, 'normal' as const, 'high' as const),
      linkExpiresAt: fc.option(fc.nat(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 20 }), fc.boolean(), (rows, soonestDyingFirst) => {
        const queued = rows.map((row, index) => ({ ...row, id: String(index) }));
        const all = nextToBegin(line(queued, { activeDownloads: 100, soonestDyingFirst }));
        expect(all.toSorted()).toEqual(queued.map(({ id }) => id).toSorted());
        expect(nextToBegin(line(queued, { activeDownloads: 1, soonestDyingFirst }))).toEqual(all.slice(0, 1));
      }),
    );
  });
});
