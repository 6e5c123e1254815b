/** The ways through a proxy: which one is taken, what is said to whom, and what the proxy's login never reaches. */
import { describe, expect, test } from 'vitest';
import type { DownloadRequest } from '#shared/download';
import { certificates } from '../../support/certificate.ts';
import { redirect } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { MiB, type Rig, type Run, startRig } from '../../support/fetching.ts';
import { startOrigin } from '../../support/origin.ts';
import { type ProxyOptions, startProxy, type TestProxy } from '../../support/proxy.ts';

const source = content(89, 16 * MiB);
const rate = { bytesPerSecond: 2 * MiB };
const login = { user: 'way:finder', password: 'CANARY pässwörd@/:' };
/** A name with a colon is nothing Basic can carry; SOCKS5 can. */
const httpLogin = { user: 'wayfinder', password: login.password };

const schemes = ['http', 'https', 'socks5'] as const;
type Scheme = (typeof schemes)[number];

const proxyFor = async (rig: Rig, scheme: Scheme, options: Partial<ProxyOptions> = {}): Promise<TestProxy> =>
  startProxy({
    clock: rig.clock,
    names: { 'files.test': '127.0.0.1', localhost: '127.0.0.1' },
    ...(scheme === 'https' ? { tls: (await certificates()).good } : {}),
    ...options,
  });

/** Neither origin nor anything that is told has heard of the proxy's login. */
function expectSecret(rig: Rig, run: Run): void {
  const told = [
    JSON.stringify(run.events),
    JSON.stringify(run.download.progress()),
    ...rig.origin.requests.map(({ fields, target }) => JSON.stringify([fields, target])),
  ];
  const forms = ['CANARY', Buffer.from(`${httpLogin.user}:${httpLogin.password}`).toString('base64')];
  for (const text of told) for (const form of forms) expect(text).not.toContain(form);
  for (const { headers } of rig.origin.requests) {
    expect(Object.keys(headers).filter((name) => name.startsWith('proxy-'))).toEqual([]);
  }
}

describe.each(schemes)('F89: through a proxy spoken to by %s', (scheme) => {
  test.each([
    ['http', scheme === 'socks5' ? 'socks5' : 'forward'],
    ['https', scheme === 'socks5' ? 'socks5' : 'connect'],
  ] as const)('F89: an %s file comes over eight connections (%s), the name goes to the proxy', async (target, kind) => {
    const { good, ca } = await certificates();
    await using rig = await startRig({ content: source, ...rate, ...(target === 'https' ? { tls: good } : {}) });
    const given = scheme === 'socks5' ? login : httpLogin;
    await using proxy = await proxyFor(rig, scheme, { login: given });
    // The first name is nowhere to be found but at the proxy; the certificate knows the second.
    const host = target === 'http' ? 'files.test' : 'localhost';
    const run = rig.download({}, { url: rig.origin.url('/file.bin', host), ca, proxy: proxy.settings(scheme) });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.maxStreams).toBeGreaterThan(2);
    expect(new Set(proxy.requests.map((request) => request.kind))).toEqual(new Set([kind]));
    expect(new Set(proxy.requests.map(({ to }) => to))).toEqual(new Set([`${host}:${rig.origin.port}`]));
    expect(new Set(proxy.requests.map((request) => request.login))).toEqual(new Set([`${given.user}:${given.password}`]));
    expect(rig.origin.requests.every(({ target: asked }) => asked === '/file.bin')).toBe(true);
    expect(proxy.connections).toBe(rig.origin.connections);
    expectSecret(rig, run);
  });
});

test('F89: a proxy over TLS whose certificate is not trusted gets neither login nor request, even where the server need not prove itself', async () => {
  await using rig = await startRig({ content: source });
  await using proxy = await proxyFor(rig, 'https', { login: httpLogin });
  const run = rig.download({}, { insecure: true, proxy: proxy.settings('https') });
  await run.end();
  expect(run.code).toBe('E_TLS');
  expect(JSON.stringify(run.download.state)).toContain('the certificate of proxy 127.0.0.1:');
  expect(proxy.requests).toEqual([]);
  expect(proxy.connections).toBe(1);
});

