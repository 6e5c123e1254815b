/**
 * Why a call was refused, by a stable code; the value says what the caller can do about it. Codes of downloads
 * (failure.ts, `E_…`) come through calls too.
 */
export const callFailures = {
  UNKNOWN_CALL: 'the page and the application are of different versions: reload the page',
  BAD_INPUT: 'correct the field that the message names',
  NOT_FOUND: 'it was removed meanwhile: nothing is to be done',
  NOT_NOW: 'its state does not allow this: look at it again',
  OUTSIDE_ROOTS: 'choose a folder inside those that this server may write to',
  NOT_HERE: 'only the desktop app can do this',
  WRONG_FILE: 'the new link leads to another file: nothing was changed',
  LINK_REFUSED: 'the new link does not give the file: nothing was changed',
  UNREACHABLE: 'the connection to the application is lost: it is tried again by itself',
  INTERNAL: 'this is a mistake in Sluice: please report it with the message above',
} as const;

export type CallFailureCode = keyof typeof callFailures;

/** A call that was answered with a refusal. */
export class CallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'CallError';
    this.code = code;
  }
}
