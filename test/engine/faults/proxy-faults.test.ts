/** Proxies that refuse, lie, hang, ask for a login, strip the range, and die. */
import { describe, expect, test } from 'vitest';
import { certificates } from '../../support/certificate.ts';
import { status } from '../../support/changes.ts';
import { content } from '../../support/content.ts';
import { KiB, MiB, type Run, startRig } from '../../support/fetching.ts';
import { expectWaits } from '../../support/instants.ts';
import { type ProxyFate, type ProxyRequest, startProxy, type TestProxy } from '../../support/proxy.ts';

const always = Number.POSITIVE_INFINITY;
const source = content(89, 16 * MiB);
const small = content(90, MiB);
const rate = { bytesPerSecond: 2 * MiB };

const kinds = ['forward', 'connect', 'socks5'] as const satisfies readonly ProxyRequest['kind'][];
type Kind = (typeof kinds)[number];

const schemeOf = (kind: Kind): 'http' | 'socks5' => (kind === 'socks5' ? 'socks5' : 'http');
const tlsOf = async (kind: Kind) => (kind === 'connect' ? { tls: (await certificates()).good } : {});
const messageOf = ({ download: { state } }: Run): string => (state.type === 'failed' ? state.failure.message : '');
const waitsOf = ({ requests }: TestProxy): number[] => requests.slice(1).map(({ at }, index) => at - (requests[index]?.at ?? 0));

interface Case {
  readonly kind: Kind;
  readonly fate: ProxyFate;
  readonly times?: number;
  readonly retries?: number;
}

/** One download of a small file through a proxy with one fault. */
async function met({ kind, fate, times = always, retries = 8 }: Case) {
  const { ca } = await certificates();
  await using rig = await startRig({ content: small, engine: { tickMs: 10_000 }, ...(await tlsOf(kind)) });
  await using proxy = await startProxy({ clock: rig.clock, faults: [{ on: { kind }, times, fate }] });
  const run = rig.download({ retries }, { ca, proxy: proxy.settings(schemeOf(kind)) });
  await run.end();
  if (run.download.state.type === 'done') await rig.expectDone(run);
  const name = new URL(proxy.url()).host;
  const server = `127.0.0.1:${rig.origin.port}`;
  return {
    run,
    code: run.code,
    message: messageOf(run).replace(name, 'PROXY').replace(server, 'SERVER'),
    asked: proxy.requests.length,
    waits: waitsOf(proxy),
    reached: rig.origin.requests.length,
  };
}

describe('F57', () => {
  test.each(kinds)('F57: a proxy that wants a login and gets none (%s) ends it at once', async (kind) => {
    const { code, message, asked, reached } = await met({ kind, fate: 'ask-login' });
    expect({ code, asked, reached }).toEqual({ code: 'E_PROXY_AUTH', asked: 1, reached: 0 });
    expect(message).toBe(`proxy PROXY wants a login${kind === 'socks5' ? '' : ' for "the way out"'}`);
  });

  test.each(kinds)('F57: a login the proxy refuses (%s) is sent once and told to nobody', async (kind) => {
    await using rig = await startRig({ content: small, ...(await tlsOf(kind)) });
    await using proxy = await startProxy({ clock: rig.clock, login: { user: 'me', password: 'right' } });
    const run = rig.download({}, { proxy: proxy.settings(schemeOf(kind), { user: 'me', password: 'CANARY' }) });
    await run.end();
    expect(run.code).toBe('E_PROXY_AUTH');
    expect(messageOf(run)).toContain('refused the login');
    expect(JSON.stringify(run.events)).not.toContain('CANARY');
    expect(proxy.requests.map(({ login }) => login)).toEqual(['me:CANARY']);
    expect(rig.origin.requests).toEqual([]);
  });

  test('F57: a 407 from a proxy nobody asked for ends it at once too', async () => {
    const headers = [['Proxy-Authenticate', 'Basic realm="The portal"']] as const;
    await using rig = await startRig({ content: small, faults: [{ on: {}, times: always, answer: status(407, { headers }) }] });
    const run = rig.download();
    await run.end();
    expect(run.code).toBe('E_PROXY_AUTH');
    expect(messageOf(run)).toBe('a proxy on the way wants a login for "The portal"');
    expect(rig.origin.requests).toHaveLength(1);
  });
});

