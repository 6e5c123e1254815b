/** The rest of the system: clipboard, key store, power, network, screen. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clipboard, Display, NativeTheme, Net, PowerSaveBlocker, SafeStorage, Screen, Session } from 'electron';
import { app } from './app.ts';
import { desk } from './desk.ts';
import { type Held, hold } from './held.ts';

export const clipboard = {
  readText: async () => desk.clipboard,
  async writeText(text) {
    desk.clipboard = text;
  },
} satisfies Partial<Clipboard>;

/** The key outlives the process, as a key store's does. It lies beside the data folder, where no test looks for secrets. */
function storeKey(): Buffer {
  const path = join(app.getPath('userData'), '..', '..', 'stand-in-key');
  if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600 });
  return readFileSync(path);
}

export const safeStorage = {
  isAsyncEncryptionAvailable: async () => desk.keyStore.isAvailable,
  getSelectedStorageBackend: () => desk.keyStore.backend as ReturnType<SafeStorage['getSelectedStorageBackend']>,
  async encryptStringAsync(text) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', storeKey(), nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  },
  async decryptStringAsync(sealed) {
    if (desk.keyStore.isLocked) throw new Error('the key store is locked');
    const decipher = createDecipheriv('aes-256-gcm', storeKey(), sealed.subarray(0, 12));
    decipher.setAuthTag(sealed.subarray(12, 28));
    const result = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString('utf8');
    return { result, shouldReEncrypt: false };
  },
} satisfies Partial<SafeStorage>;

const blockers = new Map<number, Held['awake'][number]>();
let lastBlocker = 0;
export const powerSaveBlocker = {
  start(type) {
    blockers.set(++lastBlocker, type);
    hold('awake', [...blockers.values()]);
    return lastBlocker;
  },
  stop(id) {
    const wasOn = blockers.delete(id);
    hold('awake', [...blockers.values()]);
    return wasOn;
  },
} satisfies Partial<PowerSaveBlocker>;

export const powerMonitor = new EventEmitter();

export const net = { isOnline: () => desk.isOnline } satisfies Partial<Net>;

const display = { id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1040 } } as Display;
export const screen = { getAllDisplays: () => [display] } satisfies Partial<Screen>;

export const nativeTheme = {
  themeSource: 'system',
  get shouldUseDarkColors() {
    return this.themeSource === 'dark';
  },
} as Pick<NativeTheme, 'themeSource' | 'shouldUseDarkColors'>;

class StandInSession
  extends EventEmitter
  implements Pick<Session, 'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'>
{
  #onRequest: Parameters<Session['setPermissionRequestHandler']>[0] = null;
  #onCheck: Parameters<Session['setPermissionCheckHandler']>[0] = null;

  setPermissionRequestHandler(handler: Parameters<Session['setPermissionRequestHandler']>[0]): void {
    this.#onRequest = handler;
  }

  setPermissionCheckHandler(handler: Parameters<Session['setPermissionCheckHandler']>[0]): void {
    this.#onCheck = handler;
  }

  setDevicePermissionHandler(): void {}

  /** Electron permits whatever no handler denies. */
  static async permits(session: StandInSession, permission: string, origin: string): Promise<boolean> {
    const isPermitted = session.#onCheck?.(null, permission as 'media', origin, {} as never) ?? true;
    const onRequest = session.#onRequest;
    if (!isPermitted || onRequest === null) return isPermitted;
    return new Promise((resolve) => onRequest(null as never, permission as 'media', resolve, {} as never));
  }
}

export const permits = (permission: string, origin: string): Promise<boolean> =>
  StandInSession.permits(defaultSession, permission, origin);

export const defaultSession = new StandInSession();
