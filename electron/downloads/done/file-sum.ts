import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CallError } from '#shared/call-failures';
import { parseChecksum } from '#shared/checksum';

/**
 * Reads a file and compares it with what it should be. `checksum`: `ALGO=HEX`, or undefined to tell its SHA-256 alone.
 * @throws CallError NOT_FOUND.
 */
export async function hashOfFile(
  path: string,
  size: number,
  checksum: string | undefined,
): Promise<{ isRight: boolean; algorithm: string; hex: string }> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new CallError('NOT_FOUND', 'the file is not where it was put');
  const parsed = checksum === undefined ? undefined : parseChecksum(checksum);
  const expected = parsed?.ok && parsed.checksum !== 'auto' ? parsed.checksum : undefined;
  const algorithm = expected?.algorithm ?? 'sha-256';
  const hash = createHash(algorithm.replace('-', ''));
  await pipeline(createReadStream(path), hash);
  const hex = hash.digest('hex');
  return { isRight: found.size === size && (expected === undefined || expected.hex.toLowerCase() === hex), algorithm, hex };
}
