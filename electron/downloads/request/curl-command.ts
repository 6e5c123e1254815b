/** Writes a request as a curl command for bash: what shared/curl/read.ts makes of it is the same request again. */
import { safeUrl } from '#engine';
import type { DownloadRequest, StoredCookie } from '#shared/download';
import { mask, maskedValue } from '#shared/request-secrets';

export interface WriteOptions {
  /** The file it is to be written to. */
  readonly output: string;
  /** With the secrets in it; else they are masked, and the command does not work as it stands. */
  readonly reveal: boolean;
}

const quoted = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export function writeCurlCommand(request: DownloadRequest, { output, reveal }: WriteOptions): string {
  const { url, method, headers = [], login, proxy, insecure } = request;
  const body = request.body === undefined ? undefined : String(request.body);
  const shown = (name: string, value: string): string => (reveal ? value : maskedValue(name, value));
  const words: string[] = [];
  const add = (option: string, value: string): number => words.push(option, quoted(value));
  // curl would make several addresses of brackets and braces.
  if (/[[\]{}]/.test(url)) words.push('-g');
  words.push(quoted(reveal ? url : safeUrl(url)));
  if (method !== undefined || body !== undefined) add('-X', method ?? 'GET');
  for (const [name, value] of headers) add('-H', value === '' ? `${name};` : `${name}: ${shown(name, value)}`);
  if (body !== undefined && !headers.some(([name]) => name.toLowerCase() === 'content-type')) add('-H', 'Content-Type:');
  const cookie = cookieFor(request);
  // What holds no sign of equality would be the name of a file.
  if (cookie?.includes('=')) add('-b', shown('cookie', cookie));
  else if (cookie !== undefined) add('-H', `Cookie: ${reveal ? cookie : mask}`);
  if (login) add('-u', `${login.user}:${reveal ? login.password : mask}`);
  if (body !== undefined) add('--data-raw', reveal ? body : mask);
  const way = url.startsWith('https:') ? proxy?.https : proxy?.http;
  if (way !== undefined) add('-x', reveal ? way : way.replace(/\/\/[^@]*@/, `//${mask}@`));
  if (insecure) words.push('--insecure');
  words.push('--location');
  add('-o', output);
  return `curl ${words.join(' ')}`;
}

/** The header and the cookies that belong to the address; curl has no place for those of other hosts. */
function cookieFor({ url, cookie, cookies = [] }: DownloadRequest): string | undefined {
  const address = URL.parse(url);
  const own = cookies.filter((stored) => address && belongsTo(stored, address)).map(({ name, value }) => `${name}=${value}`);
  const all = [...(cookie === undefined ? [] : [cookie]), ...own];
  return all.length === 0 ? undefined : all.join('; ');
}

/** RFC 6265 section 5.4. */
function belongsTo(
  { domain, hasSubdomains, path, isSecure, expiresAt }: StoredCookie,
  { hostname, pathname, protocol }: URL,
): boolean {
  const isHost = hostname === domain || (hasSubdomains && hostname.endsWith(`.${domain}`));
  const folder = path.endsWith('/') ? path : `${path}/`;
  const isPath = pathname === path || pathname.startsWith(folder);
  return isHost && isPath && (!isSecure || protocol === 'https:') && (expiresAt === undefined || expiresAt > Date.now());
}
