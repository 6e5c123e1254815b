import { expect, test } from 'vitest';
import type { Reply, Sent } from '#shared/contract';
import { calls } from '#shared/contract';
import { createClient } from '../../../renderer/bridge/client.ts';
import { createAdding, mergeFound } from '../../../renderer/state/adding.ts';
import { noOptions, toOrder, wrongOptions } from '../../../renderer/state/order-draft.ts';
import { idOf } from '../rows.ts';

const linesOf = (text: string) => text.split('\n').filter((line) => line.startsWith('http'));

/** Takes every line for a link, and answers `downloads.add` as `answer` says. */
function rig(answer: (orders: Sent<'downloads.add'>['orders'], duplicates: string | undefined) => unknown[]) {
  const sent: Sent<'downloads.add'>[] = [];
  const call = createClient((name, input): Promise<Reply> => {
    if (name === 'text.parse') {
      const requests = linesOf((input as { text: string }).text).map((url) => ({ url }));
      return Promise.resolve({ ok: true, value: { requests, remarks: [] } });
    }
    if (name === 'downloads.probe') return Promise.resolve({ ok: false, code: 'E_CONNECT', message: 'nobody is there' });
    const given = calls['downloads.add'].input.parse(input);
    sent.push(given);
    return Promise.resolve({ ok: true, value: { results: answer(given.orders, given.duplicates) } });
  });
  return { adding: createAdding(call), sent };
}

const added = (number: number) => ({ type: 'added', id: idOf(number) });

test('all that is found is added, and then nothing is left of what was typed', async () => {
  const { adding, sent } = rig((orders) => orders.map((_, index) => added(index)));
  adding.setText('http://a/1\nand\nhttp://a/2');
  expect(await adding.send()).toBe(2);
  expect(sent[0]?.orders.map(({ request }) => request.url)).toEqual(['http://a/1', 'http://a/2']);
  expect(adding.store.getState()).toMatchObject({ text: '', found: [] });
});

test('what was not added stays, with the reason; what was added is gone from the text', async () => {
  const { adding, sent } = rig((orders, duplicates) =>
    orders.map(({ request }, index) =>
      request.url.endsWith('2') && duplicates !== 'add' ? { type: 'duplicate', of: 'url', id: idOf(9), name: 'x' } : added(index),
    ),
  );
  adding.setText('http://a/1\nhttp://a/2');
  expect(await adding.send()).toBe(1);
  expect(adding.store.getState().text).toBe('http://a/2');
  expect(adding.store.getState().found).toMatchObject([{ key: 'http://a/2', outcome: { type: 'duplicate', id: idOf(9) } }]);
  expect(await adding.sendAnyway(['http://a/2'])).toBe(1);
  expect(sent).toHaveLength(2);
  expect(adding.store.getState().found).toEqual([]);
});

test('a failed look does not keep a download from being added', async () => {
  const { adding } = rig((orders) => orders.map((_, index) => added(index)));
  adding.setText('http://a/1');
  await adding.read();
  await adding.look(new AbortController().signal);
  expect(adding.store.getState().found[0]?.look).toEqual({
    ...{ type: 'failed', code: 'E_CONNECT', message: 'nobody is there' },
  });
  expect(await adding.send()).toBe(1);
});

test('reading again keeps what was said of each download', () => {
  const [first] = mergeFound([{ url: 'http://a/1' }], []);
  if (first === undefined) throw new Error('nothing was found');
  const known = { ...first, isTaken: false, own: { name: 'own.bin' } };
  const again = mergeFound([{ url: 'http://a/0' }, { url: 'http://a/1' }, { url: 'http://a/1' }], [known]);
  expect(again.map(({ isTaken }) => isTaken)).toEqual([true, false, true]);
  expect(again[1]?.own).toEqual({ name: 'own.bin' });
  expect(new Set(again.map(({ key }) => key)).size).toBe(3);
});

test('what is typed for all becomes part of each order, but a pasted command wins', () => {
  const options = { ...noOptions, userAgent: 'all', cookies: 'a=1; b=2', headers: 'X-A: 1', limit: '2M', connections: '4' };
  const order = toOrder({ request: { url: 'http://a/1', userAgent: 'own' }, own: { name: 'n' } }, options);
  expect(order).toEqual({
    request: {
      url: 'http://a/1',
      userAgent: 'own',
      headers: [['X-A', '1']],
      cookies: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    },
    connections: 4,
    limitBytesPerSecond: 2 * 1024 * 1024,
    name: 'n',
  });
});

test('each field that cannot be understood is named', () => {
  const wrong = wrongOptions({ ...noOptions, limit: 'fast', checksum: 'sha256=12', proxy: 'localhost', headers: 'nonsense' });
  expect([...wrong].sort()).toEqual(['checksum', 'headers', 'limit', 'proxy']);
  expect(wrongOptions(noOptions).size).toBe(0);
});
