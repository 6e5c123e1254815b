/** A host that is silent from the first packet on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';

/**
 * A port whose queue of connections is full and whose owner is stopped: a connection attempt is never answered.
 * `port` 0 takes any. Linux: the state of the owner is read from /proc.
 */
export async function blackHole(host = '127.0.0.1', wanted = 0): Promise<{ readonly port: number } & Disposable> {
  const source =
    "const s=require('net').createServer().listen({port:+process.argv[2],host:process.argv[1],backlog:1}," +
    '()=>console.log(s.address().port))';
  const child = spawn(process.execPath, ['-e', source, host, String(wanted)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  child.kill('SIGSTOP');
  // Until it stands still it takes what is to fill its queue.
  while (!/\) [Tt] /.test(await readFile(`/proc/${child.pid}/stat`, 'utf8')));
  const fillers: ReturnType<typeof connect>[] = [];
  for (let isFull = false; !isFull; ) {
    const filler = connect(port, host);
    filler.on('error', () => {});
    fillers.push(filler);
    // Nobody says that an attempt is not answered: on loopback an answer comes within a millisecond.
    isFull = await Promise.race([
      once(filler, 'connect').then(() => false),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 300)),
    ]);
  }
  return {
    port,
    [Symbol.dispose]: () => {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
    },
  };
}
