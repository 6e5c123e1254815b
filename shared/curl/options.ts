/** What each option of curl means for a download. An option that is not here is refused: its value could be taken for an address. */

import type { HeaderField } from '#shared/download';
import { CurlSyntaxError, type Spot } from './syntax-error.ts';

/** What the options read so far ask for. */
export interface CurlDraft {
  method?: string;
  readonly headers: HeaderField[];
  /** Lower-case names of defaults to leave out (`-H 'Accept:'`). */
  readonly removed: Set<string>;
  readonly cookies: string[];
  login?: { readonly user: string; readonly password: string };
  userAgent?: string;
  referer?: string;
  body?: string;
  isJson: boolean;
  /** Data belongs into the address. */
  isGet: boolean;
  isHead: boolean;
  isInsecure: boolean;
  takesUrlLiterally: boolean;
  proxy?: string;
  host?: string;
  readonly addresses: CurlValue[];
  readonly ignored: string[];
}

/** An option's value or an address, and where it stands. */
export interface CurlValue extends Spot {
  readonly text: string;
  /** The option as it was written. */
  readonly option: string;
}

export interface CurlOption {
  readonly takesValue: boolean;
  readonly apply: (draft: CurlDraft, value: CurlValue) => void;
}

const flag = (apply: CurlOption['apply']): CurlOption => ({ takesValue: false, apply });
const valued = (apply: CurlOption['apply']): CurlOption => ({ takesValue: true, apply });
const unneeded = flag(() => {});
/** Of no use here, but a person who asked for it should hear that it was left out. */
const leaveOut: CurlOption['apply'] = (draft, { option }) => draft.ignored.push(option);
const refused = (reason: string): CurlOption => flag((_, value) => fail(value, `${value.option} ${reason}`));

function fail(spot: Spot, message: string): never {
  throw new CurlSyntaxError(message, spot);
}

function refuseFile(value: CurlValue, names: boolean): void {
  if (names) fail(value, `${value.option} names a file here; files are not read, write its content instead`);
}

function addData(draft: CurlDraft, text: string): void {
  draft.body = draft.body === undefined ? text : `${draft.body}&${text}`;
}

const data = valued((draft, value) => {
  refuseFile(value, value.text.startsWith('@'));
  addData(draft, value.text);
});

/** As curl does it: a blank becomes `+`. */
const urlEncode = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

/** `content`, `=content`, `name=content`; `@file` and `name@file` are refused. */
const encodedData = valued((draft, value) => {
  const [, name = '', sign, content = ''] = /^([^=@]*)([=@])?([\s\S]*)$/.exec(value.text) ?? [];
  refuseFile(value, sign === '@');
  if (sign === undefined) addData(draft, urlEncode(name));
  else addData(draft, `${name === '' ? '' : `${name}=`}${urlEncode(content)}`);
});

const json = valued((draft, value) => {
  refuseFile(value, value.text.startsWith('@'));
  draft.body = (draft.body ?? '') + value.text;
  draft.isJson = true;
});

/** Would make the answer another one than the whole file. */
const answerChanging = /^(?:range|if-.*)$/;
/** Belongs to the connection, whose headers are made anew; browsers copy it all the same. */
const ofConnection = /^(?::.*|authority|accept-encoding|connection|content-length|expect|te|transfer-encoding)$/;

