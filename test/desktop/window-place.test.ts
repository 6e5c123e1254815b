import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOn } from '#desktop/window-place';

const screens = [
  { x: 0, y: 0, width: 1920, height: 1040 },
  { x: -1280, y: 100, width: 1280, height: 700 },
];

test('what was stored is kept where it fits', () => {
  const bounds = { x: -1200, y: 120, width: 900, height: 600 };
  expect(placeOn({ bounds, isMaximized: true }, screens)).toEqual({ bounds, isMaximized: true });
});

test('a screen that is gone: the size stays, the system finds the place', () => {
  const bounds = { x: 2500, y: 40, width: 900, height: 600 };
  expect(placeOn({ bounds, isMaximized: false }, screens)).toEqual({ bounds: { width: 900, height: 600 }, isMaximized: false });
});

test('a width that no screen has does not reach a screen it will not lie on', () => {
  const bounds = { x: -1920, y: 0, width: Number.MAX_SAFE_INTEGER, height: 400 };
  expect(placeOn({ bounds, isMaximized: false }, screens).bounds.x).toBeUndefined();
});

test('whatever is stored, the window can be seen and taken hold of', () => {
  const side = fc.oneof(
    fc.integer({ min: -5000, max: 5000 }),
    fc.double(),
    fc.constantFrom('7', null, undefined, Number.MAX_SAFE_INTEGER),
  );
  const stored = fc.oneof(
    fc.anything(),
    fc.record({ bounds: fc.record({ x: side, y: side, width: side, height: side }), isMaximized: fc.anything() }),
  );
  fc.assert(
    fc.property(stored, (given) => {
      const { bounds, isMaximized } = placeOn(given, screens);
      expect(typeof isMaximized).toBe('boolean');
      expect(bounds.width).toBeGreaterThanOrEqual(480);
      expect(bounds.height).toBeGreaterThanOrEqual(360);
      const { x, y } = bounds;
      if (x === undefined || y === undefined) return;
      const isReachable = (area: (typeof screens)[0]) =>
        x + bounds.width > area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height;
      expect(screens.some(isReachable)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
