/** The address of a proxy as people write it: `proxy.example:3128`, `http://NAME:PASSWORD@proxy.example:3128`, `socks5://…`. */

export interface ProxyAddress {
  /** How the proxy is spoken to: HTTP in the clear, HTTP over TLS, SOCKS5. */
  readonly scheme: 'http' | 'https' | 'socks5';
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly login?: { readonly user: string; readonly password: string };
}

export type ParsedProxy =
  | { readonly ok: true; readonly proxy: ProxyAddress }
  /** A clause that says what is wrong; it never repeats the address, which may hold a login. */
  | { readonly ok: false; readonly message: string };

/** With SOCKS5 the name always goes to the proxy, which is what the h asks for; desktops write plain `socks`. */
const schemes: Readonly<Record<string, ProxyAddress['scheme']>> = {
  http: 'http',
  https: 'https',
  socks5: 'socks5',
  socks5h: 'socks5',
  socks: 'socks5',
};

const defaultPorts: Readonly<Record<ProxyAddress['scheme'], number>> = { http: 80, https: 443, socks5: 1080 };

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is kept out of a host.
const form = /^(?:([a-z][a-z\d+.-]*):\/\/)?(?:(.*)@)?(\[[\da-f:.]+\]|[^\x00-\x20\x7f"/:?#@[\]\\]+)(?::(\d{1,5}))?\/?$/i;

/** Without a scheme it is an HTTP proxy. */
export function parseProxyAddress(text: string): ParsedProxy {
  const [, written = 'http', userinfo, bracketed = '', digits] = form.exec(text.trim()) ?? [];
  if (bracketed === '') return refuse('it is not of the form http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT');
  const name = written.toLowerCase();
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  if (scheme === undefined) return refuse(`${name}:// is no kind of proxy that is understood, expected http, https or socks5`);
  const port = digits === undefined ? defaultPorts[scheme] : Number(digits);
  if (port < 1 || port > 65_535) return refuse(`the port ${port} is not from 1 to 65535`);
  const host = bracketed.replace(/^\[|\]$/g, '').toLowerCase();
  return { ok: true, proxy: { scheme, host, port, ...(userinfo === undefined ? {} : { login: loginOf(userinfo) }) } };
}

const refuse = (message: string): ParsedProxy => ({ ok: false, message });

function loginOf(userinfo: string): { user: string; password: string } {
  const colon = userinfo.indexOf(':');
  if (colon < 0) return { user: decoded(userinfo), password: '' };
  return { user: decoded(userinfo.slice(0, colon)), password: decoded(userinfo.slice(colon + 1)) };
}

/** A password with a bare percent sign is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
