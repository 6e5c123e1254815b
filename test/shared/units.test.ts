import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, formatDuration, formatRate, parseBytes, parseSeconds, percentOf } from '../../shared/units.ts';

describe('parseBytes', () => {
  test.each([
    ['0', 0],
    ['500', 500],
    ['300K', 300 * 1024],
    ['300k', 300 * 1024],
    ['1.5M', 1.5 * 1024 ** 2],
    ['2G', 2 * 1024 ** 3],
    [' 7K ', 7 * 1024],
  ])('reads %j as %d', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(['', 'K', '-1', '1e3', '1,5M', '1.M', '.5M', '5T', '5KB', '5 K', '0x10', 'NaN', '9007199254740993', '9999999G'])(
    'refuses %j',
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );

  test('takes any whole number in any unit as its 1024-based product', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom('', 'K', 'M', 'G'), (count, unit) => {
        expect(parseBytes(`${count}${unit}`)).toBe(count * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit));
      }),
    );
  });
});

describe('parseSeconds', () => {
  test('reads whole and broken seconds as milliseconds', () => {
    expect(parseSeconds('3')).toBe(3000);
    expect(parseSeconds('0.25')).toBe(250);
    expect(parseSeconds('0')).toBe(0);
  });

  test.each(['', '-1', '1s', '1e3', 'Infinity', '1.', '.5'])('refuses %j', (text) => {
    expect(parseSeconds(text)).toBeUndefined();
  });
});

describe('formatBytes', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [Number.MAX_SAFE_INTEGER, '8.0 PiB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test('never needs more than four digits and stays within a twentieth of the unit of the truth', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        const match = /^(\d{1,4})(?:\.(\d))? (B|KiB|MiB|GiB|TiB|PiB)$/.exec(formatBytes(bytes));
        expect(match).not.toBeNull();
        const factor = 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(match?.[3] ?? '');
        const value = Number(`${match?.[1]}.${match?.[2] ?? 0}`);
        expect(Math.abs(value * factor - bytes)).toBeLessThanOrEqual(factor * 0.0501);
      }),
    );
  });

  test('a speed is bytes per second', () => {
    expect(formatRate(26_214_400)).toBe('25.0 MiB/s');
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0 s'],
    [-5, '0 s'],
    [200, '1 s'],
    [59_000, '59 s'],
    [59_001, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_600_000, '1 h 00 min'],
    [90_000_000, '1 d 1 h'],
  ])('writes %d ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('percentOf', () => {
  test('is 100 only when all is there', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const [done, size] = a < b ? [a, b] : [b, a];
        const percent = percentOf(done, size) ?? -1;
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent === 100).toBe(done === size);
      }),
    );
  });

  test('of an unknown size is unknown, of an empty file is 100', () => {
    expect(percentOf(5, undefined)).toBeUndefined();
    expect(percentOf(0, 0)).toBe(100);
  });
});
