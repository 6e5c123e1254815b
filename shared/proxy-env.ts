/** The proxies the environment names, by the convention curl and most programs share. */
import type { ProxySettings } from './download.ts';
import { parseProxyAddress } from './proxy-address.ts';

export type ProxiesFromEnv =
  /** Undefined where the environment names none. */
  | { readonly ok: true; readonly settings: ProxySettings | undefined }
  /** A sentence that begins with the variable and never repeats its value, which may hold a login. */
  | { readonly ok: false; readonly message: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** As browsers have it: what runs on this very machine is not behind the proxy, whatever the variables forget to say. */
const loopback = ['localhost', '127.0.0.0/8', '::1'];

/**
 * `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in either case, small letters first; an empty one counts as
 * unset. HTTP_PROXY in capitals is not read by a CGI program: there it is what a client sent as the header Proxy.
 */
export function proxiesFromEnv(env: Environment): ProxiesFromEnv {
  const value = (...names: string[]): { name: string; text: string } | undefined => {
    for (const name of names) {
      const text = env[name]?.trim();
      if (text !== undefined && text !== '') return { name, text };
    }
    return undefined;
  };
  const all = value('all_proxy', 'ALL_PROXY');
  const http = value('http_proxy', ...(env.REQUEST_METHOD === undefined ? ['HTTP_PROXY'] : [])) ?? all;
  const https = value('https_proxy', 'HTTPS_PROXY') ?? all;
  for (const variable of [http, https]) {
    const parsed = variable && parseProxyAddress(variable.text);
    if (variable && parsed?.ok === false) {
      return {
        ok: false,
        message: `the environment variable ${variable.name} names no proxy that can be used: ${parsed.message}`,
      };
    }
  }
  if (http === undefined && https === undefined) return { ok: true, settings: undefined };
  const exceptions = value('no_proxy', 'NO_PROXY')?.text.split(/[\s,]+/) ?? [];
  return {
    ok: true,
    settings: {
      ...(http === undefined ? {} : { http: http.text }),
      ...(https === undefined ? {} : { https: https.text }),
      noProxy: [...loopback, ...exceptions.filter((entry) => entry !== '')],
    },
  };
}
