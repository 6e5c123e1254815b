import { describe, expect, test } from 'vitest';
import type { ProxySettings } from '#shared/download';
import { ProxyChoice } from '../../../electron/engine/network/proxy.ts';
import { hostKey } from '../../../electron/engine/network/route.ts';

const way = (address: string, settings: ProxySettings): string | undefined =>
  new ProxyChoice(settings).for(new URL(address))?.name;
const both = { http: 'http://p:1', https: 'http://s:2' };
const isDirect = (address: string, ...noProxy: string[]): boolean => way(address, { ...both, noProxy }) === undefined;

describe('which proxy leads to an address', () => {
  test('is told by its scheme', () => {
    expect(way('http://a.test/', both)).toBe('p:1');
    expect(way('https://a.test/', both)).toBe('s:2');
    expect(way('https://a.test/', { http: 'http://p:1' })).toBeUndefined();
    expect(way('http://a.test/', {})).toBeUndefined();
    expect(way('http://a.test/', { http: '' })).toBeUndefined();
    expect(way('http://a.test/', { http: 'http://[::1]' })).toBe('[::1]:80');
  });

  test.each([
    // A name, and all below it.
    ['http://a.test/', 'a.test', true],
    ['http://b.a.test/', 'a.test', true],
    ['http://B.A.TEST./', 'a.test', true],
    ['http://a.test/', '.a.test', true],
    ['http://b.a.test/', '.a.test', true],
    ['http://b.a.test/', '*.a.test', true],
    ['http://a.test/', 'A.Test.', true],
    ['http://ba.test/', 'a.test', false],
    ['http://a.test/', 'b.a.test', false],
    ['http://a.test.evil.test/', 'a.test', false],
    // A port.
    ['http://a.test/', 'a.test:80', true],
    ['https://a.test/', 'a.test:443', true],
    ['http://a.test:8080/', 'a.test:8080', true],
    ['http://a.test:8080/', 'a.test:80', false],
    ['http://b.a.test:81/', '.a.test:81', true],
    // An address.
    ['http://10.1.2.3/', '10.1.2.3', true],
    ['http://10.1.2.3:81/', '10.1.2.3:81', true],
    ['http://10.1.2.3/', '10.1.2', false],
    ['http://10.1.2.3/', '2.3', false],
    ['http://[::1]/', '::1', true],
    ['http://[::1]/', '[::1]', true],
    ['http://[0:0::1]:81/', '[::1]:81', true],
    ['http://[::1]/', '::2', false],
    // A network.
    ['http://10.1.2.3/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8', false],
    ['http://10.1.2.3/', '0.0.0.0/0', true],
    ['http://[fd00::5]/', 'fd00::/8', true],
    ['http://[fe80::5]/', 'fd00::/8', false],
    ['http://10.1.2.3/', '10.0.0.0/33', false],
    ['http://10.1.2.3/', '10.0.0.0/', false],
    ['http://10.1.2.3/', '10.0.0.0/x', false],
    // Everything, and nothing.
    ['http://a.test/', '*', true],
    ['http://10.1.2.3/', ' * ', true],
    ['http://a.test/', '', false],
    ['http://a.test/', '.', false],
    ['http://a.test/', '*.', false],
    ['http://a.test/', ':80', false],
  ])('for %s except %j: straight there is %s', (address, entry, direct) => {
    expect(isDirect(address, entry)).toBe(direct);
    expect(isDirect(address, 'other.test', entry)).toBe(direct);
  });

  test('makes a host another one for bounds and connections, by the login too, and by nothing else', () => {
    const key = (address: string, http?: string): string => {
      const url = new URL(address);
      return hostKey({ url, tls: {}, proxy: new ProxyChoice(http === undefined ? {} : { http }).for(url) });
    };
    const keys = [
      key('http://a.test/'),
      key('http://a.test/', 'http://p:1'),
      key('http://a.test/', 'https://p:1'),
      key('http://a.test/', 'socks5://p:1'),
      key('http://a.test/', 'http://me:x@p:1'),
      key('http://a.test/', 'http://me:y@p:1'),
      key('http://b.test/', 'http://p:1'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(key('http://a.test/x', 'socks5h://P:1')).toBe(key('http://a.test/y?z', 'socks5://p:1'));
  });
});
