/**
 * Logins from the user's .netrc, for addresses that come without one. Read only when needed, used for exactly the host of the
 * address that was given, and bound to its origin like any other login.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloadRequest } from '#shared/download';
import { type NetrcEntry, netrcLogin, parseNetrc } from '#shared/netrc';
import { quoted } from './usage-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Beyond this it is something else. */
const mostBytes = 1024 * 1024;

export class NetrcLogins {
  readonly #path: string | undefined;
  /** Whether a file that is not there is worth a word. */
  readonly #isNamed: boolean;
  readonly #notes = new Set<string>();
  #entries: Promise<readonly NetrcEntry[]> | undefined;
  #isOpenToOthers = false;

  constructor(env: Environment) {
    const home = env.HOME || env.USERPROFILE;
    this.#isNamed = Boolean(env.NETRC);
    this.#path = env.NETRC || (home ? join(home, process.platform === 'win32' ? '_netrc' : '.netrc') : undefined);
  }

  /** What the user should know of the file. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  /** The request with the login of its host, unless it has one of its own. */
  async completed(request: DownloadRequest): Promise<DownloadRequest> {
    const { username, password, hostname } = new URL(request.url);
    const isGiven = (request.headers ?? []).some(([name]) => name.toLowerCase() === 'authorization');
    if (request.login !== undefined || username !== '' || password !== '' || isGiven) return request;
    this.#entries ??= this.#read();
    const login = netrcLogin(await this.#entries, hostname.replace(/^\[|\]$/g, ''));
    if (login === undefined) return request;
    if (this.#isOpenToOthers) this.#note('can be read by others on this computer; chmod 600 makes it yours alone');
    return { ...request, login };
  }

  #note(fact: string): void {
    this.#notes.add(`${quoted(this.#path ?? '')} ${fact}`);
  }

  async #read(): Promise<readonly NetrcEntry[]> {
    if (this.#path === undefined) return [];
    try {
      const { mode, size } = await stat(this.#path);
      this.#isOpenToOthers = process.platform !== 'win32' && (mode & 0o077) !== 0;
      if (size > mostBytes) {
        this.#note('is larger than 1 MiB and is not used for logins');
        return [];
      }
      const parsed = parseNetrc(await readFile(this.#path, 'utf8'));
      if (parsed.ok) return parsed.entries;
      this.#note(`is not used for logins: line ${parsed.line}: ${parsed.message}`);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
      if (code !== 'ENOENT' || this.#isNamed) this.#note(`cannot be read for logins (${code})`);
    }
    return [];
  }
}
