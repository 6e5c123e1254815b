import { open } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { errnoOf, toDiskError } from '../../../electron/engine/disk/disk-errors.ts';
import { DownloadError } from '../../../electron/engine/errors.ts';

const systemError = (code: string) => Object.assign(new Error(`${code}: from the system, open '/secret/folder/name'`), { code });

test.each([
  ['ENOSPC', 'E_FS_FULL'],
  ['EDQUOT', 'E_FS_FULL'],
  ['EFBIG', 'E_FS_LIMIT'],
  ['EACCES', 'E_FS_PERM'],
  ['EPERM', 'E_FS_PERM'],
  ['EROFS', 'E_FS_PERM'],
  ['ELOOP', 'E_FS_PERM'],
  ['ENOENT', 'E_FS_GONE'],
  ['ENOTDIR', 'E_FS_GONE'],
  ['ENXIO', 'E_FS_GONE'],
  ['ENODEV', 'E_FS_GONE'],
  ['ESTALE', 'E_FS_GONE'],
  ['ENOTCONN', 'E_FS_GONE'],
  ['EHOSTDOWN', 'E_FS_GONE'],
  ['EBUSY', 'E_FS_BUSY'],
  ['ETXTBSY', 'E_FS_BUSY'],
  ['EMFILE', 'E_FS_BUSY'],
  ['ENFILE', 'E_FS_BUSY'],
  ['EEXIST', 'E_FS_BUSY'],
  ['EIO', 'E_FS_IO'],
  ['UNKNOWN', 'E_FS_IO'],
])('%s is %s', (errno, code) => {
  const cause = systemError(errno);
  const error = toDiskError(cause, 'write', '/some/where/movie.mkv.part');
  expect(error).toMatchObject({ code, cause });
  expect(error.message).toMatch(new RegExp(`^cannot write movie\\.mkv\\.part: .*[^.] \\(${errno}\\)$`));
});

test('an error of the real system is read', async () => {
  const error = await open('/proc/none/such').catch((reason: unknown) => reason);
  expect(errnoOf(error)).toBe('ENOENT');
});

test('a DownloadError passes through as it is', () => {
  const error = new DownloadError('E_HASH', 'the checksum differs');
  expect(toDiskError(error, 'write', '/a/b')).toBe(error);
});

test.each([
  new TypeError('no such thing'),
  Object.assign(new Error('bad'), { code: 'ERR_OUT_OF_RANGE' }),
  'thrown text',
  undefined,
])('what the system did not say (%s) is our own mistake', (thrown) => {
  expect(errnoOf(thrown)).toBeUndefined();
  expect(toDiskError(thrown, 'write', '/a/b.part').code).toBe('E_INTERNAL');
});
