/** Checksums as people write them: `sha-256=9f86…` or `auto`. */
import type { Checksum, ChecksumAlgorithm } from './download.ts';

/** Length of each algorithm's digest in bytes, strongest first. */
export const digestBytes: Readonly<Record<ChecksumAlgorithm, number>> = { 'sha-512': 64, 'sha-256': 32, 'sha-1': 20, md5: 16 };

const names: Readonly<Record<string, ChecksumAlgorithm>> = {
  'sha-512': 'sha-512',
  sha512: 'sha-512',
  'sha-256': 'sha-256',
  sha256: 'sha-256',
  'sha-1': 'sha-1',
  sha1: 'sha-1',
  md5: 'md5',
};

export type ParsedChecksum =
  | { readonly ok: true; readonly checksum: Checksum }
  | { readonly ok: false; readonly message: string };

/** Reads `ALGORITHM=HEX` or `auto`, in any case. What cannot be meant is refused with a sentence that says why. */
export function parseChecksum(text: string): ParsedChecksum {
  const written = text.trim();
  if (written.toLowerCase() === 'auto') return { ok: true, checksum: 'auto' };
  const [name = '', hex = '', ...more] = written.split('=').map((part) => part.trim());
  if (hex === '' || more.length > 0) return refuse(`the checksum ${written} is not of the form sha-256=HEX, nor auto`);
  const algorithm = Object.hasOwn(names, name.toLowerCase()) ? names[name.toLowerCase()] : undefined;
  if (algorithm === undefined)
    return refuse(`the checksum algorithm ${name} is unknown, expected sha-256, sha-512, sha-1 or md5`);
  if (!/^[0-9a-f]+$/i.test(hex)) return refuse(`the ${algorithm} checksum ${hex} is not hexadecimal`);
  const digits = digestBytes[algorithm] * 2;
  if (hex.length !== digits) return refuse(`the ${algorithm} checksum has ${hex.length} digits, expected ${digits}`);
  return { ok: true, checksum: { algorithm, hex: hex.toLowerCase() } };
}

const refuse = (message: string): ParsedChecksum => ({ ok: false, message });
