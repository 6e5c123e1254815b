/** The composition of the server: the application with its stores, behind a port and the command line's socket. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openApplication } from '#downloads';
import { openDoor } from '#ipc/open-door';
import { listenForCommands } from './command-socket.ts';
import { keyFileVault } from './key-file-vault.ts';
import { startServer } from './start.ts';
import { storesIn } from './store.ts';
import { tokenIn } from './token.ts';

export interface HostOptions {
  readonly dataFolder: string;
  /** Folders downloads may be put into; empty: any. */
  readonly roots: readonly string[];
  readonly defaultDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly tokenFile: string | undefined;
  readonly withAria2: boolean;
  readonly allowedOrigins: readonly string[];
  readonly pageFolder: string;
  readonly version: string;
  onMistake(error: unknown): void;
  /** Something the person who runs it should read. */
  onNotice(message: string): void;
  /** A client of aria2's protocol asks for the end. */
  onShutDown(): void;
}

export interface RunningHost {
  /** The address to open, with the token as its fragment. */
  readonly url: string;
  /** Everything is on disk and every connection closed when it resolves. */
  close(): Promise<void>;
}

/** A server is to be small rather than as fast as memory: it is left running beside other things. */
const lean = { batchBytes: 128 * 1024, unwrittenBytes: 16 * 1024 * 1024 } as const;

/** @throws Error where the folder is another process's or the port cannot be had; nothing is left running then. */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const { dataFolder, roots, defaultDirectory, host, port, version, pageFolder, allowedOrigins, onMistake } = options;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const application = await openApplication({
      dataFolder,
      openStore: storesIn(dataFolder),
      vault: keyFileVault(dataFolder),
      roots,
      defaultDirectory,
      engine: lean,
      onMistake,
    });
    closers.push(() => application.close());
    application.subscribe((news) => {
      if (news.type === 'notice' && news.notice.level !== 'info') options.onNotice(news.notice.message);
    });
    const door = openDoor(application, { version, platform: process.platform }, onMistake);
    const commands = await listenForCommands(door, dataFolder);
    closers.push(() => commands.close());
    const token = tokenIn(options.tokenFile ?? join(dataFolder, 'token'));
    // Most people do without it, so it is loaded only for those who do not.
    const { Rpc } = options.withAria2 ? await import('./aria2/gateway.ts') : {};
    const server = await startServer({
      ...{ door, host, port, token, pageFolder, allowedOrigins },
      ...(Rpc && {
        createRpc: (isRight: (token: string, address: string) => boolean) =>
          new Rpc({ application, door, isRight, onMistake, onShutDown: options.onShutDown }),
      }),
    });
    closers.push(() => server.close());
    return { url: server.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
