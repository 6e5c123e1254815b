import { readdir } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Output } from '../../electron/command/output.ts';
import { run } from '../../electron/command/program.ts';
import { tempDirectory } from '../support/temp.ts';

/** Runs the command line in this process, in an empty folder. */
async function runHere(argv: readonly string[]) {
  await using directory = await tempDirectory();
  const before = process.cwd();
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  process.chdir(directory.path);
  try {
    const code = await run(argv, '9.9.9', new Output(stdout, stderr), () => Promise.reject(new Error('nothing is served here')));
    return {
      code,
      stdout: String(stdout.read() ?? ''),
      stderr: String(stderr.read() ?? ''),
      written: await readdir(directory.path),
    };
  } finally {
    process.chdir(before);
  }
}

const url = 'http://127.0.0.1:1/file.bin';
const hex = 'a'.repeat(64);

/** What is wrong, the arguments after `get`, and what the line must say of it. */
const mistakes: readonly (readonly [what: string, args: readonly string[], names: RegExp])[] = [
  ['no address', [], /url: .*address/],
  ['an address of another scheme', ['ftp://example.test/a'], /url: "ftp:\/\/example\.test\/a" is not an address/],
  ['an address without a scheme', ['example.test/a'], /url: .*http:\/\//],
  ['an address without a host', ['http://'], /url: /],
  ['-x 0', [url, '-x', '0'], /-x, --connections: "0" is not a whole number from 1 to 64/],
  ['-x 65', [url, '-x', '65'], /-x, --connections: .*1 to 64/],
  ['-x 1.5', [url, '--connections', '1.5'], /-x, --connections: .*1 to 64/],
  ['-x without a number', [url, '-x'], /-x, --connections .*argument missing/],
  ['-j 0', [url, '-j', '0'], /-j, --jobs: .*1 to 256/],
  ['-j 257', [url, '-j', '257'], /-j, --jobs: .*1 to 256/],
  ['-j of words', [url, '--jobs', 'many'], /-j, --jobs: "many"/],
  ['a header without a colon', [url, '-H', 'Nonsense'], /-H, --header: .*colon is missing/],
  ['a header with a line break', [url, '-H', 'A: b\r\nC: d'], /-H, --header: .*line break/],
  ['a header with an unsendable name', [url, '-H', 'A B: c'], /-H, --header: "A B" is not a header name/],
  ['a second header that is wrong', [url, '-H', 'A: b', '-H', ': c'], /-H, --header: "" is not a header name/],
  ['a user agent with a line break', [url, '--user-agent', 'a\nb'], /--user-agent: .*line break/],
  ['a referer with a line break', [url, '--referer', 'a\nb'], /--referer: .*line break/],
  ['a cookie file given as a cookie', [url, '--cookie', 'cookies.txt'], /--cookie: .*a=1; b=2/],
  ['a cookie with a line break', [url, '--cookie', 'a=1\nb'], /--cookie: .*line break/],
  ['a cookies file that is not there', [url, '--cookies', 'none.txt'], /--cookies: "none\.txt" cannot be read \(ENOENT\)/],
  [
    'a cookies file that is none',
    [url, '--cookies', import.meta.filename],
    /--cookies: .* holds no cookie .*; line 1: expected 7 fields/,
  ],
  ['a proxy of another kind', [url, '--proxy', 'socks4://127.0.0.1:2'], /--proxy: socks4:\/\/ is no kind of proxy/],
  ['a proxy without a host', [url, '--proxy', 'http://:3128'], /--proxy: it is not of the form http:\/\/HOST:PORT/],
  ['a login without a colon', [url, '--user', 'name'], /--user: expected NAME:PASSWORD/],
  ['a method that is no word', [url, '-X', 'GE T'], /-X, --method: "GE T" is not a method/],
  ['a method that brings no file', [url, '-X', 'head'], /-X, --method: HEAD brings no file/],
  ['data from a file', [url, '--data', '@body.json'], /--data: .*\$\(cat FILE\)/],
  ['a negative time-out', [url, '--timeout', '-1'], /--timeout: .*0 to 3600/],
  ['a time-out in words', [url, '--timeout', '3s'], /--timeout: "3s"/],
  ['a connect time-out of nothing', [url, '--connect-timeout', '0'], /--connect-timeout: .*0\.1 to 3600/],
  ['a number of retries below zero', [url, '--retries', '-1'], /--retries: .*0 to 1000/],
  ['a retry wait beyond an hour', [url, '--retry-wait', '3601'], /--retry-wait: .*0 to 3600/],
  ['a rate in another unit', [url, '--limit-rate', '1T'], /--limit-rate: "1T" is not a speed/],
  ['a rate below zero', [url, '--limit-rate', '-1K'], /--limit-rate: /],
  ['a certificate file that is not there', [url, '--ca-cert', 'none.pem'], /--ca-cert: "none\.pem" cannot be read \(ENOENT\)/],
  ['a certificate file that is none', [url, '--ca-cert', import.meta.filename], /--ca-cert: .*no certificate/],
  ['a certificate file of 100 MB', [url, '--ca-cert', process.execPath], /--ca-cert: .*larger than 16 MiB/],
  ['an unknown checksum', [url, '--checksum', `crc32=${hex}`], /--checksum: .*crc32/],
  ['a checksum of the wrong length', [url, '--checksum', 'sha-256=abc'], /--checksum: .*64/],
  ['a checksum without an algorithm', [url, '--checksum', hex], /--checksum: /],
  ['one checksum for two files', [url, `${url}2`, '--checksum', `sha-256=${hex}`], /--checksum: .*2 files/],
  ['one name for two files', [url, `${url}2`, '-o', 'a'], /-o, --output: .*2 addresses/],
  ['a path for a name', [url, '-o', 'a/b'], /-o, --output: "a\/b" is a path/],
  ['an empty name', [url, '-o', ''], /-o, --output: "" is not a file name/],
  ['the folder above for a name', [url, '-o', '..'], /-o, --output: "\.\." is not a file name/],
  ['a file for a folder', [url, '-d', process.execPath], /-d, --dir: .*is not a folder/],
  ['another way to treat a changed file', [url, '--on-change', 'ignore'], /--on-change: "ignore" is not one of restart, fail/],
  [
    'another way to treat an existing file',
    [url, '--if-exists', 'merge'],
    /--if-exists: "merge" is not one of rename, overwrite, skip/,
  ],
  ['a wait beyond a day', [url, '--max-wait', '86401'], /--max-wait: .*86400/],
  ['a list that is not there', ['-i', 'list.txt'], /-i, --input: "list\.txt" cannot be read \(ENOENT\)/],
  ['a folder for a list', ['-i', '.'], /-i, --input: "\." cannot be read \(EISDIR\)/],
  ['both lists from standard input', ['-i', '-', '--curl', '-'], /--curl and -i, --input cannot both/],
  ['a cURL command that is none', ['--curl', 'wget http://127.0.0.1:1/'], /--curl: .*curl/],
  [
    'a cURL command with a variable of Windows',
    ['--curl', 'curl.exe http://127.0.0.1:1/%TEMP%'],
    /--curl: variables .*column 29/,
  ],
  [
    'a cURL command with a proxy of another kind',
    ['--curl', `curl -x socks4://127.0.0.1:2 ${url}`],
    /--curl: the proxy: socks4:/,
  ],
  ['a cURL command without a body to fetch', ['--curl', `curl -I ${url}`], /--curl: HEAD brings no file/],
  ['an address besides that of a cURL command', [url, '--curl', `curl ${url}`], /--curl brings its own address/],
  ['an unknown option', [url, '--colour'], /unknown option '--colour'/],
];

describe('a mistake on the command line', () => {
  test.each(mistakes)(
    '%s is told in one line that names the argument, ends with 2 and leaves nothing',
    async (_what, args, names) => {
      const { code, stdout, stderr, written } = await runHere(['get', ...args]);
      expect(stderr).toMatch(names);
      expect(stderr).toMatch(/^sluice: [^\n]+; sluice get --help lists the options\n$/);
      expect({ code, stdout, written }).toEqual({ code: 2, stdout: '', written: [] });
    },
  );

  test('never repeats a secret', async () => {
    const secrets: string[][] = [
      ['htp://me:hunter2@example.test/a?token=hunter2'],
      ['http://me:hunter2@exa mple:x/'],
      [url, '-H', 'Authorization hunter2'],
      [url, '-H', 'Authorization: hunter2\n'],
      [url, '--user', 'hunter2'],
      [url, '--cookie', 'hunter2'],
      ['--curl', `curl --unknown hunter2 ${url}`],
      [url, '--proxy', 'socks4://me:hunter2@127.0.0.1'],
      ['--curl', `curl -x http://me:hunter2@ ${url}`],
    ];
    for (const args of secrets) {
      const { code, stderr } = await runHere(['get', ...args]);
      expect(code).toBe(2);
      expect(stderr).not.toContain('hunter2');
    }
  });

  test('an unknown command is told with the nearest one', async () => {
    expect(await runHere(['gett'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/unknown command 'gett'.*Did you mean get\?/),
    });
  });

  test('an address in place of a command is told how to download it', async () => {
    expect(await runHere([url])).toMatchObject({ code: 2, stderr: expect.stringContaining('say sluice get') });
  });

  test('no command at all shows the help on stderr', async () => {
    const { code, stdout, stderr } = await runHere([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: sluice');
  });
});

describe('what needs no network', () => {
  test('the version is one line', async () => {
    expect(await runHere(['--version'])).toEqual({ code: 0, stdout: '9.9.9\n', stderr: '', written: [] });
    expect(await runHere(['-V'])).toMatchObject({ code: 0, stdout: '9.9.9\n' });
  });

  test('the help of get names every option of the interface', async () => {
    const { code, stdout } = await runHere(['get', '--help']);
    expect(code).toBe(0);
    const options =
      '-i, --input -d, --dir -o, --output -x, --connections -j, --jobs -H, --header --user-agent --referer --cookie --cookies --user ' +
      '--curl -X, --method --data --timeout --connect-timeout --retries --retry-wait --limit-rate --proxy --ca-cert --ca-native --insecure ' +
      '--checksum --on-change --if-exists --max-wait --quiet --json --no-color';
    for (const option of options.split(' ')) expect(stdout).toContain(option.replace(',', ''));
  });

  test.each([
    ['add', url],
    ['list'],
    ['pause', 'all'],
    ['resume', 'all'],
    ['remove', 'all'],
    ['limit', '1M'],
    ['link', 'a1', url],
    ['status'],
    ['watch'],
  ])('%s says in one line that nothing runs with that folder, and what to start', async (...argv) => {
    const { code, stdout, stderr, written } = await runHere([...argv, '--data', 'none']);
    expect({ code, stdout, written }).toEqual({ code: 1, stdout: '', written: [] });
    expect(stderr).toMatch(/^sluice: no app or server runs with \S*none: start sluice serve, or give its folder with --data\n$/);
  });

  test('a mistake in another command points to the help of that command', async () => {
    expect(await runHere(['serve', '--port', '99999'])).toMatchObject({
      code: 2,
      stderr: 'sluice: --port: "99999" is not a whole number from 0 to 65535; sluice serve --help lists the options\n',
    });
  });
});
