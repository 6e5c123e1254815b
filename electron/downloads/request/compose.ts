/** What is sent in the end: the download's own request over its profile over the settings. */
import { storedCookie } from '#shared/cookies';
import type { DownloadRequest, HeaderField, ProxySettings } from '#shared/download';
import type { RequestDraft } from '#shared/orders';
import { proxiesFromEnv } from '#shared/proxy-env';
import type { Profile, Settings } from '#shared/settings';

export type Origin = 'download' | 'profile' | 'settings' | 'sluice';

export interface Composed {
  readonly request: DownloadRequest;
  /** By lower-case header name: where it comes from. What is not in it is Sluice's own. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** `env`: the proxies the system names, where settings say so. */
export function compose(
  draft: RequestDraft,
  profile: Profile | undefined,
  settings: Settings,
  env: NodeJS.ProcessEnv = process.env,
): Composed {
  const headers = new Map<string, HeaderField[]>();
  const origins = new Map<string, Origin>();
  const put = (origin: Origin, fields: readonly HeaderField[] | undefined): void => {
    const own = new Map<string, HeaderField[]>();
    for (const field of fields ?? []) {
      const name = field[0].toLowerCase();
      own.set(name, [...(own.get(name) ?? []), field]);
    }
    for (const [name, values] of own) {
      headers.set(name, values);
      origins.set(name, origin);
    }
  };
  const one = (origin: Origin, name: string, value: string | undefined): void =>
    put(origin, value === undefined || value === '' ? [] : [[name, value]]);
  one('settings', 'User-Agent', settings.userAgent);
  put('profile', profile?.headers);
  one('profile', 'User-Agent', profile?.userAgent);
  one('profile', 'Cookie', profile?.cookie);
  put('download', draft.headers);
  one('download', 'User-Agent', draft.userAgent);
  one('download', 'Referer', draft.referer);
  const bare = draft.cookies?.filter(({ scope }) => scope === undefined);
  one('download', 'Cookie', bare?.map(({ name, value }) => `${name}=${value}`).join('; '));
  const cookies = draft.cookies?.flatMap((one) => storedCookie(one) ?? []) ?? [];
  if (cookies.length > 0) origins.set('cookie', 'download');
  const cookie = headers
    .get('cookie')
    ?.map(([, value]) => value)
    .join('; ');
  headers.delete('cookie');
  const login = draft.login ?? profile?.login;
  if (login) origins.set('authorization', draft.login ? 'download' : 'profile');
  const proxy = proxyOf(draft.proxy ?? profile?.proxy, settings, env);
  const insecure = draft.insecure ?? profile?.insecure;
  return {
    request: {
      url: draft.url,
      headers: [...headers.values()].flat(),
      ...(draft.method !== undefined && { method: draft.method }),
      ...(draft.body !== undefined && { body: draft.body }),
      ...(cookie !== undefined && { cookie }),
      ...(cookies.length > 0 && { cookies }),
      ...(login && { login: { user: login.username, password: login.password } }),
      ...(proxy && { proxy }),
      ...(insecure && { insecure }),
      ...(profile?.trustedHosts && { trustedHosts: profile.trustedHosts }),
    },
    origins,
  };
}

function proxyOf(own: string | undefined, { proxy }: Settings, env: NodeJS.ProcessEnv): ProxySettings | undefined {
  if (own === 'direct') return undefined;
  if (own !== undefined && own !== '') return { http: own, https: own };
  if (proxy.mode === 'direct') return undefined;
  if (proxy.mode === 'manual')
    return proxy.url === '' ? undefined : { http: proxy.url, https: proxy.url, noProxy: proxy.noProxy };
  const found = proxiesFromEnv(env);
  return found.ok ? found.settings : undefined;
}
