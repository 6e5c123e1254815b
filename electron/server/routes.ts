/** What the server answers, once it is known who asks. */

import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Door } from '#ipc/door';
import type { Access, Visitor } from './access.ts';
import type { Rpc } from './aria2/gateway.ts';
import { bodyOf } from './body.ts';
import type { FeedSockets } from './feed-sockets.ts';
import { contentSecurityPolicy, type PageFiles } from './page-files.ts';

const MiB = 1024 * 1024;
/** Calls that carry lists. */
const longCalls = new Set(['downloads.add', 'text.parse', 'list.import']);

const always: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export interface RoutePorts {
  readonly door: Door;
  readonly access: Access;
  readonly sockets: FeedSockets;
  readonly page: PageFiles;
  /** aria2's protocol, where it is on. */
  readonly rpc: Pick<Rpc, 'post'> | undefined;
}

type Bindings = { Bindings: HttpBindings };

export function visitorOf(headers: { get(name: string): string | undefined }, address: string | undefined): Visitor {
  return {
    host: headers.get('host'),
    origin: headers.get('origin'),
    authorization: headers.get('authorization'),
    cookie: headers.get('cookie'),
    address: address ?? '',
  };
}

export function createRoutes({ door, access, sockets, page, rpc }: RoutePorts): Hono<Bindings> {
  const app = new Hono<Bindings>();
  app.use(async (context, next) => {
    const visitor = visitorOf({ get: (name) => context.req.header(name) }, context.env.incoming.socket.remoteAddress);
    const refusal =
      access.refusePlace(visitor) ?? (isOpen(context.req.path, context.req.method) ? undefined : access.refuseStranger(visitor));
    const headers = { ...always, ...access.corsFor(visitor.origin) };
    if (refusal) return context.text(refusal.text, refusal.status, headers);
    await next();
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
    return undefined;
  });
  // What a page of an allowed origin is told before it may call; it holds nothing.
  app.options('*', (context) => context.body(null, 204));
  app.get('/healthz', (context) => context.text('ok\n'));
  app.post('/api/session', (context) => {
    const attributes = 'HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000';
    return context.body(null, 204, { 'set-cookie': `${access.cookieName}=${access.session}; ${attributes}` });
  });
  app.post('/api/:call', async (context) => {
    // A form of another page could be posted without being asked for; JSON cannot.
    if (!/^application\/json\b/i.test(context.req.header('content-type') ?? '')) {
      return context.text('calls are JSON: content-type application/json is expected\n', 415);
    }
    const mostMiB = longCalls.has(context.req.param('call')) ? 16 : 1;
    const text = await bodyOf(context.env.incoming, mostMiB * MiB);
    if (text === undefined) return tooLarge(context, mostMiB);
    let input: unknown;
    try {
      input = text === '' ? undefined : JSON.parse(text);
    } catch {
      return context.json({ ok: false, code: 'BAD_INPUT', message: 'the call is no JSON' }, 400);
    }
    const caller = sockets.watcher(context.req.header('x-sluice-watcher')) ?? { id: 'request' };
    return context.json(await door.answer(context.req.param('call'), input, caller));
  });
  if (rpc) {
    app.post('/jsonrpc', async (context) => {
      const text = await bodyOf(context.env.incoming, 16 * MiB);
      if (text === undefined) return tooLarge(context, 16);
      const answer = await rpc.post(text, context.env.incoming.socket.remoteAddress ?? '');
      return context.body(answer.text, answer.status, { 'content-type': 'application/json-rpc' });
    });
  }
  app.get('*', async (context) => {
    const file = await page.read(context.req.path);
    if (file) return context.body(file.body as Uint8Array<ArrayBuffer>, 200, file.headers);
    if (context.req.path === '/') return context.text('the page has not been built: run npm run build:page\n', 503);
    return context.text('there is nothing here\n', 404);
  });
  app.notFound((context) => context.text('there is nothing here\n', 404));
  app.onError((_error, context) => context.text('this went wrong inside Sluice\n', 500));
  return app;
}

const tooLarge = (context: Context, mostMiB: number): Response => context.text(`the call is larger than ${mostMiB} MiB\n`, 413);

/** What tells nothing and changes nothing needs no token; aria2's messages carry theirs inside. */
function isOpen(path: string, method: string): boolean {
  if (method === 'OPTIONS' || path === '/jsonrpc') return true;
  return method === 'GET' && !path.startsWith('/api');
}
