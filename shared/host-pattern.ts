/** The patterns by which hosts are meant: `example.org`, `*.example.org` for all below it, `*` for all. */

const expected = 'expected example.org, *.example.org or *';

/** What is wrong with a pattern, and where in it; undefined where nothing is. */
export function hostPatternFault(pattern: string): string | undefined {
  const text = pattern.trim();
  if (text === '*' || /^\[[\da-f:.]+\]$/i.test(text)) return undefined;
  const offset = pattern.length - pattern.trimStart().length + (text.startsWith('*.') ? 2 : 0);
  const name = text.startsWith('*.') ? text.slice(2) : text;
  const stray = name.search(/[^\p{L}\p{M}\p{N}._-]/u);
  if (stray >= 0) return `column ${offset + stray + 1}: ${JSON.stringify(name[stray])} does not belong there; ${expected}`;
  const empty = name === '' ? 0 : name.search(/^\.|\.\./);
  return empty < 0 ? undefined : `column ${offset + empty + 1}: a name is missing; ${expected}`;
}
