/**
 * Reads a pasted `curl …` command, in the forms browsers copy for bash, for Windows' command prompt and for PowerShell, as a
 * download request. Nothing is run and no file is read; what cannot be done as the command says is refused, with the place.
 */

import type { DownloadRequest, HeaderField } from '#shared/download';
import { bashWords } from './bash-words.ts';
import { cmdWords } from './cmd-words.ts';
import { type CurlDraft, type CurlOption, type CurlValue, longOption, shortOption } from './options.ts';
import { isPowerShell, readPowerShell } from './powershell.ts';
import { CurlSyntaxError, type ShellWord, type Spot } from './syntax-error.ts';

export interface CurlCommand {
  readonly request: DownloadRequest;
  /** Absolute address of the proxy, which may hold a login. */
  readonly proxy?: string;
  /** Any certificate is accepted; `request` says the same. */
  readonly insecure: boolean;
  /** Options that were understood and left out, as they were written; without their values. */
  readonly ignored: readonly string[];
}

const emptyDraft = (): CurlDraft => ({
  headers: [],
  removed: new Set(),
  cookies: [],
  isJson: false,
  isGet: false,
  isHead: false,
  isInsecure: false,
  takesUrlLiterally: false,
  addresses: [],
  ignored: [],
});

class OptionReader {
  readonly draft = emptyDraft();
  readonly #words: readonly ShellWord[];
  #at = 0;

  constructor(words: readonly ShellWord[]) {
    this.#words = words;
  }

  readAll(): CurlDraft {
    let areOptionsOver = false;
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      if (areOptionsOver || !word.text.startsWith('-')) this.draft.addresses.push({ ...word, option: 'the address' });
      else if (word.text === '--') areOptionsOver = true;
      else if (word.text.startsWith('--')) this.#readLong(word);
      else this.#readLetters(word);
    }
    return this.draft;
  }

  #next(): ShellWord | undefined {
    const word = this.#words[this.#at];
    this.#at += 1;
    return word;
  }

  /** `--request=POST` is no syntax of curl's, but of so many other programs that people write it. */
  #readLong(word: ShellWord): void {
    const [, name = '', attached] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(word.text) ?? [];
    this.#read(`--${name}`, longOption(name), word, attached);
  }

  /** `-sSLo file`: flags up to the first letter that takes a value, which the rest of the word is, or the next word. */
  #readLetters(word: ShellWord): void {
    for (let index = 1; index < Math.max(2, word.text.length); index += 1) {
      const letter = word.text.charAt(index);
      const option = shortOption(letter);
      const rest = option?.takesValue === true ? word.text.slice(index + 1) : '';
      this.#read(`-${letter}`, option, word, rest === '' ? undefined : rest);
      if (option?.takesValue === true) return;
    }
  }

  #read(spelled: string, option: CurlOption | undefined, word: ShellWord, attached: string | undefined): void {
    if (option === undefined) throw new CurlSyntaxError(`${spelled} is no option that is understood here`, word);
    const value = attached === undefined && option.takesValue ? this.#next() : { ...word, text: attached ?? '' };
    if (value === undefined) throw new CurlSyntaxError(`${spelled} needs a value`, word);
    option.apply(this.draft, { ...value, option: spelled });
  }
}

/** curl itself makes several addresses of `{a,b}` and `[1-9]`; browsers write `\[` for a bracket that is one. */
function literalAddress({ text, ...spot }: CurlValue): string {
  const pattern = /\{[^{}]*\}|\[(?:\d+-\d+|[a-z]-[a-z])(?::\d+)?\]/i;
  if (pattern.test(text.replace(/\\[{}[\]]/g, ''))) {
    throw new CurlSyntaxError('the address is a pattern for several; give one address, or -g if it is meant as it stands', spot);
  }
  return text.replace(/\\([{}[\]])/g, '$1');
}

function addressOf(draft: CurlDraft, end: Spot): string {
  const [first, second] = draft.addresses;
  if (first === undefined) throw new CurlSyntaxError('the command names no address', end);
  if (second !== undefined) throw new CurlSyntaxError('the command names a second address here; give one at a time', second);
  const address = (draft.takesUrlLiterally ? first.text : literalAddress(first)).trim();
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (address === '' || (scheme !== undefined && scheme !== 'http' && scheme !== 'https')) {
    throw new CurlSyntaxError('the address must begin with http:// or https://', first);
  }
  const absolute = scheme === undefined ? `http://${address}` : address;
  return draft.isGet && draft.body !== undefined ? withQuery(absolute, draft.body) : absolute;
}

