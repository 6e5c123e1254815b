/** The commands that drive a running app or server: add, list, pause, resume, remove, limit, link, status, watch. */
import { resolve } from 'node:path';
import { CallError } from '#shared/call-failures';
import { parseCookieHeader } from '#shared/cookies';
import type { HeaderField } from '#shared/download';
import type { Order, RequestDraft } from '#shared/orders';
import { maskedAddress } from '#shared/request-secrets';
import type { DownloadId, DownloadRow } from '#shared/rows';
import { formatDuration, formatRate } from '#shared/units';
import { exitCodes } from './exit-codes.ts';
import { listTable } from './list-table.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import type { Remote } from './remote.ts';
import { onStopSignal } from './stop-signals.ts';
import { quoted, UsageError } from './usage-error.ts';

export interface AddGiven {
  readonly dir?: string;
  readonly output?: string;
  readonly connections?: number;
  readonly curl?: string;
  readonly header?: readonly HeaderField[];
  readonly userAgent?: string;
  readonly referer?: string;
  readonly cookie?: string;
  readonly user?: { readonly user: string; readonly password: string };
  readonly method?: string;
  readonly dataRaw?: string;
  readonly limitRate?: number;
  readonly checksum?: string;
  readonly ifExists?: 'rename' | 'overwrite' | 'skip';
  readonly insecure?: true;
  readonly paused?: true;
  readonly first?: true;
  readonly again?: true;
}

/** Rows asked for at once. */
const pageRows = 1000;

export class RemoteCommands {
  readonly #remote: Remote;
  readonly #output: Output;
  readonly #isJson: boolean;

  constructor(remote: Remote, output: Output, isJson: boolean) {
    this.#remote = remote;
    this.#output = output;
    this.#isJson = isJson;
  }

  /** Exit 1 where one was not added. */
  async add(addresses: readonly string[], given: AddGiven): Promise<number> {
    const requests = given.curl === undefined ? addresses.map((url) => ({ url })) : [await this.#curl(given.curl, addresses)];
    if (requests.length === 0) throw new UsageError('url: give the address of a file, or a command with --curl');
    const orders = requests.map((request) => orderOf(request, given));
    const urls = requests.map(({ url }) => maskedAddress(url));
    if (given.output !== undefined && orders.length > 1)
      throw new UsageError('--output names one file: give one address with it');
    const { results } = await this.#remote.call('downloads.add', {
      orders,
      start: given.paused !== true,
      place: given.first ? 'first' : 'last',
      ...(given.again && { duplicates: 'add' as const }),
    });
    let code: number = exitCodes.done;
    for (const [index, result] of results.entries()) {
      if (this.#isJson) this.#json({ url: urls[index], ...result });
      else if (result.type === 'added') this.#output.line(result.id);
      if (result.type === 'added') {
        if (result.linkExpiresAt !== undefined) this.#warnOfEnd(result.linkExpiresAt);
        continue;
      }
      code = exitCodes.failed;
      if (this.#isJson) continue;
      const why =
        result.type === 'refused'
          ? result.failure.message
          : `it is there already (${result.id ?? result.name}); --again adds it anyway`;
      this.#output.errorLine(`sluice: ${printable(urls[index] ?? '')}: ${printable(why)}`);
    }
    return code;
  }

  async #curl(command: string, addresses: readonly string[]): Promise<RequestDraft> {
    if (addresses.length > 0) throw new UsageError('--curl brings its own address; leave the others out');
    const { requests, remarks } = await this.#remote.call('text.parse', { text: command });
    const [request] = requests;
    if (request === undefined || requests.length > 1)
      throw new UsageError(`--curl: ${remarks[0] ?? 'expected a command that begins with curl'}`);
    for (const remark of remarks) this.#output.errorLine(`sluice: --curl: ${printable(remark)}`);
    return request;
  }

