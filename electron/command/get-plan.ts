/** From the options of `sluice get` to what the downloads layer is asked. Reads the files they name; writes nothing. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  checkUserName,
  type DownloadOptions,
  type DownloadOrder,
  type DownloadsOptions,
  type EngineOptions,
  systemCertificates,
} from '#downloads';
import type { DownloadRequest, HeaderField, ProxySettings } from '#shared/download';
import { proxiesFromEnv } from '#shared/proxy-env';
import { readAddress, readList } from './addresses.ts';
import { readCurl } from './curl-request.ts';
import type { GivenOptions } from './get-options.ts';
import { readCertificates, readCookies, readText } from './given-files.ts';
import { type Environment, NetrcLogins } from './netrc-logins.ts';
import { quoted, UsageError } from './usage-error.ts';

export interface GetPlan {
  readonly orders: readonly DownloadOrder[];
  readonly downloads: DownloadsOptions;
  readonly engine: Partial<EngineOptions>;
  /** What the user should know before it begins. */
  readonly notes: readonly string[];
}

const insecureNote = '--insecure: certificates are not checked, so anyone on the way can change the file';

/** @throws UsageError naming the argument or the variable of `env`. `readStdin` is called once at most. */
export async function planGet(
  addresses: readonly string[],
  given: GivenOptions,
  readStdin: () => Promise<string>,
  env: Environment,
): Promise<GetPlan> {
  if (given.curl === '-' && given.input === '-') throw new UsageError('--curl and -i, --input cannot both read standard input');
  const curl = given.curl === undefined ? undefined : readCurl(given.curl === '-' ? await readStdin() : given.curl);
  const urls = await collectUrls(addresses, given, curl?.request.url, readStdin);
  if (urls.length > 1 && given.output !== undefined) {
    throw new UsageError(`-o, --output: one name cannot serve ${urls.length} addresses`);
  }
  const misnamed = given.output === undefined ? undefined : checkUserName(given.output);
  // Saved under another spelling, a second run with the same arguments would not find it.
  if (misnamed !== undefined)
    throw new UsageError(`-o, --output: ${quoted(given.output ?? '')} cannot be a file name: ${misnamed}`);
  if (urls.length > 1 && given.checksum !== undefined && given.checksum !== 'auto') {
    throw new UsageError(`--checksum: one sum cannot prove ${urls.length} files; only auto can`);
  }
  const directory = await checkedFolder(given.dir);
  const cookies = given.cookies === undefined ? undefined : await readCookies(given.cookies, Date.now());
  const request = {
    ...curl?.request,
    ...(await ownRequest(given, curl?.request.headers ?? [])),
    ...(cookies && { cookies: cookies.cookies }),
    ...proxyFor(given, curl?.request.proxy, env),
  };
  const netrc = new NetrcLogins(env);
  const options = downloadOptions(given);
  const target = { directory, ifExists: given.ifExists, ...(given.output === undefined ? {} : { name: given.output }) };
  const orders: DownloadOrder[] = [];
  for (const url of urls) orders.push({ request: await netrc.completed({ ...request, url }), target, options });
  return {
    orders,
    downloads: { jobs: given.jobs, maxWaitMs: given.maxWait },
    engine: engineOptions(given),
    notes: [...(curl?.notes ?? []), ...(cookies?.notes ?? []), ...netrc.notes, ...(request.insecure ? [insecureNote] : [])],
  };
}

async function collectUrls(
  addresses: readonly string[],
  { input }: GivenOptions,
  curlUrl: string | undefined,
  readStdin: () => Promise<string>,
): Promise<string[]> {
  const urls = addresses.map((address) => readAddress(address, 'url'));
  if (input !== undefined) {
    const source = input === '-' ? 'standard input' : quoted(input);
    const text = input === '-' ? await readStdin() : await readText(input, '-i, --input');
    urls.push(...readList(text, `-i, --input: ${source}`));
  }
  if (curlUrl !== undefined) {
    if (urls.length > 0) throw new UsageError('--curl brings its own address; leave the others out');
    return [readAddress(curlUrl, '--curl')];
  }
  if (urls.length === 0) throw new UsageError('url: give the address of a file, or a list of them with -i FILE');
  return urls;
}

/** What the options ask for themselves; each wins over the same part of --curl. */
async function ownRequest(given: GivenOptions, former: readonly HeaderField[]): Promise<Partial<DownloadRequest>> {
  const { cookie, user, insecure, data, caCert, caNative } = given;
  const method = given.method ?? (data === undefined ? undefined : 'POST');
  const named: HeaderField[] = [...(given.header ?? [])];
  if (given.userAgent !== undefined) named.push(['User-Agent', given.userAgent]);
  if (given.referer !== undefined) named.push(['Referer', given.referer]);
  const replaced = new Set(named.map(([name]) => name.toLowerCase()));
  const headers = [...former.filter(([name]) => !replaced.has(name.toLowerCase())), ...named];
  // What curl and a form send; a server that expects a form would not look at an unlabelled body.
  if (data !== undefined && !headers.some(([name]) => name.toLowerCase() === 'content-type')) {
    headers.push(['Content-Type', 'application/x-www-form-urlencoded']);
  }
  const authorities = [
    ...(caCert === undefined ? [] : [await readCertificates(caCert)]),
    ...(caNative ? [systemCertificates()] : []),
  ];
  return {
    ...(headers.length === 0 ? {} : { headers }),
    ...(method === undefined ? {} : { method }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(user === undefined ? {} : { login: user }),
    ...(data === undefined ? {} : { body: data }),
    ...(insecure === undefined ? {} : { insecure }),
    ...(authorities.length === 0 ? {} : { ca: authorities.join('\n') }),
  };
}

/** The environment counts only where nothing was said: neither here nor in a curl command. */
function proxyFor(given: GivenOptions, ofCurl: ProxySettings | undefined, env: Environment): { readonly proxy?: ProxySettings } {
  const said = given.proxy ?? ofCurl;
  if (said !== undefined) return { proxy: said };
  const read = proxiesFromEnv(env);
  if (!read.ok) throw new UsageError(`${read.message}; --proxy none does without`);
  return read.settings === undefined ? {} : { proxy: read.settings };
}

function downloadOptions(given: GivenOptions): Partial<DownloadOptions> {
  const { connections, retries, timeout, connectTimeout, retryWait, checksum, onChange } = given;
  return {
    connections,
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { idleTimeoutMs: timeout }),
    ...(connectTimeout === undefined ? {} : { connectTimeoutMs: connectTimeout }),
    ...(retryWait === undefined ? {} : { retryWaitMs: retryWait }),
    ...(checksum === undefined ? {} : { checksum }),
    ...(onChange === undefined ? {} : { onChange }),
  };
}

function engineOptions({ connections, limitRate }: GivenOptions): Partial<EngineOptions> {
  return {
    // The usual 16 per host would silently cut a bigger wish.
    ...(connections > 16 ? { connectionsPerHost: connections } : {}),
    ...(limitRate === undefined ? {} : { limitBytesPerSecond: limitRate }),
  };
}

/** A missing folder is made when the first file is fetched, not before. */
async function checkedFolder(folder: string): Promise<string> {
  const directory = resolve(folder);
  const found = await stat(directory).catch(() => undefined);
  if (found !== undefined && !found.isDirectory()) throw new UsageError(`-d, --dir: ${quoted(folder)} is not a folder`);
  return directory;
}
