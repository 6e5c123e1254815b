import { expect, test } from 'vitest';
import { compare, quantile, rules } from './compare.ts';
import { sluice } from './simulate.ts';

test('on random networks every rule ends, and the engine is near the best there can be', () => {
  const seed = 7;
  const results = compare(seed, 200, rules);
  const large = (results.get(sluice) ?? []).filter(({ network }) => network.sizeBytes >= 100 * 1024 * 1024);
  expect(large.length).toBeGreaterThan(50);
  expect(
    quantile(
      large.map(({ ratio }) => ratio),
      0.5,
    ),
  ).toBeLessThan(1.05);
  for (const [rule, theirs] of results) {
    if (rule === sluice) continue;
    const others = theirs.filter(({ network }) => network.sizeBytes >= 100 * 1024 * 1024);
    expect(
      quantile(
        large.map(({ ratio }) => ratio),
        0.9,
      ),
      rule.name,
    ).toBeLessThan(
      quantile(
        others.map(({ ratio }) => ratio),
        0.9,
      ),
    );
  }
}, 120_000);
