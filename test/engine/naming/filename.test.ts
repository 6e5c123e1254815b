/** Names that are safe on every system, and where a name comes from when nobody gives one. */
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join, posix, win32 } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkUserName, nameBytesMax, nameFor, safeName, splitExtension } from '../../../electron/engine/naming/filename.ts';
import { tempDirectory } from '../../support/temp.ts';

// The nasty parts meet in the right order only now and then.
fc.configureGlobal({ numRuns: 2000 });

const hostileNames: readonly (readonly [raw: string, name: string])[] = [
  ['../../x', 'x'],
  ['..\\x', 'x'],
  ['..\\..\\evil.exe', 'evil.exe'],
  ['/etc/x', 'x'],
  ['C:\\x', 'x'],
  ['C:x', 'x'],
  ['\\\\server\\share\\x.txt', 'x.txt'],
  ['x\0.exe', 'x.exe'],
  ['a/b', 'b'],
  ['a/b/', 'b'],
  ['..', 'download'],
  ['../..', 'download'],
  ['.', 'download'],
  ['/', 'download'],
  ['', 'download'],
  ['x.txt:stream', 'x.txt'],
  ['x.txt:stream:$DATA', 'x.txt'],
  ['x.txt::$DATA', 'x.txt'],
  ['x:stream', 'stream'],
  ['~', 'download'],
  ['~root', 'root'],
  ['~/x', 'x'],
  ['-rf', 'rf'],
  ['--help', 'help'],
  [' - x', 'x'],
];

describe('F97 a name never leaves its folder', () => {
  test.each(hostileNames)('%j becomes %j', (raw, name) => expect(safeName(raw)).toBe(name));

  test('percent-encoded traversal in an address is cleaned after decoding', () => {
    const url = 'https://example.org/files/%2e%2e%2f%2e%2e%2fevil.sh';
    expect(nameFor({ finalUrl: url, originalUrl: url })).toBe('evil.sh');
    const query = 'https://example.org/get?file=..%2F..%2F..%5Cpasswd.txt';
    expect(nameFor({ finalUrl: query, originalUrl: query })).toBe('passwd.txt');
  });

  test('traversal in Content-Disposition is cleaned after decoding', () => {
    const finalUrl = 'https://example.org/a';
    for (const contentDisposition of [
      'attachment; filename="../../evil.sh"',
      'attachment; filename="..\\..\\evil.sh"',
      'attachment; filename="%2e%2e%2fevil.sh"',
      "attachment; filename*=UTF-8''..%2F..%5Cevil.sh",
      'attachment; filename="=?UTF-8?Q?=2E=2E=2Fevil.sh?="',
      'attachment; filename="&#46;&#46;&#47;evil.sh"',
    ]) {
      expect(nameFor({ contentDisposition, finalUrl, originalUrl: finalUrl }), contentDisposition).toBe('evil.sh');
    }
  });

  test('a file created under a cleaned name lies in the chosen folder', async () => {
    await using directory = await tempDirectory();
    for (const [index, [raw]] of hostileNames.entries()) {
      const folder = directory.file(String(index));
      await mkdir(folder);
      const path = join(folder, safeName(raw));
      await writeFile(path, '', { flag: 'wx' });
      expect(dirname(await realpath(path))).toBe(folder);
    }
  });
});

