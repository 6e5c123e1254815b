/**
 * Splits one command into words as Windows does in two steps: the command prompt (cmd.exe) takes its carets away, and the
 * program's own start (the C runtime's rules for argv) takes quotes and backslashes. Nothing is expanded, piped or run.
 */
import { CurlSyntaxError, refusals, type ShellWord, spotAt, spotsIn } from './syntax-error.ts';

/** A character that the prompt passes on, and where it stood. */
interface Passed {
  readonly char: string;
  readonly at: number;
  /** Behind a caret. */
  readonly isPlain?: boolean;
}

const lineBreak = /\r?\n|\r/y;
/** `%NAME%`; the escapes of an address (`%E4%`) only look like it. */
const variable = /%(?![\da-f]{2})[a-z_]\w*%/iy;

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** What is left of the text behind the prompt. A caret makes the next character plain; within quotes it is plain itself. */
function throughPrompt(text: string): Passed[] {
  const passed: Passed[] = [];
  let quoteAt: number | undefined;
  const fail = (message: string, at: number): never => {
    throw new CurlSyntaxError(message, spotAt(text, at));
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const breakLength = lengthAt(lineBreak, text, at);
    if (breakLength > 0) {
      if (quoteAt !== undefined) fail(refusals.openQuote, quoteAt);
      const rest = text.slice(at).search(/\S/);
      if (rest >= 0) fail(refusals.second, at + rest);
      return passed;
    }
    if (lengthAt(variable, text, at) > 0) fail(refusals.expansion, at);
    if (quoteAt === undefined && /[&|<>]/.test(char)) fail(refusals.operator, at);
    if (char === '^' && quoteAt === undefined) {
      const continued = lengthAt(lineBreak, text, at + 1);
      at += Math.max(1, continued);
      // The line goes on; a second break is then a plain one, which is how browsers write it within a value.
      const plainBreak = continued > 0 ? lengthAt(lineBreak, text, at + 1) : 0;
      if (plainBreak > 0) passed.push({ char: '\n', at: at + 1 });
      at += plainBreak;
      if (continued === 0 && at < text.length) passed.push({ char: text.charAt(at), at, isPlain: true });
    } else {
      if (char === '"') quoteAt = quoteAt === undefined ? at : undefined;
      passed.push({ char, at });
    }
  }
  // A quote that the prompt sees open is still closed for the program where a caret hides the second one.
  return passed;
}

class ArgumentReader {
  readonly #text: string;
  readonly #passed: readonly Passed[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#passed = throughPrompt(text);
  }

  words(): ShellWord[] {
    const words: ShellWord[] = [];
    const spotOf = spotsIn(this.#text);
    for (;;) {
      while (/\s/.test(this.#peek())) this.#next += 1;
      const first = this.#passed[this.#next];
      if (first === undefined) return words;
      words.push({ ...spotOf(first.at), text: this.#word() });
    }
  }

  #peek(ahead = 0): string {
    return this.#passed[this.#next + ahead]?.char ?? '';
  }

  #backslashes(): number {
    let count = 0;
    while (this.#peek(count) === '\\') count += 1;
    this.#next += count;
    return count;
  }

  /** Browsers put a caret before every backslash and write each twice, which the program's start undoes before a quote only. */
  #areDoubled(count: number): boolean {
    return count % 2 === 0 && this.#passed.slice(this.#next - count, this.#next).every(({ isPlain }) => isPlain);
  }

  #word(): string {
    let word = '';
    let quoteAt: number | undefined;
    for (let char = this.#peek(); char !== '' && (quoteAt !== undefined || !/\s/.test(char)); char = this.#peek()) {
      const backslashes = this.#backslashes();
      if (backslashes > 0 && this.#peek() !== '"') {
        word += '\\'.repeat(this.#areDoubled(backslashes) ? backslashes / 2 : backslashes);
        continue;
      }
      // Before a quote two backslashes stand for one, and one makes the quote plain.
      word += '\\'.repeat(Math.floor(backslashes / 2));
      const at = this.#passed[this.#next]?.at;
      this.#next += 1;
      if (backslashes % 2 === 1) word += '"';
      else if (backslashes === 0 && char !== '"') word += char;
      else if (quoteAt !== undefined && this.#peek() === '"') {
        word += '"';
        this.#next += 1;
      } else quoteAt = quoteAt === undefined ? at : undefined;
    }
    if (quoteAt !== undefined) throw new CurlSyntaxError(refusals.openQuote, spotAt(this.#text, quoteAt));
    return word;
  }
}

/** @throws CurlSyntaxError for an open quote, and for what the prompt would expand or run. */
export const cmdWords = (text: string): ShellWord[] => new ArgumentReader(text.trim()).words();