describe('F89: a proxy that refuses', () => {
  test.each(['forward', 'connect'] as const)(
    'F89: with 502 for ever (%s) is asked again by the back-off until the budget is used up',
    async (kind) => {
      const { code, asked, waits, reached } = await met({ kind, fate: { status: 502 } });
      expect({ code, asked, reached }).toEqual({ code: 'E_HTTP_502', asked: 9, reached: 0 });
      expectWaits(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    },
  );

  test('F89: with a general failure of SOCKS5 for ever is asked again by the back-off', async () => {
    const { code, message, waits } = await met({ kind: 'socks5', fate: { reply: 1 }, retries: 3 });
    expect({ code, message }).toEqual({ code: 'E_CONNECT', message: 'proxy PROXY could not connect to SERVER' });
    expectWaits(waits, [1000, 2000, 4000]);
  });

  test.each([
    ['forward', { status: 502 }],
    ['connect', { status: 503 }],
    ['socks5', { reply: 5 }],
  ] as const)('F89: for a while (%s) costs only time', async (kind, fate) => {
    const { run, asked } = await met({ kind, fate, times: 2 });
    expect(run.download.state.type).toBe('done');
    expect(asked).toBeGreaterThanOrEqual(3);
  });

  test.each([
    ['connect', { status: 403 }, 'E_HTTP_403', 'proxy PROXY answered 403 when asked to connect to SERVER'],
    ['socks5', { reply: 2 }, 'E_CONNECT', 'proxy PROXY does not allow to connect to SERVER'],
    ['forward', { status: 403 }, 'E_HTTP_403', 'the server answered 403'],
  ] as const)('F89: because it may not lead there (%s) is asked once', async (kind, fate, expectedCode, expectedMessage) => {
    const { code, message, asked } = await met({ kind, fate });
    expect({ code, message, asked }).toEqual({ code: expectedCode, message: expectedMessage, asked: 1 });
  });

  test('F89: one connection more is a bound of this way, and costs nothing', async () => {
    await using rig = await startRig({ content: source, ...rate, ...(await tlsOf('connect')) });
    await using proxy = await startProxy({
      clock: rig.clock,
      faults: [{ on: { request: [3, 4, 5, 6, 7, 8] }, times: always, fate: { status: 403 } }],
    });
    const run = rig.download({}, { ca: (await certificates()).ca, proxy: proxy.settings() });
    await run.end();
    await rig.expectDone(run);
    expect(run.notes('host-capped')).toBeGreaterThanOrEqual(1);
    expect(rig.origin.maxStreams).toBe(2);
    expect(run.receivedBytes).toBeLessThan(source.size + 512 * KiB);
  });
});

describe('F89: a proxy that lies', () => {
  test.each([
    ['connect', 'SSH-2.0-OpenSSH_9.7\r\n', 'proxy PROXY did not answer in HTTP'],
    ['connect', 'HTTP/1.1 200', 'proxy PROXY did not connect to SERVER within 10 s'],
    ['connect', `HTTP/1.1 200 ${'x'.repeat(70_000)}`, 'proxy PROXY did not answer in HTTP'],
    ['connect', 'HTTP/1.1 2OO fine\r\n\r\n', 'proxy PROXY did not answer in HTTP'],
    ['socks5', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'proxy PROXY did not answer in SOCKS5'],
    ['socks5', Buffer.from([4, 0]), 'proxy PROXY did not answer in SOCKS5'],
    ['socks5', Buffer.from([5, 1]), 'proxy PROXY did not answer in SOCKS5'],
    ['socks5', Buffer.from([5]), 'proxy PROXY did not connect to SERVER within 10 s'],
  ] as const)('F89: (%s) with %j is tried once more and told', async (kind, bytes, told) => {
    const { code, message, asked, reached } = await met({ kind, fate: { bytes }, retries: 1 });
    expect({ message, asked, reached }).toEqual({ message: told, asked: 2, reached: 0 });
    expect(code).toBe(told.includes('within') ? 'E_TIMEOUT' : 'E_PROTOCOL');
  });

  test('F89: once costs only time', async () => {
    const { run } = await met({ kind: 'socks5', fate: { bytes: 'what?' }, times: 1 });
    expect(run.download.state.type).toBe('done');
  });

  test('F89: by a tunnel to somebody who does not speak TLS ends in the budget, without a byte', async () => {
    const { code, reached } = await met({ kind: 'connect', fate: { bytes: 'HTTP/1.1 200 OK\r\n\r\nhello there' }, retries: 1 });
    expect(['E_CONNECT', 'E_TLS']).toContain(code);
    expect(reached).toBe(0);
  });
});

describe('F89: a proxy that does not answer', () => {
  test.each([
    ['connect', 'proxy PROXY did not connect to SERVER within 10 s', 10_000],
    ['socks5', 'proxy PROXY did not connect to SERVER within 10 s', 10_000],
    ['forward', 'the server did not answer within 20 s', 20_000],
  ] as const)('F89: (%s) is given up in time, tried again and named', async (kind, told, limitMs) => {
    const { code, message, waits } = await met({ kind, fate: 'silence', retries: 2 });
    expect({ code, message }).toEqual({ code: 'E_TIMEOUT', message: told });
    // The tick that notices the server's silence is slow here.
    const slackMs = kind === 'forward' ? 10_500 : 3000;
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(limitMs + 1000 * 2 ** index - 1);
      expect(wait).toBeLessThan(limitMs + 1000 * 2 ** index + slackMs);
    }
  });

  test.each(['connect', 'socks5'] as const)('F89: but hangs up (%s) is tried again and named', async (kind) => {
    const { code, message, asked } = await met({ kind, fate: 'hang-up', retries: 2 });
    expect({ code, asked }).toEqual({ code: 'E_CONNECT', asked: 3 });
    expect(message).toBe('proxy PROXY hung up instead of connecting to SERVER');
  });

  test('F89: and is not there is told as the proxy, not as the server', async () => {
    await using rig = await startRig({ content: small });
    const gone = await startProxy();
    const settings = gone.settings('socks5');
    await gone[Symbol.asyncDispose]();
    const run = rig.download({ retries: 2 }, { proxy: settings });
    await run.end();
    expect(run.code).toBe('E_CONNECT');
    expect(messageOf(run)).toBe(`proxy ${new URL(settings.http ?? '').host} refused the connection`);
    expect(rig.origin.connections).toBe(0);
  });

  test('F89: is left at once when the download is paused', async () => {
    await using rig = await startRig({ content: small });
    await using proxy = await startProxy({ clock: rig.clock, faults: [{ fate: 'silence' }] });
    const run = rig.download({}, { proxy: proxy.settings('socks5') });
    run.download.start();
    await proxy.until(() => proxy.requests.length === 1);
    await run.download.pause();
    expect(run.download.state.type).toBe('paused');
    expect(rig.clock.jumpedMs).toBeLessThan(5000);
  });
});

