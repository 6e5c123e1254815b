import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseChecksum } from '../../shared/checksum.ts';

test.each([
  ['sha-256', 'sha256', 'sha-256'],
  ['sha256', 'sha256', 'sha-256'],
  ['SHA-256', 'sha256', 'sha-256'],
  ['sha-1', 'sha1', 'sha-1'],
  ['sha1', 'sha1', 'sha-1'],
  ['sha-512', 'sha512', 'sha-512'],
  ['sha512', 'sha512', 'sha-512'],
  ['md5', 'md5', 'md5'],
])('%s is read', (name, ofNode, algorithm) => {
  const hex = createHash(ofNode).update('x').digest('hex');
  const expected = { ok: true, checksum: { algorithm, hex } };
  expect(parseChecksum(`${name}=${hex}`)).toEqual(expected);
  expect(parseChecksum(` ${name} = ${hex.toUpperCase()} `)).toEqual(expected);
});

test.each(['auto', 'AUTO', ' auto '])('%s leaves it to the server', (text) => {
  expect(parseChecksum(text)).toEqual({ ok: true, checksum: 'auto' });
});

test.each([
  ['', 'the checksum  is not of the form sha-256=HEX, nor auto'],
  ['d41d8cd98f00b204e9800998ecf8427e', 'the checksum d41d8cd98f00b204e9800998ecf8427e is not of the form sha-256=HEX, nor auto'],
  ['md5=', 'the checksum md5= is not of the form sha-256=HEX, nor auto'],
  ['md5=aa=bb', 'the checksum md5=aa=bb is not of the form sha-256=HEX, nor auto'],
  ['crc32=d41d8cd9', 'the checksum algorithm crc32 is unknown, expected sha-256, sha-512, sha-1 or md5'],
  ['constructor=d41d8cd9', 'the checksum algorithm constructor is unknown, expected sha-256, sha-512, sha-1 or md5'],
  ['md5=xyz', 'the md5 checksum xyz is not hexadecimal'],
  ['sha256=d41d8cd98f00b204e9800998ecf8427e', 'the sha-256 checksum has 32 digits, expected 64'],
])('%o is refused in plain words', (text, message) => {
  expect(parseChecksum(text)).toEqual({ ok: false, message });
});
