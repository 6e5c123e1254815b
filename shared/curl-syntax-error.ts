/** A place in a pasted text, counted from 1. */
export interface Spot {
  readonly line: number;
  readonly column: number;
}

/** A cURL command that cannot be taken as it stands. The message names the place, never a value: it may be a secret. */
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
