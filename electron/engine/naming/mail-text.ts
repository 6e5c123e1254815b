/** Notations of mail and HTML that servers put into headers where they do not belong. */
import { percentDecode } from './byte-text.ts';

const encodedWord = /=\?([^?\s]+)\?([bq])\?([^?]*)\?=/gi;

interface Run {
  readonly charset: string;
  bytes: Buffer;
}

function bytesOfWord(coding: string, text: string): Buffer {
  if (coding.toLowerCase() === 'b') return Buffer.from(text, 'base64');
  return percentDecode(
    text
      .replace(/_/g, ' ')
      .replace(/%/g, '%25')
      .replace(/=([\da-f]{2})/gi, '%$1'),
  );
}

/**
 * Resolves RFC 2047 words (`=?UTF-8?B?…?=`); what stands between them is left to `decodeRest`. Neighbours of one
 * charset are joined as bytes first, since senders cut a character in two. Undefined if a part is unreadable.
 */
export function decodeEncodedWords(
  latin1: string,
  decodeWord: (charset: string, bytes: Buffer) => string | undefined,
  decodeRest: (latin1: string) => string | undefined,
): string | undefined {
  const runs: (Run | string)[] = [];
  let end = 0;
  for (const match of latin1.matchAll(encodedWord)) {
    const between = latin1.slice(end, match.index);
    end = match.index + match[0].length;
    const [, label = '', coding = '', text = ''] = match;
    const charset = label.replace(/\*.*$/, '').toLowerCase();
    const bytes = bytesOfWord(coding, text);
    const previous = runs.at(-1);
    const isAdjacent = typeof previous === 'object' && between.trim() === '';
    if (isAdjacent && previous.charset === charset) {
      previous.bytes = Buffer.concat([previous.bytes, bytes]);
      continue;
    }
    if (between !== '' && !isAdjacent) runs.push(between);
    runs.push({ charset, bytes });
  }
  if (end < latin1.length || runs.length === 0) runs.push(latin1.slice(end));
  const texts = runs.map((run) =>
    typeof run === 'string' ? decodeRest(run) : (decodeWord(run.charset, run.bytes) ?? decodeRest(run.bytes.toString('latin1'))),
  );
  return texts.includes(undefined) ? undefined : texts.join('');
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** `&amp;`, `&#38;`, `&#x26;`: names that went through an HTML template on their way into the header. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (all, name, decimal, hex) => {
    if (name !== undefined) return namedEntities[name.toLowerCase()] ?? all;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isScalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return isScalar ? String.fromCodePoint(point) : all;
  });
}
