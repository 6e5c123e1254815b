/**
 * Splits one command into words as bash does, and does nothing else of what a shell does: whatever would be
 * expanded, piped or run is refused, since a pasted text must not reach files or other commands.
 */
import { CurlSyntaxError, refusals, type ShellWord, spotAt, spotsIn } from './syntax-error.ts';

/** What bash would put something else in place of. */
const expansion = /\$(?=[\w({$?!@*#-])|`/y;
const operator = /[|&<>()]/y;
/** Between words: blanks and lines that go on. */
const gap = /(?:[ \t]|\\(?:\r?\n|$))+/y;
const lineContinuation = /\\(?:\r?\n|$)/y;
/** With the comments behind it, and the first character of a second command. */
const commandEnd = /(?:;|\r?\n)(?:\s|\\(?:\r?\n|$)|#[^\n]*)*(?:$|([\s\S]))/y;

const namedEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
};
const byteEscapes = /(?:\\(?:x[\da-f]{1,2}|[0-7]{1,3}))+/iy;
const pointEscape = /\\(?:u([\da-fA-F]{1,4})|U([\da-fA-F]{1,8}))/y;
const controlEscape = /\\c([ -~])/y;
const otherEscape = /\\([\s\S])/y;

/** `\xHH` and octal stand for bytes. UTF-8 is what they mean, one character a byte is what is left. */
function textOfBytes(escapes: string): string {
  const bytes = [...escapes.matchAll(/\\(?:x([\da-f]+)|([0-7]+))/gi)].map(([, hex, octal]) =>
    hex === undefined ? Number.parseInt(octal ?? '', 8) & 0xff : Number.parseInt(hex, 16),
  );
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
  } catch {
    return String.fromCharCode(...bytes);
  }
}

class Splitter {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  words(): ShellWord[] {
    const words: ShellWord[] = [];
    const spotOf = spotsIn(this.#text);
    this.#take(/\s+/y);
    for (;;) {
      this.#take(gap);
      if (this.#peek === '#') this.#take(/[^\n]*/y);
      if (this.#at >= this.#text.length) return words;
      const end = this.#take(commandEnd);
      if (end?.[1] !== undefined) this.#fail(refusals.second, this.#at - 1);
      if (end !== undefined) return words;
      const spot = spotOf(this.#at);
      words.push({ text: this.#word(), ...spot });
    }
  }

  get #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  #fail(message: string, at = this.#at): never {
    throw new CurlSyntaxError(message, spotAt(this.#text, at));
  }

  #word(): string {
    let word = '';
    while (this.#at < this.#text.length && !/[ \t\r\n;]/.test(this.#peek)) {
      const begin = this.#at;
      if (this.#take(/'/y)) word += this.#until(/([^']*)'/y, begin);
      else if (this.#take(/"/y)) word += this.#doubleQuoted(begin);
      else if (this.#take(/\$'/y)) word += this.#ansiQuoted(begin);
      else if (!this.#take(lineContinuation)) word += this.#plain();
    }
    return word;
  }

  /** Characters outside quotes. */
  #plain(): string {
    this.#refuseExpansion();
    if (this.#take(/\$(?=")/y)) this.#fail('texts to be translated are not expanded; write the value itself', this.#at - 1);
    if (this.#take(operator)) this.#fail(refusals.operator, this.#at - 1);
    return this.#take(/\\([\s\S])/y)?.[1] ?? this.#take(/[^\s'"\\$`|&<>();^]+|[\s\S]/y)?.[0] ?? '';
  }

  #until(pattern: RegExp, begin: number): string {
    return this.#take(pattern)?.[1] ?? this.#fail(refusals.openQuote, begin);
  }

  #refuseExpansion(): void {
    const begin = this.#at;
    if (this.#take(expansion)) this.#fail(refusals.expansion, begin);
  }

  #doubleQuoted(begin: number): string {
    let text = '';
    while (!this.#take(/"/y)) {
      this.#refuseExpansion();
      text += this.#take(lineContinuation) ? '' : (this.#take(/\\([$`"\\])/y)?.[1] ?? this.#until(/([^"\\$`]+|[\s\S])/y, begin));
    }
    return text;
  }

  #ansiQuoted(begin: number): string {
    let text = '';
    while (!this.#take(/'/y)) {
      const bytes = this.#take(byteEscapes)?.[0];
      text += bytes === undefined ? (this.#ansiEscape() ?? this.#until(/([^'\\]+|\\$)/y, begin)) : textOfBytes(bytes);
    }
    return text;
  }

  #ansiEscape(): string | undefined {
    const [, short, long] = this.#take(pointEscape) ?? [];
    const digits = short ?? long;
    if (digits !== undefined) {
      const point = Number.parseInt(digits, 16);
      return point <= 0x10ffff
        ? String.fromCodePoint(point)
        : this.#fail('this is no character of Unicode', this.#at - digits.length);
    }
    const control = this.#take(controlEscape)?.[1];
    if (control !== undefined) return String.fromCharCode(control.charCodeAt(0) & 0x1f);
    const [all, letter] = this.#take(otherEscape) ?? [];
    return letter === undefined ? undefined : (namedEscapes[letter] ?? all);
  }
}

/** @throws CurlSyntaxError for an open quote, and for what a shell would expand or run. */
export const bashWords = (text: string): ShellWord[] => new Splitter(text).words();
