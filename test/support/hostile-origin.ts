/**
 * An origin that makes people give up: it wants their browser's user agent, a referer, a login, and a session cookie that it
 * sets on the way; its links are signed, live for seconds, and then lead to a login page.
 *
 *     /go?ticket=N   → 302, Set-Cookie: session=…, Location: /get/file.zip?ticket=N
 *     /get/file.zip  → the file, in parts
 *
 * Where anything is missing, or the ticket has died, both answer 200 with the login page.
 */
import { html, lacksCookie, lacksLogin, redirect } from './changes.ts';
import { type Content, literal } from './content.ts';
import type { Exchange } from './exchange.ts';
import { type Origin, startOrigin } from './origin.ts';

export const wanted = {
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Planted/1.0',
  referer: 'https://forum.example/thread?id=7',
  user: 'ann',
  password: "p'a$s %1",
  cookie: 'session=issued-on-the-way',
} as const;

const loginPage = literal('<!doctype html><title>Sign in</title><form method="post" action="/login">Sign in to go on</form>');

export interface HostileOrigin extends AsyncDisposable {
  readonly origin: Origin;
  /** A new signed link, which dies by itself; what streams then is ended. */
  newLink(): string;
  /** Resolves once the latest link has died. */
  dead(): Promise<void>;
  /** The command that a browser would copy for `link`. */
  curl(link: string): string;
}

export interface HostileOptions {
  readonly content: Content;
  /** How long a link lives; default 20 seconds, on the system's clock. */
  readonly livesMs?: number;
  /** Of each connection while the first link lives; later ones give a megabyte. */
  readonly bytesPerSecond: number;
}

export async function startHostileOrigin({ content, livesMs = 20_000, bytesPerSecond }: HostileOptions): Promise<HostileOrigin> {
  const tickets = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let issued = 0;
  let isFirst = true;
  let death = Promise.withResolvers<void>();
  const isStranger = (exchange: Exchange): boolean =>
    exchange.headers['user-agent'] !== wanted.userAgent ||
    exchange.headers.referer !== wanted.referer ||
    lacksLogin(wanted.user, wanted.password)(exchange);
  const isDead = ({ query }: Exchange): boolean => !tickets.has(query.get('ticket') ?? '');
  const origin = await startOrigin({
    content,
    contentType: 'application/zip',
    bytesPerSecond: () => (isFirst ? bytesPerSecond : 1024 * 1024),
    faults: [
      {
        name: 'the redirect that sets the session',
        on: { path: '/go' },
        times: Number.POSITIVE_INFINITY,
        answer: redirect(302, ({ query }) => `/get/file.zip?ticket=${query.get('ticket')}`, {
          headers: [['Set-Cookie', `${wanted.cookie}; Path=/get; HttpOnly`]],
        }),
      },
      {
        name: 'the login page',
        on: {
          where: (exchange) =>
            isStranger(exchange) || isDead(exchange) || (exchange.path !== '/go' && lacksCookie(wanted.cookie)(exchange)),
        },
        times: Number.POSITIVE_INFINITY,
        answer: html(loginPage),
      },
    ],
  });
  return {
    origin,
    newLink() {
      issued += 1;
      const ticket = `${issued}-signed`;
      tickets.add(ticket);
      const dies = Promise.withResolvers<void>();
      death = dies;
      const timer = setTimeout(() => {
        tickets.delete(ticket);
        isFirst = false;
        origin.dropConnections('fin');
        dies.resolve();
      }, livesMs);
      timers.add(timer);
      const expires = Math.ceil((Date.now() + livesMs) / 1000);
      return origin.url(`/go?ticket=${ticket}&Expires=${expires}`);
    },
    dead: () => death.promise,
    curl: (link) =>
      [
        `curl '${link}'`,
        `-H 'User-Agent: ${wanted.userAgent}'`,
        `-H 'Referer: ${wanted.referer}'`,
        `-u '${wanted.user}:${wanted.password.replaceAll("'", `'\\''`)}'`,
        '--compressed',
      ].join(' \\\n  '),
    async [Symbol.asyncDispose]() {
      for (const timer of timers) clearTimeout(timer);
      await origin[Symbol.asyncDispose]();
    },
  };
}
