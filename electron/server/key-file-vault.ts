/**
 * Seals secrets with a key that lies in a file only this user can read: a server has no key store. It keeps them out of copies of
 * the list, backups of single files and logs; not from who can read this user's files.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyBytes, type Vault, vaultWithKey } from '#downloads';

/** Made at the first start. @throws where the file is there but holds no key: secrets sealed by it would be lost. */
function keyIn(path: string): Buffer {
  try {
    const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
    if (key.length !== keyBytes)
      throw new Error(`${path} holds no key: put it back from a backup, or remove it to give up what it sealed`);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const key = randomBytes(keyBytes);
    writeFileSync(path, `${key.toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    return key;
  }
}

export const keyFileVault = (dataFolder: string): Vault => vaultWithKey('file', keyIn(join(dataFolder, 'secret.key')));
