import { expect, test } from 'vitest';
import { turns } from '#downloads/turns';

const work = (ms: number): void => {
  const begun = performance.now();
  while (performance.now() - begun < ms);
};

test('short work is not held up, long work lets others have their turn', async () => {
  let others = 0;
  const other = setImmediate(function again() {
    others += 1;
    setImmediate(again).unref();
  }).unref();
  const short = turns();
  expect(short()).toBeUndefined();
  const long = turns();
  for (let step = 0; step < 20; step += 1) {
    work(2);
    await long();
  }
  clearImmediate(other);
  expect(others).toBeGreaterThanOrEqual(5);
});
