import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { resourceOf } from './answer.ts';
import {
  addHeader,
  chunked,
  closeDelimited,
  contentLengthOff,
  cut,
  encoded,
  header,
  instead,
  interim,
  lacksCookie,
  lacksLogin,
  pace,
  poisoned,
  rawHead,
  redirect,
  replaceFile,
  stall,
  status,
  trailing,
} from './changes.ts';
import { collect, content, poison, poisonByte } from './content.ts';
import { expiringLink } from './links.ts';
import { ManualClock } from './manual-clock.ts';
import { type OriginOptions, startOrigin } from './origin.ts';
import { contentRange, ignoreRange, limitRange, multipart, shiftEnd, shiftStart } from './range-changes.ts';
import { ask, type WireQuestion } from './raw-client.ts';

const source = content(11, 200_000);
const isPoison = (body: Buffer) => body.length > 0 && body.every((byte) => byte === poisonByte);

/** One answer of an origin with one fault, to a question that closes afterwards. */
async function answerOf(answer: NonNullable<OriginOptions['faults']>[number], question: WireQuestion = {}) {
  await using origin = await startOrigin({ content: source, faults: [answer] });
  return await ask(origin.port, { ...question, headers: ['Connection: close', ...(question.headers ?? [])] });
}

const range = (text: string) => ({ headers: [`Range: bytes=${text}`] });

describe('an origin without faults', () => {
  test('serves the whole, ranges, suffixes and heads, and refuses what lies beyond', async () => {
    await using origin = await startOrigin({ content: source });
    const get = (...headers: string[]) => ask(origin.port, { headers: ['Connection: close', ...headers] });
    const whole = await get();
    expect([whole.status, whole.body.equals(collect(source))]).toEqual([200, true]);
    expect(whole.head).toMatch(/ETag: "v1"[\s\S]*Last-Modified: [\s\S]*Accept-Ranges: bytes[\s\S]*Content-Length: 200000/);
    const part = await get('Range: bytes=65530-131080');
    expect([part.status, source.matches(part.body, 65_530), part.body.length]).toEqual([206, true, 65_551]);
    expect(part.head).toContain('Content-Range: bytes 65530-131080/200000');
    expect((await get('Range: bytes=199999-')).body.length).toBe(1);
    expect((await get('Range: bytes=-5')).head).toContain('bytes 199995-199999/200000');
    const beyond = await get('Range: bytes=200000-');
    expect([beyond.status, beyond.head.includes('bytes */200000')]).toEqual([416, true]);
    expect((await get('If-Match: "v2"')).status).toBe(412);
    expect((await get('If-Range: "v2"', 'Range: bytes=0-1')).status).toBe(200);
    const head = await ask(origin.port, { method: 'HEAD', headers: ['Connection: close'] });
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(origin.requests.map(({ range }) => range?.start)).toEqual([
      undefined,
      65_530,
      199_999,
      199_995,
      200_000,
      undefined,
      0,
      undefined,
    ]);
    expect(origin.requests.every(({ outcome }) => outcome === 'complete')).toBe(true);
    expect([origin.connections, origin.maxStreams]).toEqual([8, 1]);
  });

  test('keeps connections alive and takes in request bodies', async () => {
    await using origin = await startOrigin({ content: source });
    const socket = connect(origin.port, '127.0.0.1');
    socket.resume();
    socket.write('POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello');
    await origin.until(() => origin.requests[0]?.outcome === 'complete');
    socket.write('GET /b?x=1 HTTP/1.1\r\n\r\n');
    await origin.until(() => origin.requests[1]?.outcome === 'complete');
    expect(origin.requests.map(({ connection, path, body }) => [connection, path, body.toString()])).toEqual([
      [1, '/a', 'hello'],
      [1, '/b', ''],
    ]);
    socket.destroy();
    await origin.until(() => origin.openConnections === 0);
  });
});

