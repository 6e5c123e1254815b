import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Interval } from '#shared/download';
import { add, clipTo, covers, difference, holes, intersect, sizeOf, uncovered, union } from '../../electron/engine/intervals.ts';

const width = 48;

const range = fc
  .tuple(fc.nat(width), fc.nat(width))
  .map(([one, other]) => ({ start: Math.min(one, other), end: Math.max(one, other) }));
const ranges = fc.array(range, { maxLength: 12 });

function listOf(parts: readonly Interval[]): Interval[] {
  const list: Interval[] = [];
  for (const { start, end } of parts) add(list, start, end);
  return list;
}

/** The naive model: one character a byte. */
function bitmap(parts: readonly Interval[]): string {
  const bits = new Array<string>(width).fill('.');
  for (const { start, end } of parts) bits.fill('#', start, end);
  return bits.join('');
}

const combine = (one: string, other: string, isKept: (inOne: boolean, inOther: boolean) => boolean) =>
  [...one].map((bit, index) => (isKept(bit === '#', other[index] === '#') ? '#' : '.')).join('');

/** Ascending, nothing empty, nothing touching. */
function expectCanonical(list: readonly Interval[]): void {
  let before = -1;
  for (const { start, end } of list) {
    expect(start).toBeGreaterThan(before);
    expect(end).toBeGreaterThan(start);
    before = end;
  }
}

test('adding ranges in any order equals the naive bitmap and stays canonical', () => {
  fc.assert(
    fc.property(ranges, (parts) => {
      const list = listOf(parts);
      expectCanonical(list);
      expect(bitmap(list)).toBe(bitmap(parts));
      expect(sizeOf(list)).toBe(bitmap(parts).replaceAll('.', '').length);
    }),
  );
});

test('set operations equal the naive bitmap and stay canonical', () => {
  fc.assert(
    fc.property(ranges, ranges, (parts, otherParts) => {
      const [one, other] = [listOf(parts), listOf(otherParts)];
      const [bits, otherBits] = [bitmap(one), bitmap(other)];
      const cases = [
        [union(one, other), combine(bits, otherBits, (inOne, inOther) => inOne || inOther)],
        [intersect(one, other), combine(bits, otherBits, (inOne, inOther) => inOne && inOther)],
        [difference(one, other), combine(bits, otherBits, (inOne, inOther) => inOne && !inOther)],
      ] as const;
      for (const [result, expected] of cases) {
        expectCanonical(result);
        expect(bitmap(result)).toBe(expected);
      }
      expect(one).toEqual(listOf(parts));
    }),
  );
});

test('what a range lacks, whether it is covered, holes and clipping equal the naive bitmap', () => {
  fc.assert(
    fc.property(ranges, range, fc.nat(width), (parts, { start, end }, size) => {
      const list = listOf(parts);
      const bits = bitmap(list);
      const missing = uncovered(list, start, end);
      expectCanonical(missing);
      expect(bitmap(missing)).toBe(combine(bitmap([{ start, end }]), bits, (inRange, inList) => inRange && !inList));
      expect(covers(list, start, end)).toBe(missing.length === 0);
      expect(holes(list, size)).toEqual(uncovered(list, 0, size));
      expect(bitmap(clipTo(list, size))).toBe(
        combine(bits, bitmap([{ start: 0, end: size }]), (inList, below) => inList && below),
      );
    }),
  );
});

test('ranges that touch become one', () => {
  const list = listOf([
    { start: 0, end: 10 },
    { start: 20, end: 30 },
  ]);
  add(list, 10, 20);
  expect(list).toEqual([{ start: 0, end: 30 }]);
});

test('a copy of a list is a snapshot: adding changes no interval', () => {
  const list = listOf([{ start: 0, end: 10 }]);
  const snapshot = [...list];
  add(list, 5, 20);
  expect(snapshot).toEqual([{ start: 0, end: 10 }]);
});

test('the rest of a file of unknown size is a range without end', () => {
  expect(uncovered([{ start: 0, end: 10 }], 0, Number.POSITIVE_INFINITY)).toEqual([{ start: 10, end: Number.POSITIVE_INFINITY }]);
});
