import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { digestBytes } from '#shared/checksum';
import type { ChecksumAlgorithm } from '#shared/download';
import { type Digest, hashFile, parseDigestHeaders } from '../../../electron/engine/disk/checksum.ts';
import { nodeFileIo } from '../../../electron/engine/disk/file-io.ts';
import { PartFile } from '../../../electron/engine/disk/part-file.ts';
import type { AnswerHeaders } from '../../../electron/engine/network/http-headers.ts';
import { collect, content } from '../../support/content.ts';
import { tempDirectory } from '../../support/temp.ts';

const mebibyte = 1024 * 1024;

const digestOf = (algorithm: ChecksumAlgorithm, data: string | Uint8Array): Digest => ({
  algorithm,
  hex: createHash(algorithm.replace('-', '')).update(data).digest('hex'),
});

test.each(Object.keys(digestBytes) as ChecksumAlgorithm[])(
  '%s of a file of any size is what hashing it at once gives',
  async (algorithm) => {
    await using directory = await tempDirectory();
    for (const size of [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte + 7]) {
      const path = directory.file(`f${size}.part`);
      const bytes = collect(content(3, size));
      // What lies behind the size is not the file's.
      await writeFile(path, Buffer.concat([bytes, Buffer.from('beyond')]));
      await using part = await PartFile.open(nodeFileIo, path);
      const read: number[] = [];
      const hex = await hashFile(part, size, algorithm, { onRead: (count) => read.push(count) });
      expect(hex).toBe(digestOf(algorithm, bytes).hex);
      expect(read.reduce((sum, count) => sum + count, 0)).toBe(size);
      expect(read.length).toBe(Math.ceil(size / mebibyte));
    }
  },
);

test('hashing lets others run and stops at once when told to', async () => {
  await using directory = await tempDirectory();
  const path = directory.file('f.part');
  await using part = await PartFile.create(nodeFileIo, path);
  await part.truncate(64 * mebibyte);
  const stop = new AbortController();
  const reason = new Error('paused');
  let reached = 0;
  const hashing = hashFile(part, 64 * mebibyte, 'sha-256', {
    signal: stop.signal,
    onRead: (count) => {
      reached += count;
      if (reached === 3 * mebibyte) setImmediate(() => stop.abort(reason));
    },
  });
  await expect(hashing).rejects.toBe(reason);
  expect(reached).toBeLessThan(64 * mebibyte);
});

test('F112: a file that ends before its size is not hashed as if it were whole', async () => {
  await using directory = await tempDirectory();
  await writeFile(directory.file('f.part'), Buffer.alloc(mebibyte + 5));
  await using part = await PartFile.open(nodeFileIo, directory.file('f.part'));
  await expect(hashFile(part, 2 * mebibyte, 'md5')).rejects.toMatchObject({
    code: 'E_FS_GONE',
    message: `f.part ends at byte ${mebibyte + 5}, expected ${2 * mebibyte}`,
  });
});

const base64 = (algorithm: ChecksumAlgorithm, data = 'x') => Buffer.from(digestOf(algorithm, data).hex, 'hex').toString('base64');
const dictionary = (...members: [key: string, algorithm: ChecksumAlgorithm, data?: string][]) =>
  members.map(([key, algorithm, data]) => `${key}=:${base64(algorithm, data)}:`).join(', ');

test.each<[string, AnswerHeaders, number, Digest | undefined]>([
  ['no field at all', {}, 200, undefined],
  ['Repr-Digest', { 'repr-digest': dictionary(['sha-256', 'sha-256']) }, 200, digestOf('sha-256', 'x')],
  ['Repr-Digest on a part', { 'repr-digest': dictionary(['sha-256', 'sha-256']) }, 206, digestOf('sha-256', 'x')],
  [
    'the strongest of several',
    { 'repr-digest': dictionary(['md5', 'md5'], ['sha-512', 'sha-512'], ['sha-256', 'sha-256']) },
    200,
    digestOf('sha-512', 'x'),
  ],
  ['several lines', { 'repr-digest': [dictionary(['md5', 'md5']), dictionary(['sha', 'sha-1'])] }, 200, digestOf('sha-1', 'x')],
  [
    'parameters and odd blanks',
    { 'repr-digest': ` sha-256=:${base64('sha-256')}: ;a=1 ,unixsum=30637` },
    200,
    digestOf('sha-256', 'x'),
  ],
  ['an unknown algorithm', { 'repr-digest': 'adler=:AAAAAA==:, constructor=:AAAA:' }, 200, undefined],
  ['a digest of the wrong length', { 'repr-digest': `sha-256=:${base64('md5')}:` }, 200, undefined],
  ['base64 without colons', { 'repr-digest': `sha-256=${base64('sha-256')}` }, 200, undefined],
  ['Content-Digest on the whole', { 'content-digest': dictionary(['sha-256', 'sha-256']) }, 200, digestOf('sha-256', 'x')],
  ['Content-Digest on a part', { 'content-digest': dictionary(['sha-256', 'sha-256']) }, 206, undefined],
  [
    'Repr-Digest before Content-Digest',
    { 'repr-digest': dictionary(['sha-256', 'sha-256', 'whole']), 'content-digest': dictionary(['sha-256', 'sha-256', 'body']) },
    200,
    digestOf('sha-256', 'whole'),
  ],
  [
    'a stronger Content-Digest',
    { 'repr-digest': dictionary(['md5', 'md5']), 'content-digest': dictionary(['sha-512', 'sha-512']) },
    200,
    digestOf('sha-512', 'x'),
  ],
  ['Content-MD5 on the whole', { 'content-md5': base64('md5') }, 200, digestOf('md5', 'x')],
  ['Content-MD5 on a part', { 'content-md5': base64('md5') }, 206, undefined],
  ['Content-MD5 in hexadecimal', { 'content-md5': digestOf('md5', 'x').hex }, 200, undefined],
  ['x-goog-hash', { 'x-goog-hash': `crc32c=n03x6A==,md5=${base64('md5')}` }, 206, digestOf('md5', 'x')],
  ['x-goog-hash in two lines', { 'x-goog-hash': ['crc32c=n03x6A==', `md5=${base64('md5')}`] }, 200, digestOf('md5', 'x')],
  ['x-goog-hash without MD5', { 'x-goog-hash': 'crc32c=n03x6A==' }, 200, undefined],
  [
    'x-goog-hash of a file that is unpacked on the way',
    { 'x-goog-hash': `md5=${base64('md5')}`, 'x-goog-stored-content-encoding': 'gzip' },
    200,
    undefined,
  ],
  [
    'x-goog-hash of a file stored as it is',
    { 'x-goog-hash': `md5=${base64('md5')}`, 'x-goog-stored-content-encoding': 'identity' },
    200,
    digestOf('md5', 'x'),
  ],
])('digest fields: %s', (_what, headers, status, digest) => {
  expect(parseDigestHeaders(headers, status)).toEqual(digest);
});