describe('F89: a proxy on the way', () => {
  test.each(kinds)('F89: that dies (%s) makes the download wait for the network, and nothing is lost', async (kind) => {
    await using rig = await startRig({ content: source, ...rate, ...(await tlsOf(kind)) });
    await using proxy = await startProxy({ clock: rig.clock });
    proxy.dieAfter(6 * MiB);
    const run = rig.download({}, { ca: (await certificates()).ca, proxy: proxy.settings(schemeOf(kind)) });
    const end = run.end();
    await run.until(({ download: { state } }) => state.type === 'waiting' && state.for === 'network');
    expect(run.code).toBe('E_CONNECT');
    expect(run.download.progress().doneBytes).toBeGreaterThan(4 * MiB);
    const failedBefore = run.notes('host-capped');
    await proxy.listen();
    await end;
    await rig.expectDone(run);
    expect(run.restarts).toBe(0);
    expect(failedBefore).toBeLessThanOrEqual(8);
    expect(run.receivedBytes).toBeLessThan(source.size + 4 * MiB);
  });

  test('F89: that strips the range leaves one stream, which is not disturbed', async () => {
    await using rig = await startRig({ content: source, ...rate });
    await using proxy = await startProxy({
      clock: rig.clock,
      faults: [{ on: { kind: 'forward' }, times: always, fate: 'strip-range' }],
    });
    const run = rig.download({}, { proxy: proxy.settings() });
    await run.end();
    await rig.expectDone(run);
    expect(rig.origin.requests).toHaveLength(2);
    expect(rig.origin.requests[1]?.bytesSent).toBeLessThan(4 * MiB);
    expect(run.receivedBytes).toBe(source.size);
    expect(run.notes('no-ranges')).toBe(1);
  });
});
