/** What servers put into Content-Disposition, row by row, and the name a person expects to see. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dispositionFileName } from '../../../electron/engine/naming/content-disposition.ts';

/** A header's value as an HTTP parser gives it: one character a byte. */
const header = (...parts: (string | readonly number[])[]): string =>
  parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part)).toString('latin1')).join('');

type Row = readonly [what: string, header: string, name: string | undefined];

function rowsOf(title: string, rows: readonly Row[]): void {
  describe(`F96 ${title}`, () => {
    test.each(rows)('%s', (_, value, name) => expect(dispositionFileName(value)).toBe(name));
  });
}

/** Bytes no encoder of the platform can make, each checked to be what it is said to be. */
const legacy = {
  gbkReport: ['gb18030', '中文报告', [0xd6, 0xd0, 0xce, 0xc4, 0xb1, 0xa8, 0xb8, 0xe6]],
  gbkResume: ['gb18030', '简历-张三', [0xbc, 0xf2, 0xc0, 0xfa, 0x2d, 0xd5, 0xc5, 0xc8, 0xfd]],
  gbkFunction: ['gb18030', '功能', [0xb9, 0xa6, 0xc4, 0xdc]],
  japanese: ['shift_jis', '日本語', [0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea]],
  japaneseWithBackslashByte: ['shift_jis', '表示', [0x95, 0x5c, 0x8e, 0xa6]],
  japaneseEndingInBackslashByte: ['shift_jis', '年表', [0x94, 0x4e, 0x95, 0x5c]],
  hiragana: ['shift_jis', 'こんにちは', [0x82, 0xb1, 0x82, 0xf1, 0x82, 0xc9, 0x82, 0xbf, 0x82, 0xcd]],
  korean: ['euc-kr', '한글', [0xc7, 0xd1, 0xb1, 0xdb]],
  koreanReport: ['euc-kr', '보고서', [0xba, 0xb8, 0xb0, 0xed, 0xbc, 0xad]],
  taiwanese: ['big5', '中文檔案', [0xa4, 0xa4, 0xa4, 0xe5, 0xc0, 0xc9, 0xae, 0xd7]],
  taiwaneseMeeting: ['big5', '會議記錄', [0xb7, 0x7c, 0xc4, 0xb3, 0xb0, 0x4f, 0xbf, 0xfd]],
  taiwaneseWithBackslashByte: ['big5', '功能', [0xa5, 0x5c, 0xaf, 0xe0]],
  russian: ['windows-1251', 'Документ', [0xc4, 0xee, 0xea, 0xf3, 0xec, 0xe5, 0xed, 0xf2]],
  russianReport: ['windows-1251', 'Отчёт', [0xce, 0xf2, 0xf7, 0xb8, 0xf2]],
  french: ['latin1', 'Résumé', [0x52, 0xe9, 0x73, 0x75, 0x6d, 0xe9]],
  german: ['latin1', 'Übersicht', [0xdc, 0x62, 0x65, 0x72, 0x73, 0x69, 0x63, 0x68, 0x74]],
} as const satisfies Record<string, readonly [charset: string, text: string, bytes: readonly number[]]>;

const bytesOf = (name: keyof typeof legacy): readonly number[] => legacy[name][2];

test.each(Object.values(legacy))('F96 the planted %s bytes are %s', (charset, text, bytes) => {
  expect(new TextDecoder(charset, { fatal: true }).decode(Uint8Array.from(bytes))).toBe(text);
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes))).toThrow();
});

