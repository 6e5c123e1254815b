/** What pasted, dropped or typed text asks for: links in any text, counted addresses, cURL commands, link files, bookmarks. */
import type { ParsedText } from '#shared/contract';
import { parseCookieHeader } from '#shared/cookies';
import { parseCookiesTxt } from '#shared/cookies-txt';
import { isCurlCommand, parseCurlCommand } from '#shared/curl/read';
import { CurlSyntaxError } from '#shared/curl/syntax-error';
import type { DownloadRequest } from '#shared/download';
import type { RequestDraft } from '#shared/orders';
import { expandNumbers } from './number-pattern.ts';

const most = 10_000;
const link = /\bhttps?:\/\/[^\s<>"'`\\^{|}]+/gi;

/** `name` is that of the file the text comes from, if any. Never throws. */
export function parseText(text: string, name = ''): ParsedText {
  const plain = text.replace(/^\ufeff/, '').trim();
  if (isCurlCommand(plain)) return parseCurl(plain);
  if (/^#\s*(?:Netscape )?HTTP Cookie File/i.test(plain)) return ofCookies(plain);
  const found = linksOf(plain, name.toLowerCase());
  const requests: RequestDraft[] = [];
  const remarks: string[] = [];
  const seen = new Set<string>();
  for (const address of found) {
    const expanded = expandNumbers(address, most - requests.length);
    if (!expanded.ok) {
      remarks.push(expanded.message);
      continue;
    }
    for (const url of expanded.addresses) {
      if (!URL.canParse(url)) remarks.push(`${url.slice(0, 100)} is no address`);
      else if (!seen.has(url)) requests.push({ url });
      seen.add(url);
    }
    if (requests.length >= most) {
      remarks.push(`only the first ${most} links are taken`);
      break;
    }
  }
  return { requests: requests.slice(0, most), remarks };
}

const isWeb = (url: string): boolean => /^https?:/i.test(url);

function linksOf(text: string, name: string): string[] {
  if (name.endsWith('.url')) return [...text.matchAll(/^URL=(.+)$/gim)].map(([, url = '']) => url.trim()).filter(isWeb);
  if (name.endsWith('.webloc'))
    return [...text.matchAll(/<string>([^<]+)<\/string>/gi)].map(([, url = '']) => unescaped(url.trim())).filter(isWeb);
  if (/<a\s[^>]*href/i.test(text)) {
    return [...text.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)]
      .map(([, double, single]) => unescaped(double ?? single ?? ''))
      .filter(isWeb);
  }
  const links = [...text.matchAll(link)].map(([url]) => trimmed(url));
  // What somebody types: one address without its beginning.
  if (links.length === 0 && /^[\w-]+(\.[\w-]+)+(:\d+)?\/\S+$/.test(text)) return [`https://${text}`];
  return links;
}

/** Without what the sentence around it put behind. */
function trimmed(url: string): string {
  let end = url.replace(/[.,;:!?*_~]+$/, '');
  for (const [open, close] of ['()', '[]'] as const) {
    while (end.endsWith(close as string) && count(end, close as string) > count(end, open as string)) {
      end = end.slice(0, -1).replace(/[.,;:!?]+$/, '');
    }
  }
  return end;
}

const count = (text: string, letter: string): number => text.split(letter).length - 1;

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescaped = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '');

function parseCurl(text: string): ParsedText {
  try {
    const { request, proxy, insecure, ignored } = parseCurlCommand(text);
    const remarks = ignored.map((option) => `${option} is left out`);
    return { requests: [draftOf(request, proxy, insecure)], remarks };
  } catch (error) {
    if (error instanceof CurlSyntaxError) return { requests: [], remarks: [error.message] };
    throw error;
  }
}

/** Cookies, user-agent and referer where a person looks for them. */
function draftOf(request: DownloadRequest, proxy: string | undefined, insecure: boolean): RequestDraft {
  const { url, method, headers = [], cookie, cookies = [], login, body } = request;
  const take = (name: string): string | undefined => headers.find(([one]) => one.toLowerCase() === name)?.[1];
  const userAgent = take('user-agent');
  const referer = take('referer');
  const scoped = cookies.map(({ name, value, isHttpOnly: _, ...scope }) => ({ name, value, scope }));
  const pairs = [...parseCookieHeader(cookie ?? ''), ...scoped];
  const others = headers.filter(([name]) => !['user-agent', 'referer'].includes(name.toLowerCase()));
  return {
    url,
    ...(method !== undefined && { method }),
    ...(others.length > 0 && { headers: others.map(([name, value]): [string, string] => [name, value]) }),
    ...(pairs.length > 0 && { cookies: pairs }),
    ...(userAgent !== undefined && { userAgent }),
    ...(referer !== undefined && { referer }),
    ...(login && { login: { username: login.user, password: login.password } }),
    ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body).toString('utf8') }),
    ...(proxy !== undefined && { proxy }),
    ...(insecure && { insecure }),
  };
}

function ofCookies(text: string): ParsedText {
  const { cookies, skipped } = parseCookiesTxt(text);
  const lines = skipped.map(({ line, reason }) => `line ${line}: ${reason}`);
  return {
    requests: [],
    remarks: [`this is a cookies file with ${cookies.length} cookies: give it to a download's request`, ...lines],
  };
}
