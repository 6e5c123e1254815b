/**
 * One error class for everything that can end or delay a download. Foreign errors become one at the edge where
 * they arise (`http.ts`, `part-file.ts`); inside the engine only `code` is looked at, never a message.
 */
import { cureOf, type Failure, type FailureCode } from '#shared/failure';

export class DownloadError extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DownloadError';
    this.code = code;
  }

  get failure(): Failure {
    return { code: this.code, message: this.message };
  }

  /** What a person can do about it. */
  get cure(): string {
    return cureOf(this.code);
  }
}

/** An address fit for messages and logs: without login, query and fragment, where secrets live. */
export function safeUrl(url: URL | string): string {
  try {
    const { protocol, host, pathname, search } = new URL(url);
    return `${protocol}//${host}${pathname}${search === '' ? '' : '?…'}`;
  } catch {
    return 'an unreadable address';
  }
}