function withQuery(address: string, query: string): string {
  const [, before = '', fragment = ''] = /^([^#]*)(#[\s\S]*)?$/.exec(address) ?? [];
  return `${before}${before.includes('?') ? '&' : '?'}${query}${fragment}`;
}

/** The user's own headers, and after them what curl adds unless the user gave it or removed it. */
function headersOf(draft: CurlDraft, sendsBody: boolean): HeaderField[] {
  const headers = [...draft.headers];
  const addDefault = (name: string, value: string | undefined): void => {
    const isGiven = draft.headers.some(([given]) => given.toLowerCase() === name.toLowerCase());
    if (value !== undefined && value !== '' && !isGiven && !draft.removed.has(name.toLowerCase())) headers.push([name, value]);
  };
  addDefault('User-Agent', draft.userAgent);
  addDefault('Referer', draft.referer);
  if (draft.isJson) addDefault('Accept', 'application/json');
  if (sendsBody) addDefault('Content-Type', draft.isJson ? 'application/json' : 'application/x-www-form-urlencoded');
  return headers;
}

function methodOf(draft: CurlDraft, sendsBody: boolean): string | undefined {
  return draft.method ?? (draft.isHead ? 'HEAD' : sendsBody ? 'POST' : undefined);
}

function toRequest(draft: CurlDraft, url: string): DownloadRequest {
  const sendsBody = draft.body !== undefined && !draft.isGet;
  const method = methodOf(draft, sendsBody);
  const headers = headersOf(draft, sendsBody);
  return {
    url,
    ...(method !== undefined && { method }),
    ...(headers.length > 0 && { headers }),
    ...(draft.cookies.length > 0 && { cookie: draft.cookies.join('; ') }),
    ...(draft.login !== undefined && { login: draft.login }),
    ...(sendsBody && draft.body !== undefined && { body: draft.body }),
    ...(draft.isInsecure && { insecure: true }),
  };
}

/** A Host header that only repeats the address's host, as browsers copy it, is not worth a word. */
function changesHost(draft: CurlDraft, url: string): boolean {
  const host = /^[^:]+:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(url)?.[1];
  return draft.host !== undefined && draft.host.toLowerCase() !== host?.toLowerCase();
}

/**
 * The prompt's caret before a quote or at the end of a line, not within a quoted word and after no quote that only bash knows; or
 * its program's name.
 */
const isForPrompt = (text: string): boolean =>
  /^(?:[^'"]|"(?:[^"\\]|\\.)*")*?[ \t]\^(?:"|\r?\n)/s.test(text) || (/^\s*\S*\.exe\s/i.test(text) && !text.includes("'"));

/** Whether a pasted text is to be read as a command. */
export const isCurlCommand = (text: string): boolean =>
  /^\s*(?:\$\s+)?(?:\S*[\\/])?curl(?:\.exe)?\s/i.test(text) || isPowerShell(text);

function draftOfCurl(text: string): { readonly draft: CurlDraft; readonly begin: Spot } {
  const words = isForPrompt(text) ? cmdWords(text) : bashWords(text);
  // Documentation shows commands behind a prompt.
  const [program, ...rest] = words[0]?.text === '$' ? words.slice(1) : words;
  if (program === undefined || !/(?:^|[\\/])curl(?:\.exe)?$/i.test(program.text)) {
    throw new CurlSyntaxError('a cURL command begins with curl', program ?? { line: 1, column: 1 });
  }
  return { draft: new OptionReader(rest).readAll(), begin: program };
}

/**
 * The request a cURL command makes, or Invoke-WebRequest.
 * @throws CurlSyntaxError naming the place, for anything but one plain command for one address.
 */
export function parseCurlCommand(text: string): CurlCommand {
  if (isPowerShell(text)) {
    const draft = emptyDraft();
    // Brackets have no meaning there.
    draft.takesUrlLiterally = true;
    const cookies = readPowerShell(text, draft);
    const { request, ...rest } = commandOf(draft, { line: 1, column: 1 });
    return { ...rest, request: cookies.length === 0 ? request : { ...request, cookies } };
  }
  const { draft, begin } = draftOfCurl(text);
  return commandOf(draft, begin);
}

function commandOf(draft: CurlDraft, begin: Spot): CurlCommand {
  const url = addressOf(draft, begin);
  const ignored = changesHost(draft, url) ? [...draft.ignored, '-H Host'] : draft.ignored;
  return {
    request: toRequest(draft, url),
    ...(draft.proxy !== undefined && { proxy: draft.proxy }),
    insecure: draft.isInsecure,
    ignored: [...new Set(ignored)],
  };
}
