/** Takes down one exchange while it goes on, for the transcript. Secrets are masked here: no event of the engine ever holds one. */

import type { Clock } from '#engine/clock';
import { type DownloadError, safeUrl } from '#engine/errors';
import type { ExchangeRecord, HeaderField } from '#shared/download';
import { maskedValue } from '#shared/request-secrets';
import type { AnswerHeaders } from './http-headers.ts';
import type { WireRequest } from './request.ts';

export class ExchangeNote {
  /** Of the body, as received. */
  bytes = 0;
  readonly #clock: Clock;
  readonly #request: WireRequest;
  readonly #at: number;
  readonly #sentAt: number;
  #answer: Pick<ExchangeRecord, 'status' | 'responseHeaders' | 'headersMs'> = { responseHeaders: [] };

  constructor(clock: Clock, request: WireRequest) {
    this.#clock = clock;
    this.#request = request;
    this.#at = clock.wallNow();
    this.#sentAt = clock.now();
  }

  answered(status: number, headers: AnswerHeaders): void {
    const responseHeaders: HeaderField[] = [];
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === 'string') responseHeaders.push([name, maskedValue(name, value)]);
      else for (const one of value ?? []) responseHeaders.push([name, maskedValue(name, one)]);
    }
    this.#answer = { status, responseHeaders, headersMs: this.#clock.now() - this.#sentAt };
  }

  ended(failure: DownloadError | undefined): ExchangeRecord {
    const { method, url, headers } = this.#request;
    return {
      at: this.#at,
      method,
      url: safeUrl(url),
      requestHeaders: headers.map(([name, value]) => [name, maskedValue(name, value)]),
      ...this.#answer,
      endMs: this.#clock.now() - this.#sentAt,
      bytes: this.bytes,
      ...(failure && { failure: failure.failure }),
    };
  }
}
