/** Reads a .netrc file: logins by the name of a machine, in the form ftp, curl and others share. */

export interface NetrcEntry {
  /** In lower case; undefined for `default`. */
  readonly machine: string | undefined;
  readonly login: string | undefined;
  readonly password: string | undefined;
}

export type ParsedNetrc =
  | { readonly ok: true; readonly entries: readonly NetrcEntry[] }
  /** `line` from 1; the message says what was expected there and repeats nothing of the file. */
  | { readonly ok: false; readonly line: number; readonly message: string };

interface Token {
  readonly text: string;
  readonly line: number;
  /** A quote that is never closed. */
  readonly isOpen: boolean;
}

/** A quoted token (in which a backslash keeps the next character), a bare one, or a quote that does not end on its line. */
const token = /"((?:[^"\\\n]|\\.)*)"|[^\s"]\S*|"/g;
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const keywords = 'machine, default, login, password, account or macdef';

class TokenReader {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token. A comment can only stand where a keyword could: a password may begin with #. */
  next(mayBeComment: boolean): Token | undefined {
    let match = this.#match();
    while (mayBeComment && match?.[0].startsWith('#')) {
      this.#goToEnd(/\n|$/g);
      match = this.#match();
    }
    if (match === null) return undefined;
    const [written, quoted] = match;
    const line = this.#line;
    this.#goTo(match.index + written.length);
    return {
      line,
      text: quoted?.replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char) ?? written,
      isOpen: written === '"',
    };
  }

  /** A macro ends with an empty line. */
  skipMacro(): void {
    this.#goToEnd(/\n[ \t\r]*\n|$/g);
  }

  /** What comes next; goes to its beginning. */
  #match(): RegExpExecArray | null {
    token.lastIndex = this.#at;
    const match = token.exec(this.#text);
    this.#goTo(match?.index ?? this.#text.length);
    return match;
  }

  #goToEnd(end: RegExp): void {
    end.lastIndex = this.#at;
    end.exec(this.#text);
    this.#goTo(end.lastIndex);
  }

  #goTo(at: number): void {
    for (let index = this.#text.indexOf('\n', this.#at); index >= 0 && index < at; index = this.#text.indexOf('\n', index + 1)) {
      this.#line += 1;
    }
    this.#at = at;
  }
}

/** Every entry, in the order of the file. One word that cannot be read makes all after it doubtful: then there are none. */
export function parseNetrc(text: string): ParsedNetrc {
  const reader = new TokenReader(text.replace(/^\ufeff/, ''));
  const entries: { machine: string | undefined; login: string | undefined; password: string | undefined }[] = [];
  for (let word = reader.next(true); word !== undefined; word = reader.next(true)) {
    const { line, text: keyword } = word;
    if (keyword === 'default') {
      entries.push({ machine: undefined, login: undefined, password: undefined });
      continue;
    }
    if (!['machine', 'login', 'password', 'account', 'macdef'].includes(keyword)) return refuse(line, `expected ${keywords}`);
    const { text: value, isOpen = false, line: valueLine = line } = reader.next(false) ?? {};
    if (isOpen) return refuse(valueLine, 'expected a quote that ends the value on the same line');
    if (value === undefined) return refuse(line, `expected a value after ${keyword}`);
    const entry = entries.at(-1);
    if (keyword === 'macdef') reader.skipMacro();
    else if (keyword === 'machine') entries.push({ machine: value.toLowerCase(), login: undefined, password: undefined });
    else if (entry === undefined) return refuse(line, `expected machine or default before ${keyword}`);
    else if (keyword === 'login') entry.login ??= value;
    else if (keyword === 'password') entry.password ??= value;
  }
  return { ok: true, entries };
}

const refuse = (line: number, message: string): ParsedNetrc => ({ ok: false, line, message });

/** The login of exactly this machine. `default` is for every machine there is, so it is for those who ask for it. */
export function netrcLogin(entries: readonly NetrcEntry[], machine: string): { user: string; password: string } | undefined {
  const entry = entries.find((each) => each.machine === machine.toLowerCase());
  return entry?.login === undefined ? undefined : { user: entry.login, password: entry.password ?? '' };
}
