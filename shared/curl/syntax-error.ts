/** A place in a pasted text, counted from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

/** A word of a command as the shell passes it on, and where it began. */
export interface ShellWord extends Spot {
  readonly text: string;
}

/** A command that cannot be taken as it stands. The message names the place, never a value: it may be a secret. */
export class CurlSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, { line, column }: Spot) {
    super(`${message} (${line === 1 ? '' : `line ${line}, `}column ${column})`);
    this.name = 'CurlSyntaxError';
    this.line = line;
    this.column = column;
  }
}

/** Tells the place of the character number `at`, from 0. Going on is cheap, going back is not: a text may have a million words. */
export function spotsIn(text: string): (at: number) => Spot {
  const firstEnd = text.indexOf('\n');
  let [line, lineStart, lineEnd] = [1, 0, firstEnd];
  return (at) => {
    if (at < lineStart) [line, lineStart, lineEnd] = [1, 0, firstEnd];
    while (lineEnd !== -1 && lineEnd < at) {
      line += 1;
      lineStart = lineEnd + 1;
      lineEnd = text.indexOf('\n', lineStart);
    }
    return { line, column: at - lineStart + 1 };
  };
}

export const spotAt = (text: string, at: number): Spot => spotsIn(text)(at);

/** The same words for every shell. */
export const refusals = {
  expansion: 'variables and commands are not expanded; write the value itself',
  operator: 'what stands here is for the shell, not for curl; put the value in quotes',
  openQuote: 'a quote is opened here and never closed',
  second: 'a second command begins here; give one at a time',
} as const;
