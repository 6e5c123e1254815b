/** Whose certificates are believed: real handshakes with good and bad ones. */
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type CertificateKind, certificates } from '../support/certificate.ts';
import { redirect } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { MiB, type Run, startRig } from '../support/fetching.ts';
import { startOrigin } from '../support/origin.ts';

const file = content(85, 8 * MiB);

async function startTlsRig(kind: CertificateKind, bytesPerSecond = 4 * MiB) {
  return startRig({ content: file, bytesPerSecond, tls: (await certificates())[kind] });
}

async function expectRefused(run: Run, reason: RegExp): Promise<void> {
  await run.end();
  expect(run.download.state).toMatchObject({
    type: 'failed',
    failure: { code: 'E_TLS', message: expect.stringMatching(reason) },
  });
}

describe('F85 a certificate nobody vouches for', () => {
  test.each([
    ['self-signed', /SELF_SIGNED/],
    ['good', /UNABLE_TO_VERIFY|UNABLE_TO_GET|SELF_SIGNED/],
  ] as const)('of an unknown authority (%s) is refused at once, and not a byte is asked for', async (kind, reason) => {
    await using rig = await startTlsRig(kind);
    await expectRefused(rig.download(), reason);
    expect(rig.origin.connections).toBe(1);
    expect(rig.origin.requests).toEqual([]);
    expect(await readdir(rig.directory.path)).toEqual([]);
  });

  test.each([
    ['expired', /EXPIRED/],
    ['wrong-host', /ALTNAME|HOSTNAME/],
  ] as const)('of a known authority, but %s, is refused too', async (kind, reason) => {
    await using rig = await startTlsRig(kind);
    await expectRefused(rig.download({}, { ca: (await certificates()).ca }), reason);
    expect(rig.origin.connections).toBe(1);
    expect(rig.origin.requests).toEqual([]);
  });
});

describe('an own authority', () => {
  test.each(['127.0.0.1', 'localhost'])('is believed for %s, on each of several connections', async (host) => {
    await using rig = await startTlsRig('good', MiB);
    const run = rig.download({}, { url: rig.origin.url('/file.bin', host), ca: (await certificates()).ca });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.maxStreams).toBeGreaterThan(2);
  });

  test('a self-signed certificate may be its own', async () => {
    await using rig = await startTlsRig('self-signed');
    const run = rig.download({}, { ca: (await certificates())['self-signed'].cert });
    await run.end();
    await rig.expectDone(run);
  });

  test('is believed by its own download only, warm connections and sessions of it notwithstanding', async () => {
    await using rig = await startTlsRig('good');
    const trusting = rig.download({ connections: 2 }, { ca: (await certificates()).ca });
    await trusting.end();
    await rig.expectDone(trusting);
    const asked = rig.origin.requests.length;
    await expectRefused(rig.download(), /E_TLS|UNABLE|SELF_SIGNED/);
    expect(rig.origin.requests.length).toBe(asked);
  });

  test('what is no certificate is said so', async () => {
    await using rig = await startTlsRig('good');
    const run = rig.download({}, { ca: 'nonsense' });
    await run.end();
    expect(run.code).toMatch(/^E_(TLS|INPUT)$/);
    expect(rig.origin.requests).toEqual([]);
  });
});

describe('insecure', () => {
  test.each(['self-signed', 'expired', 'wrong-host'] as const)('takes a certificate that is %s', async (kind) => {
    await using rig = await startTlsRig(kind);
    const run = rig.download({}, { insecure: true });
    await run.end();
    await rig.expectDone(run);
  });

  test('holds for its own download only', async () => {
    await using rig = await startTlsRig('self-signed');
    const run = rig.download({}, { insecure: true });
    await run.end();
    await rig.expectDone(run);
    const asked = rig.origin.requests.length;
    await expectRefused(rig.download(), /SELF_SIGNED/);
    expect(rig.origin.requests.length).toBe(asked);
  });
});

test('F66: a redirect from https down to http is refused unless it is allowed, and no secret goes along', async () => {
  const { good, ca } = await certificates();
  await using rig = await startRig({ content: file });
  const faults = [{ on: {}, times: Number.POSITIVE_INFINITY, answer: redirect(302, () => rig.origin.url()) }];
  await using secure = await startOrigin({ clock: rig.clock, tls: good, faults });
  const request = { url: secure.url('/start'), ca, headers: [['X-Api-Key', 'geheim']] as const, cookie: 'sid=geheim' };
  const refused = rig.download({}, request);
  await refused.end();
  expect(refused.code).toBe('E_REDIRECT_UNSAFE');
  expect(rig.origin.requests).toEqual([]);
  const allowed = rig.download({ allowUnsafeRedirects: true }, request);
  await allowed.end();
  await rig.expectDone(allowed);
  expect(JSON.stringify(rig.origin.requests.map(({ fields }) => fields))).not.toContain('geheim');
});

test('F68: a secure cookie set over https stays there, and comes back with the next https hop', async () => {
  const { good, ca } = await certificates();
  await using rig = await startRig({ content: file, tls: good });
  const setting = redirect(302, () => rig.origin.url('/file.bin', 'localhost'), {
    headers: [
      ['Set-Cookie', '__Host-sid=1; Secure; Path=/'],
      ['Set-Cookie', '__Host-bad=1; Path=/'],
    ],
  });
  await using first = await startOrigin({ clock: rig.clock, tls: good, faults: [{ on: {}, answer: setting }] });
  const run = rig.download({ connections: 1 }, { url: first.url('/start', 'localhost'), ca });
  await run.end();
  await rig.expectDone(run);
  // Cookies know hosts, not ports (RFC 6265 section 8.5).
  expect(rig.origin.requests[0]?.headers.cookie).toBe('__Host-sid=1');
});
