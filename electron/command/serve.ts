/** `sluice serve`: the application without a window, with its page on a local port, until a signal ends it. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DownloadError, dataFolder } from '#downloads';
import { exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import { onStopSignal } from './stop-signals.ts';
import { quoted, UsageError } from './usage-error.ts';

export interface ServeGiven {
  readonly host: string;
  readonly port: number;
  readonly dir: readonly string[];
  readonly data?: string;
  readonly tokenFile?: string;
  readonly aria2?: true;
  readonly allowOrigin: readonly string[];
}

/** What the root puts in, with the folder of the page: see server/host.ts, which commands do not import. */
export type StartHost = (options: {
  readonly dataFolder: string;
  readonly roots: readonly string[];
  readonly defaultDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly tokenFile: string | undefined;
  readonly withAria2: boolean;
  readonly allowedOrigins: readonly string[];
  readonly version: string;
  onMistake(error: unknown): void;
  onNotice(message: string): void;
  onShutDown(): void;
}) => Promise<{ readonly url: string; close(): Promise<void> }>;

/** By then everything is on disk; what still hangs is left. */
const mostStopMs = 1800;

/** @returns the exit code. */
export async function serve(given: ServeGiven, startHost: StartHost, version: string, output: Output): Promise<number> {
  const allowedOrigins = given.allowOrigin.map(originOf);
  const roots = given.dir.map((dir) => resolve(dir));
  const stopped = Promise.withResolvers<number>();
  const release = onStopSignal(() => stopped.resolve(exitCodes.done));
  try {
    const host = await startHost({
      dataFolder: resolve(given.data ?? dataFolder()),
      roots,
      defaultDirectory: roots[0] ?? join(homedir(), 'Downloads'),
      host: given.host,
      port: given.port,
      tokenFile: given.tokenFile,
      withAria2: given.aria2 === true,
      allowedOrigins,
      version,
      onMistake: (error) => output.errorLine(`sluice: this is a mistake in Sluice, please report it: ${messageOf(error)}`),
      onNotice: (message) => output.errorLine(`sluice: ${printable(message)}`),
      onShutDown: () => stopped.resolve(exitCodes.done),
    });
    output.line(`Listening on ${host.url}`);
    const code = await stopped.promise;
    const timer = setTimeout(() => process.exit(code), mostStopMs);
    await host.close();
    clearTimeout(timer);
    return code;
  } catch (error) {
    output.errorLine(`sluice: ${printable(reasonOf(error, given))}`);
    return exitCodes.failed;
  } finally {
    release();
  }
}

function reasonOf(error: unknown, { host, port }: ServeGiven): string {
  if (error instanceof DownloadError) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `port ${port} is taken: choose another with --port, or 0 for any free one`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `--host ${quoted(host)} is no address of this machine`;
  if (code === 'EACCES') return `port ${port} may not be used by this user: choose one above 1023`;
  return messageOf(error);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function originOf(text: string): string {
  if (URL.canParse(text) && /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+$/i.test(text)) return text;
  throw new UsageError(`--allow-origin ${quoted(text)}: expected an origin such as http://example.org`);
}
