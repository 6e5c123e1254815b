/**
 * The file name in a Content-Disposition header, as servers really send it. RFC 6266 and its relatives (RFC 8187
 * `filename*`, RFC 2231 continuations, RFC 2047 words) are read first; what breaks them is read the way its
 * sender most likely meant it, because the alternative is a name like `download`.
 */
import { decodeAs, decodeUtf8, hasEscapes, percentDecode, percentEscape, toBytes } from './byte-text.ts';
import { guessText } from './charset-guess.ts';
import { decodeEncodedWords, decodeEntities } from './mail-text.ts';

interface Parameter {
  readonly name: string;
  /** Still one character a byte; quotes and escapes are resolved. */
  readonly value: string;
}

/**
 * An unquoted value goes up to the semicolon, blanks included. It ends earlier where another parameter or
 * another header (two were joined with a comma) begins, and not at the semicolon of `&amp;`.
 */
const unquotedPattern =
  /(?:&(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[\da-f]+);|(?!,\s*(?:attachment|inline)\b|\sfilename\*?\s*=)[^;])*/iy;
const namePattern = /[;,\s]*([^=;,]*)/y;
const closingPattern = /"(?=\s*(?:[;,]|$)|\s+[\w*-]+\s*=)/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/**
 * Only punctuation is escaped. Before a letter or digit the backslash separates folders (`C:\docs\a.pdf`);
 * behind a high byte it may be the second half of a Shift_JIS, Big5 or GBK character, so there less is believed.
 */
function isEscape(text: string, at: number): boolean {
  if (text[at] !== '\\') return false;
  const next = text[at + 1] ?? '';
  if ((text[at - 1] ?? '') < '\x80') return /[ -,/:-@[-^`{-}]/.test(next);
  return /['\\]/.test(next) || (next === '"' && !/^\s*(?:;|$)/.test(text.slice(at + 2)));
}

/** Reads from behind the opening quote. A quote inside the name does not close it; a missing one is forgiven. */
function readQuoted(text: string, from: number): { readonly value: string; readonly next: number } {
  let value = '';
  let at = from;
  while (at < text.length) {
    if (isEscape(text, at)) {
      value += text[at + 1];
      at += 2;
    } else if (matchAt(closingPattern, text, at)) {
      return { value, next: at + 1 };
    } else {
      value += text[at];
      at += 1;
    }
  }
  return { value, next: at };
}

function parametersOf(header: string): Parameter[] {
  const parameters: Parameter[] = [];
  let at = 0;
  while (at < header.length) {
    const [skipped, rawName = ''] = matchAt(namePattern, header, at) ?? [''];
    const name = rawName.replace(/\s+/g, '').toLowerCase();
    at += skipped.length;
    if (header[at] !== '=') continue;
    at += 1;
    while (/[ \t]/.test(header[at] ?? '')) at += 1;
    if (header[at] === '"') {
      const { value, next } = readQuoted(header, at + 1);
      parameters.push({ name, value });
      at = next;
    } else {
      const [raw] = matchAt(unquotedPattern, header, at) ?? [''];
      parameters.push({ name, value: raw.trim().replace(/^'([^']+)'$/, '$1') });
      at += raw.length;
    }
  }
  return parameters;
}

/** A label that names a charset of single bytes accepts any bytes, so valid UTF-8 is better evidence than it is. */
function decodeLabelled(charset: string, bytes: Buffer): string | undefined {
  const isSingleByte = /^(?:|us-ascii|ascii|latin\d|l\d|iso-?8859.*|windows-.*|cp125\d|koi8.*)$/i.test(charset);
  return isSingleByte ? (decodeUtf8(bytes) ?? decodeAs(charset, bytes)) : (decodeAs(charset, bytes) ?? decodeUtf8(bytes));
}

/** `charset'language'text`. More quotes belong to the text: senders forget to escape them. */
const extendedPattern = /^([\w.:+-]*)'[\w-]*'(.*)$/s;

function splitExtended(value: string): { readonly charset: string; readonly text: string } | undefined {
  const [, charset, text] = extendedPattern.exec(value) ?? [];
  return charset === undefined || text === undefined ? undefined : { charset, text };
}

function decodeExtended(value: string): string | undefined {
  const extended = splitExtended(value);
  return extended && decodeLabelled(extended.charset, percentDecode(extended.text));
}

/** For a value whose label or form is wrong: the bytes decide. */
function decodeExtendedLoosely(value: string): string | undefined {
  const text = splitExtended(value)?.text ?? value.replace(/^[\w-]+'/, '');
  const bytes = percentDecode(text);
  return decodeUtf8(bytes) ?? guessText(bytes);
}

/** RFC 2231: `filename*0*=UTF-8''a%20; filename*1="b"`, in any order, up to the first number that is missing. */
function decodeContinued(parameters: readonly Parameter[]): string | undefined {
  const sections = new Map<string, Parameter>();
  for (const parameter of parameters) {
    const number = /^filename\*(\d+)\*?$/.exec(parameter.name)?.[1];
    if (number !== undefined && !sections.has(number)) sections.set(number, parameter);
  }
  const first = sections.get('0');
  if (first === undefined) return undefined;
  const extended = first.name.endsWith('*') ? splitExtended(first.value) : undefined;
  let bytes = '';
  let section: Parameter | undefined = first;
  for (let number = 1; section !== undefined; number += 1) {
    const text = section === first && extended ? extended.text : section.value;
    bytes += section.name.endsWith('*') ? percentDecode(text).toString('latin1') : text;
    section = sections.get(String(number));
  }
  if (extended === undefined) return decodePlain(bytes);
  return decodeLabelled(extended.charset, toBytes(bytes)) ?? guessText(toBytes(bytes));
}

function decodeText(latin1: string): string | undefined {
  const bytes = toBytes(latin1);
  const text = decodeUtf8(bytes);
  if (text === undefined) return guessText(bytes);
  return hasEscapes(latin1) ? (decodeUtf8(percentDecode(latin1)) ?? text) : text;
}

function decodePlain(latin1: string): string | undefined {
  const text = decodeEncodedWords(latin1, decodeLabelled, decodeText);
  return text === undefined ? undefined : decodeEntities(text);
}

function* readings(parameters: readonly Parameter[]): Generator<string | undefined> {
  const extended = parameters.filter(({ name }) => name === 'filename*');
  const plain = parameters.filter(({ name }) => name === 'filename');
  for (const { value } of extended) yield decodeExtended(value);
  yield decodeContinued(parameters);
  for (const { value } of plain) yield decodePlain(value);
  for (const { value } of extended) yield decodeExtendedLoosely(value);
  for (const { value } of plain) yield percentEscape(value);
  for (const { value } of extended) yield percentEscape(splitExtended(value)?.text ?? value);
}

/**
 * The name a Content-Disposition header carries; undefined where it carries none. `header` holds one character
 * a byte, as HTTP parsers give it. The result is what the server said, not yet a safe name: see filename.ts.
 */
export function dispositionFileName(header: string): string | undefined {
  for (const text of readings(parametersOf(header))) {
    if (text !== undefined && text.trim() !== '' && !text.includes('\ufffd')) return text.trim();
  }
  return undefined;
}