  #warnOfEnd(at: number): void {
    const leftMs = at - Date.now();
    const fact = leftMs <= 0 ? 'the link has died already' : `the link dies in ${formatDuration(leftMs)}`;
    this.#output.errorLine(`sluice: ${fact}; sluice link ID ADDRESS gives it a new one`);
  }

  async list(): Promise<number> {
    const rows = await this.#rows();
    if (this.#isJson) for (const row of rows) this.#json(row);
    else for (const line of listTable(rows)) this.#output.line(line);
    return exitCodes.done;
  }

  async change(name: 'downloads.pause' | 'downloads.start', given: readonly string[]): Promise<number> {
    const ids = await this.#ids(given);
    return this.#changed(ids.length === 0 ? { changed: 0 } : await this.#remote.call(name, { ids }));
  }

  async remove(given: readonly string[], deleteFiles: boolean): Promise<number> {
    const ids = await this.#ids(given);
    return this.#changed(ids.length === 0 ? { changed: 0 } : await this.#remote.call('downloads.remove', { ids, deleteFiles }));
  }

  /** Of one download, or of all together. */
  async limit(bytesPerSecond: number, given: readonly string[]): Promise<number> {
    if (given.length === 0) {
      await this.#remote.call('settings.write', { limitBytesPerSecond: bytesPerSecond });
      return this.#changed({ changed: 1 });
    }
    const ids = await this.#ids(given);
    return this.#changed(
      ids.length === 0 ? { changed: 0 } : await this.#remote.call('downloads.set', { ids, limitBytesPerSecond: bytesPerSecond }),
    );
  }

  async link(given: string, url: string): Promise<number> {
    const [id] = await this.#ids([given]);
    if (id === undefined) throw new CallError('NOT_FOUND', `there is no download ${given}`);
    const { isOpen, startsOver } = await this.#remote.call('link.replace', { id, url });
    if (startsOver) this.#output.errorLine('sluice: the size of the file is not known, so the new link starts it over');
    if (isOpen)
      this.#output.errorLine(
        'sluice: its server has not told yet: the bytes are compared before one is trusted; see sluice list',
      );
    return this.#changed({ changed: 1 });
  }

  async status(): Promise<number> {
    const { totals } = await this.#remote.call('downloads.snapshot', { offset: 0, limit: 1 });
    const info = await this.#remote.call('session.info');
    if (this.#isJson) this.#json({ ...totals, version: info.version, dataFolder: info.dataFolder });
    else {
      const { running, queued, waiting, paused, failed, done, bytesPerSecond } = totals;
      const counts = `${running} running, ${queued} queued, ${waiting} waiting, ${paused} paused, ${failed} failed, ${done} done`;
      this.#output.line(`Sluice ${info.version}: ${counts}; ${formatRate(bytesPerSecond)}`);
    }
    return exitCodes.done;
  }

  /** Until a signal, or until the other end is gone. */
  async watch(): Promise<number> {
    const stopped = Promise.withResolvers<number>();
    const release = onStopSignal((signal) => stopped.resolve(exitCodes[signal]));
    const known = new Map<string, string>();
    const tell = (row: DownloadRow): void => {
      const { id, name, state, failure } = row;
      const line = `${state}${failure ? `: ${failure.message}` : ''}`;
      if (known.get(id) === line) return;
      known.set(id, line);
      if (this.#isJson) this.#json({ event: 'row', ...row });
      else this.#output.line(`${id}  ${printable(name)}  ${printable(line)}`);
    };
    this.#remote.onPush = ({ name, value }) => {
      if (name === 'feed.notice') {
        const { message } = value as { message: string };
        if (this.#isJson) this.#json({ event: 'notice', ...(value as object) });
        else this.#output.line(printable(message));
      }
      if (name !== 'feed.delta') return;
      const { upsert, remove, counters } = value as {
        upsert: DownloadRow[];
        remove: string[];
        counters: DownloadRow['counters'][];
      };
      for (const row of upsert) tell(row);
      for (const id of remove) {
        if (this.#isJson) this.#json({ event: 'left', id });
        else this.#output.line(`${id}  left the list`);
      }
      if (this.#isJson)
        for (const [id, bytes, bytesPerSecond, connections] of counters)
          this.#json({ event: 'progress', id, bytes, bytesPerSecond, connections });
    };
    await this.#remote.call('feed.watch', { on: true });
    for (const row of await this.#rows()) tell(row);
    const code = await Promise.race([stopped.promise, this.#remote.gone.then(() => exitCodes.failed)]);
    release();
    return code;
  }

  async #rows(): Promise<DownloadRow[]> {
    const rows: DownloadRow[] = [];
    for (;;) {
      const page = await this.#remote.call('downloads.snapshot', { offset: rows.length, limit: pageRows });
      rows.push(...page.rows);
      if (page.rows.length === 0 || rows.length >= page.total) return rows;
    }
  }

  /** Whole ids or beginnings that mean one download; `all` for all of the list. */
  async #ids(given: readonly string[]): Promise<DownloadId[]> {
    const rows = await this.#rows();
    if (given.includes('all')) return rows.map(({ id }) => id);
    return given.map((text) => {
      const found = rows.filter(({ id }) => id.startsWith(text.toLowerCase()));
      if (found.length === 1 && found[0]) return found[0].id;
      const problem =
        found.length === 0 ? 'there is no download of the list with that id' : `${found.length} downloads begin with that id`;
      throw new CallError('NOT_FOUND', `${quoted(text)}: ${problem}`);
    });
  }

  #changed({ changed }: { changed: number }): number {
    if (this.#isJson) this.#json({ changed });
    return exitCodes.done;
  }

  #json(value: unknown): void {
    this.#output.line(JSON.stringify(value));
  }
}

/** What is given beside a command wins over the same part of it. */
function orderOf(request: RequestDraft, given: AddGiven): Order {
  const {
    header,
    userAgent,
    referer,
    cookie,
    user,
    method,
    dataRaw: data,
    dir,
    output,
    connections,
    limitRate,
    checksum,
    ifExists,
    insecure,
  } = given;
  const cookies = parseCookieHeader(cookie ?? '');
  return {
    request: {
      ...request,
      ...(method !== undefined && { method }),
      ...(data !== undefined && { body: data, method: method ?? 'POST' }),
      ...(header && { headers: mergedHeaders(request.headers ?? [], header) }),
      ...(cookies.length > 0 && { cookies }),
      ...(userAgent !== undefined && { userAgent }),
      ...(referer !== undefined && { referer }),
      ...(user && { login: { username: user.user, password: user.password } }),
      ...(insecure && { insecure }),
    },
    ...(dir !== undefined && { directory: resolve(dir) }),
    ...(output !== undefined && { name: output }),
    ...(connections !== undefined && { connections }),
    ...(limitRate !== undefined && { limitBytesPerSecond: limitRate }),
    ...(checksum !== undefined && { checksum }),
    ...(ifExists !== undefined && { ifExists }),
  };
}

function mergedHeaders(former: readonly HeaderField[], own: readonly HeaderField[]): [string, string][] {
  const replaced = new Set(own.map(([name]) => name.toLowerCase()));
  return [...former.filter(([name]) => !replaced.has(name.toLowerCase())), ...own].map(([name, value]) => [name, value]);
}
