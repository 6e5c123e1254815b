/**
 * A list as a person has it, made of real downloads: some run, one waits, two failed, some are done. The names of the hosts are
 * the scene's own: a proxy on loopback leads them all to one slow origin, so nothing leaves this machine.
 */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Totals } from '#shared/rows';
import { resourceOf } from '../support/answer.ts';
import { status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import type { RunningPage } from './running-page.ts';

const MiB = 1024 * 1024;

/** By path; what is small is done at once. */
const sizes: Readonly<Record<string, number>> = {
  '/debian-cd/13.2.0/debian-13.2.0-amd64-netinst.iso': 784 * MiB,
  '/movies/Big%20Buck%20Bunny%202160p.mkv': 1_690 * MiB,
  '/toolchain/llvm-21.1.5-x86_64-linux.tar.xz': 640 * MiB,
  '/maps/planet-251117.osm.bz2': 82_300 * MiB,
  '/masters/field-recordings-96k.flac': 412 * MiB,
  '/handbook/print.pdf': 96 * MiB,
  '/press/press-kit.zip': 2 * MiB,
  '/fonts/source-han-sans.zip': 3 * MiB,
  '/papers/range-requests.pdf': MiB,
};
const running = [
  'http://cdimage.debian.org/debian-cd/13.2.0/debian-13.2.0-amd64-netinst.iso',
  'http://download.blender.org/movies/Big%20Buck%20Bunny%202160p.mkv',
  'http://releases.llvm.org/toolchain/llvm-21.1.5-x86_64-linux.tar.xz',
];
const finished = [
  'http://studio.example.org/press/press-kit.zip',
  'http://fonts.example.org/fonts/source-han-sans.zip',
  'http://library.example.edu/papers/range-requests.pdf',
];
const troubled = ['http://mirror.example.net/gone/old-installer.exe', 'http://files.example.com/members/lecture-07.mp4'];
const waiting = ['http://busy.example.net/busy/dataset.parquet'];
const late = ['http://studio.example.org/masters/field-recordings-96k.flac', 'http://library.example.edu/handbook/print.pdf'];
const queued = ['http://planet.example.org/maps/planet-251117.osm.bz2'];

const startScenicOrigin = (): Promise<Origin> =>
  startOrigin({
    bytesPerSecond: (connection) => (0.35 + ((connection * 7) % 5) * 0.09) * MiB,
    resources: Object.fromEntries(
      Object.entries(sizes).map(([path, size], index) => [path, resourceOf({ content: content(index + 1, size) })]),
    ),
    faults: [
      { on: { path: /^\/busy/ }, times: Number.POSITIVE_INFINITY, answer: status(503, { headers: [['Retry-After', '900']] }) },
      { on: { path: /^\/members/ }, times: Number.POSITIVE_INFINITY, answer: status(403) },
    ],
  });

/** Passes whole addresses on to the one origin, whatever host they name. */
async function startScenicProxy(port: number): Promise<Server> {
  const proxy = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://origin');
    const upstream = request({ host: '127.0.0.1', port, path: pathname, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    upstream.end();
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  return proxy;
}

export interface Scene extends AsyncDisposable {
  readonly origin: Origin;
}

/** The list is as described when it resolves; what runs goes on for minutes. */
export async function playScene(page: RunningPage): Promise<Scene> {
  const origin = await startScenicOrigin();
  const proxy = await startScenicProxy(origin.port);
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await page.call('settings.write', {
    ...{ proxy: { mode: 'manual', url: address, noProxy: [] }, activeDownloads: 4, connectionsPerHost: 64 },
  });
  const add = (urls: readonly string[], start = true) =>
    page.call('downloads.add', { orders: urls.map((url) => ({ request: { url } })), start });
  const until = async (isReached: (totals: Totals) => boolean) => {
    while (!isReached((await page.call('downloads.snapshot', { offset: 0, limit: 1 })).totals)) await setTimeout(50);
  };
  await add(finished);
  await until(({ done }) => done === finished.length);
  await add([...troubled, ...waiting]);
  await until((totals) => totals.failed === troubled.length && totals.waiting === waiting.length);
  await page.call('settings.write', { activeDownloads: running.length });
  await add(late, false);
  await add([...running, ...queued]);
  const { rows } = await page.call('downloads.snapshot', { offset: 0, limit: 100 });
  const runningIds = rows.filter(({ url }) => running.includes(url)).map(({ id }) => id);
  await page.call('downloads.move', { ids: runningIds, to: 'first' });
  return {
    origin,
    async [Symbol.asyncDispose]() {
      await page.clear();
      proxy.closeAllConnections();
      proxy.close();
      await origin[Symbol.asyncDispose]();
    },
  };
}
