/** The rig's proxy where it speaks SOCKS5 (RFC 1928, RFC 1929). */
import type { Socket } from 'node:net';
import type { ByteReader } from './byte-reader.ts';
import type { ProxyPorts } from './proxy.ts';

const succeeded = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]);
const refused = (reply: number): Buffer => Buffer.from([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);

/** Serves the one wish a connection of SOCKS5 has. */
export async function serveSocks(client: Socket, reader: ByteReader, ports: ProxyPorts): Promise<void> {
  const [, count = 0] = await reader.read(2);
  const methods = [...(await reader.read(count))];
  const { request, fate } = ports.note('socks5');
  if (fate === 'silence') return;
  if (fate === 'hang-up') {
    client.end();
    return;
  }
  if (typeof fate === 'object' && 'bytes' in fate) {
    client.write(fate.bytes);
    return;
  }
  if (fate === 'ask-login' || (ports.isLoginWanted && !methods.includes(2))) {
    client.end(Buffer.from([5, 0xff]));
    return;
  }
  client.write(Buffer.from([5, ports.isLoginWanted ? 2 : 0]));
  if (ports.isLoginWanted) {
    request.login = await readLogin(reader);
    client.write(Buffer.from([1, ports.isWelcome(request.login) ? 0 : 1]));
    if (!ports.isWelcome(request.login)) return;
  }
  request.to = await readTarget(reader);
  if (typeof fate === 'object') {
    client.end(refused('reply' in fate ? fate.reply : 1));
    return;
  }
  const server = await ports.reach(request.to).catch(() => undefined);
  if (server === undefined) {
    client.end(refused(4));
    return;
  }
  client.write(succeeded);
  ports.carry(server, client);
  reader.release();
  client.pipe(server);
}

async function readLogin(reader: ByteReader): Promise<string> {
  const [, nameLength = 0] = await reader.read(2);
  const name = (await reader.read(nameLength)).toString('utf8');
  const [passwordLength = 0] = await reader.read(1);
  return `${name}:${(await reader.read(passwordLength)).toString('utf8')}`;
}

async function readTarget(reader: ByteReader): Promise<string> {
  const [, , , kind] = await reader.read(4);
  const host = await readHost(reader, kind);
  return `${host}:${(await reader.read(2)).readUInt16BE()}`;
}

async function readHost(reader: ByteReader, kind: number | undefined): Promise<string> {
  if (kind === 1) return (await reader.read(4)).join('.');
  if (kind === 3) return (await reader.read((await reader.read(1))[0] ?? 0)).toString('utf8');
  const groups = (await reader.read(16)).toString('hex').match(/.{4}/g) ?? [];
  return `[${groups.join(':')}]`;
}
