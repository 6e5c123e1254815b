/** Which category a download belongs to. */

import { isBelow } from '#downloads/request/host-patterns';
import type { Category } from '#shared/settings';

/** Plain text with `*` for anything, anywhere in the address. */
function hasPattern(address: string, pattern: string): boolean {
  const pieces = pattern.toLowerCase().split('*');
  let at = 0;
  for (const piece of pieces) {
    const found = address.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return true;
}

/** The first that fits: by address, by host, or by the ending of the name. */
export function categoryOf(categories: readonly Category[], url: URL, name: string): Category | undefined {
  const address = url.href.toLowerCase();
  const ending = /\.([^.]+)$/.exec(name.toLowerCase())?.[1];
  return categories.find(
    ({ patterns, hosts, extensions }) =>
      patterns.some((pattern) => hasPattern(address, pattern)) ||
      hosts.some((host) => isBelow(url.hostname, host)) ||
      (ending !== undefined && extensions.includes(ending)),
  );
}
