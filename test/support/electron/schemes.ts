/**
 * Custom schemes: Chromium is shown `https://HOST.SCHEME.stand-in.test/…` in their place, answered by the handler without any
 * network; the app sees only its own addresses.
 */
import type { CustomScheme, Protocol } from 'electron';

type Handler = (request: Request) => Response | Promise<Response>;

const declared = new Map<string, CustomScheme>();
const handlers = new Map<string, Handler>();

export const protocol = {
  registerSchemesAsPrivileged(schemes) {
    for (const each of schemes) declared.set(each.scheme, each);
  },
  handle(scheme, handler) {
    handlers.set(scheme, handler as Handler);
  },
} satisfies Partial<Protocol>;

/** As Chromium is to see it. Without an origin of its own a scheme has neither modules nor storage: only declared ones work. */
export function outside(address: string): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(address);
  if (match === null || declared.get(match[1] ?? '')?.privileges?.standard !== true) return address;
  return `https://${match[2]}.${match[1]}.stand-in.test${match[3] || '/'}`;
}

/** As the app is to see it. */
export const inside = (address: string): string =>
  address.replace(/^https:\/\/(.+)\.([a-z0-9+-]+)\.stand-in\.test(?=[/?#]|$)/i, '$2://$1');

export const handlerOf = (address: string): Handler | undefined => handlers.get(address.split(':', 1)[0] ?? '');
