/** Proving what was fetched: hashing the part, and reading the digest a server sends along. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { DownloadError } from '#engine/errors';
import { type AnswerHeaders, header } from '#engine/network/http-headers';
import { digestBytes } from '#shared/checksum';
import type { ChecksumAlgorithm } from '#shared/download';
import type { PartFile } from './part-file.ts';

/** A step takes about a millisecond of the event loop, and one buffer is all the memory used. */
const stepBytes = 1024 * 1024;

export interface HashOptions {
  readonly signal?: AbortSignal;
  readonly onRead?: (bytes: number) => void;
}

/** Hex digest of the first `size` bytes. @throws DownloadError E_FS_GONE if the file ends before. */
export async function hashFile(
  part: Pick<PartFile, 'path' | 'read'>,
  size: number,
  algorithm: ChecksumAlgorithm,
  { signal, onRead }: HashOptions = {},
): Promise<string> {
  const hash = createHash(algorithm.replace('-', ''));
  const buffer = Buffer.allocUnsafe(Math.min(stepBytes, size));
  for (let position = 0; position < size; ) {
    signal?.throwIfAborted();
    const step = buffer.subarray(0, size - position);
    const count = await part.read(step, position);
    position += count;
    if (count < step.length) {
      throw new DownloadError('E_FS_GONE', `${basename(part.path)} ends at byte ${position}, expected ${size}`);
    }
    hash.update(step);
    onRead?.(count);
  }
  signal?.throwIfAborted();
  return hash.digest('hex');
}

export interface Digest {
  readonly algorithm: ChecksumAlgorithm;
  readonly hex: string;
}

/** As registered for RFC 9530; the last two are deprecated there, but better than nothing. */
const fieldKeys: Readonly<Record<string, ChecksumAlgorithm>> = {
  'sha-512': 'sha-512',
  'sha-256': 'sha-256',
  sha: 'sha-1',
  md5: 'md5',
};

/** A field that may be sent in several lines, as one list. */
function wholeField(headers: AnswerHeaders, name: string): string {
  const value = headers[name] ?? '';
  return typeof value === 'string' ? value : value.join(',');
}

function toDigest(algorithm: ChecksumAlgorithm | undefined, base64: string): Digest[] {
  if (algorithm === undefined) return [];
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === digestBytes[algorithm] ? [{ algorithm, hex: bytes.toString('hex') }] : [];
}

/** A dictionary of byte sequences, `sha-256=:BASE64:, …` (RFC 8941 section 3.2); members of another form are passed over. */
function digestField(headers: AnswerHeaders, name: string): Digest[] {
  return wholeField(headers, name)
    .split(',')
    .flatMap((member) => {
      const [, key = '', base64 = ''] = /^\s*([a-z0-9_.*-]+)=:([a-z0-9+/=]*):\s*(?:;.*)?$/i.exec(member) ?? [];
      const known = Object.hasOwn(fieldKeys, key.toLowerCase()) ? fieldKeys[key.toLowerCase()] : undefined;
      return toDigest(known, base64);
    });
}

/** Google's stores; of a file they unpack while sending (`gzip` stored) the hash is that of the packed one. */
function googleField(headers: AnswerHeaders): Digest[] {
  if ((header(headers, 'x-goog-stored-content-encoding') ?? 'identity') !== 'identity') return [];
  const [, base64 = ''] = /(?:^|,)\s*md5=([a-z0-9+/=]+)/i.exec(wholeField(headers, 'x-goog-hash')) ?? [];
  return toDigest('md5', base64);
}

/**
 * The strongest digest of the whole file that an uncoded answer states. Repr-Digest (RFC 9530 section 3) and x-goog-hash
 * mean the whole file in any answer; Content-Digest (section 2) and Content-MD5 mean this body, so they count on a 200 only.
 */
export function parseDigestHeaders(headers: AnswerHeaders, status: number): Digest | undefined {
  const digests = [...digestField(headers, 'repr-digest'), ...googleField(headers)];
  if (status === 200) {
    digests.push(...digestField(headers, 'content-digest'), ...toDigest('md5', header(headers, 'content-md5') ?? ''));
  }
  return digests.reduce<Digest | undefined>(
    (best, next) => (best === undefined || digestBytes[next.algorithm] > digestBytes[best.algorithm] ? next : best),
    undefined,
  );
}