describe('the plan', () => {
  test('disposing fails for a fault that never fired, and names it', async () => {
    const origin = await startOrigin({
      content: source,
      faults: [
        { on: { request: 1 }, answer: status(503) },
        { on: { request: 2 }, answer: status(500) },
        { on: { request: 9 }, atLeast: 0, answer: status(502) },
      ],
    });
    expect((await ask(origin.port, { headers: ['Connection: close'] })).status).toBe(503);
    await expect(origin[Symbol.asyncDispose]()).rejects.toThrow('planned fault never fired: { request: 2 } → status 500');
  });

  test('a mistake in a test’s own predicate fails the disposing instead of passing for a fault', async () => {
    const where = () => {
      throw new Error('my mistake');
    };
    const origin = await startOrigin({ content: source, faults: [{ on: { where }, atLeast: 0, answer: status(500) }] });
    expect((await ask(origin.port)).ending).toBe('rst');
    await expect(origin[Symbol.asyncDispose]()).rejects.toThrow('my mistake');
  });

  test('skip and times bound how often a fault fires; several apply in order', async () => {
    await using origin = await startOrigin({
      content: source,
      faults: [
        { on: { path: '/file.bin' }, skip: 1, times: 2, answer: status(429) },
        { on: { from: 3 }, times: Number.POSITIVE_INFINITY, answer: header('X-Seen', ({ n }) => String(n)) },
      ],
    });
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await ask(origin.port, { headers: ['Connection: close'] }));
    expect(answers.map((answer) => answer.status)).toEqual([200, 429, 429, 200]);
    expect(answers.map(({ head }) => /X-Seen: (\d)/.exec(head)?.[1])).toEqual([undefined, undefined, '3', '4']);
  });

  test('an extra stream is refused while another streams, and not afterwards', async () => {
    await using origin = await startOrigin({
      content: source,
      faults: [
        { on: { request: 1 }, answer: stall(1000) },
        { on: { streamsOver: 1 }, times: Number.POSITIVE_INFINITY, answer: status(503) },
        { on: { after: 1000, extra: false }, answer: header('X-After', 'yes') },
      ],
    });
    const held = connect(origin.port, '127.0.0.1');
    held.write('GET / HTTP/1.1\r\n\r\n');
    await origin.until(() => origin.bytesSent >= 1000);
    expect((await ask(origin.port, { headers: ['Connection: close'] })).status).toBe(503);
    held.destroy();
    await origin.until(() => origin.openConnections === 0);
    const after = await ask(origin.port, { headers: ['Connection: close'] });
    expect(after.head).toContain('X-After');
    expect(origin.maxStreams).toBe(1);
  });
});

