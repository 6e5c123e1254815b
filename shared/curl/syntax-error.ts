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

/** The place of the character number `at`, from 0. */
export function spotAt(text: string, at: number): Spot {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}

/** The same words for every shell. */
export const refusals = {
  expansion: 'variables and commands are not expanded; write the value itself',
  operator: 'what stands here is for the shell, not for curl; put the value in quotes',
  openQuote: 'a quote is opened here and never closed',
  second: 'a second command begins here; give one at a time',
} as const;
