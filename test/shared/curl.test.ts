/** Commands as browsers copy them and people write them, and the request each one makes. */
import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bashWords } from '../../shared/curl/bash-words.ts';
import { type CurlCommand, parseCurlCommand } from '../../shared/curl/read.ts';
import { CurlSyntaxError } from '../../shared/curl/syntax-error.ts';

const requestOf = (command: string): CurlCommand['request'] => parseCurlCommand(command).request;
const headersOf = (command: string): CurlCommand['request']['headers'] => requestOf(command).headers;
const wordsOf = (text: string): string[] => bashWords(text).map((word) => word.text);

function failureOf(command: string): CurlSyntaxError {
  try {
    parseCurlCommand(command);
  } catch (error) {
    if (error instanceof CurlSyntaxError) return error;
    throw error;
  }
  throw new Error(`accepted: ${command}`);
}

describe('commands that browsers copy', () => {
  test('Chromium, a GET behind a login', () => {
    const command = String.raw`curl 'https://example.org/files/big.iso?sig=a%2Fb&n=1' \
  -H 'accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' \
  -H 'accept-encoding: gzip, deflate, br' \
  -H 'accept-language: en-GB,en;q=0.9' \
  -b 'session=0123; theme=dark' \
  -H 'range: bytes=0-' \
  -H 'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"' \
  -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64)' \
  --compressed`;
    expect(parseCurlCommand(command)).toEqual({
      request: {
        url: 'https://example.org/files/big.iso?sig=a%2Fb&n=1',
        headers: [
          ['accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'],
          ['accept-language', 'en-GB,en;q=0.9'],
          ['sec-ch-ua', '"Chromium";v="140", "Not=A?Brand";v="24"'],
          ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64)'],
        ],
        cookie: 'session=0123; theme=dark',
      },
      insecure: false,
      ignored: ['-H range'],
    });
  });

  test('Chromium, a POST with a body it has to escape', () => {
    const command = String.raw`curl 'https://example.org/export' \
  -X 'POST' \
  -H 'content-type: application/json' \
  --data-raw $'{"name":"it\'s \u4e2d\u6587\u0021","path":"C:\\\\x\\n"}' \
  --insecure`;
    expect(parseCurlCommand(command)).toEqual({
      request: {
        url: 'https://example.org/export',
        method: 'POST',
        headers: [['content-type', 'application/json']],
        body: '{"name":"it\'s 中文!","path":"C:\\\\x\\n"}',
        insecure: true,
      },
      insecure: true,
      ignored: [],
    });
  });

  test('Firefox, with the headers of the connection and the host repeated', () => {
    const command =
      "curl -g 'https://example.org:8443/a[1-2].zip' --compressed -H 'Host: example.org:8443' -H 'User-Agent: Mozilla/5.0 Gecko' " +
      "-H 'Connection: keep-alive' -H 'TE: trailers' -H 'Cookie: a=1; b=2' -H 'Referer: https://example.org/'";
    expect(parseCurlCommand(command)).toEqual({
      request: {
        url: 'https://example.org:8443/a[1-2].zip',
        headers: [
          ['User-Agent', 'Mozilla/5.0 Gecko'],
          ['Referer', 'https://example.org/'],
        ],
        cookie: 'a=1; b=2',
      },
      insecure: false,
      ignored: [],
    });
  });

  test('Safari, with the method first and quotes around everything', () => {
    const command = `curl 'https://example.org/x.dmg' \\
-X 'GET' \\
-H 'Accept: */*' \\
-H 'Priority: u=3, i' \\
-H 'User-Agent: Mozilla/5.0 (Macintosh) Version/18.0 Safari/605.1.15'`;
    expect(requestOf(command)).toEqual({
      url: 'https://example.org/x.dmg',
      method: 'GET',
      headers: [
        ['Accept', '*/*'],
        ['Priority', 'u=3, i'],
        ['User-Agent', 'Mozilla/5.0 (Macintosh) Version/18.0 Safari/605.1.15'],
      ],
    });
  });

  test('brackets that Chromium escapes for curl are plain again', () => {
    expect(requestOf(String.raw`curl 'https://h/\[1-2\]/\{a,b\}'`).url).toBe('https://h/[1-2]/{a,b}');
  });
});

