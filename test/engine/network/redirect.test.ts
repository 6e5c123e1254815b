/** Where a redirect may lead: a table for the address and one for what counts as private. */
import { describe, expect, test } from 'vitest';
import { isPrivateHost, isRedirect, nextHop } from '../../../electron/engine/network/redirect.ts';

const from = new URL('https://files.example.org/a/b.php?id=1#top');
/** A field value as it comes off the wire: each character is one byte. */
const wire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

describe('F60 a Location is read against the address that gave it', () => {
  test.each([
    ['https://cdn.example.net/x', 'https://cdn.example.net/x'],
    ['/x/y?z=1', 'https://files.example.org/x/y?z=1'],
    ['c.zip', 'https://files.example.org/a/c.zip'],
    ['../c.zip', 'https://files.example.org/c.zip'],
    ['?id=2', 'https://files.example.org/a/b.php?id=2'],
    ['//cdn.example.net/x', 'https://cdn.example.net/x'],
    ['https:c.zip', 'https://files.example.org/a/c.zip'],
    ['HTTPS://CDN.Example.NET:443/X', 'https://cdn.example.net/X'],
    ['c.zip#part-2', 'https://files.example.org/a/c.zip'],
    ['#only-a-fragment', 'https://files.example.org/a/b.php?id=1'],
    ['/a%20b%2Fc?q=%E4%F6', 'https://files.example.org/a%20b%2Fc?q=%E4%F6'],
    ['/with blanks.zip', 'https://files.example.org/with%20blanks.zip'],
    [wire('/电影/ä.mkv?标题=ü'), 'https://files.example.org/%E7%94%B5%E5%BD%B1/%C3%A4.mkv?%E6%A0%87%E9%A2%98=%C3%BC'],
    [wire('https://bücher.example/ü'), 'https://xn--bcher-kva.example/%C3%BC'],
    ['https:\\\\cdn.example.net\\x', 'https://cdn.example.net/x'],
  ])('%j leads to %s', (location, expected) => {
    expect(nextHop(from, location, false).href).toBe(expected);
  });

  test('bytes that are no UTF-8 go back to the server as the very bytes it sent', () => {
    expect(nextHop(from, '/\xb5\xe7\xd3\xb0.zip?n=\xe4', false).href).toBe('https://files.example.org/%B5%E7%D3%B0.zip?n=%E4');
  });

  test('a login planted in a Location is dropped', () => {
    expect(nextHop(from, 'https://root:secret@cdn.example.net/x', false).href).toBe('https://cdn.example.net/x');
  });

  test('what cannot be read or is missing is against the protocol', () => {
    for (const location of ['https://', 'http://[::1', 'https://exa mple.org/', 'https://a:99999/', undefined]) {
      expect(() => nextHop(from, location, true), String(location)).toThrow(expect.objectContaining({ code: 'E_PROTOCOL' }));
    }
  });

  test('the message of a refusal holds no secret of the address', () => {
    const attempt = (): URL => nextHop(from, 'http://cdn.example.net/x?token=geheim', false);
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_REDIRECT_UNSAFE' }));
    expect(attempt).not.toThrow(/geheim/);
  });
});

describe('F67 a redirect never leaves HTTP, and goes down in safety only when allowed', () => {
  test.each([
    'file:///etc/passwd',
    'data:application/zip;base64,AAAA',
    'ftp://example.org/x',
    'javascript:alert(1)',
    'blob:https://example.org/1',
    'about:blank',
    'ws://example.org/',
  ])('%s is refused even where unsafe redirects are allowed', (location) => {
    expect(() => nextHop(from, location, true)).toThrow(expect.objectContaining({ code: 'E_REDIRECT_UNSAFE' }));
  });

  test.each([
    ['https://files.example.org/', 'http://files.example.org/x'],
    ['https://files.example.org/', '//127.0.0.1/x'],
    ['http://files.example.org/', 'http://127.0.0.1/x'],
    ['http://files.example.org/', 'http://169.254.169.254/latest/meta-data'],
    ['http://files.example.org/', 'http://[::1]/x'],
    ['http://files.example.org/', 'http://[::ffff:10.0.0.1]/x'],
    ['http://files.example.org/', 'http://0x7f.1/x'],
    ['http://files.example.org/', 'http://2130706433/x'],
    ['http://files.example.org/', 'http://localhost./x'],
    ['http://203.0.113.5/', 'http://192.168.1.1/x'],
  ])('%s may not lead to %s unless allowed', (start, location) => {
    expect(() => nextHop(new URL(start), location, false)).toThrow(expect.objectContaining({ code: 'E_REDIRECT_UNSAFE' }));
    expect(nextHop(new URL(start), location, true).protocol).toMatch(/^https?:$/);
  });

  test.each([
    ['http://files.example.org/', 'https://files.example.org/x'],
    ['http://127.0.0.1:8080/', 'http://192.168.1.1/x'],
    ['http://localhost/', 'http://127.0.0.1:1234/x'],
    ['http://192.168.1.5/', 'http://files.example.org/x'],
    ['https://10.0.0.1/', 'https://10.0.0.2/x'],
  ])('%s may lead to %s', (start, location) => {
    expect(nextHop(new URL(start), location, false).pathname).toBe('/x');
  });
});

describe('what belongs to a private network', () => {
  const hostOf = (address: string): string => new URL(`http://${address}/`).hostname;

  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'a.b.localhost',
    '127.0.0.1',
    '127.255.255.254',
    '127.1',
    '0177.0.0.1',
    '0x7f000001',
    '2130706433',
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '[::]',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:c0a8:1]',
    '[::ffff:a9fe:a9fe]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[febf::1]',
  ])('%s does', (address) => expect(isPrivateHost(hostOf(address))).toBe(true));

  test.each([
    'example.org',
    'localhost.example.org',
    'notlocalhost',
    'fc00.example.org',
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.0',
    '128.0.0.1',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '203.0.113.5',
    '[2001:db8::1]',
    '[fec::1]',
    '[fd::1]',
    '[fe8::1]',
    '[::ffff:8.8.8.8]',
    '[2606:4700:4700::1111]',
  ])('%s does not', (address) => expect(isPrivateHost(hostOf(address))).toBe(false));
});

test('only five statuses redirect', () => {
  const statuses = Array.from({ length: 100 }, (_, index) => 300 + index);
  expect(statuses.filter(isRedirect)).toEqual([301, 302, 303, 307, 308]);
});
