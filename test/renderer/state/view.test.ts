import { expect, test } from 'vitest';
import { createView, type Memory, nextSort, withColumn } from '../../../renderer/state/view.ts';

function memoryOf(text?: string): Memory & { kept: string | undefined } {
  const memory = {
    kept: text,
    get: () => memory.kept ?? null,
    set: (_key: string, value: string) => {
      memory.kept = value;
    },
  };
  return memory;
}

test('columns and sorting are remembered, filter and search are not', () => {
  const memory = memoryOf();
  const view = createView(memory);
  view.setState({ search: 'x', filter: 'failed' });
  expect(memory.kept).toBeUndefined();
  view.setState(({ columns }) => ({
    columns: withColumn(columns, 'host', { isShown: false }),
    sort: { by: 'size', isDescending: true },
  }));
  const again = createView(memory).getState();
  expect(again.columns.find(({ id }) => id === 'host')?.isShown).toBe(false);
  expect(again).toMatchObject({ sort: { by: 'size', isDescending: true }, search: '', filter: 'all' });
});

test('what an older page remembered is mended', () => {
  const kept = JSON.stringify({
    columns: [
      { id: 'size', widthPx: 99, isShown: true },
      { id: 'gone', widthPx: 1, isShown: true },
    ],
    sort: { by: 'gone' },
  });
  const { columns, sort } = createView(memoryOf(kept)).getState();
  expect(columns[0]).toEqual({ id: 'size', widthPx: 99, isShown: true });
  expect(columns.map(({ id }) => id)).toContain('name');
  expect(sort.by).toBe('order');
  expect(createView(memoryOf('{')).getState().sort.by).toBe('order');
});

test('a head is clicked up, down, and back to the queue', () => {
  const first = nextSort({ by: 'order', isDescending: false }, 'name');
  const second = nextSort(first, 'name');
  expect([first, second, nextSort(second, 'name')]).toEqual([
    { by: 'name', isDescending: false },
    { by: 'name', isDescending: true },
    { by: 'order', isDescending: false },
  ]);
});