describe('words', () => {
  test.each([
    ['single quotes keep all', String.raw`'a\n"$HOME"'`, [String.raw`a\n"$HOME"`]],
    ['double quotes resolve few escapes', String.raw`"a\"b\\c\$d\n\'"`, [String.raw`a"b\c$d\n\'`]],
    ['ANSI quotes resolve many', String.raw`$'a\tb\x41\101\u00e9\U0001f600\'\\\e\cA'`, ["a\tbAAé😀'\\\x1b\x01"]],
    ['surrogate halves meet', String.raw`$'\ud83d\ude00'`, ['😀']],
    ['escaped bytes are UTF-8', String.raw`$'\xe4\xb8\xad\344\270\255'`, ['中中']],
    ['escaped bytes that are not are latin1', String.raw`$'\xe9t'`, ['ét']],
    ['an unknown escape stays', String.raw`$'\q'`, [String.raw`\q`]],
    ['parts join to one word', String.raw`a'b'"c"$'d'\ e`, ['abcd e']],
    ['empty words count', `'' ""`, ['', '']],
    ['a line goes on behind a backslash', 'a \\\n  b\\\r\nc "d\\\ne"', ['a', 'bc', 'de']],
    ['a dollar sign alone is plain', `a$ "5$" '$'`, ['a$', '5$', '$']],
    ['what a shell may match against files is plain', '*?[a]~{b}', ['*?[a]~{b}']],
    ['a comment ends the line', 'a b#c # d', ['a', 'b#c']],
    ['comments may follow', 'a b\n# c\n\n#d', ['a', 'b']],
    ['a comment goes on behind no backslash, the empty line after it does', 'a #b\\\n\\\n#c', ['a']],
    ['a backslash at the very end goes on to nothing', 'a b \\', ['a', 'b']],
    ['blank lines around', '\n\n a b ;\n\n', ['a', 'b']],
    ['a caret is plain', 'a^b', ['a^b']],
  ])('%s', (_, text, words) => expect(wordsOf(text)).toEqual(words));

  test('each word tells where it begins', () => {
    expect(bashWords("ab 'c' \\\n  d")).toEqual([
      { text: 'ab', line: 1, column: 1 },
      { text: 'c', line: 1, column: 4 },
      { text: 'd', line: 2, column: 3 },
    ]);
  });

  const environment = { ...process.env, LC_ALL: 'C.UTF-8' };
  // macOS has a bash that is too old for \u, Windows none.
  const hasBash = spawnSync('bash', ['-c', String.raw`[ $'\u4e2d' = 中 ]`], { env: environment }).status === 0;

  test.runIf(hasBash)('the words are those of bash', () => {
    const part = fc.constantFrom("'", '"', '\\', ' ', 'a', 'b', '#', "$'", '\\n', '\\x41', '\\u4e2d', "\\'", '\\"', '\\\n', '');
    let compared = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const bash = spawnSync('bash', ['-c', `printf '%s\\0' x ${text} z`], { encoding: 'utf8', env: environment });
        if (bash.status === 0 && bash.stderr === '') {
          compared += 1;
          expect(wordsOf(`x ${text} z`)).toEqual(bash.stdout.split('\0').slice(0, -1));
        } else {
          expect(() => bashWords(`x ${text} z`)).toThrow(CurlSyntaxError);
        }
      }),
    );
    expect(compared).toBeGreaterThan(10);
  });
});

