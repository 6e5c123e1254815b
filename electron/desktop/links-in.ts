/**
 * Reads what other programs send: `sluice:` links, addresses and link files on the command line. All of it is hostile: nothing but
 * web addresses comes out, and the person always sees them before anything is asked of a server.
 */
import { extname } from 'node:path';

const longestLink = 16_384;
const mostLinks = 100;
/** Files that are read as text and searched for links; no other file is touched. */
const linkFiles = new Set(['.url', '.webloc', '.txt', '.html', '.htm']);

export interface LinksIn {
  readonly links: readonly string[];
  /** As given: absolute, or from the folder it was given in. */
  readonly files: readonly string[];
}

export const isLinkFile = (path: string): boolean => linkFiles.has(extname(path).toLowerCase());

function webLink(text: string): string[] {
  if (text.length > longestLink || !/^https?:\/\//i.test(text)) return [];
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? [url.href] : [];
}

/**
 * `sluice:add?url=ADDRESS`, with one `url` for each address; also `sluice://add?…`, and `sluice:ADDRESS`. Everything else in
 * such a link is ignored: it can choose neither folder nor name nor headers.
 */
export function linksOfOwn(address: string): string[] {
  const body = /^sluice:(?:\/\/)?(.*)$/is.exec(address)?.[1];
  if (body === undefined || address.length > longestLink * 4) return [];
  const query = /^add\/?\?(.*)$/is.exec(body)?.[1];
  const found = query === undefined ? [body] : new URLSearchParams(query).getAll('url');
  return found.slice(0, mostLinks).flatMap(webLink);
}

/** `words`: what follows the program's name. Switches are none of ours, and what follows `--` is nobody's. */
export function linksOfWords(words: readonly string[]): LinksIn {
  const end = words.indexOf('--');
  const given = (end < 0 ? words : words.slice(0, end)).filter((word) => !word.startsWith('-'));
  const links = given.flatMap((word) => (/^sluice:/i.test(word) ? linksOfOwn(word) : webLink(word)));
  const files = given.filter((word) => !/^[a-z][a-z0-9+.-]+:/i.test(word) && isLinkFile(word));
  return { links: links.slice(0, mostLinks), files: files.slice(0, mostLinks) };
}