describe('answers', () => {
  test.each([
    ['status 503', status(503, { headers: [['Retry-After', '7']] }), /503 Service Unavailable[\s\S]*Retry-After: 7/],
    ['redirect', redirect(302, '//elsewhere/x#f'), /302 Found[\s\S]*Location: \/\/elsewhere\/x#f/],
    ['raw bytes in Location', redirect(301, Buffer.from('/é')), /Location: \/Ã©/],
    ['twice the length', addHeader('Content-Length', '5'), /Content-Length: 200000\r\nContent-Length: 5/],
    ['interim answer', interim(103, [['Link', '</x>']]), /^HTTP\/1.1 103 Early Hints\r\nLink: <\/x>$/],
    ['raw head', rawHead('SSH-2.0-x\r\n\r\n'), /^SSH-2.0-x/],
    ['encoded', encoded('gzip', 100), /Content-Length: 100\r\nContent-Encoding: gzip/],
  ])('%s', async (_name, answer, expected) => {
    expect((await answerOf({ on: {}, answer })).head).toMatch(expected);
  });

  test('bodies end early by FIN and by RST, without length, one byte off, or with bytes to spare', async () => {
    const byFin = await answerOf({ on: {}, answer: cut(70_000, 'fin') });
    expect([byFin.body.length, byFin.ending]).toEqual([70_000, 'fin']);
    const byReset = await answerOf({ on: {}, answer: cut(190_000, 'rst') });
    expect([byReset.body.length, byReset.ending]).toEqual([190_000, 'rst']);
    const unbounded = await answerOf({ on: {}, answer: closeDelimited('rst') });
    expect([unbounded.head.includes('Content-Length'), unbounded.ending]).toEqual([false, 'rst']);
    const short = await answerOf({ on: {}, answer: contentLengthOff(-1) });
    expect([short.head.includes('Content-Length: 199999'), short.body.length]).toEqual([true, 200_000]);
    expect((await answerOf({ on: {}, answer: trailing('extra') })).body.toString('latin1')).toMatch(/extra$/);
    const inParts = await answerOf({ on: {}, answer: [chunked(), cut(150_000, 'fin')] });
    expect(inParts.head).toContain('Transfer-Encoding: chunked');
    expect(inParts.body.toString('latin1')).not.toMatch(/\r\n0\r\n\r\n$/);
    expect((await answerOf({ on: {}, answer: instead('rst') })).ending).toBe('rst');
    const endless = await answerOf({ on: {}, answer: redirect(302, '/x', { body: poison() }) }, { untilBytes: 500_000 });
    expect([endless.ending, isPoison(endless.body)]).toEqual(['open', true]);
  });

  test('answers to ranges lie in every way', async () => {
    const ignored = await answerOf({ on: { ranged: true }, answer: ignoreRange('poison') }, range('100-199'));
    expect([ignored.status, ignored.body.length, isPoison(ignored.body)]).toEqual([200, 200_000, true]);
    const late = await answerOf({ on: {}, answer: shiftStart(1, 'poison') }, range('100-199'));
    expect([late.head.includes('bytes 101-199/200000'), isPoison(late.body)]).toEqual([true, true]);
    const aligned = await answerOf({ on: {}, answer: shiftStart(-4096, 'honest') }, range('5000-5999'));
    expect([aligned.head.includes('bytes 904-5999/'), source.matches(aligned.body, 904)]).toEqual([true, true]);
    const less = await answerOf({ on: {}, answer: limitRange(10) }, range('0-'));
    expect([less.body.length, less.head.includes('bytes 0-9/200000')]).toEqual([10, true]);
    expect((await answerOf({ on: {}, answer: shiftEnd(50) }, range('0-49'))).body.length).toBe(100);
    const star = await answerOf(
      { on: {}, answer: contentRange((sent) => `bytes ${sent.start}-${sent.end - 1}/*`) },
      range('5-9'),
    );
    expect(star.head).toContain('Content-Range: bytes 5-9/*');
    expect((await answerOf({ on: {}, answer: poisoned() }, range('5-9'))).body).toEqual(Buffer.alloc(5, poisonByte));
    const parts = await answerOf({ on: {}, answer: multipart('honest') }, range('70000-139999'));
    const begin = parts.body.indexOf('\r\n\r\n') + 4;
    expect(source.matches(parts.body.subarray(begin, begin + 70_000), 70_000)).toBe(true);
    expect(parts.head).toContain(`Content-Length: ${parts.body.length}`);
  });

  test('a file is replaced mid-way: old answers go on, new ones are of the new file', async () => {
    const second = content(12, 200_000);
    await using origin = await startOrigin({
      content: source,
      faults: [{ on: { request: 2 }, answer: replaceFile(resourceOf({ content: second, etag: '"v2"' })) }],
    });
    const get = (text: string) => ask(origin.port, { headers: ['Connection: close', `Range: bytes=${text}`] });
    expect(source.matches((await get('0-99')).body, 0)).toBe(true);
    const changed = await get('100-199');
    expect([changed.head.includes('"v2"'), second.matches(changed.body, 100)]).toEqual([true, true]);
    expect(second.matches((await get('0-99')).body, 0)).toBe(true);
  });

  test('logins and cookies can be asked for', async () => {
    await using origin = await startOrigin({
      content: source,
      faults: [
        { on: { where: lacksLogin('me', 'pw') }, answer: status(401, { headers: [['WWW-Authenticate', 'Basic realm="x"']] }) },
        { on: { where: lacksCookie('a=1') }, answer: status(403) },
      ],
    });
    const login = `Authorization: Basic ${Buffer.from('me:pw').toString('base64')}`;
    const get = async (...headers: string[]) => (await ask(origin.port, { headers: ['Connection: close', ...headers] })).status;
    expect(await get('Cookie: b=2; a=1')).toBe(401);
    expect(await get(login)).toBe(403);
    expect(await get(login, 'Cookie: b=2; a=1')).toBe(200);
  });

  test('signed links expire by the clock and a new one is given on the next visit', async () => {
    const clock = new ManualClock();
    await using origin = await startOrigin({
      content: source,
      clock,
      faults: expiringLink({ path: '/get', signedPath: '/signed', validMs: 30_000 }),
    });
    const get = (path: string) => ask(origin.port, { path, headers: ['Connection: close'] });
    expect((await get('/get')).head).toContain('Location: /signed?token=1');
    expect((await get('/signed?token=1')).status).toBe(200);
    clock.advance(30_000);
    expect((await get('/signed?token=1')).status).toBe(403);
    expect((await get('/get')).head).toContain('Location: /signed?token=2');
    expect((await get('/signed?token=2')).status).toBe(200);
  });
});

describe('connections', () => {
  test('are reset, ended or left in silence when they come in', async () => {
    await using origin = await startOrigin({
      content: source,
      faults: [
        { on: { connection: 1 }, accept: 'rst' },
        { on: { connection: 2 }, accept: 'fin' },
        { on: { connection: 3 }, accept: { greeting: 'SSH-2.0-x\r\n' } },
        { on: { connection: 4 }, accept: 'silence' },
      ],
    });
    expect((await ask(origin.port)).ending).toBe('rst');
    expect((await ask(origin.port)).ending).not.toBe('open');
    expect((await ask(origin.port)).body.toString()).toContain('2.0-x');
    const silent = connect(origin.port, '127.0.0.1');
    silent.write('GET / HTTP/1.1\r\n\r\n');
    await origin.until(() => origin.connections === 4);
    silent.destroy();
    await origin.until(() => origin.openConnections === 0);
    expect(origin.requests).toEqual([]);
  });

  test('are refused by the system while as many as allowed are open, and welcome again afterwards', async () => {
    await using origin = await startOrigin({ content: source, faults: [{ on: { connectionsOver: 1 }, accept: 'refused' }] });
    const first = connect(origin.port, '127.0.0.1');
    await origin.until(() => origin.openConnections === 1);
    const second = connect(origin.port, '127.0.0.1');
    const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
    first.destroy();
    await origin.until(() => origin.openConnections === 0);
    // The port opens one turn of the event loop later.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect((await ask(origin.port, { headers: ['Connection: close'] })).status).toBe(200);
  });

  test('too many within a second get an answer of their own', async () => {
    const clock = new ManualClock();
    await using origin = await startOrigin({
      content: source,
      clock,
      faults: [{ on: { connectionsPerSecondOver: 2 }, times: Number.POSITIVE_INFINITY, answer: status(503) }],
    });
    const get = async () => (await ask(origin.port, { headers: ['Connection: close'] })).status;
    expect([await get(), await get(), await get()]).toEqual([200, 200, 503]);
    clock.advance(1000);
    expect(await get()).toBe(200);
  });

  test('each has its own rate, kept by the clock', async () => {
    const clock = new ManualClock();
    await using origin = await startOrigin({ content: source, clock, bytesPerSecond: [10_000, 1_000_000] });
    const slow = ask(origin.port, { headers: ['Connection: close'] });
    await origin.until(() => origin.requests.length === 1);
    const fast = ask(origin.port, { headers: ['Connection: close'] });
    await origin.until(() => origin.requests.length === 2);
    await clock.advanceSettled(300);
    await fast;
    expect(origin.requests[0]?.bytesSent).toBeGreaterThan(2500);
    expect(origin.requests[0]?.bytesSent).toBeLessThanOrEqual(3600);
    await clock.advanceSettled(20_000);
    expect((await slow).body.length).toBe(200_000);
  });

  test('a drip of a byte a second is one', async () => {
    const clock = new ManualClock();
    await using origin = await startOrigin({ content: source, clock, faults: [{ on: {}, answer: pace(1) }] });
    const answer = ask(origin.port, { untilBytes: 3 });
    await origin.until(() => origin.requests.length === 1);
    await clock.advanceSettled(3500);
    expect([(await answer).body.length, origin.bytesSent]).toEqual([3, 3]);
  });

  test('curl reads what is served', async () => {
    await using origin = await startOrigin({ content: source, faults: [{ on: { path: '/a' }, answer: redirect(307, '/b') }] });
    const options = { encoding: 'buffer', maxBuffer: 2 ** 20 } as const;
    const { stdout } = await promisify(execFile)('curl', ['-sSL', '--fail', origin.url('/a')], options);
    expect(source.matches(stdout, 0)).toBe(true);
  });
});
