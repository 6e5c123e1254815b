/**
 * Text from outside (names, addresses, messages) without control characters, line separators and direction marks, with
 * which a server could draw on the user's terminal or forge a second line.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
