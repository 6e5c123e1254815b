/**
 * Names for files. A name from a server is hostile until cleaned: it may climb folders, name a device, hide its
 * extension or be too long. The rules are the same on all systems, so that a download begun on one goes on
 * on another under the same name.
 */
import { decodeUtf8, percentDecode, percentEscape } from './byte-text.ts';
import { guessText } from './charset-guess.ts';
import { dispositionFileName } from './content-disposition.ts';
import { extensionForType } from './media-extension.ts';

/** NAME_MAX of nearly all file systems, in bytes. */
const systemNameBytesMax = 255;
/** The longest that is appended to a name while its file is made. */
const longestSuffix = ' (123).part.aside';
/** A name up to here stays creatable with everything the engine appends to it. */
export const nameBytesMax = systemNameBytesMax - longestSuffix.length;

const fallbackName = 'download';

/** Not seen, or turning the text around them: `exe.gpj` behind U+202E reads `jpg.exe`. Half surrogates are not text. */
const invisible =
  /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\u{e0000}-\u{e007f}]|\p{Cs}/gu;
const forbidden = /[<>:"/\\|?*]/g;
const reserved = /^(con|conin\$|conout\$|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\s*(?:\.|$))/i;
/** `report.pdf:stream` or `x::$DATA` writes to a hidden stream of the file on NTFS. A title may hold a colon: `Vol 1: Intro`. */
const alternateStream = /(?:(\.[a-z][a-z0-9]{0,7}):[^\s:][^:]*)?(?::+\$DATA)?$/i;
const extensionPattern = /(?:\.(?:tar|cpio|7z|zip|rar|part\d{1,4}))?\.[^\s.]{1,16}$/iu;

/** No name is longer; what is may be made to cost its square in the patterns below. Both ends matter: name and extension. */
const soundLength = 4096;

function bounded(name: string): string {
  if (name.length <= soundLength) return name;
  return (name.slice(0, soundLength / 2) + name.slice(-soundLength / 2)).toWellFormed();
}

/** The last part of a path that is not empty, found from behind: a name may consist of a million separators. */
function lastPart(path: string): string {
  const isSeparator = (at: number): boolean => path[at] === '/' || path[at] === '\\';
  let end = path.length;
  while (end > 0 && isSeparator(end - 1)) end -= 1;
  let start = end;
  while (start > 0 && !isSeparator(start - 1)) start -= 1;
  return path.slice(start, end);
}

function baseName(text: string): string {
  const last = bounded(lastPart(text));
  return last.replace(/^[a-z]:/i, '').replace(alternateStream, '$1');
}

/** Splits before the extension; `.tar.gz` counts as one, `.bashrc` as none. */
export function splitExtension(name: string): readonly [stem: string, extension: string] {
  const at = extensionPattern.exec(name)?.index ?? name.length;
  return at > 0 ? [name.slice(0, at), name.slice(at)] : [name, ''];
}

function cutToBytes(text: string, bytesMax: number): string {
  let end = 0;
  let bytes = 0;
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > bytesMax) break;
    end += char.length;
  }
  return text.slice(0, end);
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const [stem, extension] = splitExtension(name);
  const kept = cutToBytes(stem, nameBytesMax - Buffer.byteLength(extension));
  return extension === '' ? trimEnds(kept) : kept + extension;
}

/** `-rf` is an option and `~` a home folder to a shell; Windows drops dots and blanks at the end by itself. */
function trimEnds(name: string): string {
  let end = name.length;
  // Not by a pattern: one that is tried at each of many blanks takes seconds for a hostile name.
  while (end > 0 && /[\s.]/.test(name.charAt(end - 1))) end -= 1;
  return name.slice(0, end).replace(/^[\s~-]+/, '');
}

/** Nothing below would change such a name, unless it is a device's. */
const plainName = /^\w+(?:[.-]\w+)*$/;

/** As `safeName`, but empty where nothing of the name is left. */
function cleanName(raw: string): string {
  if (raw.length <= nameBytesMax && plainName.test(raw) && !reserved.test(raw)) return raw;
  // Invisible characters go first: one inside `C:` or `CON` would hide it from the rules below.
  const visible = raw.replace(invisible, '').replaceAll('\ufffd', '_').normalize('NFC');
  const name = trimEnds(baseName(visible).replace(forbidden, '')).normalize('NFC');
  return shorten(name.replace(reserved, '$1_$2'));
}

/** The last part of `raw`, made a name that every system can store and that shows what it is. Never empty. */
export const safeName = (raw: string): string => cleanName(raw) || fallbackName;

