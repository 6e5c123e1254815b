/** A request as a curl command, and back. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeCurlCommand } from '../../electron/downloads/request/curl-command.ts';
import { parseCurlCommand } from '../../shared/curl/read.ts';
import type { DownloadRequest } from '../../shared/download.ts';

const options = { output: 'a.bin', reveal: true };

const hostile = fc
  .string({ unit: fc.oneof(fc.constantFrom(...'\'"`$%^\\&|<>(){}[]!;#@*?~'), fc.string({ minLength: 1, maxLength: 1 })) })
  .map((text) => text.replace(/[\r\n\0]/g, '').trim());
const name = fc.stringMatching(/^X-[A-Za-z0-9]{1,8}$/);

const request: fc.Arbitrary<DownloadRequest> = fc
  .record(
    {
      path: fc.webPath(),
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
      headers: fc.uniqueArray(fc.tuple(name, hostile), { selector: ([key]) => key.toLowerCase(), minLength: 1, maxLength: 4 }),
      cookie: hostile.map((value) => `a=${value.replaceAll(/[;\s]/g, '')}`),
      login: fc.record({ user: hostile.map((value) => value.replaceAll(':', '')), password: hostile }),
      body: fc.string().map((text) => text.replaceAll('\0', '')),
      insecure: fc.constant(true),
    },
    { requiredKeys: ['path', 'headers'] },
  )
  .map(({ path, headers, ...rest }) => ({
    url: `https://example.org/${path.replace(/^\//, '')}`,
    ...rest,
    method: rest.method ?? 'GET',
    headers: rest.body === undefined ? headers : [...headers, ['Content-Type', 'text/plain'] as [string, string]],
  }));

test('what is written is read as the same request, whatever it holds', () => {
  fc.assert(
    fc.property(request, (wanted) => {
      const { request: read, ignored } = parseCurlCommand(writeCurlCommand(wanted, options));
      expect(read).toEqual(wanted);
      expect(ignored).toEqual(['-o']);
    }),
  );
});

test.each(['^"', 'a ^"', 'a ^', '" ^"'])('a value that looks like the quotes of Windows (%j) is still one of bash', (value) => {
  const wanted = { url: 'https://example.org/', method: 'GET', headers: [['X-A', value]] as [string, string][] };
  expect(parseCurlCommand(writeCurlCommand(wanted, options)).request).toEqual(wanted);
});

test('an address with brackets is one address', () => {
  const url = 'https://example.org/[1-2]/{a,b}';
  expect(parseCurlCommand(writeCurlCommand({ url }, options)).request.url).toBe(url);
});

test('cookies of other hosts, other paths and over are left out', () => {
  const cookie = { value: '1', domain: 'example.org', hasSubdomains: true, path: '/', isSecure: false, isHttpOnly: false };
  const cookies = [
    { ...cookie, name: 'own' },
    { ...cookie, name: 'other', domain: 'example.com' },
    { ...cookie, name: 'deep', path: '/b' },
    { ...cookie, name: 'safe', isSecure: true },
    { ...cookie, name: 'over', expiresAt: 1000 },
    { ...cookie, name: 'above', hasSubdomains: false },
  ];
  const command = writeCurlCommand({ url: 'http://files.example.org/a', cookies }, options);
  expect(parseCurlCommand(command).request.cookie).toBe('own=1');
});

test('no secret is written unless it is asked for', () => {
  const secret = 'CANARY';
  const wanted: DownloadRequest = {
    url: `https://me:${secret}@example.org/a?token=${secret}#${secret}`,
    method: 'POST',
    headers: [
      ['Authorization', `Bearer ${secret}`],
      ['X-Api-Key', secret],
    ],
    cookie: `a=${secret}; b=${secret}`,
    login: { user: 'me', password: secret },
    body: secret,
    proxy: { https: `http://u:${secret}@proxy.test:1` },
  };
  expect(writeCurlCommand(wanted, { output: 'a', reveal: false })).not.toContain(secret);
  expect(writeCurlCommand({ ...wanted, cookie: secret }, { output: 'a', reveal: false })).not.toContain(secret);
  expect(writeCurlCommand(wanted, options).split(secret)).toHaveLength(11);
});
