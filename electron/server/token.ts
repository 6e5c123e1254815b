/** The server's token: whoever has it may do everything. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';

const form = /^[\w-]{16,256}$/;

/**
 * Read from the file, or made and written there for this user's eyes alone.
 * @throws Error naming the file where it holds none.
 */
export function tokenIn(path: string): string {
  try {
    const token = readFileSync(path, 'utf8').trim();
    if (!form.test(token)) throw new Error(`${path} holds no token: expected 16 to 256 letters, digits, - or _`);
    chmodSync(path, 0o600);
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const token = randomBytes(32).toString('base64url');
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
    return token;
  }
}

/** In a time that tells nothing of where they differ, nor of their lengths. */
export function isSame(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}

/** What a page's cookie holds in place of the token. The same after a restart, so that open pages go on. */
export const sessionOf = (token: string): string => createHmac('sha256', token).update('sluice page session').digest('hex');
