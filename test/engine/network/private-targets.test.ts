/** Private addresses that are not to be asked: by number and by a name that leads there; never a connection is made. */
import { expect, test } from 'vitest';
import { createEngine } from '../../../electron/engine/index.ts';
import { content } from '../../support/content.ts';
import { startOrigin } from '../../support/origin.ts';
import { tempDirectory } from '../../support/temp.ts';

/** As a hostile name server answers. */
function engineWith(addresses: readonly string[]) {
  return createEngine(
    {},
    {
      resolveName: (_name, settle) =>
        process.nextTick(
          settle,
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
    },
  );
}

test.each([
  ['a number', '127.0.0.1', []],
  ['a number as IPv6 writes it', '[::ffff:127.0.0.1]', []],
  ['a name', 'public.test', ['127.0.0.1']],
  ['a name that leads to IPv6', 'public.test', ['::1']],
  ['a name that leads to a mapped address', 'public.test', ['::ffff:127.0.0.1']],
  ['a name that leads to an address of this link', 'public.test', ['fe80::1%lo']],
] as const)('%s is refused, and nothing is sent', async (_what, host, addresses) => {
  await using directory = await tempDirectory();
  await using origin = await startOrigin({ content: content(1, 1000) });
  const engine = engineWith(addresses);
  engine.setPrivateTargets(false);
  const download = engine.download({ url: origin.url('/file.bin', host) }, { directory: directory.path, ifExists: 'rename' });
  download.start();
  const end = await download.finished();
  await engine.close();
  expect(end).toMatchObject({
    type: 'failed',
    failure: { code: 'E_CONNECT', message: expect.stringContaining('at a private address, which the settings do not allow') },
  });
  expect(origin.connections).toBe(0);
});

test('where they are allowed the same name is fetched, and barring them again holds for what begins then', async () => {
  await using directory = await tempDirectory();
  await using origin = await startOrigin({ content: content(1, 1000) });
  const engine = engineWith(['127.0.0.1']);
  engine.setPrivateTargets(true);
  const fetch = async (name: string) => {
    const download = engine.download(
      { url: origin.url(`/${name}`, 'public.test') },
      { directory: directory.path, ifExists: 'rename' },
    );
    download.start();
    return (await download.finished()).type;
  };
  expect(await fetch('a')).toBe('done');
  await engine.close();
  engine.setPrivateTargets(false);
  expect(await fetch('b')).toBe('failed');
  await engine.close();
});
