/** Which hosts a pattern means. */

/** `example.org` and all below it. */
export const isBelow = (host: string, domain: string): boolean => {
  const name = domain.toLowerCase().replace(/^\*?\./, '');
  return host === name || host.endsWith(`.${name}`);
};

/** A name with letters of other scripts as it stands in addresses. */
function asSent(pattern: string): string {
  if (/^[\x20-\x7e]*$/.test(pattern)) return pattern;
  const isBelowIt = pattern.startsWith('*.');
  return `${isBelowIt ? '*.' : ''}${URL.parse(`http://${isBelowIt ? pattern.slice(2) : pattern}`)?.hostname ?? pattern}`;
}

/**
 * `*` for all, `*.example.org` for all below it, else exactly that host. @returns how exact the match is; 0 where there is none.
 */
export function hostMatch(host: string, pattern: string): number {
  const wanted = asSent(pattern.trim().toLowerCase());
  if (wanted === '*') return 1;
  if (wanted.startsWith('*.')) return host.endsWith(wanted.slice(1)) ? 1 + wanted.length : 0;
  return host === wanted ? 1000 + wanted.length : 0;
}