describe('F98 a name is storable and honest on every system', () => {
  test.each([
    ['CON', 'CON_'],
    ['con', 'con_'],
    ['nul.txt', 'nul_.txt'],
    ['NUL.tar.gz', 'NUL_.tar.gz'],
    ['aux .txt', 'aux_ .txt'],
    ['COM1', 'COM1_'],
    ['COM¹', 'COM¹_'],
    ['lpt³.log', 'lpt³_.log'],
    ['CONIN$', 'CONIN$_'],
    ['C\u200bON', 'CON_'],
    ['CON.', 'CON_'],
    ['console.txt', 'console.txt'],
    ['COM10', 'COM10'],
    ['a.txt.', 'a.txt'],
    ['a.txt . .', 'a.txt'],
    ['a.txt\u3000', 'a.txt'],
    ['  a.txt', 'a.txt'],
    ['a\r\n b.txt', 'a b.txt'],
    ['a\u0085b\u009f.txt', 'ab.txt'],
    ['a<b>c"d|e?f*.txt', 'abcdef.txt'],
    ['Vol 1: Intro.pdf', 'Vol 1 Intro.pdf'],
    ['???', 'download'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['a\u2066b\u2069\u200f.txt', 'ab.txt'],
    ['\ufeffa\u200b\u200db.txt', 'ab.txt'],
    ['e\u0301te\u0301.txt', '\u00e9t\u00e9.txt'],
    ['e\u200b\u0301.txt', '\u00e9.txt'],
    ['half \ud800.txt', 'half .txt'],
    ['lost \ufffd.txt', 'lost _.txt'],
    ['.bashrc', '.bashrc'],
    ['中文 (1).tar.gz', '中文 (1).tar.gz'],
    ['👩‍💻.png', '👩💻.png'],
  ])('%j becomes %j', (raw, name) => expect(safeName(raw)).toBe(name));
});

describe('F99 a long name is cut to bytes', () => {
  const sizeOf = (text: string): number => Buffer.byteLength(text);

  test('the longest suffixes the engine appends still fit in 255 bytes', () => {
    const name = safeName('n'.repeat(400));
    for (const suffix of ['.part', '.part.ckpt', '.part.sums', '.part.aside']) {
      expect(sizeOf(`${name} (123)${suffix}`)).toBeLessThanOrEqual(255);
    }
    expect(sizeOf(name)).toBe(nameBytesMax);
  });

  test('a 400-byte Chinese name is cut between characters and keeps its extension', () => {
    const name = safeName(`${'文'.repeat(133)}.zip`);
    expect(name).toBe(`${'文'.repeat(Math.floor((nameBytesMax - 4) / 3))}.zip`);
  });

  test('characters outside the first plane are not halved', () => {
    expect(safeName('😀'.repeat(100))).toBe('😀'.repeat(Math.floor(nameBytesMax / 4)));
  });

  test.each(['.tar.gz', '.part07.rar', '.7z.001', '.mp4'])('%s is kept whole', (extension) => {
    const name = safeName('a'.repeat(300) + extension);
    expect(name.endsWith(`a${extension}`)).toBe(true);
    expect(sizeOf(name)).toBe(nameBytesMax);
  });

  test('what follows the last dot of a sentence is not an extension', () => {
    expect(safeName(`${'a'.repeat(300)}. And then some more words`)).toBe('a'.repeat(nameBytesMax));
  });

  test('a cut that ends in blanks or dots is trimmed', () => {
    expect(safeName(`${'a'.repeat(nameBytesMax - 2)}${' .'.repeat(20)}b c d`)).toBe('a'.repeat(nameBytesMax - 2));
  });

  test('a name that fits is untouched', () => {
    const name = `${'a'.repeat(nameBytesMax - 4)}.zip`;
    expect(safeName(name)).toBe(name);
  });

  test.each([
    ['a.tar.gz', 'a', '.tar.gz'],
    ['a.b.zip', 'a.b', '.zip'],
    ['.bashrc', '.bashrc', ''],
    ['README', 'README', ''],
    ['a. b', 'a. b', ''],
  ])('%s is split into %j and %j', (name, stem, extension) => expect(splitExtension(name)).toEqual([stem, extension]));
});

describe('F101 where the name comes from', () => {
  const from = (url: string, more: Partial<Parameters<typeof nameFor>[0]> = {}): string =>
    nameFor({ finalUrl: url, originalUrl: url, ...more });
  const contentDisposition = 'attachment; filename="told.pdf"';

  test('the user comes first and gets no extension added', () => {
    expect(from('https://h/x.zip', { userName: 'mine', contentDisposition, contentType: 'application/pdf' })).toBe('mine');
  });

  test('Content-Disposition comes before the address', () => {
    expect(from('https://h/x.zip', { contentDisposition })).toBe('told.pdf');
  });

  test.each(['attachment', 'attachment; filename=""', 'attachment; filename=".."', 'attachment; filename="/"'])(
    'a Content-Disposition without a usable name is passed over: %s',
    (value) => expect(from('https://h/x.zip', { contentDisposition: value })).toBe('x.zip'),
  );

  test.each([
    ['https://h/a/x.zip', 'x.zip'],
    ['https://h/a/x.zip/', 'x.zip'],
    ['https://h/a/x.zip?token=1#part', 'x.zip'],
    ['https://h/a/x.zip;jsessionid=0A1B.node1?y=2', 'x.zip'],
    ['https://h/a;v=1/x;type=i;q=2', 'x'],
    ['https://h/a;b.txt', 'a;b.txt'],
    ['https://h/%E4%B8%AD%E6%96%87.txt', '中文.txt'],
    ['https://h/中文.txt', '中文.txt'],
    ['https://h/%D6%D0%CE%C4%B1%A8%B8%E6.txt', '中文报告.txt'],
    ['https://h/100%.txt', '100%.txt'],
    ['https://h/a%FF%FF%98.txt', 'a%FF%FF%98.txt'],
    ['https://h/a+b.txt', 'a+b.txt'],
    ['https://h/disk.7z.001', 'disk.7z.001'],
    ['https://h/download?filename=x.zip', 'x.zip'],
    ['https://h/?filename=x.zip', 'x.zip'],
    ['https://h/?a=1&FILE=my+report%20%C3%A9.pdf', 'my report é.pdf'],
    ['https://h/get.php?name=x.zip', 'x.zip'],
    ['https://h/y.zip?filename=x.zip', 'y.zip'],
    ['https://h/?name=Ann&file=x.zip', 'x.zip'],
    ['https://h/get?file=%D6%D0%CE%C4.zip', '中文.zip'],
    ['https://h/get?name=Ann', 'get'],
    ['https://h/get.php?id=1', 'get.php'],
    ['https://h/releases/v1.2', 'v1.2'],
    ['https://example.org/', 'example.org'],
    ['https://example.org', 'example.org'],
    ['https://example.org/?q=1', 'example.org'],
    ['http://[::1]:8080/', '[1]'],
  ])('%s is called %s', (url, name) => expect(from(url)).toBe(name));

  test.each([
    ['a redirect cannot replace a good name', 'https://h/report.pdf', 'https://evil/.bashrc.sh', 'report.pdf'],
    ['a redirect names what the address did not', 'https://h/latest', 'https://cdn/app-1.2.zip', 'app-1.2.zip'],
    ['a script is no good name', 'https://h/get.php', 'https://cdn/app-1.2.zip', 'app-1.2.zip'],
    ['a field of the first address comes before one of the last', 'https://h/g?file=a.zip', 'https://c/g?file=b.zip', 'a.zip'],
    ['a field of the last address is used', 'https://h/g', 'https://c/x?filename=b.zip', 'b.zip'],
    ['of two names without extension the first is kept', 'https://h/tool', 'https://c/0123abcd', 'tool'],
    ['the first host is kept', 'https://example.org/', 'https://cdn.example.net/', 'example.org'],
  ])('%s', (_, originalUrl, finalUrl, name) => expect(nameFor({ originalUrl, finalUrl })).toBe(name));

  test('the final answer names the file, even behind a redirect', () => {
    expect(nameFor({ originalUrl: 'https://h/a.zip', finalUrl: 'https://c/b.zip', contentDisposition })).toBe('told.pdf');
  });

  test.each([
    ['https://h/report', 'application/pdf', 'report.pdf'],
    ['https://h/report', 'Application/PDF; charset=binary', 'report.pdf'],
    ['https://h/v1.2', 'application/zip', 'v1.2.zip'],
    ['https://h/photo.jpeg', 'image/png', 'photo.jpeg'],
    ['https://h/page', 'text/html; charset=utf-8', 'page.html'],
    ['https://h/page.php', 'text/html', 'page.php'],
    ['https://h/x.zip', 'text/html', 'x.zip'],
    ['https://h/get.php?id=1', 'application/zip', 'get.zip'],
    ['https://h/raw/Makefile', 'text/plain', 'Makefile'],
    ['https://h/blob', 'application/octet-stream', 'blob'],
    ['https://h/blob', 'constructor', 'blob'],
    ['https://example.org/', 'text/html', 'example.org.html'],
    ['https://example.org/', 'text/plain', 'example.org.txt'],
    ['https://h/con', 'application/pdf', 'con_.pdf'],
  ])('%s answered as %s is called %s', (url, contentType, name) => expect(from(url, { contentType })).toBe(name));

  test('a told name without extension gets one, a told script keeps its own', () => {
    const contentType = 'application/pdf';
    expect(from('https://h/', { contentType, contentDisposition: 'attachment; filename=report' })).toBe('report.pdf');
    expect(from('https://h/', { contentType, contentDisposition: 'attachment; filename=index.php' })).toBe('index.php');
  });

  test('an extension that is added makes no name too long', () => {
    const name = from(`https://h/${'a'.repeat(400)}`, { contentType: 'application/pdf' });
    expect(Buffer.byteLength(name)).toBe(nameBytesMax);
    expect(name.endsWith('a.pdf')).toBe(true);
  });
});

describe('F97 a name of the user is refused with a reason', () => {
  test.each([
    ['', 'it is empty'],
    ['  ', 'it is empty'],
    ['a/b', 'it contains / or \\, which separate folders'],
    ['a\\b', 'it contains / or \\, which separate folders'],
    ['..', 'it means a folder'],
    ['a\nb', 'it contains a control character'],
    ['a\u202eb', 'it contains an invisible character'],
    ['a:b', 'it contains :, which some systems do not allow'],
    ['what?', 'it contains ?, which some systems do not allow'],
    ['nul.txt', 'it is the name of a device on Windows'],
    ['文'.repeat(100), 'it is 300 bytes long, more than 238'],
    ['-rf', 'it begins with a blank, - or ~, or ends with a blank or a dot'],
    ['a.', 'it begins with a blank, - or ~, or ends with a blank or a dot'],
    ['a\ufffd', 'it would have to be written a_'],
  ])('%j: %s', (name, reason) => expect(checkUserName(name)).toBe(reason));

  test.each(['a', 'a b.txt', '.bashrc', '中文.tar.gz', 'e\u0301.txt', '<\u0338.txt', 'a'.repeat(nameBytesMax)])(
    '%j is usable',
    (name) => expect(checkUserName(name)).toBeUndefined(),
  );
});

describe('F97 F98 F99 whatever the name', () => {
  const nasty = fc.constantFrom(
    ...['..', '/', '\\', ':', 'C:', '~', '-', '.', ' ', '\0', '\n', '\x7f', '\u202e', '\u200b', '\ufeff', '\ud800', '\ufffd'],
    ...['CON', 'nul', 'COM¹', 'lpt9', '::$DATA', ':s', '.txt', '.tar.gz', 'e', '\u0301', '\u1fef', '\u037e', '文'.repeat(70)],
    ...['a'.repeat(230), '😀'.repeat(50), '<', '*', '\u3000', '\u00a0', '_'],
  );
  const anyName = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(nasty, nasty, fc.string({ unit: 'grapheme', maxLength: 3 }))).map((parts) => parts.join('')),
  );

  test('it is a plain name: no separators, controls, devices; never empty; short enough', () => {
    return fc.assert(
      fc.property(anyName, (raw) => {
        const name = safeName(raw);
        expect(name).not.toBe('');
        expect(name).not.toMatch(/[<>:"/\\|?*\p{Cc}\p{Cs}\ufffd\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/u);
        expect(name).not.toMatch(/^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(?:\.|$)/i);
        expect(name).not.toMatch(/^[\s~-]|[\s.]$/);
        expect(name).toBe(name.normalize('NFC'));
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(nameBytesMax);
      }),
    );
  });

  test('it stays in its folder by the rules of both path styles', () => {
    return fc.assert(
      fc.property(anyName, (raw) => {
        const name = safeName(raw);
        expect(posix.dirname(posix.join('/home/me/Downloads', name))).toBe('/home/me/Downloads');
        expect(win32.dirname(win32.join('C:\\Users\\me', name))).toBe('C:\\Users\\me');
        expect(posix.basename(name)).toBe(name);
        expect(win32.basename(name)).toBe(name);
      }),
    );
  });

  test('cleaning it again changes nothing', () => {
    return fc.assert(
      fc.property(anyName, (raw) => {
        expect(safeName(safeName(raw))).toBe(safeName(raw));
      }),
    );
  });

  test('the user is told of a name exactly when it would be changed', () => {
    return fc.assert(
      fc.property(anyName, (name) => {
        const isKept = name !== '' && safeName(name) === name.normalize('NFC');
        expect(checkUserName(name) === undefined).toBe(isKept);
      }),
    );
  });

  test('whatever the sources say, the name is one that cleaning leaves alone', () => {
    const escaped = fc.oneof(anyName, fc.string({ unit: 'binary' })).map((text) => encodeURIComponent(text.toWellFormed()));
    const url = fc.tuple(escaped, escaped).map(([path, query]) => `https://example.org/${path}?file=${query}`);
    const type = fc.constantFrom(undefined, 'text/html', 'application/pdf', 'x');
    return fc.assert(
      fc.property(url, url, type, fc.option(anyName, { nil: undefined }), (originalUrl, finalUrl, contentType, told) => {
        const contentDisposition =
          told === undefined ? undefined : Buffer.from(`attachment; filename="${told}"`).toString('latin1');
        const name = nameFor({ originalUrl, finalUrl, contentType, contentDisposition });
        expect(safeName(name)).toBe(name);
      }),
    );
  });

  test('a hostile name costs in proportion to its length, not to its square', () => {
    const costMs = (name: string): number => {
      const runs = Array.from({ length: 5 }, () => {
        const begun = performance.now();
        safeName(name);
        return performance.now() - begun;
      });
      return Math.min(...runs);
    };
    for (const part of [' ', '. ', '/', ':', 'a:', '.a:', '\u200b', 'e\u0301', '-', '~ ']) {
      const [short, long] = [costMs(`${part.repeat(2000)}x`), costMs(`${part.repeat(200_000)}x`)];
      // A hundred times the length; the square would be ten thousand times the cost. A busy machine is allowed ten times.
      expect(long, JSON.stringify(part)).toBeLessThan(1000 * Math.max(short, 0.05));
    }
  });
});
