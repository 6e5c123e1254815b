/** The built command as its users meet it: a process with arguments, two streams and an exit code. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resourceOf } from '../support/answer.ts';
import { certificates } from '../support/certificate.ts';
import { stall, status } from '../support/changes.ts';
import { content, literal } from '../support/content.ts';
import { expectFileEqualsSource } from '../support/expect-file.ts';
import { startOrigin } from '../support/origin.ts';
import { BuiltCommand, eventsOf } from './cli-process.ts';

const MiB = 1024 * 1024;

let command: BuiltCommand;
beforeAll(async () => {
  command = await BuiltCommand.build();
});
afterAll(async () => {
  await command[Symbol.asyncDispose]();
});

describe('the one file', () => {
  test('prints its version', async () => {
    await using work = await command.folder();
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect(await work.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('can be started as a program', async () => {
    expect((await stat(command.file)).mode & 0o111).toBe(0o111);
    expect((await readFile(command.file, 'utf8')).startsWith('#!/usr/bin/env node\n')).toBe(true);
  });

  test('says one line on a Node that is too old for it', async () => {
    await using work = await command.folder();
    const older = work.file('older.cjs');
    await writeFile(older, `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.18.0' } });`);
    expect(await work.run(['--version'], '', { NODE_OPTIONS: `--require ${older}` })).toEqual({
      code: 1,
      stdout: '',
      stderr: 'sluice needs Node 22.19 or newer; this is v22.18.0\n',
    });
  });

  test('given wrongly ends with 2 and one line', async () => {
    await using work = await command.folder();
    const { code, stdout, stderr } = await work.run(['get', 'http://127.0.0.1:1/', '-x', 'many']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^sluice: -x, --connections: [^\n]+\n$/);
    expect(await readdir(work.path)).toEqual([]);
  });
});

describe('sluice get', () => {
  test('fetches a file, says so in lines, and finds it already there the next time without a request', async () => {
    await using origin = await startOrigin({ content: content(1, 3 * MiB) });
    await using work = await command.folder();
    const first = await work.run(['get', origin.url('/big.iso')]);
    expect(first).toEqual({ code: 0, stdout: `big.iso: 3.0 MiB\nbig.iso: done, 3.0 MiB: ${work.file('big.iso')}\n`, stderr: '' });
    await expectFileEqualsSource(work.file('big.iso'), content(1, 3 * MiB));
    expect(await readdir(work.path)).toEqual(['big.iso']);
    const requests = origin.requests.length;
    const second = await work.run(['get', origin.url('/big.iso')]);
    expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('already there, 3.0 MiB'), stderr: '' });
    expect(origin.requests).toHaveLength(requests);
  });

  test('fetches a list, several at once, into a folder it makes', async () => {
    await using origin = await startOrigin({ content: content(2, 1000) });
    await using work = await command.folder();
    const list = ['# files', '', ...['a', 'b', 'c', 'd', 'e'].map((name) => origin.url(`/${name}.bin`))].join('\r\n');
    const { code, stderr } = await work.run(['get', '-i', '-', '-j', '3', '-d', 'new/folder'], list);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await readdir(work.file('new/folder'))).sort()).toEqual(['a.bin', 'b.bin', 'c.bin', 'd.bin', 'e.bin']);
  });

  test('fetches nothing of a list with a bad line', async () => {
    await using origin = await startOrigin({ content: content(3, 1000) });
    await using work = await command.folder();
    await writeFile(work.file('list.txt'), `${origin.url('/a.bin')}\nnonsense\n`);
    const { code, stderr } = await work.run(['get', '-i', 'list.txt']);
    expect(code).toBe(2);
    expect(stderr).toContain('"list.txt" line 2: "nonsense" is not an address');
    expect(origin.requests).toHaveLength(0);
    expect(await readdir(work.path)).toEqual(['list.txt']);
  });

  test('tells a failure in one line with the cause and the cure, and still fetches the rest', async () => {
    await using origin = await startOrigin({ resources: { '/good.bin': resourceOf({ content: literal('good') }) } });
    await using work = await command.folder();
    const { code, stderr } = await work.run([
      'get',
      `${origin.url('/none.bin')}?token=hunter2`,
      origin.url('/good.bin'),
      '--quiet',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: [^\n]*\/none\.bin\?…: [^\n]*404[^\n]*; [^\n]+\n$/);
    expect(stderr).not.toContain('hunter2');
    expect(await readFile(work.file('good.bin'), 'utf8')).toBe('good');
    expect(await readdir(work.path)).toEqual(['good.bin']);
  });

  test('names an unreachable server without a stack trace', async () => {
    await using work = await command.folder();
    const { code, stdout, stderr } = await work.run(['get', 'http://127.0.0.1:9/a', '--retries', '0', '--quiet']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.split('\n')).toHaveLength(2);
    expect(stderr).toContain('127.0.0.1:9');
  });

  test('with --json writes one event a line, from start to done', async () => {
    await using origin = await startOrigin({ content: content(4, 4 * MiB), bytesPerSecond: 4 * MiB });
    await using work = await command.folder();
    const ended = await work.run([
      'get',
      origin.url('/a.bin'),
      origin.url('/b.bin'),
      '--json',
      '-x',
      '1',
      '-j',
      '1',
      '-d',
      'out',
    ]);
    const events = eventsOf(ended);
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' });
    const first = events.filter(({ id }) => id === 1);
    expect(first[0]).toEqual({ type: 'start', id: 1, url: origin.url('/a.bin'), directory: work.file('out') });
    expect(first.find(({ type }) => type === 'identified')).toMatchObject({ name: 'a.bin', size: 4 * MiB, bytes: 0 });
    const done = { name: 'a.bin', path: work.file('out/a.bin'), size: 4 * MiB, lengthVerified: true };
    expect(first.at(-1)).toEqual({ type: 'done', id: 1, url: origin.url('/a.bin'), ...done });
    const progress = first.filter(({ type }) => type === 'progress');
    expect(progress.length).toBeGreaterThanOrEqual(1);
    expect(progress.length).toBeLessThanOrEqual(4);
    const bytes = progress.map((event) => event.bytes as number);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(2);
  });

  test('with --json and --quiet leaves the progress out', async () => {
    await using origin = await startOrigin({ content: content(16, 4 * MiB), bytesPerSecond: 4 * MiB });
    await using work = await command.folder();
    const types = eventsOf(await work.run(['get', origin.url('/a.bin'), '--json', '--quiet', '-x', '1'])).map(({ type }) => type);
    expect(types).not.toContain('progress');
    expect([types[0], types.at(-1)]).toEqual(['start', 'done']);
  });

  test('with --json tells a failure on stdout and on stderr', async () => {
    await using origin = await startOrigin({ faults: [{ on: { request: 1 }, answer: status(410) }], content: content(5, 10) });
    await using work = await command.folder();
    const ended = await work.run(['get', origin.url('/a.bin'), '--json']);
    expect(ended.code).toBe(1);
    expect(eventsOf(ended).at(-1)).toMatchObject({ type: 'failed', id: 1, code: 'E_HTTP_410', next: expect.any(String) });
    expect(ended.stderr).toContain('410');
  });

  test('sends what it is told to', async () => {
    await using origin = await startOrigin({ content: content(6, 10) });
    await using work = await command.folder();
    const args = [
      '-H',
      'X-Name: Zoë',
      '--user-agent',
      'me/1',
      '--cookie',
      'a=1; b=2',
      '--user',
      'me:pä:ss',
      '--referer',
      'http://r.test/',
    ];
    expect(await work.run(['get', origin.url('/a.bin'), ...args])).toMatchObject({ code: 0, stderr: '' });
    expect(origin.requests[0]?.headers).toMatchObject({
      'x-name': 'Zoë',
      'user-agent': 'me/1',
      cookie: 'a=1; b=2',
      authorization: `Basic ${Buffer.from('me:pä:ss').toString('base64')}`,
      referer: 'http://r.test/',
    });
  });

  test('takes a pasted cURL command from standard input', async () => {
    await using origin = await startOrigin({ content: content(7, 10) });
    await using work = await command.folder();
    const curl = `curl '${origin.url('/a.bin')}' \\\n  -H 'X-One: 1' \\\n  -b 'c=3' --compressed\n`;
    expect(await work.run(['get', '--curl', '-'], curl)).toMatchObject({ code: 0 });
    expect(origin.requests[0]?.headers).toMatchObject({ 'x-one': '1', cookie: 'c=3', 'accept-encoding': 'identity' });
  });

  test('trusts an own authority with --ca-cert, and nobody without', async () => {
    const { good, ca } = await certificates();
    await using origin = await startOrigin({ content: content(8, 10), tls: good });
    await using work = await command.folder();
    await writeFile(work.file('ca.pem'), ca);
    const refused = await work.run(['get', origin.url('/a.bin'), '--retries', '0']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('certificate') });
    expect(await work.run(['get', origin.url('/a.bin'), '--ca-cert', 'ca.pem'])).toMatchObject({ code: 0, stderr: '' });
    const loud = await work.run(['get', origin.url('/b.bin'), '--insecure', '--quiet']);
    expect(loud).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('certificates are not checked') });
  });

  test('F88: trusts what the store of the system holds with --ca-native, and not without', async () => {
    const { good, ca } = await certificates();
    await using origin = await startOrigin({ content: content(88, 10), tls: good });
    await using work = await command.folder();
    await writeFile(work.file('store.pem'), ca);
    const env = { SSL_CERT_FILE: work.file('store.pem') };
    const refused = await work.run(['get', origin.url('/a.bin'), '--retries', '0'], '', env);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('certificate') });
    expect(await work.run(['get', origin.url('/a.bin'), '--ca-native'], '', env)).toMatchObject({ code: 0, stderr: '' });
    expect(origin.requests).toHaveLength(1);
  });

  test('proves a checksum, and does not keep a file without it', async () => {
    await using origin = await startOrigin({ content: literal('right') });
    await using work = await command.folder();
    const sum = createHash('sha512').update('right').digest('hex').toUpperCase();
    expect(await work.run(['get', origin.url('/a.bin'), '--checksum', `SHA512=${sum}`])).toMatchObject({ code: 0, stderr: '' });
    const wrong = await work.run(['get', origin.url('/b.bin'), '--checksum', `sha-256=${'0'.repeat(64)}`]);
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('sha-256') });
    expect(await readdir(work.path)).not.toContain('b.bin');
  });

  test('leaves a foreign file alone: with a number by default, as a skip, or over it when told to', async () => {
    await using origin = await startOrigin({ content: literal('new') });
    await using work = await command.folder();
    await writeFile(work.file('a.bin'), 'mine');
    const skip = await work.run(['get', origin.url('/a.bin'), '--if-exists', 'skip']);
    expect(skip).toMatchObject({ code: 0, stdout: expect.stringContaining('skipped'), stderr: '' });
    const named = await work.run(['get', origin.url('/z'), '-o', 'a.bin', '--if-exists', 'skip', '--json']);
    expect(eventsOf(named).at(-1)).toMatchObject({ type: 'skipped', reason: 'exists', path: work.file('a.bin') });
    expect(await work.run(['get', origin.url('/a.bin')])).toMatchObject({ code: 0 });
    expect(await readFile(work.file('a.bin'), 'utf8')).toBe('mine');
    expect(await readFile(work.file('a (1).bin'), 'utf8')).toBe('new');
    expect(await work.run(['get', origin.url('/a.bin'), '--if-exists', 'overwrite'])).toMatchObject({ code: 0 });
    expect(await readFile(work.file('a.bin'), 'utf8')).toBe('new');
  });
});

describe('stopping', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s keeps every byte, ends with %d, and the same command goes on', async (signal, code) => {
    const source = content(9, 16 * MiB);
    await using origin = await startOrigin({ content: source, bytesPerSecond: 4 * MiB });
    await using work = await command.folder();
    const args = ['get', origin.url('/a.bin'), '-x', '2', '--quiet'];
    const { child, ended } = work.start(args);
    await origin.until(() => origin.bytesSent > 6 * MiB);
    child.kill(signal);
    expect(await ended).toEqual({ code, stdout: '', stderr: 'sluice: stopped; run the same command again to go on\n' });
    const kept = await readdir(work.path);
    expect(kept).toEqual(expect.arrayContaining(['a.bin.part', 'a.bin.part.ckpt']));
    expect(kept.filter((name) => !name.startsWith('a.bin.part'))).toEqual([]);
    const sentBefore = origin.bytesSent;
    expect(await work.run(args)).toEqual({ code: 0, stdout: '', stderr: '' });
    await expectFileEqualsSource(work.file('a.bin'), source);
    expect(origin.bytesSent - sentBefore).toBeLessThan(13 * MiB);
    expect(await readdir(work.path)).toEqual(['a.bin']);
  });

  test('a second signal does not wait for anything', async () => {
    await using work = await command.folder();
    const script = work.file('stop.mts');
    const subject = new URL('../../electron/command/stop-signals.ts', import.meta.url).href;
    await writeFile(
      script,
      `const { onStopSignal } = await import(${JSON.stringify(subject)});
       onStopSignal((signal) => console.log('stopping at', signal));
       console.log('ready');
       setInterval(() => {}, 1000);`,
    );
    const { child, ended } = work.startScript(script);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: 'ready\nstopping at SIGTERM\n' });
  });

  test('a file that changed meanwhile is fetched from the start, which is said on stderr', async () => {
    const [old, fresh] = [content(10, 8 * MiB), content(11, 8 * MiB)];
    await using origin = await startOrigin({ content: old, bytesPerSecond: 4 * MiB });
    await using work = await command.folder();
    const args = ['get', origin.url('/a.bin'), '--quiet'];
    const { child, ended } = work.start(args);
    await origin.until(() => origin.bytesSent > 3 * MiB);
    child.kill('SIGTERM');
    await ended;
    origin.replace(undefined, resourceOf({ content: fresh, etag: '"v2"', lastModified: 'Fri, 02 Jan 2026 00:00:00 GMT' }));
    const refused = await work.run([...args, '--on-change', 'fail']);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--on-change restart') });
    const again = await work.run(args);
    expect(again).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^sluice: a\.bin: [^\n]+; starting again from the beginning\n$/),
    });
    await expectFileEqualsSource(work.file('a.bin'), fresh);
  });

  test('a server that asks for more patience than --max-wait ends it with the cause', async () => {
    await using origin = await startOrigin({
      content: content(12, 10),
      faults: [{ on: { request: 1 }, answer: status(503, { headers: [['Retry-After', '600']] }) }],
    });
    await using work = await command.folder();
    const { code, stderr } = await work.run(['get', origin.url('/a.bin'), '--max-wait', '2', '--quiet']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^sluice: [^\n]*503[^\n]*\n$/);
  });
});

describe('whatever happens', () => {
  test('a reader that goes away does not end the download', async () => {
    const source = content(13, 4 * MiB);
    await using origin = await startOrigin({ content: source, bytesPerSecond: 4 * MiB });
    await using work = await command.folder();
    const { child, ended } = work.start(['get', origin.url('/a.bin'), '--json', '-x', '1']);
    await once(child.stdout ?? child, 'data');
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect((await ended).code).toBe(0);
    await expectFileEqualsSource(work.file('a.bin'), source);
  });

  test('help into a closed pipe is no mistake', async () => {
    await using work = await command.folder();
    const { child, ended } = work.start(['get', '--help']);
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('a mistake of ours is one line without a stack, and ends with 70', async () => {
    const faults = [{ on: { from: 1 }, times: Number.POSITIVE_INFINITY, answer: stall(1000) }];
    await using origin = await startOrigin({ content: content(14, 4 * MiB), faults });
    await using work = await command.folder();
    const bomb = work.file('bomb.cjs');
    const match = work.file('match');
    const isLit = `require('node:fs').existsSync(${JSON.stringify(match)})`;
    await writeFile(bomb, `setInterval(() => { if (${isLit}) throw new Error('boom\\nand more'); }, 20);`);
    const env = { NODE_OPTIONS: `--require ${bomb}` };
    const ended = work.run(['get', origin.url('/a.bin'), '--quiet'], '', env);
    await origin.until(() => origin.requests.length > 0);
    await writeFile(match, '');
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({
      code: 70,
      stderr: 'sluice: this is a mistake in Sluice, please report it: boom and more\n',
    });
    const debug = await work.run(['get', origin.url('/b.bin'), '--quiet'], '', { ...env, SLUICE_DEBUG: '1' });
    expect(debug).toMatchObject({ code: 70, stderr: expect.stringContaining('bomb.cjs') });
  });

  test('colors are left out where there is no terminal', async () => {
    await using origin = await startOrigin({ content: content(15, 10) });
    await using work = await command.folder();
    const { stdout } = await work.run(['get', origin.url('/a.bin')], '', { FORCE_COLOR: '1' });
    expect(stdout).not.toContain('\u001b');
  });
});
