/** Proxies, cookies and logins that come from options, files and the environment. */
import { chmod, writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addGetOptions, type GivenOptions } from '../../electron/command/get-options.ts';
import { type GetPlan, planGet } from '../../electron/command/get-plan.ts';
import { type TempDirectory, tempDirectory } from '../support/temp.ts';

const url = 'http://h.test/file.bin';

async function plan(args: readonly string[], env: Record<string, string> = {}): Promise<GetPlan> {
  const command = addGetOptions(new Command().exitOverride());
  command.parse(args, { from: 'user' });
  return await planGet(command.args, command.opts<GivenOptions>(), () => Promise.resolve(''), env);
}

const requestOf = async (args: readonly string[], env?: Record<string, string>) => (await plan(args, env)).orders[0]?.request;

describe('the proxy', () => {
  const env = { http_proxy: 'env:1', HTTPS_PROXY: 'socks5://env:2', no_proxy: 'a.test' };

  test('is none where nobody names one', async () => {
    expect(await requestOf([url])).toEqual({ url });
  });

  test('comes from the environment', async () => {
    expect((await requestOf([url], env))?.proxy).toEqual({
      http: 'env:1',
      https: 'socks5://env:2',
      noProxy: ['localhost', '127.0.0.0/8', '::1', 'a.test'],
    });
  });

  test('of the option is for everything, and the environment counts no more', async () => {
    const address = 'socks5h://me:pw@p.test:9050';
    expect((await requestOf([url, '--proxy', address], env))?.proxy).toEqual({ http: address, https: address });
  });

  test.each(['', 'none', ' none '])('is none with --proxy %j, whatever the environment says', async (nothing) => {
    expect((await requestOf([url, '--proxy', nothing], env))?.proxy).toEqual({});
    expect((await requestOf([url, '--proxy', nothing], { all_proxy: 'what is this' }))?.proxy).toEqual({});
  });

  test('of a curl command goes before the environment, and after the option', async () => {
    const curl = ['--curl', `curl -x socks5://p.test ${url}`];
    expect((await requestOf(curl, env))?.proxy).toEqual({ http: 'socks5://p.test', https: 'socks5://p.test' });
    expect((await requestOf([...curl, '--proxy', 'q.test:1'], env))?.proxy).toEqual({ http: 'q.test:1', https: 'q.test:1' });
  });

  test('of the environment that cannot be used is refused by its name and with a way out', async () => {
    await expect(plan([url], { https_proxy: 'socks4://me:CANARY@p.test' })).rejects.toThrow(
      /^the environment variable https_proxy names no proxy that can be used: (?!.*CANARY).*; --proxy none does without$/,
    );
  });
});

