import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addGetOptions, type GivenOptions } from '../../electron/command/get-options.ts';
import { type GetPlan, planGet } from '../../electron/command/get-plan.ts';
import { certificates } from '../support/certificate.ts';
import { tempDirectory } from '../support/temp.ts';

const url = 'http://example.test/file.bin';

async function plan(args: readonly string[], stdin = '', env: Record<string, string> = {}): Promise<GetPlan> {
  const command = addGetOptions(new Command().exitOverride());
  command.parse(args, { from: 'user' });
  return await planGet(command.args, command.opts<GivenOptions>(), () => Promise.resolve(stdin), env);
}

const onlyOrder = async (args: readonly string[], stdin?: string) => (await plan(args, stdin)).orders[0];

describe('what sluice get asks for', () => {
  test('by default is a plain GET into this folder, 4 files at once over 8 connections each', async () => {
    const { orders, downloads, engine, notes } = await plan([url]);
    expect(orders).toEqual([
      { request: { url }, target: { directory: process.cwd(), ifExists: 'rename' }, options: { connections: 8 } },
    ]);
    expect({ downloads, engine, notes }).toEqual({ downloads: { jobs: 4, maxWaitMs: 30_000 }, engine: {}, notes: [] });
  });

  test('takes every header in its order, and the named ones after them', async () => {
    const order = await onlyOrder([
      url,
      '-H',
      'A: 1',
      '--user-agent',
      'me',
      '-H',
      'a:2',
      '--referer',
      'http://r.test/',
      '-H',
      'E:',
    ]);
    expect(order?.request.headers).toEqual([
      ['A', '1'],
      ['a', '2'],
      ['E', ''],
      ['User-Agent', 'me'],
      ['Referer', 'http://r.test/'],
    ]);
  });

  test('carries login, cookie, method and body', async () => {
    const order = await onlyOrder([
      url,
      '--user',
      'me:a:b',
      '--cookie',
      'a=1; b=2',
      '-X',
      'put',
      '--data',
      '{}',
      '-H',
      'content-type: x/y',
    ]);
    expect(order?.request).toEqual({
      url,
      login: { user: 'me', password: 'a:b' },
      cookie: 'a=1; b=2',
      method: 'PUT',
      body: '{}',
      headers: [['content-type', 'x/y']],
    });
  });

  test('posts a body as a form unless told otherwise', async () => {
    expect((await onlyOrder([url, '--data', 'a=1']))?.request).toEqual({
      url,
      method: 'POST',
      body: 'a=1',
      headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    });
  });

  test('translates times, rates and numbers', async () => {
    const args = '--timeout 7 --connect-timeout 0.5 --retries 0 --retry-wait 2.5 --limit-rate 1.5M --max-wait 0 -x 64 -j 256';
    const { orders, downloads, engine } = await plan([url, ...args.split(' ')]);
    expect(orders[0]?.options).toEqual({
      connections: 64,
      idleTimeoutMs: 7000,
      connectTimeoutMs: 500,
      retries: 0,
      retryWaitMs: 2500,
    });
    expect(downloads).toEqual({ jobs: 256, maxWaitMs: 0 });
    expect(engine).toEqual({ connectionsPerHost: 64, limitBytesPerSecond: 1.5 * 1024 * 1024 });
  });

  test('reads addresses from arguments and then from a list', async () => {
    const { orders } = await plan([url, '-i', '-'], `# list\n${url}?2\n${url}?3`);
    expect(orders.map(({ request }) => request.url)).toEqual([url, `${url}?2`, `${url}?3`]);
  });

  test('takes a request from a cURL command, where own options win', async () => {
    const curl = `curl '${url}' -H 'A: 1' -H 'User-Agent: browser' -b 'c=1' --compressed -u me:pw`;
    const order = await onlyOrder(['--curl', '-', '--user-agent', 'mine', '--cookie', 'c=2'], curl);
    expect(order?.request).toMatchObject({ url, cookie: 'c=2', login: { user: 'me', password: 'pw' } });
    expect(order?.request.headers).toEqual([
      ['A', '1'],
      ['User-Agent', 'mine'],
    ]);
  });

  test('says what it left out of a cURL command', async () => {
    expect((await plan(['--curl', `curl ${url} --interface eth0`])).notes).toEqual([expect.stringContaining('--interface')]);
  });

  test('is loud about --insecure, in a cURL command too', async () => {
    expect((await plan([url, '--insecure'])).notes).toEqual([expect.stringContaining('certificates are not checked')]);
    expect((await plan(['--curl', `curl -k ${url}`])).notes).toEqual([expect.stringContaining('certificates are not checked')]);
  });

  test('takes the certificates of a file and nothing else in it', async () => {
    await using directory = await tempDirectory();
    const { ca } = await certificates();
    const path = directory.file('ca.pem');
    await writeFile(path, `Subject: me\n${ca}\nmore text\n${ca}`);
    const order = await onlyOrder([url, '--ca-cert', path]);
    expect(order?.request.ca?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(order?.request.ca).not.toContain('Subject');
    await writeFile(path, String(ca).replace(/^[A-Za-z0-9+/]{30}/m, 'A'.repeat(30)));
    await expect(plan([url, '--ca-cert', path])).rejects.toThrow('holds a certificate that cannot be read');
  });
});
