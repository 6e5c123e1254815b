import { expect, test } from 'vitest';
import { Budget } from '../../../electron/engine/transfer/budget.ts';

const KiB = 1024;

/** Failures one after another, each of a request begun after the one before was counted. */
function failInTurn(budget: Budget, times: number, fromMs = 0): boolean[] {
  return Array.from({ length: times }, (_, index) => budget.spend(fromMs + 2 * index, fromMs + 2 * index + 1));
}

test('as many failures in a row are allowed as retries were asked for, one more is too much', () => {
  const budget = new Budget(3);
  expect(failInTurn(budget, 4)).toEqual([true, true, true, false]);
  expect(budget.failures).toBe(4);
});

test('without retries the first failure is the last', () => {
  expect(new Budget(0).spend(0, 1)).toBe(false);
});

test('256 KiB of new bytes, in whatever portions, make up for all failures so far', () => {
  const budget = new Budget(3);
  failInTurn(budget, 3);
  for (let index = 0; index < 255; index += 1) budget.received(KiB);
  expect(budget.failures).toBe(3);
  budget.received(KiB);
  expect(budget.failures).toBe(0);
  expect(failInTurn(budget, 4, 100)).toEqual([true, true, true, false]);
});

test('crumbs between failures do not make up for them, and are told apart from nothing at all', () => {
  const budget = new Budget(3);
  expect(budget.hasCrumbs).toBe(false);
  budget.received(KiB);
  expect(failInTurn(budget, 2)).toEqual([true, true]);
  budget.received(KiB);
  expect(failInTurn(budget, 2, 100)).toEqual([true, false]);
  expect(budget.hasCrumbs).toBe(true);
});

test('bytes that had come before are crumbs, not progress', () => {
  const budget = new Budget(3);
  budget.received(256 * KiB);
  expect(budget.hasCrumbs).toBe(false);
  expect(failInTurn(budget, 2)).toEqual([true, true]);
  budget.received(0);
  expect(budget.hasCrumbs).toBe(true);
  expect(failInTurn(budget, 2, 100)).toEqual([true, false]);
});

test('connections that fail together count once: a failure counts only if its request began after the last that counted', () => {
  const budget = new Budget(3);
  const begunAt = 10;
  const eight = Array.from({ length: 8 }, (_, index) => budget.spend(begunAt + index, 100 + index));
  expect(eight).toEqual(Array(8).fill(true));
  expect(budget.failures).toBe(1);
  expect(budget.spend(100, 101)).toBe(true);
  expect(budget.failures).toBe(2);
});
