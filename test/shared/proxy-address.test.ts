import { describe, expect, test } from 'vitest';
import { parseProxyAddress } from '../../shared/proxy-address.ts';

const proxyOf = (text: string) => {
  const parsed = parseProxyAddress(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.proxy;
};

describe('the address of a proxy', () => {
  test.each([
    ['http://proxy.test:3128', { scheme: 'http', host: 'proxy.test', port: 3128 }],
    ['proxy.test:3128', { scheme: 'http', host: 'proxy.test', port: 3128 }],
    ['proxy', { scheme: 'http', host: 'proxy', port: 80 }],
    [' HTTPS://Proxy.Test/ ', { scheme: 'https', host: 'proxy.test', port: 443 }],
    ['socks5://10.0.0.1', { scheme: 'socks5', host: '10.0.0.1', port: 1080 }],
    ['socks5h://proxy.test:9050', { scheme: 'socks5', host: 'proxy.test', port: 9050 }],
    ['socks://proxy.test:9050/', { scheme: 'socks5', host: 'proxy.test', port: 9050 }],
    ['http://[::1]:8080', { scheme: 'http', host: '::1', port: 8080 }],
    [
      'http://me:p%40ss%3A@proxy.test:1',
      { scheme: 'http', host: 'proxy.test', port: 1, login: { user: 'me', password: 'p@ss:' } },
    ],
    ['me:p:w@proxy.test', { scheme: 'http', host: 'proxy.test', port: 80, login: { user: 'me', password: 'p:w' } }],
    ['http://me:p@ss@proxy.test', { scheme: 'http', host: 'proxy.test', port: 80, login: { user: 'me', password: 'p@ss' } }],
    ['socks5://me@proxy.test', { scheme: 'socks5', host: 'proxy.test', port: 1080, login: { user: 'me', password: '' } }],
    ['http://me:100%@proxy.test', { scheme: 'http', host: 'proxy.test', port: 80, login: { user: 'me', password: '100%' } }],
    ['http://пример.test:1', { scheme: 'http', host: 'пример.test', port: 1 }],
  ])('%s is read', (text, proxy) => {
    expect(proxyOf(text)).toEqual(proxy);
  });

  test.each([
    ['', /form/],
    ['http://', /form/],
    ['http://:3128', /form/],
    ['http://proxy.test:port', /form/],
    ['http://proxy.test:0', /port 0/],
    ['http://proxy.test:65536', /port 65536/],
    ['http://proxy.test/proxy.pac', /form/],
    ['http://pro xy.test', /form/],
    ['http://proxy.test\r\nHost: x', /form/],
    ['socks4://proxy.test', /socks4:\/\/ is no kind of proxy/],
    ['ftp://proxy.test', /ftp:\/\/ is no kind/],
    ['constructor://proxy.test', /constructor:\/\/ is no kind/],
    ['http://me:CANARY@', /form/],
    ['http://me:CANARY@proxy.test:99999', /port 99999/],
  ])('%j is refused with a reason that holds no secret', (text, reason) => {
    const parsed = parseProxyAddress(text);
    expect(parsed).toEqual({ ok: false, message: expect.stringMatching(reason) });
    expect(JSON.stringify(parsed)).not.toContain('CANARY');
  });
});
