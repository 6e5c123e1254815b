/** Every option of `sluice get`, its reader and its line in the help. Nothing is read from disk or fetched here. */
import { type Command, Option } from 'commander';
import type { Checksum, DownloadRequest, HeaderField, IfExists, ProxySettings } from '#shared/download';
import * as values from './option-values.ts';

/** The options as their readers made them. */
export interface GivenOptions {
  readonly input?: string;
  readonly dir: string;
  readonly output?: string;
  readonly connections: number;
  readonly jobs: number;
  readonly header?: readonly HeaderField[];
  readonly userAgent?: string;
  readonly referer?: string;
  readonly cookie?: string;
  readonly cookies?: string;
  readonly user?: NonNullable<DownloadRequest['login']>;
  readonly curl?: string;
  readonly method?: string;
  readonly data?: string;
  readonly timeout?: number;
  readonly connectTimeout?: number;
  readonly retries?: number;
  readonly retryWait?: number;
  readonly limitRate?: number;
  readonly proxy?: ProxySettings;
  readonly caCert?: string;
  readonly caNative?: boolean;
  readonly insecure?: true;
  readonly checksum?: Checksum;
  readonly onChange?: 'restart' | 'fail';
  readonly ifExists: IfExists;
  readonly maxWait: number;
  readonly quiet?: true;
  readonly json?: true;
  readonly color: boolean;
}

type Read = (name: string) => (text: string) => unknown;

const plainText: Read = () => (text) => text;

/** Flags, help, reader and preset, in the order of the help. A flag without a value has no reader. */
const table: readonly (readonly [flags: string, help: string, read?: Read, preset?: string])[] = [
  ['-i, --input <file>', 'read addresses from a file, one a line (- reads standard input)', plainText],
  ['-d, --dir <folder>', 'the folder to save to; made if it is not there', plainText, '.'],
  ['-o, --output <name>', 'the name to save under (one address only)', values.fileName],
  ['-x, --connections <n>', 'connections per file, 1-64', (name) => values.wholeNumber(name, 1, 64), '8'],
  ['-j, --jobs <n>', 'files at once, 1-256', (name) => values.wholeNumber(name, 1, 256), '4'],
  ['-H, --header <line>', "send a header, 'Name: value' (repeatable)", values.header],
  ['--user-agent <text>', 'send this user agent', values.headerValue],
  ['--referer <address>', 'send this referer', values.headerValue],
  ['--cookie <pairs>', "send cookies, 'a=1; b=2'", values.cookie],
  ['--cookies <file>', 'send the cookies of a cookies.txt, each where it belongs', plainText],
  ['--user <name:password>', 'log in (HTTP Basic or Digest)', values.login],
  ['--curl <command>', "take the request from a 'curl …' command (- reads it from standard input)", plainText],
  ['-X, --method <name>', 'the request method; anything but GET cannot be resumed', values.method],
  ['--data <text>', 'send this body, by POST unless -X says otherwise', values.body],
  [
    '--timeout <seconds>',
    'silence after which a connection is given up (default: adapts)',
    (name) => values.seconds(name, 0, 3600),
  ],
  ['--connect-timeout <seconds>', 'time to connect (default: 10)', (name) => values.seconds(name, 0.1, 3600)],
  [
    '--retries <n>',
    'failures in a row without progress before giving up (default: 8)',
    (name) => values.wholeNumber(name, 0, 1000),
  ],
  ['--retry-wait <seconds>', 'first wait before a retry; it grows (default: 1)', (name) => values.seconds(name, 0, 3600)],
  ['--limit-rate <speed>', 'bytes per second at most, for all files together: N, NK or NM', values.rate],
  [
    '--proxy <address>',
    'go through this proxy: http://, https:// or socks5://; none: straight (default: from the environment)',
    values.proxy,
  ],
  ['--ca-cert <file>', 'trust the certificates in this PEM file too', plainText],
  ['--ca-native', "trust the system's certificates too"],
  ['--insecure', 'accept any certificate'],
  ['--checksum <sum>', 'sha-256=HEX, sha-512=HEX, sha-1=HEX, md5=HEX, or auto: what the server sends', values.checksum],
  [
    '--on-change <what>',
    'if the file changed on the server: restart or fail (default: restart)',
    (name) => values.oneOf(name, 'restart', 'fail'),
  ],
  [
    '--if-exists <what>',
    'if the name is taken: rename, overwrite or skip',
    (name) => values.oneOf(name, 'rename', 'overwrite', 'skip'),
    'rename',
  ],
  [
    '--max-wait <seconds>',
    'how long to wait for a busy server or a lost network',
    (name) => values.seconds(name, 0, 86_400),
    '30',
  ],
  ['--quiet', 'no progress, only errors'],
  ['--json', 'events as JSON on standard output, one a line'],
  ['--no-color', 'no colors'],
];

/** Gives `command` the arguments of `sluice get`. @throws UsageError, while parsing, from the reader of a bad value. */
export function addGetOptions(command: Command): Command {
  command.argument('[url...]', 'addresses of files, http or https');
  for (const [flags, help, read, preset] of table) {
    const option = new Option(flags, help);
    const text = read?.(flags.replace(/ <.*$/, ''));
    if (text) option.argParser((value, former) => (flags.startsWith('-H') ? [...asList(former), text(value)] : text(value)));
    if (text && preset !== undefined) option.default(text(preset), preset);
    command.addOption(option);
  }
  return command;
}

const asList = (former: unknown): unknown[] => (Array.isArray(former) ? former : []);
