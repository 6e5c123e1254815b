/** Text as servers send it: bytes whose charset is told wrongly or not at all. Nothing here ever yields U+FFFD. */
import { isUtf8 } from 'node:buffer';

const escapePattern = /%([\da-f]{2})/gi;

/** A header's value, where each character stands for one byte, as those bytes. */
export const toBytes = (latin1: string): Buffer => Buffer.from(latin1, 'latin1');

/** The text of valid UTF-8; undefined for anything else. */
export const decodeUtf8 = (bytes: Buffer): string | undefined => (isUtf8(bytes) ? bytes.toString('utf8') : undefined);

/**
 * Undefined where the bytes are not valid in the charset, or this runtime does not have it: builds of Node with
 * a trimmed ICU lack the Asian ones.
 */
export function decodeAs(charset: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export const hasEscapes = (text: string): boolean => /%[\da-f]{2}/i.test(text);

/** Resolves `%XX`. A `%` without two digits stands for itself: `100%.txt` is a name people use. */
export const percentDecode = (latin1: string): Buffer =>
  toBytes(latin1.replace(escapePattern, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))));

/** Bytes that nobody can read, in a form that is readable, reversible and plain ASCII. */
export const percentEscape = (latin1: string): string =>
  latin1.replace(/[\x80-\xff]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
