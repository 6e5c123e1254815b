/** The same calls to a real aria2c and to Sluice: what comes back has the same form. */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resourceOf } from '../support/answer.ts';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { type RealAria2, RpcClient, type RpcResponse, RpcSocket, startAria2 } from '../support/rpc.ts';
import { type Serving, startServing } from '../support/serving.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const MiB = 1024 * 1024;
const file = content(16, 8 * MiB);

let folder: TempDirectory;
let origin: Origin;
let real: RealAria2;
let server: Serving;
let ours: RpcClient;

beforeAll(async () => {
  folder = await tempDirectory();
  mkdirSync(folder.file('files'));
  mkdirSync(folder.file('real'));
  origin = await startOrigin({
    resources: { '/file.bin': resourceOf({ content: file }), '/small.bin': resourceOf({ content: content(17, 1000) }) },
    bytesPerSecond: 256 * 1024,
  });
  real = await startAria2(folder.file('real'));
  server = await startServing(folder.path, '--aria2');
  ours = new RpcClient(`${server.origin}/jsonrpc`, server.token);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await real[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const words = new Set(['active', 'waiting', 'paused', 'error', 'complete', 'removed', 'used', 'true', 'false', 'OK', '2.0']);

/** Values stripped to their form: words stay, numbers in strings are `#`, ids and hex `hex`, all else its type. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [formOf(value[0])];
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, formOf(one)]));
  }
  if (typeof value !== 'string') return value === null ? null : typeof value;
  if (words.has(value)) return value;
  if (/^\d+$/.test(value) && value.length < 16) return '#';
  return /^[0-9a-f]+$/.test(value) ? 'hex' : 'text';
}

const formOfAnswer = ({ status, type, reply }: RpcResponse): unknown => ({ status, type, reply: formOf(reply) });

async function expectSameForm(ask: (rpc: RpcClient) => Promise<RpcResponse>): Promise<void> {
  expect(formOfAnswer(await ask(ours))).toEqual(formOfAnswer(await ask(real.rpc)));
}

/** Waits in both until it holds: aria2 has no event for it without a socket. */
async function until(rpc: RpcClient, gid: string, holds: (status: Record<string, string>) => boolean): Promise<void> {
  while (!holds(await rpc.call('aria2.tellStatus', gid))) await rpc.call('aria2.getVersion');
}

describe('messages', () => {
  const raw: [string, string][] = [
    ['no JSON', '{nope'],
    ['an empty list', '[]'],
    ['no method', '{}'],
    ['a number', '5'],
    ['no token', '{"jsonrpc":"2.0","id":1,"method":"aria2.getVersion"}'],
    ['a wrong token', '{"jsonrpc":"2.0","id":1,"method":"aria2.getVersion","params":["token:wrong"]}'],
    ['parameters by name', '{"jsonrpc":"2.0","id":1,"method":"aria2.tellStatus","params":{"a":1}}'],
    ['an id that is a text', '{"jsonrpc":"2.0","id":"abc","method":"system.listNotifications"}'],
    ['no id', '{"jsonrpc":"2.0","method":"system.listNotifications"}'],
    ['several calls with one wrong', '{"jsonrpc":"2.0","id":1,"method":"system.multicall","params":[[{"x":1},5]]}'],
  ];
  test.each(raw)('%s', async (_name, body) => {
    await expectSameForm((rpc) => rpc.post(body));
  });

  test('the words of a refusal are the same too', async () => {
    const asks: [string, ...unknown[]][] = [
      ['aria2.nope'],
      ['aria2.tellStatus'],
      ['aria2.tellStatus', 5],
      ['aria2.tellStatus', 'zz'],
      ['aria2.tellStatus', '0123456789abcdef'],
      ['aria2.tellWaiting', 0],
      ['aria2.addUri', []],
      ['aria2.addUri', ['nonsense']],
      ['aria2.addUri', ['http://127.0.0.1:1/'], { split: 'many' }],
      ['aria2.removeDownloadResult', '0123456789abcdef'],
      ['aria2.changePosition', '0123456789abcdef', 0, 'POS_SET'],
    ];
    for (const [method, ...params] of asks) {
      expect((await ours.ask(method, ...params)).reply).toEqual((await real.rpc.ask(method, ...params)).reply);
    }
  });

  test('a list of calls has a list of answers', async () => {
    const list = (rpc: RpcClient) =>
      JSON.stringify([
        { jsonrpc: '2.0', id: 1, method: 'aria2.getGlobalStat', params: [`token:${rpc.secret}`] },
        { jsonrpc: '2.0', id: 2, method: 'aria2.getGlobalStat' },
        5,
      ]);
    const answer = async (rpc: RpcClient) => (await rpc.post(list(rpc))).reply as unknown as unknown[];
    const [own, other] = [await answer(ours), await answer(real.rpc)];
    expect(own).toHaveLength(2);
    expect(own.map(formOf)).toEqual(other.map(formOf));
  });

  test('several calls in one: results in lists of one, failures bare', async () => {
    const calls = (rpc: RpcClient) => [
      { methodName: 'aria2.getGlobalStat', params: [`token:${rpc.secret}`] },
      { methodName: 'aria2.getGlobalStat' },
      { methodName: 'aria2.nope', params: [`token:${rpc.secret}`] },
      { methodName: 'system.multicall', params: [[]] },
    ];
    const answer = async (rpc: RpcClient): Promise<unknown[]> => {
      const { reply } = await rpc.post(
        JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'system.multicall', params: [calls(rpc)] }),
      );
      return reply.result as unknown[];
    };
    const [own, other] = [await answer(ours), await answer(real.rpc)];
    expect(own.map(formOf)).toEqual(other.map(formOf));
    expect(own.slice(1)).toEqual(other.slice(1));
  });

  test('every method and notification of aria2 is known, but those of torrents alone', async () => {
    for (const method of ['system.listMethods', 'system.listNotifications']) {
      const [own, other] = [await ours.call<string[]>(method), await real.rpc.call<string[]>(method)];
      expect(other.filter((name) => !own.includes(name))).toEqual(
        method === 'system.listMethods' ? [] : ['aria2.onBtDownloadComplete'],
      );
    }
  });
});

describe('a download', () => {
  const gid = '00000000000000a1';
  const stable: [string, ...unknown[]][] = [
    ['aria2.getUris', gid],
    ['aria2.getFiles', gid],
    ['aria2.getPeers', gid],
    ['aria2.tellStatus', gid, ['gid', 'status', 'totalLength', 'nonsense']],
    ['aria2.getGlobalStat'],
    ['aria2.getSessionInfo'],
    ['aria2.getVersion'],
  ];

  test('begins with a gid of its own choice, is told of, paused, moved, goes on and is removed', async () => {
    const options = { gid, split: '2', 'max-connection-per-server': '2', header: ['X-A: 1', 'X-B: 2'] };
    await expectSameForm((rpc) => rpc.ask('aria2.addUri', [origin.url('/file.bin')], options));
    for (const rpc of [ours, real.rpc]) await until(rpc, gid, ({ completedLength }) => Number(completedLength) > 300_000);
    await expectSameForm((rpc) => rpc.ask('aria2.tellStatus', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.tellActive'));
    await expectSameForm((rpc) => rpc.ask('aria2.getServers', gid));
    for (const [method, ...params] of stable) await expectSameForm((rpc) => rpc.ask(method, ...params));
    await expectSameForm((rpc) => rpc.ask('aria2.changeOption', gid, { 'max-download-limit': '1M' }));
    await expectSameForm((rpc) => rpc.ask('aria2.unpause', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.pause', gid));
    for (const rpc of [ours, real.rpc])
      await until(rpc, gid, ({ status, connections }) => status === 'paused' && connections === '0');
    await expectSameForm((rpc) => rpc.ask('aria2.tellStatus', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.pause', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.tellWaiting', 0, 10));
    await expectSameForm((rpc) => rpc.ask('aria2.tellWaiting', -1, 10, ['gid', 'status']));
    await expectSameForm((rpc) => rpc.ask('aria2.changePosition', gid, 0, 'POS_END'));
    await expectSameForm((rpc) => rpc.ask('aria2.changePosition', gid, 0, 'POS_NOWHERE'));
    await expectSameForm((rpc) => rpc.ask('aria2.changeUri', gid, 1, [], []));
    await expectSameForm((rpc) => rpc.ask('aria2.unpause', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.forcePause', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.unpauseAll'));
    await expectSameForm((rpc) => rpc.ask('aria2.forcePauseAll'));
    for (const rpc of [ours, real.rpc]) await until(rpc, gid, ({ status }) => status === 'paused');
    await expectSameForm((rpc) => rpc.ask('aria2.forceRemove', gid));
    await expectSameForm((rpc) => rpc.ask('aria2.remove', gid));
  });

  test('that is done or failed is told of alike', async () => {
    const [done, failed] = ['00000000000000a2', '00000000000000a3'];
    await expectSameForm((rpc) => rpc.ask('aria2.addUri', [origin.url('/small.bin')], { gid: done }));
    await expectSameForm((rpc) => rpc.ask('aria2.addUri', [origin.url('/missing')], { gid: failed }));
    for (const rpc of [ours, real.rpc]) {
      await until(rpc, done, ({ status }) => status === 'complete');
      await until(rpc, failed, ({ status }) => status === 'error');
    }
    await expectSameForm((rpc) => rpc.ask('aria2.tellStatus', done));
    const failure = async (rpc: RpcClient): Promise<unknown> =>
      Object.keys(await rpc.call<object>('aria2.tellStatus', failed)).toSorted();
    expect(await failure(ours)).toEqual(await failure(real.rpc));
    const codes = async (rpc: RpcClient) => await rpc.call('aria2.tellStatus', failed, ['status', 'errorCode']);
    expect(await codes(ours)).toEqual(await codes(real.rpc));
    await expectSameForm((rpc) => rpc.ask('aria2.tellStopped', 0, 10, ['gid', 'status']));
    await expectSameForm((rpc) => rpc.ask('aria2.pause', done));
    await expectSameForm((rpc) => rpc.ask('aria2.removeDownloadResult', done));
    await expectSameForm((rpc) => rpc.ask('aria2.removeDownloadResult', done));
    await expectSameForm((rpc) => rpc.ask('aria2.purgeDownloadResult'));
    await expectSameForm((rpc) => rpc.ask('aria2.tellStopped', 0, 10));
  });

  test('is told of over a socket too, with its notifications', async () => {
    const told = async (rpc: RpcClient): Promise<unknown[]> => {
      await using socket = await RpcSocket.open(rpc.url);
      const id = '00000000000000a4';
      const params = [`token:${rpc.secret}`, [origin.url('/file.bin')], { gid: id }];
      socket.send({ jsonrpc: '2.0', id: 'add', method: 'aria2.addUri', params });
      await socket.notified('onDownloadStart', id);
      await until(rpc, id, ({ completedLength }) => Number(completedLength) > 0);
      socket.send({ jsonrpc: '2.0', id: 'pause', method: 'aria2.pause', params: [`token:${rpc.secret}`, id] });
      await socket.notified('onDownloadPause', id);
      socket.send({ jsonrpc: '2.0', id: 'on', method: 'aria2.unpause', params: [`token:${rpc.secret}`, id] });
      await socket.until(() => socket.messages.filter(({ method }) => method === 'aria2.onDownloadStart').length === 2);
      socket.send({ jsonrpc: '2.0', id: 'gone', method: 'aria2.forceRemove', params: [`token:${rpc.secret}`, id] });
      await socket.notified('onDownloadStop', id);
      const small = '00000000000000a5';
      const other = [`token:${rpc.secret}`, [origin.url('/small.bin')], { gid: small }];
      socket.send({ jsonrpc: '2.0', id: 'small', method: 'aria2.addUri', params: other });
      await socket.notified('onDownloadComplete', small);
      const missing = '00000000000000a6';
      const wrong = [`token:${rpc.secret}`, [origin.url('/missing')], { gid: missing }];
      socket.send({ jsonrpc: '2.0', id: 'wrong', method: 'aria2.addUri', params: wrong });
      await socket.notified('onDownloadError', missing);
      socket.send('{nope');
      await socket.until(({ error }) => error !== undefined);
      const names = socket.messages.flatMap(({ method, params: of }) =>
        method === undefined ? [] : [`${method} ${JSON.stringify(of)}`],
      );
      const answers = socket.messages.flatMap((message) => (message.method === undefined ? [formOf(message)] : []));
      return [names, answers];
    };
    expect(await told(ours)).toEqual(await told(real.rpc));
  });
});
