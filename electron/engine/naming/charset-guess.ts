/**
 * Which legacy charset are these bytes in? Each candidate that can decode all of them is charged, character by
 * character, the bits that such a character costs a reader of that language (rare ones cost more); the cheapest
 * wins. Short names decide by a few characters, hence the lists of frequent ones.
 */
import { decodeAs } from './byte-text.ts';
import { frequentHan, frequentHangul } from './charset-frequency.ts';

/** Over this many bits a byte no candidate is believed: the bytes are noise, not a name. */
const bitsPerByteMax = 10;
const asciiBits = 5;
const mixedAlphabetsBits = 8;
const impossible = Number.POSITIVE_INFINITY;

/** A charset of one or two bytes a character (four in GB18030 where the second is a digit). */
interface MultiByteCharset {
  readonly label: string;
  readonly isLead: (byte: number) => boolean;
  readonly bits: (char: string, lead: number, trail: number) => number;
}

const isAscii = (char: string): boolean => char < '\x80';
const isLatinLetter = (char: string): boolean => /[a-z]/i.test(char);

/** The first level of each national standard is ordered by use: what it holds is common, what follows is rare. */
const multiByteCharsets: readonly MultiByteCharset[] = [
  {
    label: 'gb18030',
    isLead: (byte) => byte > 0x80,
    bits(char, lead, trail) {
      if (trail < 0x40) return 25;
      if (frequentHan.has(char)) return 9;
      if (trail < 0xa1) return 20;
      if (lead === 0xa1 || lead === 0xa3) return 9;
      if (lead >= 0xb0 && lead <= 0xd7) return 12;
      return lead >= 0xd8 && lead <= 0xf7 ? 16.5 : 18;
    },
  },
  {
    label: 'shift_jis',
    isLead: (byte) => (byte > 0x80 && byte < 0xa0) || byte >= 0xe0,
    bits(char, lead) {
      if (/[\u3041-\u3093]/.test(char)) return 6.5;
      if (/[\u30a1-\u30fc]/.test(char)) return 7;
      if (/[\uff61-\uff9f]/.test(char)) return 11;
      if (frequentHan.has(char)) return 9;
      if (lead === 0x81 || lead === 0x82) return 9;
      return lead >= 0x88 && lead <= 0x98 ? 12.5 : 16.5;
    },
  },
  {
    label: 'euc-kr',
    isLead: (byte) => byte > 0x80,
    bits(char, lead, trail) {
      if (frequentHangul.has(char)) return 8;
      if (trail < 0xa1) return 18;
      if (lead >= 0xb0 && lead <= 0xc8) return 13.5;
      return lead === 0xa1 || lead === 0xa3 ? 9.5 : 17;
    },
  },
  {
    label: 'big5',
    isLead: (byte) => byte > 0x80,
    bits(char, lead) {
      if (frequentHan.has(char)) return 9;
      if (lead >= 0xa1 && lead <= 0xa2) return 9.5;
      if (lead >= 0xa4 && lead <= 0xc6) return 12.5;
      return lead >= 0xc9 && lead <= 0xf9 ? 16.5 : 20;
    },
  },
];

// By constructor: the build writes strings in ASCII, and one letter beyond Latin-1 would double the whole command in memory.
const anyOf = (chars: string, flags = 'i'): RegExp => new RegExp(`[${chars}]`, flags);
const frequentCyrillic = anyOf('оеаинтсрвлкмдпуя');
const russian = anyOf('а-яё');
const ukrainian = anyOf('іїє');
const cyrillicSigns = anyOf('«»№–—„“”…©®°\u00a0', '');
const latinSigns = anyOf('«»–—‘’“”…©®°ºª€¿¡£§\u00a0', '');
const frequentLatin = anyOf('éèêëàâäáãåçíîïñóôöõøúùûüßæœ');
const isCyrillic = (char: string): boolean => /\p{Script=Cyrillic}/u.test(char);
const isUpper = (char: string): boolean => /\p{Lu}/u.test(char);
const isLower = (char: string): boolean => /\p{Ll}/u.test(char);

