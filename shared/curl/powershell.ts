/**
 * Reads what browsers copy for PowerShell: a session with user-agent and cookies, and one Invoke-WebRequest. Only the forms
 * that make up such a request are understood; nothing is run, and anything else is refused with its place.
 */
import type { StoredCookie } from '#shared/download';
import { type CurlDraft, longOption } from './options.ts';
import { CurlSyntaxError, refusals, type Spot, spotsIn } from './syntax-error.ts';

const command = /(?:invoke-webrequest|invoke-restmethod|iwr|irm)(?=\s|$)/iy;
const sessionMade =
  /(?:new-object\s+(?:microsoft\.powershell\.commands\.)?webrequestsession|\[(?:microsoft\.powershell\.commands\.)?webrequestsession\]::new\(\))/iy;
const cookieMade = /\(?\s*(?:new-object\s+system\.net\.cookie\s*\(|\[system\.net\.cookie\]::new\()/iy;
const bytesOfText = /\(\s*\[system\.text\.encoding\]::(?:utf8|ascii)\.getbytes\(\s*/iy;
/** Blanks, and lines that go on. */
const gap = /(?:[ \t]|`\r?\n)+/y;
/** Between statements and inside braces. */
const wideGap = /(?:[\s;]|`\r?\n|#[^\n]*)+/y;
const bareWord = /[^\s"'`$(){}@;,|&<>]+/y;
const charCode = /\$\(\[char\]\s*(0x[\da-f]{1,5}|\d{1,7})\)/iy;
const expansion = /\$(?=[\w({$?^:])/y;

const escapes: Readonly<Record<string, string>> = {
  0: '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Parameters of use, and the option of curl that means the same. */
const meanings: Readonly<Record<string, string>> = {
  uri: 'url',
  method: 'request',
  custommethod: 'request',
  useragent: 'user-agent',
  proxy: 'proxy',
  body: 'data-raw',
};
const unneededSwitches = new Set([
  'usebasicparsing',
  'skipheadervalidation',
  'disablekeepalive',
  'allowunencryptedauthentication',
]);
const leftOutSwitches = new Set(['resume', 'passthru', 'preserveauthorizationonredirect']);
const leftOutValues = new Set([
  ...['outfile', 'timeoutsec', 'connectiontimeoutseconds', 'operationtimeoutseconds', 'maximumredirection', 'maximumretrycount'],
  ...['retryintervalsec', 'httpversion', 'sslprotocol', 'sessionvariable', 'transferencoding', 'erroraction'],
]);

/** Whether it can only be PowerShell. */
export const isPowerShell = (text: string): boolean =>
  /^\s*(?:#[^\n]*\n\s*)*(?:\$\w+\s*[=.]|(?:invoke-(?:webrequest|restmethod)|iwr|irm)(?:\s|$))/i.test(text);

class Reader {
  readonly #text: string;
  readonly #draft: CurlDraft;
  readonly #spotOf: (at: number) => Spot;
  readonly #cookies: { readonly parts: readonly string[]; readonly at: number }[] = [];
  #at = 0;
  #isDone = false;

  constructor(text: string, draft: CurlDraft) {
    this.#text = text;
    this.#draft = draft;
    this.#spotOf = spotsIn(text);
  }

  /** Fills the draft; the cookies of the session have domains of their own. */
  read(): readonly StoredCookie[] {
    for (this.#take(wideGap); this.#at < this.#text.length; this.#take(wideGap)) this.#statement();
    if (!this.#isDone) this.#fail('no Invoke-WebRequest follows');
    return this.#cookies.map(({ parts, at }) => this.#cookie(parts, at));
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  #fail(message: string, at = this.#at): never {
    throw new CurlSyntaxError(message, this.#spotOf(at));
  }

  #expect(pattern: RegExp, message: string): void {
    this.#take(gap);
    if (!this.#take(pattern)) this.#fail(message);
  }

  #statement(): void {
    const begin = this.#at;
    if (this.#isDone) this.#fail(refusals.second);
    if (this.#take(command)) this.#request();
    else if (this.#take(/\$\w+/y)) this.#session(begin);
    else this.#fail('this is not understood here: only a session and Invoke-WebRequest are');
  }

  #session(begin: number): void {
    this.#take(gap);
    if (this.#take(/\.useragent\s*=\s*/iy)) this.#apply('user-agent', '$session.UserAgent', this.#value(), begin);
    else if (this.#take(/\.cookies\.add\(\s*/iy)) this.#addCookie();
    else if (this.#take(/=\s*/y)) {
      if (!this.#take(sessionMade)) this.#fail('only a new WebRequestSession can be put into a variable');
    } else this.#fail('of a session, only UserAgent and Cookies.Add are understood');
  }

  /** `Add((New-Object System.Net.Cookie("name", "value", "/", "example.org")))` */
  #addCookie(): void {
    const at = this.#at;
    if (!this.#take(cookieMade)) this.#fail('only a new System.Net.Cookie can be added');
    const parts: string[] = [];
    do {
      this.#take(/\s+/y);
      parts.push(this.#value());
      this.#take(/\s+/y);
    } while (this.#take(/,/y));
    this.#expect(/\)[\s)]*/y, 'a closing bracket is missing here');
    if (parts.length !== 4) this.#fail('a cookie is written as name, value, path, domain', at);
    this.#cookies.push({ parts, at });
  }

  #cookie([name = '', value = '', path = '', domain = '']: readonly string[], at: number): StoredCookie {
    const host = domain.replace(/^\./, '').toLowerCase();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
    if (name === '' || /[\x00-\x1f\x7f;]/.test(name + value)) this.#fail('name or value hold what a cookie cannot hold', at);
    if (!path.startsWith('/') || host === '' || /[\s/:@?#]/.test(host)) this.#fail('path or domain of the cookie are none', at);
    const isSecure = /^https:/i.test(this.#draft.addresses[0]?.text.trim() ?? '');
    return { name, value, path, domain: host, hasSubdomains: domain.startsWith('.'), isSecure, isHttpOnly: false };
  }

  #request(): void {
    this.#isDone = true;
    for (this.#take(gap); this.#at < this.#text.length && !this.#take(/(?=[\r\n;])/y); this.#take(gap)) {
      const begin = this.#at;
      const name = this.#take(/-([a-z]+)(?:(?=[\s`])|$|:\s*)/iy)?.[1];
      if (name !== undefined) this.#parameter(name, begin);
      else this.#apply('url', 'the address', this.#value(), begin);
    }
  }

  #parameter(name: string, begin: number): void {
    const key = name.toLowerCase();
    const spelled = `-${name}`;
    const meaning = meanings[key];
    this.#take(gap);
    if (unneededSwitches.has(key)) return;
    if (key === 'skipcertificatecheck') this.#draft.isInsecure = true;
    else if (leftOutSwitches.has(key)) this.#draft.ignored.push(spelled);
    else if (leftOutValues.has(key)) {
      this.#value();
      this.#draft.ignored.push(spelled);
    } else if (key === 'websession') this.#expect(/\$\w+/y, '-WebSession needs a variable');
    else if (key === 'headers') this.#headers(spelled);
    else if (key === 'contenttype') this.#header('Content-Type', this.#value(), begin);
    else if (meaning !== undefined) {
      const value = key === 'body' ? this.#body() : this.#value();
      if (!(key === 'method' && /^(?:get|default)$/i.test(value))) this.#apply(meaning, spelled, value, begin);
    } else this.#fail(`${spelled} is no parameter that is understood here`, begin);
  }

  #body(): string {
    if (!this.#take(bytesOfText)) return this.#value();
    const text = this.#value();
    this.#expect(/\)\s*\)/y, 'a closing bracket is missing here');
    return text;
  }

  #headers(spelled: string): void {
    this.#expect(/@\{/y, `${spelled} needs @{ "NAME" = "VALUE" }`);
    const fields: { readonly name: string; readonly value: string; readonly at: number }[] = [];
    for (this.#take(wideGap); !this.#take(/\}/y); this.#take(wideGap)) {
      const at = this.#at;
      const name = this.#isQuote() ? this.#value() : (this.#take(/[\w-]+/y)?.[0] ?? this.#fail('a header begins with its name'));
      this.#expect(/=/y, 'a header is written as "NAME" = "VALUE"');
      this.#take(gap);
      fields.push({ name, value: this.#value(), at });
    }
    // Chromium writes those of HTTP/2 (RFC 9113 section 8.3.1) without their colon.
    const isHttp2 = ['authority', 'scheme', 'path'].every((name) => fields.some((field) => field.name === name));
    for (const { name, value, at } of fields) {
      if (!(isHttp2 && ['authority', 'method', 'path', 'scheme'].includes(name))) this.#header(name, value, at);
    }
  }

  #header(name: string, value: string, at: number): void {
    this.#apply('header', '-Headers', value.trim() === '' ? `${name};` : `${name}: ${value}`, at);
  }

  /** As the option of curl that means the same. */
  #apply(option: string, spelled: string, text: string, at: number): void {
    longOption(option)?.apply(this.#draft, { ...this.#spotOf(at), text, option: spelled });
  }

  #isQuote(): boolean {
    return /["']/.test(this.#text.charAt(this.#at));
  }

  #value(): string {
    const begin = this.#at;
    if (this.#take(/@["']/y)) this.#fail('a here-string is not read; write the value in quotes', begin);
    if (this.#take(/'/y)) return this.#singleQuoted(begin);
    if (this.#take(/"/y)) return this.#doubleQuoted(begin);
    if (this.#take(/\$/y)) this.#fail(refusals.expansion, begin);
    return this.#take(bareWord)?.[0] ?? this.#fail('a value is missing here');
  }

  #singleQuoted(begin: number): string {
    const text = this.#take(/((?:[^']|'')*)'/y)?.[1] ?? this.#fail(refusals.openQuote, begin);
    return text.replaceAll("''", "'");
  }

  #doubleQuoted(begin: number): string {
    let text = '';
    for (;;) {
      if (this.#take(/""/y)) text += '"';
      else if (this.#take(/"/y)) return text;
      else text += this.#charFrom(begin);
    }
  }

  #charFrom(begin: number): string {
    const code = this.#take(charCode)?.[1];
    if (code !== undefined) return this.#character(Number(code));
    if (this.#take(expansion)) this.#fail(refusals.expansion, this.#at - 1);
    const hex = this.#take(/`u\{([\da-f]{1,6})\}/iy)?.[1];
    if (hex !== undefined) return this.#character(Number.parseInt(hex, 16));
    if (this.#take(/`\r?\n/y)) return '';
    const escaped = this.#take(/`([\s\S])/y)?.[1];
    if (escaped !== undefined) return escapes[escaped] ?? escaped;
    return this.#take(/[^"$`]+|\$/y)?.[0] ?? this.#fail(refusals.openQuote, begin);
  }

  #character(code: number): string {
    return code <= 0x10ffff ? String.fromCodePoint(code) : this.#fail('this is no character of Unicode', this.#at - 1);
  }
}

/** Puts what the text asks for into the draft. @throws CurlSyntaxError. */
export const readPowerShell = (text: string, draft: CurlDraft): readonly StoredCookie[] => new Reader(text.trim(), draft).read();