const header = valued((draft, value) => {
  refuseFile(value, value.text.startsWith('@'));
  const [, name, sign, rest = ''] = /^(:?[!#$%&'*+.^_`|~\w-]+)\s*([:;])([\s\S]*)$/.exec(value.text) ?? [];
  const text = rest.trim();
  if (name === undefined || (sign === ';' && text !== '')) fail(value, 'a header is written as NAME: VALUE');
  if (/[\r\n\0]/.test(text)) fail(value, `the header ${name} holds a line break`);
  const key = name.toLowerCase();
  if (sign === ':' && text === '') draft.removed.add(key);
  else if (key === 'cookie') draft.cookies.push(text);
  else if (key === 'host') draft.host = text;
  else if (answerChanging.test(key)) draft.ignored.push(`${value.option} ${name}`);
  else if (!ofConnection.test(key)) draft.headers.push([name, text]);
});

const cookie = valued((draft, value) => {
  if (value.text === '') return;
  refuseFile(value, !value.text.includes('='));
  if (/[\r\n\0]/.test(value.text)) fail(value, 'the cookie holds a line break');
  draft.cookies.push(value.text.trim());
});

const login = valued((draft, value) => {
  const colon = value.text.indexOf(':');
  if (colon < 0) fail(value, `${value.option} needs NAME:PASSWORD`);
  draft.login = { user: value.text.slice(0, colon), password: value.text.slice(colon + 1) };
});

const method = valued((draft, value) => {
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(value.text)) fail(value, `${value.option} needs a method, like POST`);
  draft.method = value.text;
});

const proxy = valued((draft, value) => {
  if (value.text !== '') draft.proxy = /^[a-z][a-z\d+.-]*:\/\//i.test(value.text) ? value.text : `http://${value.text}`;
});

const otherLogin = refused('asks for a login other than Basic and Digest, which is not supported');
const upload = refused('sends a file, which is not supported');
const fileInput = refused('reads a file, which is not supported; write its content instead');

const long: Readonly<Record<string, CurlOption>> = {
  request: method,
  header,
  cookie,
  user: login,
  'user-agent': valued((draft, { text }) => {
    draft.userAgent = text;
  }),
  referer: valued((draft, { text }) => {
    draft.referer = text.replace(/;auto$/, '');
  }),
  'oauth2-bearer': valued((draft, { text }) => draft.headers.push(['Authorization', `Bearer ${text}`])),
  data,
  'data-ascii': data,
  'data-binary': data,
  'data-raw': valued((draft, { text }) => addData(draft, text)),
  'data-urlencode': encodedData,
  json,
  url: valued((draft, value) => draft.addresses.push(value)),
  insecure: flag((draft) => {
    draft.isInsecure = true;
  }),
  get: flag((draft) => {
    draft.isGet = true;
  }),
  head: flag((draft) => {
    draft.isHead = true;
  }),
  globoff: flag((draft) => {
    draft.takesUrlLiterally = true;
  }),
  proxy,
  next: refused('begins a second request; give one at a time'),
  ntlm: otherLogin,
  negotiate: otherLogin,
  'proxy-user': refused('is not read; write the login into the address of the proxy'),
  form: upload,
  'form-string': upload,
  'upload-file': upload,
  config: fileInput,
};

const unneededFlags =
  'location compressed silent show-error fail fail-with-body verbose include progress-bar no-progress-meter no-buffer basic ' +
  'digest anyauth http1.0 http1.1 http2 http2-prior-knowledge http3 ipv4 ipv6 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 create-dirs tcp-nodelay ' +
  'no-keepalive remote-time parallel disable';
const leftOutFlags = 'remote-name remote-header-name remote-name-all path-as-is location-trusted netrc post301 post302 post303';
const leftOutValues =
  'output output-dir connect-timeout max-time retry retry-delay retry-max-time max-redirs write-out continue-at limit-rate ' +
  'speed-limit speed-time cookie-jar cacert capath cert key resolve connect-to interface range noproxy ciphers dump-header';

const letters =
  'X=request H=header b=cookie u=user A=user-agent e=referer d=data k=insecure G=get I=head g=globoff x=proxy ' +
  'L=location s=silent S=show-error f=fail v=verbose i=include #=progress-bar N=no-buffer 0=http1.0 1=tlsv1 4=ipv4 ' +
  '6=ipv6 R=remote-time Z=parallel q=disable O=remote-name J=remote-header-name n=netrc o=output m=max-time ' +
  'w=write-out C=continue-at Y=speed-limit y=speed-time c=cookie-jar E=cert r=range D=dump-header U=proxy-user ' +
  'F=form T=upload-file K=config :=next';

const longOptions = new Map<string, CurlOption>([
  ...Object.entries(long),
  ...unneededFlags.split(' ').map((name) => [name, unneeded] as const),
  ...leftOutFlags.split(' ').map((name) => [name, flag(leaveOut)] as const),
  ...leftOutValues.split(' ').map((name) => [name, valued(leaveOut)] as const),
]);
const nameByLetter = new Map(letters.split(' ').map((pair) => [pair.slice(0, 1), pair.slice(2)]));

/** `header` → its meaning; undefined for one that is not known. */
export const longOption = (name: string): CurlOption | undefined => longOptions.get(name);

/** `H` → the meaning of `header`. */
export const shortOption = (letter: string): CurlOption | undefined => longOptions.get(nameByLetter.get(letter) ?? '');