/** A word in small letters, in capitals or with one capital in front: others are not found in names. */
function oddCaseBits(char: string, previous: string, beforePrevious: string): number {
  if (isUpper(char)) return isLower(previous) ? 8 : 0;
  return isLower(char) && isUpper(previous) && isUpper(beforePrevious) ? 6 : 0;
}

function cyrillicBits(char: string, previous: string, beforePrevious: string): number {
  if (!isCyrillic(char)) return cyrillicSigns.test(char) ? 9 : 15;
  // A letter of one alphabet beside one of the other is what Latin words look like when read as Cyrillic.
  const mixed = isLatinLetter(previous) ? mixedAlphabetsBits : 0;
  const letter = frequentCyrillic.test(char) ? 4 : russian.test(char) ? 6 : ukrainian.test(char) ? 7 : 11;
  return letter + (isUpper(char) ? 1 : 0) + oddCaseBits(char, previous, beforePrevious) + mixed;
}

function latinBits(char: string, previous: string, beforePrevious: string): number {
  if (!/\p{L}/u.test(char)) return latinSigns.test(char) ? 10 : 15;
  const run = !isAscii(previous) && /\p{L}/u.test(previous) ? 4 : 0;
  return (frequentLatin.test(char) ? 5.5 : 9) + run + oddCaseBits(char, previous, beforePrevious);
}

interface Reading {
  readonly text: string;
  readonly bits: number;
  readonly bitsPerByte: number;
}

function toReading(text: string, foreignBits: number, foreignBytes: number, asciiCount: number): Reading {
  return { text, bits: foreignBits + asciiCount * asciiBits, bitsPerByte: foreignBits / foreignBytes };
}

function readMultiByte(text: string, bytes: Uint8Array, { isLead, bits }: MultiByteCharset): Reading {
  let at = 0;
  let asciiCount = 0;
  let foreignBits = 0;
  for (const char of text) {
    const [lead = 0, trail = 0] = bytes.subarray(at, at + 2);
    if (lead < 0x80) {
      asciiCount += 1;
      at += 1;
    } else {
      foreignBits += /[\p{Co}\p{Cc}]/u.test(char) ? impossible : bits(char, lead, trail);
      at += !isLead(lead) ? 1 : trail < 0x40 ? 4 : 2;
    }
  }
  return toReading(text, foreignBits, bytes.length - asciiCount, asciiCount);
}

function readSingleByte(text: string, bitsOf: (char: string, previous: string, beforePrevious: string) => number): Reading {
  let previous = ' ';
  let beforePrevious = ' ';
  let asciiCount = 0;
  let foreignBits = 0;
  for (const char of text) {
    if (isAscii(char)) {
      asciiCount += 1;
      if (isLatinLetter(char) && isCyrillic(previous)) foreignBits += mixedAlphabetsBits;
    } else {
      foreignBits += /\p{Cc}/u.test(char) ? impossible : bitsOf(char, previous, beforePrevious);
    }
    beforePrevious = previous;
    previous = char;
  }
  return toReading(text, foreignBits, text.length - asciiCount, asciiCount);
}

function* readings(bytes: Buffer): Generator<Reading> {
  for (const charset of multiByteCharsets) {
    const text = decodeAs(charset.label, bytes);
    if (text !== undefined) yield readMultiByte(text, bytes, charset);
  }
  const cyrillic = decodeAs('windows-1251', bytes);
  if (cyrillic !== undefined) yield readSingleByte(cyrillic, cyrillicBits);
  // What the web calls latin1, with the quotes and dashes of Windows.
  const latin = decodeAs('windows-1252', bytes);
  if (latin !== undefined) yield readSingleByte(latin, latinBits);
}

/** The likeliest text of bytes that are not UTF-8; undefined where no charset makes a believable name of them. */
export function guessText(bytes: Buffer): string | undefined {
  let best: Reading | undefined;
  for (const reading of readings(bytes)) {
    if (reading.bitsPerByte <= bitsPerByteMax && (best === undefined || reading.bits < best.bits)) best = reading;
  }
  return best?.text;
}
