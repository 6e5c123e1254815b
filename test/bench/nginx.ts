/** nginx as the server: its own configuration and log in a folder of ours, HTTP, HTTPS and HTTP with a cap per connection. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificates } from '../support/certificate.ts';

export interface NginxOptions {
  /** Exists and is empty; holds configuration, log and certificates. */
  readonly directory: string;
  /** What it serves: `/ANYTHING/name` is the file `name` in here. */
  readonly files: string;
  /** For each answer of the capped server, in nginx's words: `4m`. Default: none. */
  readonly limitRate?: string;
}

/** What the log says of the requests whose path began with one token. */
export interface Seen {
  readonly connections: number;
  readonly requests: number;
  /** Bytes of bodies handed to the system. */
  readonly bodyBytes: number;
}

export type Door = 'http' | 'https' | 'capped';

export interface Nginx extends AsyncDisposable {
  /** The address of a file; `token` is what its log lines are found by. */
  url(door: Door, token: string, name: string): string;
  /** Resolves when nothing is added to the log any more. */
  seen(token: string): Promise<Seen>;
  /** A PEM file that the HTTPS server's certificate is signed by. */
  readonly authority: string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

// The rest of the machine is for the client: on two cores, one worker.
const workers = Math.max(1, Math.floor(availableParallelism() / 2));

function configuration({ directory, files, limitRate = '0' }: NginxOptions, ports: Record<Door, number>): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${directory}/${name};`)
    .join('\n');
  const location = `location ~ ^/[^/]+/(.+)$ { alias ${files}/$1; }`;
  return `
daemon off;
pid ${directory}/nginx.pid;
worker_processes ${workers};
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  log_format seen '$uri $connection $body_bytes_sent';
  access_log ${directory}/access.log seen;
${temporary}
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  server { listen 127.0.0.1:${ports.http}; ${location} }
  server { listen 127.0.0.1:${ports.capped}; limit_rate ${limitRate}; ${location} }
  server {
    listen 127.0.0.1:${ports.https} ssl;
    ssl_certificate ${directory}/server.pem;
    ssl_certificate_key ${directory}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    ${location}
  }
}
`;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function readLog(directory: string, token: string): Promise<Seen> {
  const log = await readFile(join(directory, 'access.log'), 'utf8');
  const lines = log.split('\n').filter((line) => line.startsWith(`/${token}/`));
  const fields = lines.map((line) => line.split(' '));
  return {
    connections: new Set(fields.map(([, connection]) => connection)).size,
    requests: lines.length,
    bodyBytes: fields.reduce((sum, [, , bytes]) => sum + Number(bytes), 0),
  };
}

/** The line of a request that the client left comes when nginx next writes to it. */
async function settledLog(directory: string, token: string): Promise<Seen> {
  let seen = await readLog(directory, token);
  for (let quiet = 0; quiet < 5; ) {
    await sleep(50);
    const now = await readLog(directory, token);
    quiet = now.requests === seen.requests ? quiet + 1 : 0;
    seen = now;
  }
  return seen;
}

/** @throws an Error with nginx's own last words if it does not start. */
export async function startNginx(options: NginxOptions): Promise<Nginx> {
  const { directory } = options;
  await mkdir(directory, { recursive: true });
  const { ca, good } = await certificates();
  await writeFile(join(directory, 'authority.pem'), ca);
  await writeFile(join(directory, 'server.pem'), good.cert);
  await writeFile(join(directory, 'server.key'), good.key, { mode: 0o600 });
  await writeFile(join(directory, 'access.log'), '');
  const ports = { http: await freePort(), https: await freePort(), capped: await freePort() };
  await writeFile(join(directory, 'nginx.conf'), configuration(options, ports));

  const errors = join(directory, 'error.log');
  // A process group of its own: Ctrl-C is ours to answer, in order.
  const child = spawn('nginx', ['-p', directory, '-e', errors, '-c', join(directory, 'nginx.conf')], {
    stdio: 'ignore',
    detached: true,
  });
  const exited = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code) => resolve(`nginx ended with exit code ${code}`));
  });
  let end: string | undefined;
  void exited.then((reason) => {
    end = reason;
  });
  while (!(await listens(ports.http))) {
    if (end !== undefined) {
      const words = await readFile(errors, 'utf8').catch(() => '');
      throw new Error(`${end} ${words.trim().split('\n').at(-1)}`.trim());
    }
    await sleep(20);
  }
  return {
    url: (door, token, name) => `${door === 'https' ? 'https' : 'http'}://127.0.0.1:${ports[door]}/${token}/${name}`,
    seen: (token) => settledLog(directory, token),
    authority: join(directory, 'authority.pem'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