describe('a cookies.txt', () => {
  const line = (name: string, expiry = '0'): string => ['h.test', 'FALSE', '/', 'FALSE', expiry, name, 'CANARY'].join('\t');
  const written = async (directory: TempDirectory, ...lines: string[]): Promise<string> => {
    const path = directory.file('cookies.txt');
    await writeFile(path, lines.join('\n'));
    return path;
  };

  test('goes along with every address', async () => {
    await using directory = await tempDirectory();
    const path = await written(directory, '# Netscape HTTP Cookie File', line('a'), `#HttpOnly_${line('b')}`);
    const { orders, notes } = await plan([url, `${url}?2`, '--cookies', path, '--cookie', 'c=1']);
    expect(orders.map(({ request }) => request.cookies?.map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(orders[0]?.request.cookie).toBe('c=1');
    expect(notes).toEqual([]);
  });

  test('is told where lines of it are bad or over, without what they hold', async () => {
    await using directory = await tempDirectory();
    const bad = 'h.test FALSE / FALSE 0 a CANARY';
    const path = await written(directory, line('a'), line('old', '1000'), bad, bad, bad, bad, bad);
    const { notes } = await plan([url, '--cookies', path]);
    expect(notes.map((note) => note.replace(directory.path, ''))).toEqual([
      '--cookies: "/cookies.txt" line 3 is left out: expected 7 fields between tabs, found 1',
      '--cookies: "/cookies.txt" line 4 is left out: expected 7 fields between tabs, found 1',
      '--cookies: "/cookies.txt" line 5 is left out: expected 7 fields between tabs, found 1',
      '--cookies: "/cookies.txt": 2 more such lines left out',
      '--cookies: "/cookies.txt": 1 of 2 cookies have expired and are not sent',
    ]);
  });

  test('without any cookie is refused', async () => {
    await using directory = await tempDirectory();
    await expect(plan([url, '--cookies', await written(directory, '# nothing')])).rejects.toThrow(
      /holds no cookie .* extension's JSON$/,
    );
    await expect(plan([url, '--cookies', await written(directory, '[{"name":"a"}]')])).rejects.toThrow(
      /; line 1: it has no name or no value/,
    );
  });
});

describe('a .netrc', () => {
  async function home(text: string, mode = 0o600): Promise<TempDirectory & { env: Record<string, string> }> {
    const directory = await tempDirectory();
    await writeFile(directory.file('.netrc'), text);
    await chmod(directory.file('.netrc'), mode);
    return Object.assign(directory, { env: { HOME: directory.path } });
  }
  const netrc = 'machine h.test login me password CANARY\nmachine 127.0.0.1 login local password x\ndefault login any password y';
  const login = { user: 'me', password: 'CANARY' };

  test('gives each address the login of exactly its host', async () => {
    await using directory = await home(netrc);
    const list = ['https://h.test:8443/', 'http://sub.h.test/', 'http://127.0.0.1:1/', 'http://other.test/', 'http://H.TEST/'];
    const { orders, notes } = await plan(list, directory.env);
    expect(orders.map(({ request }) => request.login?.user)).toEqual(['me', undefined, 'local', undefined, 'me']);
    expect(notes).toEqual([]);
  });

  test('gives none where there is one already', async () => {
    await using directory = await home(netrc);
    expect((await requestOf([url, '--user', 'own:1'], directory.env))?.login).toEqual({ user: 'own', password: '1' });
    expect((await requestOf(['http://own:1@h.test/'], directory.env))?.login).toBeUndefined();
    expect((await requestOf([url, '-H', 'Authorization: Bearer x'], directory.env))?.login).toBeUndefined();
    expect((await requestOf(['--curl', `curl -u own:1 ${url}`], directory.env))?.login?.user).toBe('own');
  });

  test('lies where NETRC says', async () => {
    await using directory = await home('machine h.test login other');
    await writeFile(directory.file('elsewhere'), netrc, { mode: 0o600 });
    const env = { ...directory.env, NETRC: directory.file('elsewhere') };
    expect((await requestOf([url], env))?.login).toEqual(login);
  });

  test('that others can read is used, and told once if it was of use', async () => {
    await using directory = await home(netrc, 0o644);
    const { orders, notes } = await plan([url, `${url}?2`], directory.env);
    expect(orders.map(({ request }) => request.login)).toEqual([login, login]);
    expect(notes).toEqual([expect.stringMatching(/\.netrc" can be read by others on this computer; chmod 600/)]);
    expect((await plan(['http://other.test/'], directory.env)).notes).toEqual([]);
  });

  test('that cannot be understood is told by its line and not used', async () => {
    await using directory = await home('machine h.test login me\npassword two CANARY');
    const { orders, notes } = await plan([url], directory.env);
    expect(orders[0]?.request.login).toBeUndefined();
    expect(notes).toEqual([expect.stringMatching(/\.netrc" is not used for logins: line 2: expected machine, default/)]);
    expect(notes.join()).not.toContain('CANARY');
  });

  test('that is not there is no news, unless it was named; nor is a folder of that name one', async () => {
    await using directory = await tempDirectory();
    expect((await plan([url], { HOME: directory.path })).notes).toEqual([]);
    expect((await plan([url], {})).notes).toEqual([]);
    expect((await plan([url], { NETRC: directory.file('none') })).notes).toEqual([
      expect.stringContaining('cannot be read for logins (ENOENT)'),
    ]);
    expect((await plan([url], { NETRC: directory.path })).notes).toEqual([
      expect.stringContaining('cannot be read for logins (EISDIR)'),
    ]);
  });
});
