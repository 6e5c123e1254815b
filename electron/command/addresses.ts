/** Addresses from arguments and lists, read as WHATWG URL does: spaces and raw UTF-8 are fine, userinfo is a login. */
import { quoted, UsageError } from './usage-error.ts';

/** An unreadable address still may hold a login or a token: what comes before @ and after ? is left out. */
const shown = (text: string): string => quoted(text.replace(/\/\/[^/?#]*@/, '//').replace(/[?#].*$/s, '?…'));

/** @throws UsageError that begins with `where`. */
export function readAddress(text: string, where: string): string {
  const address = text.trim();
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw new UsageError(`${where}: ${shown(address)} is not an address, expected http://… or https://…`);
}

/** One address a line; blank lines and lines that begin with # are passed over. */
export function readList(text: string, source: string): string[] {
  const addresses: string[] = [];
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const address = line.trim();
    if (address !== '' && !address.startsWith('#')) addresses.push(readAddress(address, `${source} line ${index + 1}`));
  }
  if (addresses.length === 0) throw new UsageError(`${source}: there is no address in it`);
  return addresses;
}