describe('options', () => {
  test.each([
    ['-XPUT', 'PUT'],
    ['-X PUT', 'PUT'],
    ['--request PUT', 'PUT'],
    ['--request=PUT', 'PUT'],
    ['-d a=1', 'POST'],
    ['-d a=1 -X PUT', 'PUT'],
    ['-G -d a=1', undefined],
    ['-I', 'HEAD'],
    ['-sSL', undefined],
  ])('%s sends the method %s', (options, method) => expect(requestOf(`curl ${options} https://h/`).method).toBe(method));

  test.each([
    ["-H 'A: b'", [['A', 'b']]],
    [
      "-HA:b --header 'C:  d '",
      [
        ['A', 'b'],
        ['C', 'd'],
      ],
    ],
    ["-H 'Empty;'", [['Empty', '']]],
    ["-H 'Accept:'", undefined],
    ['-A tool/1', [['User-Agent', 'tool/1']]],
    ["-A tool/1 -H 'User-Agent:'", undefined],
    ["-A tool/1 -H 'user-agent: own'", [['user-agent', 'own']]],
    ["-A ''", undefined],
    ["-e 'https://r/;auto'", [['Referer', 'https://r/']]],
    ['-d a', [['Content-Type', 'application/x-www-form-urlencoded']]],
    ["-d a -H 'content-type: text/plain'", [['content-type', 'text/plain']]],
    ["-d a -H 'Content-Type:'", undefined],
    [
      "--json '{}'",
      [
        ['Accept', 'application/json'],
        ['Content-Type', 'application/json'],
      ],
    ],
    ['--oauth2-bearer t', [['Authorization', 'Bearer t']]],
    ["-H ':authority: h' -H 'authority: h' -H 'Content-Length: 5'", undefined],
  ])('%s sends the headers %j', (options, headers) => expect(headersOf(`curl ${options} https://h/`)).toEqual(headers));

  test.each([
    ['-d a=1 --data b=2', 'a=1&b=2'],
    ["-d ''", ''],
    ["--data-raw '@a'", '@a'],
    ['--data-binary a --data-ascii b', 'a&b'],
    ["--data-urlencode 'q=a b&c'", 'q=a+b%26c'],
    ["--data-urlencode 'a b'", 'a+b'],
    ["--data-urlencode '=a@b'", 'a%40b'],
    ["--data-urlencode 'q=it'\"'\"'s é'", 'q=it%27s+%C3%A9'],
    ["--json '{\"a\":' --json '1}'", '{"a":1}'],
  ])('%s sends the body %s', (options, body) => expect(requestOf(`curl ${options} https://h/`).body).toBe(body));

  test.each([
    ['curl h/x', 'http://h/x'],
    ['curl HTTPS://h/x', 'HTTPS://h/x'],
    ['curl --url https://h/x', 'https://h/x'],
    ['curl --url=https://h/x', 'https://h/x'],
    ['curl -s -- https://h/x', 'https://h/x'],
    ['$ curl https://h/x', 'https://h/x'],
    ['/usr/bin/curl https://h/x', 'https://h/x'],
    ['curl https://h/x?a=1', 'https://h/x?a=1'],
    ["curl 'http://[::1]:80/x'", 'http://[::1]:80/x'],
    ["curl 'https://h/?ids[]=1'", 'https://h/?ids[]=1'],
    ["curl -G -d a=1 -d b=2 'https://h/x'", 'https://h/x?a=1&b=2'],
    ["curl --get --data-urlencode 'q=a b' 'https://h/x?y=1#z'", 'https://h/x?y=1&q=a+b#z'],
  ])('%s asks for %s', (command, url) => expect(requestOf(command).url).toBe(url));

  test('a cookie, a login and a proxy have their own places', () => {
    expect(parseCurlCommand("curl -b a=1 -H 'Cookie: b=2' -b '' -u 'me:p:w' -kx proxy:3128 https://h/")).toEqual({
      request: { url: 'https://h/', cookie: 'a=1; b=2', login: { user: 'me', password: 'p:w' }, insecure: true },
      proxy: 'http://proxy:3128',
      insecure: true,
      ignored: [],
    });
    expect(parseCurlCommand('curl --proxy socks5h://u:p@proxy:1080 https://h/').proxy).toBe('socks5h://u:p@proxy:1080');
  });

  test('what is left out is named once and without its value', () => {
    const command =
      "curl -fsSLO -o out.bin --http2 --http1.1 -m 5 -m 6 -H 'Range: bytes=5-' -H 'If-None-Match: x' -H 'Host: other' https://h/";
    expect(parseCurlCommand(command).ignored).toEqual(['-O', '-o', '-m', '-H Range', '-H If-None-Match', '-H Host']);
  });
});

