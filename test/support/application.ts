/** The application with real files behind it, and a face that calls it as a page would. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Conf from 'conf';
import { type Application, type ApplicationPorts, openApplication, type StoreFile, type Vault } from '#downloads';
import { openDoor } from '#ipc/open-door';
import type { Push } from '#shared/contract';
import type { Order } from '#shared/orders';
import type { DownloadRow } from '#shared/rows';
import { type Call, createClient } from '../../renderer/bridge/client.ts';

/** As the server keeps its files. */
export function confStore(folder: string): (name: string) => StoreFile {
  return (name) => new Conf({ cwd: folder, configName: name, configFileMode: 0o600, clearInvalidConfig: false });
}

/** Seals with a key that lives as long as the test. */
export function testVault(key = randomBytes(32)): Vault {
  return {
    kind: 'sealed',
    seal(text) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
    },
    unseal(text) {
      const bytes = Buffer.from(text, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    },
  };
}

export interface TestApplication extends AsyncDisposable {
  readonly application: Application;
  readonly call: Call;
  readonly pushes: Push[];
  /** Mistakes of Sluice's own: any fails the test. */
  readonly mistakes: unknown[];
  /** Resolves with what `find` finds, looked for after each piece of news. */
  until<T>(find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T>;
  /** Adds one and gives its id. */
  add(order: Order | string, start?: boolean): Promise<DownloadRow['id']>;
  row(id: string): DownloadRow | undefined;
}

/** `folder` holds `data` and `files`. */
export async function openTestApplication(folder: string, ports: Partial<ApplicationPorts> = {}): Promise<TestApplication> {
  const mistakes: unknown[] = [];
  const dataFolder = join(folder, 'data');
  const application = await openApplication({
    dataFolder,
    openStore: confStore(dataFolder),
    vault: testVault(),
    roots: [],
    defaultDirectory: join(folder, 'files'),
    onMistake: (error) => mistakes.push(error),
    ...ports,
  });
  const door = openDoor(application, { version: '0.1.0', platform: 'test' }, (error) => mistakes.push(error));
  const pushes: Push[] = [];
  const face = door.connect((push) => pushes.push(push));
  const call = createClient((name, input) => door.answer(name, input, face));
  return {
    application,
    call,
    pushes,
    mistakes,
    async until(find) {
      for (;;) {
        const news = Promise.withResolvers<void>();
        const unsubscribe = application.subscribe(() => news.resolve());
        // Counters change without news.
        const timer = setTimeout(() => news.resolve(), 50);
        try {
          const found = await find();
          if (found !== undefined && found !== false) return found;
          await news.promise;
        } finally {
          clearTimeout(timer);
          unsubscribe();
        }
      }
    },
    async add(order, start = true) {
      const orders = [typeof order === 'string' ? { request: { url: order } } : order];
      const { results } = await call('downloads.add', { orders, start, duplicates: 'add' });
      const [result] = results;
      if (result?.type !== 'added') throw new Error(`not added: ${JSON.stringify(result)}`);
      return result.id;
    },
    row: (id) => application.list.get(id)?.row(),
    async [Symbol.asyncDispose]() {
      face[Symbol.dispose]();
      await application.close();
      if (mistakes.length > 0) throw new AggregateError(mistakes, 'Sluice made mistakes');
    },
  };
}