rowsOf('plain filename', [
  ['a quoted name', 'attachment; filename="report.pdf"', 'report.pdf'],
  ['a token', 'attachment; filename=report.pdf', 'report.pdf'],
  ['an unquoted name with blanks', 'attachment; filename=my annual report.pdf', 'my annual report.pdf'],
  ['an unquoted name with blanks before another parameter', 'attachment; filename=my report.pdf; size=3', 'my report.pdf'],
  ['a trailing semicolon', 'attachment; filename="report.pdf";', 'report.pdf'],
  ['a trailing semicolon behind a token', 'attachment; filename=report.pdf ; ', 'report.pdf'],
  ['inline', 'inline; filename="page.html"', 'page.html'],
  ['no type', 'filename="report.pdf"', 'report.pdf'],
  ['no blank behind the semicolon', 'attachment;filename="report.pdf"', 'report.pdf'],
  ['a comma for the semicolon', 'attachment, filename="report.pdf"', 'report.pdf'],
  ['capitals and blanks around the equals sign', 'ATTACHMENT; FileName = "report.pdf"', 'report.pdf'],
  ['a semicolon in quotes', 'attachment; filename="a;b.txt"', 'a;b.txt'],
  ['escaped quotes', String.raw`attachment; filename="say \"hi\".txt"`, 'say "hi".txt'],
  ['an escaped apostrophe', String.raw`attachment; filename="it\'s.txt"`, "it's.txt"],
  ['unescaped quotes inside', 'attachment; filename="Some "good" name.pdf"', 'Some "good" name.pdf'],
  ['a path of Windows keeps its separators', String.raw`attachment; filename="C:\docs\a.pdf"`, String.raw`C:\docs\a.pdf`],
  ['a missing closing quote', 'attachment; filename="report.pdf', 'report.pdf'],
  ['apostrophes for quotes', "attachment; filename='report.pdf'", 'report.pdf'],
  ['one apostrophe is part of the name', "attachment; filename='tis.txt", "'tis.txt"],
  ['a name that contains the word filename', 'attachment; xfilename=no.txt; filename=yes.txt', 'yes.txt'],
  ['a percent sign alone', 'attachment; filename="100%.txt"', '100%.txt'],
  ['a missing semicolon between parameters', 'attachment; filename="a.txt" size=3', 'a.txt'],
]);

rowsOf('none, empty, duplicate', [
  ['an empty header', '', undefined],
  ['only a type', 'attachment', undefined],
  ['an empty quoted name', 'attachment; filename=""', undefined],
  ['an empty token', 'attachment; filename=', undefined],
  ['blanks only', 'attachment; filename="   "', undefined],
  ['empty, then good', 'attachment; filename=""; filename="b.txt"', 'b.txt'],
  ['the first of two good ones', 'attachment; filename="a.txt"; filename="b.txt"', 'a.txt'],
  ['two headers joined', 'attachment; filename=a.txt, attachment; filename=b.txt', 'a.txt'],
  ['undecodable, then good', header('attachment; filename="', [0xff, 0xff, 0x98], '"; filename="b.txt"'), 'b.txt'],
  ['only semicolons', ';;;', undefined],
]);

rowsOf('filename*', [
  ['UTF-8', "attachment; filename*=UTF-8''%e4%b8%ad%e6%96%87.txt", '中文.txt'],
  ['before filename', 'attachment; filename*=UTF-8\'\'%E2%82%AC.txt; filename="EUR.txt"', '€.txt'],
  ['after filename', 'attachment; filename="EUR.txt"; filename*=UTF-8\'\'%E2%82%AC.txt', '€.txt'],
  ['without a semicolon before it', "attachment; filename=EUR.txt filename*=UTF-8''%E2%82%AC.txt", '€.txt'],
  ['with a language', "attachment; filename*=UTF-8'en'%C2%A3.txt", '£.txt'],
  ['ISO-8859-1', "attachment; filename*=iso-8859-1''%A3%20rates.txt", '£ rates.txt'],
  ['a raw apostrophe and brackets', "attachment; filename*=UTF-8''it's%20(1).txt", "it's (1).txt"],
  ['raw blanks', "attachment; filename*=UTF-8''my report.txt", 'my report.txt'],
  ['raw UTF-8 instead of escapes', header("attachment; filename*=UTF-8''中文.txt"), '中文.txt'],
  ['in quotes', 'attachment; filename*="UTF-8\'\'%e4%b8%ad.txt"', '中.txt'],
  ['no charset between the quotes', "attachment; filename*=''%e4%b8%ad.txt", '中.txt'],
  ['no quotes at all', 'attachment; filename*=%e4%b8%ad.txt', '中.txt'],
  ['one apostrophe only', "attachment; filename*=UTF-8'%e4%b8%ad.txt", '中.txt'],
  ['UTF-8 labelled ISO-8859-1', "attachment; filename*=iso-8859-1''%e4%b8%ad.txt", '中.txt'],
  ['UTF-8 labelled with an unknown charset', "attachment; filename*=nonsense''%e4%b8%ad.txt", '中.txt'],
  ['GBK labelled GBK', "attachment; filename*=GBK''%D6%D0%CE%C4.txt", '中文.txt'],
  ['GBK labelled UTF-8', "attachment; filename*=UTF-8''%D6%D0%CE%C4.txt", '中文.txt'],
  ['wrongly labelled loses to a good filename', 'attachment; filename*=UTF-8\'\'%D6%D0; filename="plain.txt"', 'plain.txt'],
  ['empty loses to filename', 'attachment; filename*=UTF-8\'\'; filename="plain.txt"', 'plain.txt'],
  ['a percent sign alone', "attachment; filename*=UTF-8''100%.txt", '100%.txt'],
  ['an escaped percent sign is not decoded twice', "attachment; filename*=UTF-8''a%2541.txt", 'a%41.txt'],
  ['undecodable stays escaped', "attachment; filename*=UTF-8''a%FF%FE%81.txt", 'a%FF%FE%81.txt'],
]);