test('F85: a certificate is judged through a tunnel as it is without one', async () => {
  const { ca, ...kinds } = await certificates();
  for (const kind of ['self-signed', 'expired', 'wrong-host'] as const) {
    await using rig = await startRig({ content: source, tls: kinds[kind] });
    await using proxy = await proxyFor(rig, 'http');
    const run = rig.download({}, { ca, proxy: proxy.settings() });
    await run.end();
    expect(run.code).toBe('E_TLS');
    expect(JSON.stringify(run.download.state)).toContain(`the certificate of 127.0.0.1:${rig.origin.port} is not trusted`);
    expect(proxy.requests).toHaveLength(1);
    expect(rig.origin.requests).toEqual([]);
  }
});

test('F86: a handshake that breaks in the tunnel is tried again', async () => {
  const { good, ca } = await certificates();
  await using rig = await startRig({ content: content(86, MiB), tls: good, faults: [{ on: { connection: 1 }, accept: 'rst' }] });
  await using proxy = await proxyFor(rig, 'socks5');
  const run = rig.download({}, { ca, proxy: proxy.settings('socks5') });
  await run.end();
  await rig.expectDone(run);
  expect(proxy.requests.length).toBeGreaterThanOrEqual(2);
});

test('F89: each hop has its own way: a redirect to an exempt host goes straight there', async () => {
  await using rig = await startRig({ content: source, host: '127.0.0.2', ...rate });
  await using front = await startOrigin({
    clock: rig.clock,
    content: source,
    faults: [{ on: {}, answer: redirect(302, rig.origin.url()) }],
  });
  await using proxy = await proxyFor(rig, 'http', { login: httpLogin });
  const settings = { ...proxy.settings(), noProxy: ['127.0.0.2'] };
  const run = rig.download({}, { url: front.url(), proxy: settings });
  await run.end();
  await rig.expectDone(run);
  expect(proxy.requests.map(({ to }) => to)).toEqual([`127.0.0.1:${front.port}`]);
  expect(rig.origin.maxStreams).toBeGreaterThan(2);
  expectSecret(rig, run);
});

test('F89: a proxy for https alone is not asked for http, and the other way round', async () => {
  await using rig = await startRig({ content: content(1, MiB) });
  await using proxy = await proxyFor(rig, 'http');
  const run = rig.download({}, { proxy: { https: proxy.url() } });
  await run.end();
  await rig.expectDone(run);
  expect(proxy.connections).toBe(0);
});

test('F89: a warm connection serves only requests that go the same way', async () => {
  await using rig = await startRig({ content: content(2, 1000) });
  await using proxy = await proxyFor(rig, 'socks5');
  const fetchBy = async (request: Partial<DownloadRequest>): Promise<void> => {
    const run = rig.download({}, request);
    await run.end();
    await rig.expectDone(run);
  };
  await fetchBy({ proxy: proxy.settings('socks5') });
  await fetchBy({});
  await fetchBy({ proxy: proxy.settings('socks5', login) });
  await fetchBy({ proxy: proxy.settings('socks5') });
  await fetchBy({});
  expect(rig.origin.connections).toBe(3);
  expect(proxy.requests.map((request) => request.login)).toEqual([undefined, undefined]);
});

test('F89: a proxy given while the download runs is taken up without losing a byte', async () => {
  await using rig = await startRig({ content: source, bytesPerSecond: MiB });
  await using proxy = await proxyFor(rig, 'http');
  const run = rig.download();
  const end = run.end();
  await rig.origin.until(() => rig.origin.bytesSent > 4 * MiB);
  const before = rig.origin.requests.length;
  run.download.setRequest({ proxy: proxy.settings() });
  await end;
  await rig.expectDone(run);
  expect(proxy.requests.length).toBe(rig.origin.requests.length - before);
  expect(proxy.carriedBytes).toBeGreaterThan(8 * MiB);
  expect(run.restarts).toBe(0);
});

test("F66: the user's own Proxy-Authorization header never reaches an origin", async () => {
  await using rig = await startRig({ content: content(3, 1000) });
  const run = rig.download({}, { headers: [['Proxy-Authorization', 'Basic CANARY']] });
  await run.end();
  await rig.expectDone(run);
  expectSecret(rig, run);
});

test('an address of a proxy that cannot be read is refused before anything is asked, without telling it', async () => {
  await using rig = await startRig({ content: source });
  expect(() => rig.download({}, { proxy: { http: 'socks4://me:CANARY@127.0.0.1:1' } })).toThrow(
    /^the address of the proxy cannot be used: socks4:\/\/ is no kind of proxy that is understood, expected http, https or socks5$/,
  );
});
