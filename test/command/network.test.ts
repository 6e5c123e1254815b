/** The built command behind a proxy, with cookies and a login from files: what scripts and people really run. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksCookie, status } from '../support/changes.ts';
import { content } from '../support/content.ts';
import { DigestGuard } from '../support/digest-guard.ts';
import { expectFileEqualsSource } from '../support/expect-file.ts';
import { startOrigin } from '../support/origin.ts';
import { startProxy } from '../support/proxy.ts';
import { BuiltCommand } from './cli-process.ts';

const always = Number.POSITIVE_INFINITY;
const source = content(7, 3 * 1024 * 1024);
const names = { 'files.test': '127.0.0.1' };
const login = { user: 'me', password: 'CANARY' };

let command: BuiltCommand;
beforeAll(async () => {
  command = await BuiltCommand.build();
});
afterAll(async () => {
  await command[Symbol.asyncDispose]();
});

describe('sluice get through a proxy', () => {
  test.each(['http', 'socks5h'] as const)('of the environment, by %s', async (scheme) => {
    await using origin = await startOrigin({ content: source });
    await using proxy = await startProxy({ names, login });
    await using work = await command.folder();
    const ended = await work.run(['get', origin.url('/a.bin', 'files.test')], '', { all_proxy: proxy.url(scheme) });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    await expectFileEqualsSource(work.file('a.bin'), source);
    expect(proxy.requests[0]).toMatchObject({ to: `files.test:${origin.port}`, login: 'me:CANARY' });
  });

  test('of the environment does not concern this machine', async () => {
    await using origin = await startOrigin({ content: source });
    await using proxy = await startProxy({ names });
    await using work = await command.folder();
    expect(await work.run(['get', origin.url('/a.bin')], '', { http_proxy: proxy.url() })).toMatchObject({ code: 0 });
    expect(proxy.connections).toBe(0);
  });

  test('of the option, or none', async () => {
    await using origin = await startOrigin({ content: source });
    await using proxy = await startProxy({ names });
    await using work = await command.folder();
    const dead = { all_proxy: 'http://127.0.0.1:1' };
    expect(await work.run(['get', '--proxy', proxy.url('socks5'), origin.url('/a.bin')], '', dead)).toMatchObject({ code: 0 });
    expect(proxy.requests.length).toBeGreaterThanOrEqual(1);
    const before = proxy.connections;
    expect(await work.run(['get', '--proxy', 'none', origin.url('/b.bin')], '', dead)).toMatchObject({ code: 0 });
    expect(proxy.connections).toBe(before);
  });

  test('that refuses the login ends at once with what to do, and tells no secret', async () => {
    await using origin = await startOrigin({ content: source });
    await using proxy = await startProxy({ login: { user: 'me', password: 'right' } });
    await using work = await command.folder();
    const { code, stdout, stderr } = await work.run(['get', '--proxy', proxy.url('http', login), origin.url('/a.bin')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^sluice: http:\S+: proxy 127\.0\.0\.1:\d+ refused the login for "the way out"; give the proxy a login in --proxy\n$/,
    );
    expect(stdout + stderr).not.toContain('CANARY');
    expect(proxy.requests).toHaveLength(1);
  });
});

describe('sluice get with files of the user', () => {
  test('sends the cookies of a cookies.txt where they belong', async () => {
    await using origin = await startOrigin({
      content: source,
      faults: [{ on: { where: lacksCookie('sid=CANARY') }, times: always, atLeast: 0, answer: status(403) }],
    });
    await using work = await command.folder();
    const line = (domain: string, name: string) => [domain, 'FALSE', '/', 'FALSE', '0', name, 'CANARY'].join('\t');
    await writeFile(
      work.file('cookies.txt'),
      ['# Netscape HTTP Cookie File', `#HttpOnly_${line('127.0.0.1', 'sid')}`, line('other.test', 'x')].join('\n'),
    );
    const ended = await work.run(['get', '--cookies', 'cookies.txt', origin.url('/a.bin')]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(origin.requests.map(({ headers }) => headers.cookie))).toEqual(new Set(['sid=CANARY']));
    await expectFileEqualsSource(work.file('a.bin'), source);
  });

  test('logs in with the .netrc, by Digest where the server asks for it', async () => {
    const guard = new DigestGuard(login);
    await using origin = await startOrigin({ content: source, faults: [guard.fault] });
    await using work = await command.folder();
    await writeFile(work.file('.netrc'), 'machine 127.0.0.1 login me password CANARY\n', { mode: 0o644 });
    const ended = await work.run(['get', origin.url('/a.bin')], '', { HOME: work.path });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(
      /^sluice: "[^"]*\.netrc" can be read by others on this computer; chmod 600 makes it yours alone\n$/,
    );
    await expectFileEqualsSource(work.file('a.bin'), source);
    expect(guard.refused).toBe(1);
  });
});