rowsOf('RFC 2231 continuations', [
  ['plain sections', 'attachment; filename*0="foo."; filename*1="html"', 'foo.html'],
  ['encoded and plain sections', 'attachment; filename*0*=UTF-8\'\'%e4%b8; filename*1*=%ad; filename*2=".txt"', '中.txt'],
  ['out of order', 'attachment; filename*1="html"; filename*0="foo."', 'foo.html'],
  ['up to a gap', 'attachment; filename*0="foo"; filename*2="bar"', 'foo'],
  ['without a first section', 'attachment; filename*1="foo"; filename="plain.txt"', 'plain.txt'],
  ['win over filename', 'attachment; filename="plain.txt"; filename*0="foo."; filename*1="html"', 'foo.html'],
  ['lose to filename*', 'attachment; filename*0="foo"; filename*=UTF-8\'\'best.txt', 'best.txt'],
]);

rowsOf('encodings in a plain filename', [
  ['raw UTF-8', header('attachment; filename="中文 ñ.txt"'), '中文 ñ.txt'],
  ['percent-encoded UTF-8', 'attachment; filename="%E4%B8%AD%E6%96%87.txt"', '中文.txt'],
  ['percent-encoded blanks', 'attachment; filename=my%20report.txt', 'my report.txt'],
  ['percent-encoded, but no UTF-8', 'attachment; filename="%D6%D0.txt"', '%D6%D0.txt'],
  ['RFC 2047 base64', 'attachment; filename="=?UTF-8?B?5Lit5paHLnR4dA==?="', '中文.txt'],
  ['RFC 2047 base64, unquoted', 'attachment; filename==?utf-8?b?5Lit5paHLnR4dA==?=', '中文.txt'],
  ['RFC 2047 quoted-printable', 'attachment; filename="=?UTF-8?Q?na=C3=AFve_100%.txt?="', 'naïve 100%.txt'],
  ['RFC 2047 in GBK', 'attachment; filename="=?GBK?B?1tDOxA==?=.txt"', '中文.txt'],
  ['RFC 2047 words that cut a character', 'attachment; filename="=?UTF-8?B?5Lg=?= =?UTF-8?B?reaWhw==?=.txt"', '中文.txt'],
  ['RFC 2047 with a wrong label', 'attachment; filename="=?us-ascii?B?5Lit5paHLnR4dA==?="', '中文.txt'],
  ['an HTML entity', 'attachment; filename="a &amp; b.txt"', 'a & b.txt'],
  ['an HTML entity without quotes', 'attachment; filename=a &amp; b.txt; size=3', 'a & b.txt'],
  ['numeric entities', 'attachment; filename="&#20013;&#x6587;.txt"', '中文.txt'],
  ['an impossible entity', 'attachment; filename="&#xD800;.txt"', '&#xD800;.txt'],
  ['an ampersand alone', 'attachment; filename="R&D; x.txt"', 'R&D; x.txt'],
  ['GBK', header('attachment; filename="', bytesOf('gbkReport'), '.pdf"'), '中文报告.pdf'],
  ['GBK without quotes', header('attachment; filename=', bytesOf('gbkResume'), '.docx'), '简历-张三.docx'],
  ['GBK, two characters', header('attachment; filename="', bytesOf('gbkFunction'), '.txt"'), '功能.txt'],
  ['GBK with an entity', header('attachment; filename="', bytesOf('gbkFunction'), '&amp;.txt"'), '功能&.txt'],
  ['Shift_JIS', header('attachment; filename="', bytesOf('japanese'), '.txt"'), '日本語.txt'],
  [
    'Shift_JIS with a backslash byte',
    header('attachment; filename="', bytesOf('japaneseWithBackslashByte'), '.txt"'),
    '表示.txt',
  ],
  ['Shift_JIS ending in one', header('attachment; filename="', bytesOf('japaneseEndingInBackslashByte'), '"; size=1'), '年表'],
  ['Shift_JIS hiragana', header('attachment; filename="', bytesOf('hiragana'), '.txt"'), 'こんにちは.txt'],
  ['EUC-KR', header('attachment; filename="', bytesOf('korean'), '.txt"'), '한글.txt'],
  ['EUC-KR, a document', header('attachment; filename="', bytesOf('koreanReport'), '.pdf"'), '보고서.pdf'],
  ['Big5', header('attachment; filename="', bytesOf('taiwanese'), '.txt"'), '中文檔案.txt'],
  ['Big5 with ASCII second bytes', header('attachment; filename="', bytesOf('taiwaneseMeeting'), '.txt"'), '會議記錄.txt'],
  ['Big5 with a backslash byte', header('attachment; filename="', bytesOf('taiwaneseWithBackslashByte'), '.txt"'), '功能.txt'],
  ['windows-1251', header('attachment; filename="', bytesOf('russian'), '.pdf"'), 'Документ.pdf'],
  ['windows-1251, odd length', header('attachment; filename="', bytesOf('russianReport'), ' 2024.xlsx"'), 'Отчёт 2024.xlsx'],
  ['latin1', header('attachment; filename="', bytesOf('french'), '.pdf"'), 'Résumé.pdf'],
  ['latin1 at the start', header('attachment; filename="', bytesOf('german'), '.pdf"'), 'Übersicht.pdf'],
  ['noise stays escaped', header('attachment; filename="a', [0xff, 0xff, 0x98], '.bin"'), 'a%FF%FF%98.bin'],
  ['a replacement character sent as such', header('attachment; filename="a\ufffd.bin"'), 'a%EF%BF%BD.bin'],
]);

