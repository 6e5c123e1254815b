/** A program that runs for weeks: what a download took of the process it gives back, after hundreds of them as after ten. */
import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../electron/engine/engine.ts';
import { type OriginProcess, startOriginProcess } from '../bench/origin.ts';
import { watchResources } from '../support/leaks.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const MiB = 1024 * 1024;
const file = { name: 'file.bin', size: 3 * MiB, seed: 200 };
/** What the collector leaves differs from time to time by about a tenth of this. */
const mostGrowthBytes = 4 * MiB;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
afterAll(() => setFlagsFromString('--no-expose-gc'));

/** What is in use for good: nothing that a collection would free. */
function usedBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const descriptors = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0);

/** The origin counts what it serves, so it is a process of its own. */
async function fetchOne(engine: Engine, origin: OriginProcess, directory: TempDirectory, name: string): Promise<void> {
  const download = engine.download({ url: origin.url }, { directory: directory.path, name, ifExists: 'rename' });
  download.start();
  expect(await download.finished()).toMatchObject({ type: 'done', size: file.size });
  await rm(directory.file(name));
}

test('after 200 downloads one by one, and 64 at once, twice, no handle, socket or timer is left, and memory is as after ten', async () => {
  await using origin = await startOriginProcess({ file, bytesPerSecond: Array.from({ length: 128 }, () => 64 * MiB) });
  await using directory = await tempDirectory();
  const mistakes: unknown[] = [];
  const engine = createEngine({ idleConnectionMs: 100 }, { onError: (error) => mistakes.push(error) });
  const watch = watchResources();
  const atStart = descriptors();
  const settled = async (): Promise<number> => {
    // Warm connections are closed by the engine itself.
    await expect.poll(() => engine.openConnections, { interval: 20, timeout: 5000 }).toBe(0);
    await watch.expectNone();
    expect(descriptors()).toBeLessThanOrEqual(atStart);
    return usedBytes();
  };
  const oneByOne = async (from: number, to: number): Promise<number> => {
    for (let number = from; number < to; number += 1) await fetchOne(engine, origin, directory, `${number}.bin`);
    return settled();
  };
  const atOnce = async (): Promise<number> => {
    await Promise.all(Array.from({ length: 64 }, (_, number) => fetchOne(engine, origin, directory, `${number}.bin`)));
    return settled();
  };

  const afterTen = await oneByOne(0, 10);
  expect((await oneByOne(10, 200)) - afterTen).toBeLessThan(mostGrowthBytes);
  const afterMany = await atOnce();
  expect((await atOnce()) - afterMany).toBeLessThan(mostGrowthBytes);
  expect((await oneByOne(0, 10)) - afterTen).toBeLessThan(mostGrowthBytes);
  await engine.close();
  expect(mistakes).toEqual([]);
}, 300_000);
