/** Text in a terminal's columns. */

/** East Asian wide and fullwidth characters and emoji take two columns, marks that combine with another none. */
const wide =
  /^(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation})/u;
const none = /^[\p{Mn}\p{Me}\p{Cf}]/u;

const widthOf = (character: string): number => (none.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** The columns a text takes. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += widthOf(character);
  return columns;
}

/** Exactly `columns` wide: padded, or cut in the middle, where a file name says the least. */
export function fitTo(text: string, columns: number): string {
  const excess = columnsOf(text) - columns;
  if (excess <= 0) return text + ' '.repeat(-excess);
  if (columns < 3) return cut(text, columns);
  const tail = Math.floor((columns - 1) / 2);
  const end = Array.from(cut(Array.from(text).reverse().join(''), tail))
    .reverse()
    .join('');
  return `${cut(text, columns - 1 - tail)}…${end}`;
}

/** The first `columns` columns, padded where a wide character would stick out. */
export function cut(text: string, columns: number): string {
  let kept = '';
  let used = 0;
  for (const character of text) {
    const width = widthOf(character);
    if (used + width > columns) break;
    kept += character;
    used += width;
  }
  return kept + ' '.repeat(columns - used);
}
