import { expect, test } from 'vitest';
import { Slab, Slabs } from '../../electron/engine/slabs.ts';

test('a slab is used again once nobody holds it, and not before', () => {
  const slabs = new Slabs();
  slabs.enter();
  const first = slabs.take();
  first.hold();
  first.letGo();
  const second = slabs.take();
  expect(second).not.toBe(first);
  first.letGo();
  expect(slabs.take()).toBe(first);
});

test('the slab of any view into it is found; other memory has none', () => {
  const slab = new Slabs().take();
  expect(Slab.of(slab.bytes.subarray(100, 200))).toBe(slab);
  expect(Slab.of(Buffer.alloc(10))).toBeUndefined();
});

test('no memory is kept once nobody receives any more', () => {
  const slabs = new Slabs();
  slabs.enter();
  const before = slabs.take();
  before.letGo();
  slabs.leave();
  slabs.enter();
  expect(slabs.take()).not.toBe(before);
});