/** Why a person's own name for a file cannot be used as it is, as a clause (`it …`); undefined where it can. */
export function checkUserName(name: string): string | undefined {
  if (name.trim() === '') return 'it is empty';
  if (/[/\\]/.test(name)) return 'it contains / or \\, which separate folders';
  if (/^\.{1,2}$/.test(name)) return 'it means a folder';
  if (/\p{Cc}/u.test(name)) return 'it contains a control character';
  if (name.search(invisible) >= 0) return 'it contains an invisible character';
  // As it will be stored: a `<` that is joined with the stroke behind it is no `<`.
  const composed = name.normalize('NFC');
  const wrong = composed.match(forbidden)?.[0];
  if (wrong !== undefined) return `it contains ${wrong}, which some systems do not allow`;
  if (reserved.test(name)) return 'it is the name of a device on Windows';
  const size = Buffer.byteLength(composed);
  if (size > nameBytesMax) return `it is ${size} bytes long, more than ${nameBytesMax}`;
  if (trimEnds(name) !== name) return 'it begins with a blank, - or ~, or ends with a blank or a dot';
  return safeName(name) === composed ? undefined : `it would have to be written ${safeName(name)}`;
}

export interface NameSources {
  readonly userName?: string | undefined;
  /** The header of the final answer, one character a byte. */
  readonly contentDisposition?: string | undefined;
  readonly finalUrl: string;
  readonly originalUrl: string;
  readonly contentType?: string | undefined;
}

/** Ends like a file's name. `v1.2` does not, `disk.001` does. */
const hasFileExtension = (name: string): boolean => /[^.]\.(?:\d{3}|(?=\w*[a-z])[a-z0-9]{1,10})$/i.test(name);
/** The name of the program that answers, not of what it answers with. */
const isScript = (name: string): boolean => /\.(?:php\d?|phtml|aspx?|ashx|jspx?|cgi|cfm|do|action)$/i.test(name);

function decodeUrlText(escaped: string): string {
  const bytes = percentDecode(escaped);
  return decodeUtf8(bytes) ?? guessText(bytes) ?? percentEscape(escaped);
}

function lastSegment(url: URL): string {
  const segment = url.pathname.split('/').findLast((text) => text !== '') ?? '';
  return cleanName(decodeUrlText(segment.replace(/;[\w.-]+=[^;]*/g, '')));
}

/** Read by hand: URLSearchParams turns what is not UTF-8 into U+FFFD. */
function queryName(url: URL): string {
  const fields = url.search.slice(1).split('&');
  for (const key of ['filename', 'file', 'name']) {
    for (const field of fields) {
      const [name, ...rest] = field.split('=');
      if (name?.toLowerCase() !== key) continue;
      const candidate = cleanName(decodeUrlText(rest.join('=').replaceAll('+', ' ')));
      if (hasFileExtension(candidate)) return candidate;
    }
  }
  return '';
}

/** A redirect's target names the file only where the address the person asked for does not. */
function nameFromUrls(urls: readonly URL[]): string {
  const segments = urls.map(lastSegment);
  const isFileName = (name: string): boolean => hasFileExtension(name) && !isScript(name);
  return segments.find(isFileName) ?? urls.map(queryName).find(Boolean) ?? segments.find(Boolean) ?? '';
}

function withExtension(name: string, extension: string | undefined): string {
  return extension === undefined || extension === 'txt' || hasFileExtension(name) ? name : `${name}.${extension}`;
}

/** `download.php` that answers with a ZIP file is called `download.zip`. */
function withoutScript(name: string, extension: string | undefined): string {
  const isAnswer = extension === undefined || extension === 'txt' || extension === 'html';
  return isScript(name) && !isAnswer ? name.slice(0, name.lastIndexOf('.')) : name;
}

/**
 * What to call the file: the user's name; Content-Disposition; the last path segment of the original, then of
 * the final address, if it has an extension; a query field `filename`, `file` or `name` that has one; the last
 * path segment; the host. Without an extension it gets the one of its type.
 */
export function nameFor(sources: NameSources): string {
  if (sources.userName !== undefined) return safeName(sources.userName);
  const extension = extensionForType(sources.contentType);
  const told = cleanName(dispositionFileName(sources.contentDisposition ?? '') ?? '');
  if (told !== '') return safeName(withExtension(told, extension));
  const addresses = new Set([sources.originalUrl, sources.finalUrl]);
  const urls = [...addresses].map((text) => URL.parse(text)).filter((url) => url !== null);
  const read = nameFromUrls(urls);
  if (read !== '') return safeName(withExtension(withoutScript(read, extension), extension));
  // A host looks like a name with an extension (`example.com`), so the type's is added whatever it ends with.
  const host = safeName(urls[0]?.hostname ?? '');
  return extension === undefined ? host : safeName(`${host}.${extension}`);
}
