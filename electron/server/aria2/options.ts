/**
 * aria2's options, as far as they mean something here. Three kinds: those that are followed; those that could reach files,
 * programs or the server itself, which are refused; all else that aria2 knows, which is left out without a word, since
 * clients send whole sets of them.
 */
import type { Order, RequestDraft } from '#shared/orders';
import type { RpcOptions } from './params.ts';
import { RpcError } from './rpc-error.ts';

/** Reach files, programs or the server: a client of this protocol may not. */
const refused =
  /^(?:on-.*|rpc-.*|input-file|save-session.*|conf-path|load-cookies|save-cookies|log|daemon|stop|stop-with-process|netrc-path|dht-file-path6?|server-stat-[io]f|ca-certificate|certificate|private-key|index-out|enable-rpc|pid-file)$/;
const form = /^[a-z0-9][a-z0-9-]{0,63}$/;

const problem = (name: string): RpcError => new RpcError(`We encountered a problem while processing the option '--${name}'.`);

/** The last one given counts. */
function one(options: RpcOptions, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : value?.at(-1);
}

/** @throws RpcError for an option that is refused, or is none. */
export function checkOptions(options: RpcOptions): void {
  for (const name of Object.keys(options)) {
    if (refused.test(name)) throw new RpcError(`The option '--${name}' is not allowed here.`);
    if (!form.test(name)) throw new RpcError(`Unknown option: ${name.slice(0, 64)}`);
  }
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `100`, `10K`, `1M`: bytes. */
export function bytesOption(options: RpcOptions, name: string): number | undefined {
  const text = one(options, name);
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([kmg]?)$/i.exec(text) ?? [];
  if (digits === undefined) throw problem(name);
  return Math.floor(Number(digits) * (units[unit.toLowerCase()] ?? 1));
}

export function integerOption(options: RpcOptions, name: string, least: number, most: number): number | undefined {
  const text = one(options, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  // More than is possible here means as many as possible.
  if (!(value >= least)) throw problem(name);
  return Math.min(value, most);
}

export function flagOption(options: RpcOptions, name: string): boolean | undefined {
  const text = one(options, name);
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw problem(name);
  return text === 'true';
}

/** A download has at most as many connections as `split`, and a server at most as many as it allows: there is one server. */
export function connectionsOption(options: RpcOptions): number | undefined {
  const wishes = [integerOption(options, 'split', 1, 64), integerOption(options, 'max-connection-per-server', 1, 64)];
  const known = wishes.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function headersOption(options: RpcOptions): [string, string][] | undefined {
  const given = options.header;
  if (given === undefined) return undefined;
  const lines = (typeof given === 'string' ? [given] : given).flatMap((text) => text.split(/\r?\n/));
  return lines
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.*)$/.exec(text) ?? [];
      if (name === undefined) throw problem('header');
      return [name, value.trim()];
    });
}

/** What of a request the options say; what they do not is absent. */
export function requestOptions(options: RpcOptions, url: string): Partial<RequestDraft> {
  const headers = headersOption(options);
  const userAgent = one(options, 'user-agent');
  const referer = one(options, 'referer');
  const username = one(options, 'http-user');
  const proxy = one(options, url.startsWith('https:') ? 'https-proxy' : 'http-proxy') ?? one(options, 'all-proxy');
  const checksCertificate = flagOption(options, 'check-certificate');
  return {
    ...(headers !== undefined && { headers }),
    ...(userAgent !== undefined && { userAgent }),
    // aria2's word for the address itself.
    ...(referer !== undefined && { referer: referer === '*' ? url : referer }),
    ...(username !== undefined && { login: { username, password: one(options, 'http-passwd') ?? '' } }),
    ...(proxy !== undefined && proxy !== '' && { proxy: /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}` }),
    ...(checksCertificate === false && { insecure: true }),
  };
}

/** @throws RpcError for what cannot be read or is not allowed. */
export function orderOf(url: string, options: RpcOptions): Order {
  checkOptions(options);
  const directory = one(options, 'dir');
  const name = one(options, 'out');
  const connections = connectionsOption(options);
  const limitBytesPerSecond = bytesOption(options, 'max-download-limit');
  const checksum = one(options, 'checksum');
  const gid = one(options, 'gid');
  if (gid !== undefined && !/^[0-9a-f]{16}$/i.test(gid)) throw problem('gid');
  return {
    request: { url, ...requestOptions(options, url) },
    ...(gid !== undefined && { id: gid.toLowerCase() as NonNullable<Order['id']> }),
    ...(directory !== undefined && { directory }),
    ...(name !== undefined && { name }),
    ...(connections !== undefined && { connections }),
    ...(limitBytesPerSecond !== undefined && { limitBytesPerSecond }),
    ...(checksum !== undefined && { checksum }),
    ...(flagOption(options, 'allow-overwrite') === true && { ifExists: 'overwrite' as const }),
  };
}

/** Changes that concern where the file goes. */
export const placeOptions = (options: RpcOptions): { directory?: string; name?: string; checksum?: string } => {
  const directory = one(options, 'dir');
  const name = one(options, 'out');
  const checksum = one(options, 'checksum');
  return {
    ...(directory !== undefined && { directory }),
    ...(name !== undefined && { name }),
    ...(checksum !== undefined && { checksum }),
  };
};

/** What aria2 tells of options that are always the same here: clients look them up. */
export const constantOptions: Readonly<Record<string, string>> = {
  'allow-overwrite': 'false',
  'auto-file-renaming': 'true',
  'check-integrity': 'false',
  continue: 'true',
  'file-allocation': 'none',
  'follow-metalink': 'false',
  'follow-torrent': 'false',
  'max-upload-limit': '0',
  'min-split-size': '1048576',
  'piece-length': '1048576',
  'remote-time': 'true',
};
