/**
 * Keeps secrets sealed by the system's key store: Keychain, DPAPI, Secret Service or KWallet, through safeStorage. The store
 * seals one random key; that key seals each secret, so that sealing needs no prompt and no round trip.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safeStorage } from 'electron';
import { keyBytes, type Vault, vaultWithKey } from '#downloads';

export interface OpenedVault {
  readonly vault: Vault;
  /** What a person has to know about their secrets. */
  readonly notice?: { readonly code: 'NO_KEY_STORE' | 'KEY_STORE_CLOSED'; readonly message: string };
}

const inMemory: Vault = {
  kind: 'memory',
  seal: () => {
    throw new Error('there is no key store to seal with');
  },
  unseal: () => {
    throw new Error('there is no key store to unseal with');
  },
};

/** On Linux without a key store Chromium would seal with a password that is known to all (`basic_text`): that is no seal. */
async function hasKeyStore(): Promise<boolean> {
  if (!(await safeStorage.isAsyncEncryptionAvailable())) return false;
  return process.platform !== 'linux' || safeStorage.getSelectedStorageBackend() !== 'basic_text';
}

/** Once the app is ready. @throws where the data folder cannot be written. */
export async function openVault(dataFolder: string): Promise<OpenedVault> {
  if (!(await hasKeyStore())) {
    const message = 'this system has no key store: passwords and cookies are forgotten when Sluice ends';
    return { vault: inMemory, notice: { code: 'NO_KEY_STORE', message } };
  }
  const path = join(dataFolder, 'secret.sealed');
  const sealed = read(path);
  const key = sealed === undefined ? randomBytes(keyBytes) : await unsealed(sealed, path);
  if (key === undefined) {
    // Perhaps it is locked today only, so what it sealed is left as it is.
    const message = `the system's key store did not open ${path}: passwords and cookies are forgotten when Sluice ends; remove that file if it never opens again`;
    return { vault: inMemory, notice: { code: 'KEY_STORE_CLOSED', message } };
  }
  if (sealed === undefined) await write(path, key);
  return { vault: vaultWithKey('sealed', key) };
}

/** Whole or not at all. */
async function write(path: string, key: Buffer): Promise<void> {
  const sealed = await safeStorage.encryptStringAsync(key.toString('base64'));
  const scratch = `${path}.${process.pid}`;
  writeFileSync(scratch, sealed, { mode: 0o600, flush: true });
  renameSync(scratch, path);
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function unsealed(sealed: Buffer, path: string): Promise<Buffer | undefined> {
  try {
    const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(sealed);
    const key = Buffer.from(result, 'base64');
    if (key.length !== keyBytes) return undefined;
    if (shouldReEncrypt) await write(path, key);
    return key;
  } catch {
    return undefined;
  }
}
