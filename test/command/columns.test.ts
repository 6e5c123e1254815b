import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsOf, cut, fitTo } from '../../electron/command/columns.ts';

describe('text in columns', () => {
  test('counts wide characters twice and combining marks not at all', () => {
    expect(columnsOf('abc')).toBe(3);
    expect(columnsOf('文件.zip')).toBe(8);
    expect(columnsOf('e\u0301')).toBe(1);
    expect(columnsOf('🎬')).toBe(2);
  });

  test('is cut in the middle, so that the end of a name stays', () => {
    expect(fitTo('debian-12.5.0-amd64-netinst.iso', 20)).toBe('debian-12.…tinst.iso');
    expect(fitTo('short', 8)).toBe('short   ');
  });

  test('takes exactly the columns it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '文', 'é', 'e\u0301', '🎬', ' ') }), fc.nat(40), (text, columns) => {
        expect(columnsOf(fitTo(text, columns))).toBe(columns);
        expect(columnsOf(cut(text, columns))).toBe(columns);
      }),
    );
  });
});
