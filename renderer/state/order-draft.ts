/** What is typed in the add dialog for all downloads, and the order that is made of it for one. */

import { parseCookies } from '#shared/cookies';
import type { Order, RequestDraft } from '#shared/orders';
import { parseBytes } from '#shared/units';
import { isChecksum } from '../format/checksum.ts';
import { parseHeaders } from '../format/fields.ts';
import { isProxyAddress } from '../format/proxy.ts';
import type { Found } from './adding.ts';

/** As typed: empty is not said. */
export interface Options {
  readonly directory: string;
  readonly category: string;
  readonly connections: string;
  readonly limit: string;
  readonly checksum: string;
  readonly beginsNow: boolean;
  readonly isFirst: boolean;
  readonly userAgent: string;
  readonly referer: string;
  readonly cookies: string;
  readonly username: string;
  readonly password: string;
  readonly proxy: string;
  readonly headers: string;
}

export const noOptions: Options = {
  ...{ directory: '', category: '', connections: '', limit: '', checksum: '', beginsNow: true, isFirst: false },
  ...{ userAgent: '', referer: '', cookies: '', username: '', password: '', proxy: '', headers: '' },
};

export type WrongOption = 'limit' | 'checksum' | 'proxy' | 'headers';

/** Which fields cannot be understood; each is said beside its field and keeps what was typed. */
export function wrongOptions({ limit, checksum, proxy, headers }: Options): ReadonlySet<WrongOption> {
  const wrong = new Set<WrongOption>();
  if (limit !== '' && parseBytes(limit) === undefined) wrong.add('limit');
  if (checksum !== '' && !isChecksum(checksum)) wrong.add('checksum');
  if (proxy !== '' && !isProxyAddress(proxy)) wrong.add('proxy');
  if (parseHeaders(headers).rest.length > 0) wrong.add('headers');
  return wrong;
}

/** What a pasted cURL command says itself wins over what is typed for all. */
function toRequest(request: RequestDraft, options: Options): RequestDraft {
  const { headers } = parseHeaders(options.headers);
  const cookies = [...parseCookies(options.cookies).cookies];
  return {
    ...(options.userAgent === '' ? {} : { userAgent: options.userAgent }),
    ...(options.referer === '' ? {} : { referer: options.referer }),
    ...(options.proxy === '' ? {} : { proxy: options.proxy }),
    ...(options.username === '' ? {} : { login: { username: options.username, password: options.password } }),
    ...(cookies.length === 0 ? {} : { cookies }),
    ...(headers.length === 0 ? {} : { headers: headers.map(({ name, value }): [string, string] => [name, value]) }),
    ...request,
  };
}

export function toOrder({ request, own }: Pick<Found, 'request' | 'own'>, options: Options): Order {
  const { directory, category, connections, checksum } = options;
  const limitBytesPerSecond = options.limit === '' ? undefined : parseBytes(options.limit);
  return {
    request: toRequest(request, options),
    ...(directory === '' ? {} : { directory }),
    ...(category === '' ? {} : { category }),
    ...(connections === '' ? {} : { connections: Number(connections) }),
    ...(limitBytesPerSecond === undefined ? {} : { limitBytesPerSecond }),
    ...(checksum === '' ? {} : { checksum }),
    ...own,
  };
}
