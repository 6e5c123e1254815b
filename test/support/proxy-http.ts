/** The rig's proxy where it speaks HTTP: tunnels by CONNECT, and requests with whole addresses that it passes on. */
import type { Socket } from 'node:net';
import type { HeaderField } from '#shared/download';
import type { ByteReader } from './byte-reader.ts';
import type { ProxyFate, ProxyPorts } from './proxy.ts';

/** Every refusal comes with a body that must not end up in a file. */
const poison = Buffer.alloc(512, 0xee);

function refusal(status: number, ...fields: string[]): Buffer {
  const head = [`HTTP/1.1 ${status} Refused`, `Content-Length: ${poison.length}`, ...fields, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), poison]);
}

function parse(head: string): { method: string; target: string; fields: HeaderField[]; find(name: string): string | undefined } {
  const [line = '', ...rest] = head.split('\r\n');
  const [method = '', target = ''] = line.split(' ');
  const fields = rest.map((field): HeaderField => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  return { method, target, fields, find: (name) => fields.find(([each]) => each.toLowerCase() === name)?.[1] };
}

/** What the client hears before anybody looks for a server; undefined where nothing is in the way. */
function obstacle(fate: ProxyFate | undefined, isWelcome: boolean): Buffer | string | undefined {
  if (typeof fate === 'object' && 'bytes' in fate) return fate.bytes;
  if (fate === 'ask-login' || !isWelcome) return refusal(407, 'Proxy-Authenticate: Basic realm="the way out"');
  if (typeof fate === 'object') return refusal('status' in fate ? fate.status : 502);
  return undefined;
}

/** Serves requests until the connection becomes a tunnel or the client leaves. */
export async function serveHttp(client: Socket, reader: ByteReader, ports: ProxyPorts): Promise<void> {
  let server: Socket | undefined;
  for (;;) {
    const { method, target, fields, find } = parse(await reader.readHead());
    const isTunnel = method === 'CONNECT';
    const { request, fate } = ports.note(isTunnel ? 'connect' : 'forward');
    const url = isTunnel ? undefined : new URL(target);
    request.to = url ? `${url.hostname}:${url.port || 80}` : target;
    request.fields = fields;
    const basic = /^Basic (.*)$/.exec(find('proxy-authorization') ?? '')?.[1];
    request.login = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString('utf8');
    const body = await reader.read(Number(find('content-length') ?? 0));
    if (fate === 'silence') return;
    if (fate === 'hang-up') {
      client.end();
      return;
    }
    const inTheWay = obstacle(fate, ports.isWelcome(request.login));
    if (inTheWay !== undefined) {
      client.write(inTheWay);
      continue;
    }
    const isNew = server === undefined;
    server ??= await ports.reach(request.to).catch(() => undefined);
    if (server === undefined) {
      client.write(refusal(502));
      continue;
    }
    if (isTunnel) client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (isNew) ports.carry(server, client);
    if (url === undefined) {
      reader.release();
      client.pipe(server);
      return;
    }
    const isKept = ([name]: HeaderField): boolean =>
      !/^proxy-/i.test(name) && (fate !== 'strip-range' || name.toLowerCase() !== 'range');
    const lines = fields.filter(isKept).map(([name, value]) => `${name}: ${value}`);
    server.write([`${method} ${url.pathname}${url.search} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1');
    server.write(body);
  }
}
