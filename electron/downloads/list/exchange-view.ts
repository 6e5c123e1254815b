/** Exchanges as they are shown. The engine has masked what is secret. */
import type { ExchangeRecord } from '#shared/download';
import type { ExchangeView } from '#shared/orders';
import type { ListedDownload } from './listed-download.ts';

function exchangeView(exchange: ExchangeRecord): ExchangeView {
  const { at, method, url, requestHeaders, responseHeaders, status, headersMs, endMs, bytes, failure } = exchange;
  return {
    at,
    request: `${method} ${url}`,
    requestHeaders: requestHeaders.map(([name, value]) => [name, value]),
    ...(status !== undefined && { status }),
    responseHeaders: responseHeaders.map(([name, value]) => [name, value]),
    ...(headersMs !== undefined && { headersMs: Math.round(headersMs) }),
    endMs: Math.round(endMs),
    bytes,
    ...(failure && { failure }),
  };
}

export const exchangeViews = (listed: ListedDownload): ExchangeView[] => listed.journal.exchanges.map(exchangeView);

/** For a person to send to somebody. */
export function transcriptText(exchanges: readonly ExchangeRecord[]): string {
  const blocks = exchanges.map(exchangeView).map((view) => {
    const answer = view.status === undefined ? `no answer (${view.failure?.message ?? 'ended'})` : `${view.status}`;
    const lines = [
      `${new Date(view.at).toISOString()}  ${view.request}`,
      ...view.requestHeaders.map(([name, value]) => `> ${name}: ${value}`),
      `< ${answer}${view.headersMs === undefined ? '' : ` after ${view.headersMs} ms`}`,
      ...view.responseHeaders.map(([name, value]) => `< ${name}: ${value}`),
      `  ${view.bytes} bytes in ${view.endMs ?? 0} ms${view.failure ? `, then: ${view.failure.message}` : ''}`,
    ];
    return lines.join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}
