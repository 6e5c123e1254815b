import { describe, expect, test } from 'vitest';
import { proxiesFromEnv } from '../../shared/proxy-env.ts';

const loopback = ['localhost', '127.0.0.0/8', '::1'];
const settings = (env: Record<string, string>) => {
  const read = proxiesFromEnv(env);
  if (!read.ok) throw new Error(read.message);
  return read.settings;
};

describe('the proxies of the environment', () => {
  test('are none where nothing names one', () => {
    expect(settings({})).toBeUndefined();
    expect(settings({ http_proxy: '', HTTPS_PROXY: ' ', no_proxy: '*' })).toBeUndefined();
  });

  test('are told apart by the scheme asked for, and all_proxy serves what has none of its own', () => {
    expect(settings({ http_proxy: 'http://h:1' })).toEqual({ http: 'http://h:1', noProxy: loopback });
    expect(settings({ https_proxy: 'http://s:1' })).toEqual({ https: 'http://s:1', noProxy: loopback });
    expect(settings({ https_proxy: 'http://s:1', all_proxy: 'socks5://a:1' })).toEqual({
      http: 'socks5://a:1',
      https: 'http://s:1',
      noProxy: loopback,
    });
  });

  test('are read in capitals too, small letters first; an empty one counts as unset', () => {
    expect(settings({ HTTP_PROXY: 'big:1', http_proxy: 'small:1' })?.http).toBe('small:1');
    expect(settings({ HTTP_PROXY: 'big:1', http_proxy: '' })?.http).toBe('big:1');
    expect(settings({ HTTPS_PROXY: 'big:1' })?.https).toBe('big:1');
    expect(settings({ ALL_PROXY: 'big:1' })).toMatchObject({ http: 'big:1', https: 'big:1' });
  });

  test('in a CGI program do not come from HTTP_PROXY, which there is a header of the client', () => {
    expect(settings({ REQUEST_METHOD: 'GET', HTTP_PROXY: 'evil:1' })).toBeUndefined();
    expect(settings({ REQUEST_METHOD: 'GET', HTTP_PROXY: 'evil:1', http_proxy: 'good:1' })?.http).toBe('good:1');
    expect(settings({ REQUEST_METHOD: 'GET', HTTPS_PROXY: 'good:1' })?.https).toBe('good:1');
  });

  test('leave out the hosts of no_proxy, in commas or blanks, and this machine', () => {
    expect(settings({ all_proxy: 'a:1', no_proxy: 'one.test, .two.test 10.0.0.0/8,,' })?.noProxy).toEqual([
      ...loopback,
      'one.test',
      '.two.test',
      '10.0.0.0/8',
    ]);
    expect(settings({ all_proxy: 'a:1', NO_PROXY: 'big.test', no_proxy: '' })?.noProxy).toEqual([...loopback, 'big.test']);
  });

  test('that cannot be used are refused by the name of the variable, without its value', () => {
    const read = proxiesFromEnv({ HTTPS_PROXY: 'socks4://me:CANARY@h:1' });
    expect(read).toEqual({
      ok: false,
      message: expect.stringMatching(/^the environment variable HTTPS_PROXY names no proxy that can be used: socks4:/),
    });
    expect(JSON.stringify(read)).not.toContain('CANARY');
  });
});
