/** `--curl`: a command pasted from a browser's developer tools, in any of the forms they have. */
import { parseCurlCommand } from '#shared/curl/read';
import { CurlSyntaxError } from '#shared/curl/syntax-error';
import type { DownloadRequest } from '#shared/download';
import * as values from './option-values.ts';
import { UsageError } from './usage-error.ts';

export interface CurlRequest {
  readonly request: DownloadRequest;
  /** What was left out and might be missed, as a sentence. */
  readonly notes: readonly string[];
}

/** @throws UsageError naming the place in the command, never a value of it. */
export function readCurl(text: string): CurlRequest {
  const { request, proxy, ignored } = parsed(text);
  if (request.method !== undefined) values.method('--curl')(request.method);
  const notes = ignored.length === 0 ? [] : [`--curl: left out, as it does not apply here: ${ignored.join(', ')}`];
  return { request: { ...request, ...(proxy === undefined ? {} : { proxy: values.proxy('--curl: the proxy')(proxy) }) }, notes };
}

function parsed(text: string): ReturnType<typeof parseCurlCommand> {
  try {
    return parseCurlCommand(text);
  } catch (error) {
    if (error instanceof CurlSyntaxError) throw new UsageError(`--curl: ${error.message}`);
    throw error;
  }
}