describe('F96 whatever is sent', () => {
  const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)) });
  const nearly = fc
    .array(
      fc.oneof(
        latin1,
        fc.constantFrom('filename', 'filename*', 'filename*0*', '=', ';', '"', '\\', "UTF-8''", '%', '=?b?', '&#'),
      ),
    )
    .map((parts) => `attachment; ${parts.join('')}`);

  test('a header never throws and never yields U+FFFD or an empty name', () => {
    return fc.assert(
      fc.property(fc.oneof(latin1, nearly), (value) => {
        const name = dispositionFileName(value);
        if (name === undefined) return;
        expect(name).not.toContain('\ufffd');
        expect(name.trim()).not.toBe('');
      }),
    );
  });

  test('a name encoded as RFC 8187 asks comes back as it was', () => {
    return fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const name = text.replaceAll('\ufffd', '').trim();
        fc.pre(name !== '');
        const escaped = [...Buffer.from(name, 'utf8')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        expect(dispositionFileName(`attachment; filename="x"; filename*=UTF-8''${escaped}`)).toBe(name);
      }),
    );
  });

  test('a long hostile header costs milliseconds', () => {
    const hostile = ['" ', '\\"', ', ', '=?', '&amp;', '%e4', '\xd6\xd0', ' ', "''", '*0='].map((part) => part.repeat(8000));
    for (const text of hostile) {
      const begun = performance.now();
      dispositionFileName(`attachment; filename="${text}`);
      dispositionFileName(`attachment; filename=${text}`);
      dispositionFileName(`attachment; filename*=${text}`);
      expect(performance.now() - begun, JSON.stringify(text.slice(0, 8))).toBeLessThan(1000);
    }
  });
});
