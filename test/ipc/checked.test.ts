import { expect, test } from 'vitest';
import { checked } from '#ipc/checked';
import { calls } from '#shared/contract';

const { input: schema } = calls['downloads.add'];
const orders = (count: number) => Array.from({ length: count }, (_, index) => ({ request: { url: `http://host/${index}` } }));

test.each([0, 1, 500, 501, 10_000])(
  'a list of %d is what the schema itself makes of it, defaults and order too',
  async (count) => {
    const input = { orders: orders(count), duplicates: 'skip' };
    expect(await checked(schema, input)).toEqual(schema.safeParse(input));
  },
);

test('what is wrong in it is named by its place in the whole list', async () => {
  const input = { orders: orders(10_000) };
  Object.assign(input.orders[7321] as object, { name: 7 });
  const { error } = await checked(schema, input);
  expect(error?.issues.map(({ path }) => path)).toEqual([['orders', 7321, 'name']]);
});

test('more than a list may hold is refused, as is what is no list, or comes beside it', async () => {
  for (const input of [
    { orders: orders(10_001) },
    { orders: { length: 600 } },
    { orders: orders(600), more: 1 },
    { ids: orders(600) },
  ]) {
    expect((await checked(schema, input)).success).toBe(false);
  }
});

test('between its pieces other work has its turn', async () => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await checked(schema, { orders: orders(10_000) });
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(19);
});
