import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { type CertificateKind, certificates } from './certificate.ts';
import { cut } from './changes.ts';
import { content } from './content.ts';
import { watchResources } from './leaks.ts';
import { startOrigin } from './origin.ts';

test.each<[CertificateKind, string | undefined]>([
  ['good', undefined],
  ['expired', 'CERT_HAS_EXPIRED'],
  ['wrong-host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
])('an https origin with a %s certificate', async (kind, code) => {
  const { ca, ...identities } = await certificates();
  await using origin = await startOrigin({ content: content(1, 100_000), tls: identities[kind] });
  const request = get(origin.url(), { ca, agent: false });
  if (code !== undefined) {
    const [error] = (await once(request, 'error')) as [NodeJS.ErrnoException];
    expect([error.code, origin.requests.length]).toEqual([code, 0]);
    return;
  }
  const [response] = await once(request, 'response');
  const parts: Buffer[] = await response.toArray();
  expect(content(1, 100_000).matches(Buffer.concat(parts), 0)).toBe(true);
});

test('an https answer is reset in the middle, and silence comes before the handshake', async () => {
  const { ca, good } = await certificates();
  const watch = watchResources(['TCPSocketWrap', 'TLSWrap', 'TCPServerWrap']);
  {
    await using origin = await startOrigin({
      content: content(1, 100_000),
      tls: good,
      faults: [
        { on: { connection: 1 }, answer: cut(50_000, 'rst') },
        { on: { connection: 2 }, accept: 'silence' },
      ],
    });
    const request = get(origin.url(), { ca, agent: false });
    const [response] = await once(request, 'response');
    // The request learns of the reset too.
    request.on('error', () => {});
    response.resume();
    const [error] = await once(response, 'error');
    expect(error.code).toBe('ECONNRESET');
    const socket = connect({ host: '127.0.0.1', port: origin.port, ca });
    let isSecure = false;
    socket.on('secureConnect', () => {
      isSecure = true;
    });
    await origin.until(() => origin.connections === 2);
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(isSecure).toBe(false);
    socket.destroy();
  }
  await watch.expectNone();
});
