/**
 * Readers of option values, one per kind. Each takes the option's name, so that its refusal names the argument and says
 * what was expected; a value that may hold a secret is never repeated.
 */
import { parseChecksum } from '#shared/checksum';
import type { Checksum, DownloadRequest, HeaderField, ProxySettings } from '#shared/download';
import { parseProxyAddress } from '#shared/proxy-address';
import { parseBytes, parseSeconds } from '#shared/units';
import { quoted, UsageError } from './usage-error.ts';

type Reader<T> = (text: string) => T;

const refuse = (option: string, problem: string): never => {
  throw new UsageError(`${option}: ${problem}`);
};

export const wholeNumber =
  (option: string, lowest: number, highest: number): Reader<number> =>
  (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return value >= lowest && value <= highest
      ? value
      : refuse(option, `${quoted(text)} is not a whole number from ${lowest} to ${highest}`);
  };

/** Milliseconds. */
export const seconds =
  (option: string, lowest: number, highest: number): Reader<number> =>
  (text) => {
    const milliseconds = parseSeconds(text) ?? Number.NaN;
    return milliseconds >= lowest * 1000 && milliseconds <= highest * 1000
      ? milliseconds
      : refuse(option, `${quoted(text)} is not a number of seconds from ${lowest} to ${highest}`);
  };

/** Bytes per second. */
export const rate =
  (option: string): Reader<number> =>
  (text) =>
    parseBytes(text) ?? refuse(option, `${quoted(text)} is not a speed in bytes per second, such as 500K or 1.5M`);

export const oneOf =
  <const T extends string>(option: string, ...choices: readonly T[]): Reader<T> =>
  (text) =>
    choices.find((choice) => choice === text) ?? refuse(option, `${quoted(text)} is not one of ${choices.join(', ')}`);

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const unsendable = /[\x00-\x08\x0a-\x1f\x7f]/;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A text that becomes a header's value. A line break in it would forge another header. */
export const headerValue =
  (option: string): Reader<string> =>
  (text) =>
    unsendable.test(text) ? refuse(option, 'the value holds a line break or control character') : text.trim();

/** `Name: value`; the value may be empty. */
export const header =
  (option: string): Reader<HeaderField> =>
  (text) => {
    const colon = text.indexOf(':');
    if (colon < 0) return refuse(option, "expected 'Name: value', the colon is missing");
    const name = text.slice(0, colon);
    if (unsendable.test(text)) return refuse(option, 'the header holds a line break or control character');
    if (!token.test(name)) return refuse(option, `${quoted(name)} is not a header name`);
    return [name, text.slice(colon + 1).trim()];
  };

export const cookie =
  (option: string): Reader<string> =>
  (text) => {
    if (!text.includes('=')) return refuse(option, "expected 'a=1; b=2', there is no = in it");
    return headerValue(option)(text);
  };

export const login =
  (option: string): Reader<NonNullable<DownloadRequest['login']>> =>
  (text) => {
    const colon = text.indexOf(':');
    if (colon < 0) return refuse(option, 'expected NAME:PASSWORD, the colon is missing');
    if (unsendable.test(text)) return refuse(option, 'the login holds a line break or control character');
    return { user: text.slice(0, colon), password: text.slice(colon + 1) };
  };

export const method =
  (option: string): Reader<string> =>
  (text) => {
    if (!token.test(text)) return refuse(option, `${quoted(text)} is not a method`);
    const name = text.toUpperCase();
    return ['HEAD', 'CONNECT', 'TRACE'].includes(name) ? refuse(option, `${name} brings no file`) : name;
  };

export const body =
  (option: string): Reader<string> =>
  (text) =>
    text.startsWith('@') ? refuse(option, 'a file is not read; give its text with --data "$(cat FILE)"') : text;

export const checksum =
  (option: string): Reader<Checksum> =>
  (text) => {
    const parsed = parseChecksum(text);
    return parsed.ok ? parsed.checksum : refuse(option, parsed.message);
  };

/** A name, not a path: where it goes is said by -d. */
export const fileName =
  (option: string): Reader<string> =>
  (text) => {
    if (text === '' || text === '.' || text === '..') return refuse(option, `${quoted(text)} is not a file name`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
    if (/[\x00-\x1f\x7f]/.test(text)) return refuse(option, 'the name holds a control character');
    if (text.includes('/') || (process.platform === 'win32' && text.includes('\\'))) {
      return refuse(option, `${quoted(text)} is a path; give the folder with -d and the name alone with -o`);
    }
    return text;
  };

/** One proxy for everything; none at all for `none` or nothing, whatever the environment says. */
export const proxy =
  (option: string): Reader<ProxySettings> =>
  (text) => {
    const address = text.trim();
    if (address === '' || address === 'none') return {};
    const parsed = parseProxyAddress(address);
    return parsed.ok ? { http: address, https: address } : refuse(option, parsed.message);
  };
