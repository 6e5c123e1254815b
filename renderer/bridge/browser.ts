/** The transport of a browser's page: calls by POST, pushes over one WebSocket, a cookie as the key to both. */
import type { Push, Reply } from '#shared/contract';
import { createEmitter } from './emitter.ts';
import { type FeedSocket, openFeed } from './socket.ts';
import type { ConnectionState, Transport } from './transport.ts';

const unreachable: Reply = { ok: false, code: 'UNREACHABLE', message: 'Sluice does not answer' };

const api = (path: string): URL => new URL(`api/${path}`, document.baseURI);

function feedAddress(): URL {
  const address = api('feed');
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address;
}

/** The token of the printed address. It leaves the address bar at once: a screenshot or a bookmark must not carry it. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** @returns whether the server took the token; its cookie is the key from now on. */
async function openSession(token: string): Promise<boolean> {
  try {
    const answer = await fetch(api('session'), { method: 'POST', headers: { Authorization: `Bearer ${token}` } });
    return answer.ok;
  } catch {
    return false;
  }
}

async function post(name: string, input: unknown, watcher: string | undefined): Promise<Reply | 'refused'> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (watcher !== undefined) headers['x-sluice-watcher'] = watcher;
  try {
    const answer = await fetch(api(name), { method: 'POST', headers, body: JSON.stringify(input ?? {}) });
    if (answer.status === 401) return 'refused';
    return (await answer.json()) as Reply;
  } catch {
    return unreachable;
  }
}

/** Begins at once; the connection heals by itself. */
export function browserTransport(): Transport {
  const pushes = createEmitter<Push>();
  const states = createEmitter<ConnectionState>();
  let state: ConnectionState = 'opening';
  let feed: FeedSocket | undefined;

  const become = (next: ConnectionState) => {
    if (next === state) return;
    state = next;
    states.emit(next);
  };
  const token = takeToken();
  // A call that is made before the server gave its cookie would be refused.
  const session = token === undefined ? undefined : openSession(token);
  const send = async (name: string, input: unknown): Promise<Reply> => {
    await session;
    const reply = await post(name, input, feed?.watcher());
    if (reply !== 'refused') return reply;
    become('refused');
    return unreachable;
  };
  // A browser does not say why a socket was refused, so a call is asked: it tells a missing key from a missing server.
  const onLost = async () => {
    if (state === 'refused') return;
    if (state === 'open') become('lost');
    const reply = await post('session.info', {}, undefined);
    if (reply === 'refused') become('refused');
    else if (!reply.ok && state === 'opening') become('lost');
  };
  const begin = () => {
    feed = openFeed(feedAddress(), { onOpen: () => become('open'), onLost: () => void onLost(), onPush: pushes.emit });
  };

  if (session === undefined) begin();
  else void session.then(begin);
  return {
    isDesktop: false,
    send,
    onPush: pushes.on,
    onConnection(listener) {
      listener(state);
      return states.on(listener);
    },
    retry: () => feed?.retry(),
    async signIn(given) {
      if (!(await openSession(given.trim()))) return false;
      become('opening');
      feed?.retry();
      return true;
    },
  };
}
