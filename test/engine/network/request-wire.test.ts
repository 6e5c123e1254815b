/** What of a request arrives at a real server, byte for byte. */
import { expect, test } from 'vitest';
import { content } from '../../support/content.ts';
import type { Exchange } from '../../support/exchange.ts';
import { MiB, startRig } from '../../support/fetching.ts';

const small = content(1, MiB);

async function arrived(request: Parameters<Awaited<ReturnType<typeof startRig>>['download']>[1]): Promise<Exchange> {
  await using rig = await startRig({ content: small });
  const { url = '/file.bin' } = request ?? {};
  const run = rig.download({}, { ...request, url: rig.origin.url(url) });
  await run.end();
  await rig.expectDone(run);
  return rig.origin.requests[0] as Exchange;
}

test('header values and cookies arrive as UTF-8', async () => {
  // The origin reads them as UTF-8 too: what arrives equal went out so.
  const { headers } = await arrived({
    headers: [
      ['X-Title', '标题 ä 😀'],
      ['User-Agent', 'Größe/1'],
      ['Referer', 'https://example.org/ü'],
    ],
    cookie: 'name=ö; b=2',
  });
  expect(headers).toMatchObject({
    'x-title': '标题 ä 😀',
    'user-agent': 'Größe/1',
    referer: 'https://example.org/ü',
    cookie: 'name=ö; b=2',
  });
});

test('fields go out in the order, number and spelling of the user', async () => {
  const { fields } = await arrived({
    headers: [
      ['x-B', '1'],
      ['X-a', '2'],
      ['x-B', '3'],
      ['Accept', 'application/zip'],
    ],
  });
  const own = fields.filter(([name]) => /^(x-|accept$)/i.test(name));
  expect(own).toEqual([
    ['x-B', '1'],
    ['X-a', '2'],
    ['x-B', '3'],
    ['Accept', 'application/zip'],
  ]);
});

test('a login in the address becomes a header and is nowhere else', async () => {
  await using rig = await startRig({ content: small });
  const run = rig.download({}, { url: rig.origin.url('/file.bin').replace('//', '//m%C3%A9:p%40ss@') });
  await run.end();
  await rig.expectDone(run);
  const [request] = rig.origin.requests;
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('mé:p@ss').toString('base64')}`);
  expect(request?.headers.host).toBe(`127.0.0.1:${rig.origin.port}`);
  expect(JSON.stringify(run.events)).not.toMatch(/p@ss|p%40ss/);
});

test('path and query arrive as WHATWG writes them, the fragment not at all', async () => {
  const { target } = await arrived({ url: '/a b/ü?q=ä&x=%2F#top' });
  expect(target).toBe('/a%20b/%C3%BC?q=%C3%A4&x=%2F');
});

test('an own Host goes to the server it was meant for', async () => {
  const { fields } = await arrived({ headers: [['Host', 'files.example.org']] });
  expect(fields.filter(([name]) => name.toLowerCase() === 'host').map(([, value]) => value)).toEqual(['files.example.org']);
});

test('a body of text is UTF-8, one of bytes arrives as it is', async () => {
  const text = await arrived({ method: 'POST', body: 'name=ä', headers: [['Content-Type', 'text/plain']] });
  expect(text).toMatchObject({ method: 'POST', body: Buffer.from('name=ä', 'utf8') });
  expect(text.headers).toMatchObject({ 'content-length': '7', 'content-type': 'text/plain' });
  const bytes = await arrived({ method: 'PUT', body: new Uint8Array([0, 255, 13, 10]) });
  expect(bytes).toMatchObject({ method: 'PUT', body: Buffer.from([0, 255, 13, 10]) });
});

test('nothing but what is needed is sent by itself', async () => {
  const { fields } = await arrived({});
  expect(fields.map(([name]) => name.toLowerCase()).toSorted()).toEqual([
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ]);
});