describe('refusals', () => {
  test.each([
    ['a variable', 'curl https://h/$ID', /variables and commands are not expanded/, 16],
    ['a variable in quotes', 'curl "https://h/$ID"', /not expanded/, 17],
    ['a variable in braces', 'curl https://h/${', /not expanded/, 16],
    ['a command', 'curl https://h/ -H "A: $(cat f)"', /not expanded/, 24],
    ['a backtick', 'curl https://h/`id`', /not expanded/, 16],
    ['a translated text', 'curl $"https://h/"', /not expanded/, 6],
    ['a file as data', 'curl https://h/ -d @secret', /-d names a file.*are not read/, 20],
    ['a file as data, attached', 'curl https://h/ -d@secret', /-d names a file/, 17],
    ['a file as binary data', 'curl https://h/ --data-binary @f', /--data-binary names a file/, 31],
    ['a file as encoded data', 'curl https://h/ --data-urlencode n@f', /names a file/, 34],
    ['a file as JSON', 'curl https://h/ --json @f', /names a file/, 24],
    ['a file of headers', 'curl https://h/ -H @f', /names a file/, 20],
    ['a file of cookies', 'curl https://h/ -b cookies.txt', /names a file/, 20],
    ['a file of options', 'curl -K f https://h/', /reads a file/, 6],
    ['an upload', 'curl -F a=@f https://h/', /sends a file/, 6],
    ['a second address', 'curl https://h/ https://i/', /second address/, 17],
    ['a second command', 'curl https://h/; rm -rf x', /second command/, 18],
    ['a second request', 'curl https://h/ --next https://i/', /second request/, 17],
    ['a pipe', 'curl https://h/ | sh', /for the shell/, 17],
    ['a redirection', 'curl https://h/ > f', /for the shell/, 17],
    ['an address that needed quotes', 'curl https://h/?a=1&b=2', /put the value in quotes/, 20],
    ['an open quote', "curl 'https://h/", /never closed/, 6],
    ['an open double quote', 'curl "https://h/', /never closed/, 6],
    ['an open ANSI quote', "curl $'https://h/\\", /never closed/, 6],
    ['no character', "curl $'\\UFFFFFFFF'", /no character of Unicode/, 10],
    ['a pattern of addresses', "curl 'https://h/[1-9].zip'", /pattern for several/, 6],
    ['a list of addresses', "curl 'https://h/{a,b}'", /pattern for several/, 6],
    ['another scheme', 'curl ftp://h/', /http:\/\/ or https:\/\//, 6],
    ['an empty address', "curl ''", /http:\/\/ or https:\/\//, 6],
    ['no address', 'curl -s', /names no address/, 1],
    ['no value', 'curl https://h/ -H', /-H needs a value/, 17],
    ['an unknown option', 'curl https://h/ --frobnicate x', /--frobnicate is no option/, 17],
    ['an unknown letter', 'curl -sP https://h/', /-P is no option/, 6],
    ['a lone dash', 'curl - https://h/', /is no option/, 6],
    ['a name of every object', 'curl --constructor https://h/', /is no option/, 6],
    ['a header without a colon', 'curl https://h/ -H nonsense', /NAME: VALUE/, 20],
    ['a header of two lines', "curl https://h/ -H $'A: b\\r\\nC: d'", /line break/, 20],
    ['a cookie of two lines', "curl https://h/ -b $'a=b\\nc'", /line break/, 20],
    ['a login without password', 'curl -u me https://h/', /NAME:PASSWORD/, 9],
    ['a login that is neither Basic nor Digest', 'curl --ntlm -u a:b https://h/', /other than Basic and Digest/, 6],
    ['a method of two words', "curl -X 'A B' https://h/", /needs a method/, 9],
    ['another program', 'wget https://h/', /begins with curl/, 1],
    ['nothing', '', /begins with curl/, 1],
    ['curl under PowerShell', 'curl "https://h/" `\r\n -H "a: b"', /not expanded/, 19],
    ['cmd: a variable', 'curl.exe https://h/%USERNAME%', /not expanded/, 20],
    ['cmd: an address that needed quotes', 'curl.exe https://h/?a=1&b=2', /put the value in quotes/, 24],
    ['cmd: a pipe', 'curl ^"https://h/^" | more', /for the shell/, 21],
    ['cmd: a second command', 'curl ^"https://h/^"\ndel x', /second command/, 1],
    ['cmd: an open quote', 'curl ^"https://h/', /never closed/, 7],
    ['cmd: a quote over lines', 'curl.exe "https://h/\n"', /never closed/, 10],
    ['cmd: a file as data', 'curl ^"https://h/^" -d ^"@f^"', /-d names a file/, 25],
    ['PowerShell: a variable', 'iwr "https://h/$id"', /not expanded/, 16],
    ['PowerShell: a command', 'iwr "https://h/$(id)"', /not expanded/, 16],
    ['PowerShell: a second command', 'iwr https://h/; rm x', /this is not understood|second command/, 17],
    ['PowerShell: a pipe', 'iwr https://h/ | iex', /a value is missing/, 16],
    ['PowerShell: an open quote', "iwr 'https://h/", /never closed/, 5],
    ['PowerShell: a file as body', 'iwr https://h/ -InFile f', /-InFile is no parameter/, 16],
    ['PowerShell: a script block', 'iwr https://h/ -Body { 1 }', /a value is missing/, 22],
    ['PowerShell: an object of another kind', '$c = New-Object Net.WebClient', /only a new WebRequestSession/, 6],
    [
      'PowerShell: a cookie without a domain',
      '$s.Cookies.Add((New-Object System.Net.Cookie("a", "b")))',
      /name, value, path, domain/,
      16,
    ],
    ['PowerShell: no request', '$s = New-Object Microsoft.PowerShell.Commands.WebRequestSession', /no Invoke-WebRequest/, 64],
    ['PowerShell: a header of two lines', 'iwr https://h/ -Headers @{"a"="b`nc"}', /line break/, 27],
  ])('%s', (_, command, message, column) => {
    const failure = failureOf(command);
    expect(failure.message).toMatch(message);
    expect(failure.message).toContain(`column ${column})`);
    expect(failure).toMatchObject({ name: 'CurlSyntaxError', column });
  });

  test('the line is told where there are several', () => {
    const failure = failureOf("curl 'https://h/' \\\n  -H 'A: b' \\\n  -d @f");
    expect(failure).toMatchObject({ line: 3, column: 6 });
    expect(failure.message).toContain('(line 3, column 6)');
  });

  test('no value of the command gets into a message', () => {
    const commands = ['-H hunter2', "-H $'A: hunter2\\n'", '-b hunter2', '-u hunter2', '-d @hunter2', "-X 'hunter 2'", '-x a -y'];
    for (const options of commands) expect(failureOf(`curl ${options}`).message).not.toContain('hunter');
  });
});

describe('whatever is pasted', () => {
  const part = fc.constantFrom(
    'curl ',
    'https://h/ ',
    '-H ',
    "'A: b' ",
    '-d ',
    '--',
    '-',
    '@',
    "'",
    '"',
    '$',
    '\\',
    '^',
    '\n',
    ';',
    '[',
    '=',
    'X',
    '^"',
    '@{',
    '}',
    '`',
    '(',
    ')',
    '-Uri ',
    '-Headers ',
    '-Body ',
  );
  const starts = fc.constantFrom('curl ', 'curl ^"', 'curl.exe ', 'iwr ', '$s = ', '$s.Cookies.Add(');
  const pasted = fc.oneof(
    fc.string(),
    fc.tuple(starts, fc.array(fc.oneof(part, fc.string({ maxLength: 4 })))).map(([start, parts]) => `${start}${parts.join('')}`),
  );

  test('it is a request for one http(s) address, or an error with a place', () => {
    fc.assert(
      fc.property(pasted, (text) => {
        try {
          expect(parseCurlCommand(text).request.url).toMatch(/^https?:\/\/./i);
        } catch (error) {
          if (!(error instanceof CurlSyntaxError)) throw error;
          expect(error.line).toBeGreaterThan(0);
          expect(error.column).toBeGreaterThan(0);
        }
      }),
    );
  });

  const forBash = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  /** As browsers do it for the prompt: backslashes twice, and a caret before all that is not surely plain. */
  const forPrompt = (text: string): string => {
    const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    return `^"${escaped.replace(/[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`]/g, '^$&').replace(/\n/g, '^\n\n')}^"`;
  };
  const forPowerShell = (text: string): string =>
    `"${text.replace(/[`$"]/g, '`$&').replace(/[^\x20-\x7e]/gu, (char) => `$([char]${char.codePointAt(0)})`)}"`;

  test.each([
    ['bash', forBash, (header: string, body: string) => `curl https://h/ -H ${header} --data-raw ${body}`],
    ['cmd', forPrompt, (header: string, body: string) => `curl ^"https://h/^" ^\n  -H ${header} ^\n  --data-raw ${body}`],
  ])('a header and a body come through the quoting of %s as they were', (_name, quote, command) => {
    const text = fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[\r\n\0\v\f\u0085\u2028\u2029]/g, ''));
    return fc.assert(
      fc.property(text, text, (value, body) => {
        fc.pre(value.trim() !== '');
        const request = requestOf(command(quote(`X-Own: ${value}`), quote(body)));
        expect(request.headers?.[0]).toEqual(['X-Own', value.trim()]);
        expect(request.body).toBe(body);
      }),
    );
  });

  test('a header and a body come through the quoting of PowerShell as they were', () => {
    const text = fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[\r\n\0]/g, '').toWellFormed());
    return fc.assert(
      fc.property(text, text, (value, body) => {
        fc.pre(value.trim() !== '');
        const fields = `-Headers @{\n${forPowerShell('X-Own')}=${forPowerShell(value)}\n} `;
        const request = requestOf(`Invoke-WebRequest -Uri "https://h/" \`\n${fields}\`\n-Body ${forPowerShell(body)}`);
        expect(request.headers?.[0]).toEqual(['X-Own', value.trim()]);
        expect(request.body).toBe(body);
      }),
    );
  });
});

test.each([
  ['words in quotes', `curl ${'"a" '.repeat(250_000)}`],
  ['carets', `curl ${' ^'.repeat(500_000)}`],
  ['headers of PowerShell', `Invoke-WebRequest -Uri "http://a/" -Headers @{${'"a"="b";'.repeat(120_000)}}`],
])('a megabyte of %s is read in moments, not minutes', (_what, text) => {
  const begun = performance.now();
  try {
    parseCurlCommand(text);
  } catch (error) {
    expect(error).toBeInstanceOf(CurlSyntaxError);
  }
  expect(performance.now() - begun).toBeLessThan(5_000);
});
