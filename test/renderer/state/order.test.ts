import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arrange, toNameKey } from '../../../renderer/state/order.ts';
import { firstView, type ViewState } from '../../../renderer/state/view.ts';
import { countersOf, idOf, rowOf } from '../rows.ts';

const mirrorOf = (rows: ReturnType<typeof rowOf>[]) => ({
  rows: new Map(rows.map((row) => [row.id, row])),
  counters: new Map(rows.map((row) => [row.id, row.counters])),
});

const look = (part: Partial<ViewState>): ViewState => ({ ...firstView, ...part });

test('the queue is shown in its own order', () => {
  const mirror = mirrorOf([rowOf(1, { order: 3 }), rowOf(2, { order: 1 }), rowOf(3, { order: 2 })]);
  expect(arrange(mirror, look({}), [])).toEqual([idOf(2), idOf(3), idOf(1)]);
});

test('part 9 comes before part 10', () => {
  expect(toNameKey('part 9.zip') < toNameKey('Part 10.zip')).toBe(true);
});

test('every word of a search must be found, in name or address, whatever its case', () => {
  const mirror = mirrorOf([rowOf(1, { name: 'Debian Netinst.iso' }), rowOf(2, { name: 'debian.torrent' }), rowOf(3)]);
  expect(arrange(mirror, look({ search: ' ISO debian ' }), [])).toEqual([idOf(1)]);
});

test('filters by state and by category', () => {
  const mirror = mirrorOf([rowOf(1, { state: 'failed' }), rowOf(2, { category: 'Video', state: 'failed' }), rowOf(3)]);
  expect(arrange(mirror, look({ filter: 'failed' }), [])).toEqual([idOf(1), idOf(2)]);
  expect(arrange(mirror, look({ filter: 'failed', category: 'Video' }), [])).toEqual([idOf(2)]);
});

test('an unknown time left comes last', () => {
  const mirror = mirrorOf([rowOf(1, { counters: countersOf(1, 0, 0, -1) }), rowOf(2, { counters: countersOf(2, 0, 0, 90) })]);
  expect(arrange(mirror, look({ sort: { by: 'left', isDescending: false } }), [])).toEqual([idOf(2), idOf(1)]);
});

test('the result does not depend on the order before', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), fc.boolean(), (sizes, isDescending) => {
      const mirror = mirrorOf(sizes.map((size, index) => rowOf(index, { size })));
      const view = look({ sort: { by: 'size', isDescending } });
      const fresh = arrange(mirror, view, []);
      expect(arrange(mirror, view, [...fresh].reverse())).toEqual(fresh);
      expect(arrange(mirror, view, [idOf(9_999), ...fresh.slice(0, 3), ...fresh.slice(0, 3)])).toEqual(fresh);
    }),
  );
});
