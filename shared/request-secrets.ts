/** Which parts of a request are secrets, how they are left out of what is shown or stored, and how they come back. */
import type { CookiePair, RequestDraft, RequestView } from './orders.ts';
import type { Settings } from './settings.ts';

/** Names of headers whose values tell who the user is, whatever a server calls them. */
const secretName = /auth|cookie|token|key|secret|session|password|credential|signature|csrf|xsrf/i;

export const isSecretHeader = (name: string): boolean => secretName.test(name);

/** What is shown in the place of a secret. */
export const mask = '•••';

/** A header's value as it may be shown. A cookie's name is no secret; an address in a header may carry one in its query. */
export function maskedValue(name: string, value: string): string {
  const key = name.toLowerCase();
  if (key === 'cookie') return value.replaceAll(/=[^;]*/g, `=${mask}`);
  if (key === 'set-cookie') return value.replace(/=[^;]*/, `=${mask}`);
  if (key === 'authorization' || key === 'proxy-authorization') return `${value.split(' ', 1)[0]} ${mask}`;
  if (key === 'www-authenticate' || key === 'proxy-authenticate') return value;
  if (isSecretHeader(name)) return mask;
  if (['location', 'referer', 'content-location', 'link'].includes(key)) return value.replaceAll(/\?[^\s>]*/g, '?…');
  return value;
}

const proxyHasLogin = (proxy: string): boolean => proxy.includes('@');

/** The request with null for each secret. */
export function withoutSecrets(draft: RequestDraft): RequestView {
  const { headers, cookies, login, proxy, ...rest } = draft;
  return {
    ...rest,
    ...(headers && { headers: headers.map(([name, value]) => [name, isSecretHeader(name) ? null : value]) }),
    ...(cookies && { cookies: cookies.map((cookie) => ({ ...cookie, value: null })) }),
    ...(login && { login: { username: login.username, password: null } }),
    ...(proxy !== undefined && { proxy: proxyHasLogin(proxy) ? null : proxy }),
  };
}

/** An address as it may be shown: without a login, and what is in its query or behind its `#`, where signatures and tokens are. */
export function maskedAddress(address: string): string {
  const bare = address.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#]*@/i, '$1');
  const at = bare.search(/[?#]/);
  return at < 0 ? bare : `${bare.slice(0, at)}${bare[at] === '?' ? '?…' : ''}`;
}

/** The request as it may be shown: null for each secret, and for a body, which may be a login form. */
export function shownRequest(draft: RequestDraft): RequestView {
  const { body, referer, ...view } = withoutSecrets(draft);
  return {
    ...view,
    url: maskedAddress(draft.url),
    ...(referer !== undefined && { referer: maskedAddress(referer) }),
    ...(body !== undefined && { body: null }),
  };
}

/** A proxy's address as it may be shown. */
export const maskedProxy = (address: string): string => address.replace(/\/\/[^/]*@/, `//${mask}@`);

/** Settings as they may be shown. */
export const shownSettings = (settings: Settings): Settings => ({
  ...settings,
  proxy: { ...settings.proxy, url: maskedProxy(settings.proxy.url) },
});

/** Whether anything of it has to be kept apart; a body may be a login form. */
export function hasSecrets(draft: RequestDraft): boolean {
  const { headers = [], cookies = [], login, proxy, body } = draft;
  return (
    headers.some(([name]) => isSecretHeader(name)) ||
    cookies.length > 0 ||
    login !== undefined ||
    body !== undefined ||
    (proxy !== undefined && proxyHasLogin(proxy))
  );
}

/**
 * An edited request with the secrets it left as they were. The nth header or cookie of a name takes the value of the nth there
 * was. A secret that cannot be found is left out.
 */
export function withSecretsOf(view: RequestView, before: RequestDraft): RequestDraft {
  const { headers, cookies, login, proxy, body, url, referer, ...rest } = view;
  const takeHeader = takerOf((before.headers ?? []).map(([name, value]) => [name.toLowerCase(), value]));
  const takeCookie = takerOf((before.cookies ?? []).map((cookie) => [placeOf(cookie), cookie.value]));
  const password = login && (login.password ?? (before.login?.username === login.username ? before.login.password : undefined));
  const way = proxy === null ? before.proxy : proxy;
  const form = body === null ? before.body : body;
  return {
    ...rest,
    url: url === maskedAddress(before.url) ? before.url : url,
    ...(referer !== undefined && {
      referer: before.referer !== undefined && referer === maskedAddress(before.referer) ? before.referer : referer,
    }),
    ...(form !== undefined && { body: form }),
    ...(headers && {
      headers: headers.flatMap(([name, value]): [string, string][] => {
        const kept = takeHeader(name.toLowerCase());
        const text = value ?? kept;
        return text === undefined ? [] : [[name, text]];
      }),
    }),
    ...(cookies && {
      cookies: cookies.flatMap((cookie) => {
        const { value, ...rest } = cookie;
        const kept = takeCookie(placeOf(cookie));
        const text = value ?? kept;
        return text === undefined ? [] : [{ ...rest, value: text }];
      }),
    }),
    ...(login && password !== undefined && { login: { username: login.username, password } }),
    ...(way !== undefined && { proxy: way }),
  };
}

/** Cookies of one name may go to several places. */
const placeOf = ({ name, scope }: Pick<CookiePair, 'name' | 'scope'>): string =>
  `${name} ${scope?.domain ?? ''} ${scope?.path ?? ''}`;

/** Hands out the values of a name in their order. */
function takerOf(pairs: readonly (readonly [string, string])[]): (name: string) => string | undefined {
  const left = [...pairs];
  return (name) => {
    const index = left.findIndex(([other]) => other === name);
    return index < 0 ? undefined : left.splice(index, 1)[0]?.[1];
  };
}
