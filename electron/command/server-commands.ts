/** The command line of the server and of what drives it: options and their readers; the work is loaded when it is asked for. */
import { Argument, type Command, Option } from 'commander';
import { CallError } from '#shared/call-failures';
import { exitCodes } from './exit-codes.ts';
import * as values from './option-values.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import type { AddGiven, RemoteCommands } from './remote-commands.ts';
import type { ServeGiven, StartHost } from './serve.ts';

export interface ServerCommandPorts {
  readonly version: string;
  readonly output: Output;
  loadHost(): Promise<StartHost>;
  end(code: number): void;
}

interface RemoteGiven {
  readonly data?: string;
  readonly json?: true;
}

const defaultPort = '7870';

const collect = (value: string, former: readonly string[]): string[] => [...former, value];

export function addServerCommands(program: Command, ports: ServerCommandPorts): void {
  addServe(program, ports);
  addAdd(program, ports);
  const ids = new Argument('<id...>', 'ids or their beginnings, or all');
  remote(program, ports, 'list', 'list the downloads that are not done', (commands) => commands.list());
  remote(program, ports, 'pause', 'pause downloads', (commands, given) => commands.change('downloads.pause', given)).addArgument(
    ids,
  );
  remote(program, ports, 'resume', 'go on with downloads', (commands, given) =>
    commands.change('downloads.start', given),
  ).addArgument(ids);
  remote(program, ports, 'remove', 'take downloads off the list', (commands, given, options) =>
    commands.remove(given, options.deleteFiles === true),
  )
    .addArgument(ids)
    .option('--delete-files', 'what was fetched of them too');
  remote(program, ports, 'limit', 'limit the speed of downloads, or of all together', (commands, [speed = '', ...given]) =>
    commands.limit(values.rate('limit')(speed), given),
  )
    .argument('<speed>', 'bytes per second: N, NK or NM; 0 for none')
    .argument('[id...]', 'ids or their beginnings; none: all together');
  remote(program, ports, 'link', 'give a download a new address for the same file', (commands, [id = '', url = '']) =>
    commands.link(id, url),
  )
    .argument('<id>', 'its id, or the beginning of it')
    .argument('<url>', 'the new address');
  remote(program, ports, 'status', 'say how it is', (commands) => commands.status());
  remote(program, ports, 'watch', 'follow what happens, one event a line', (commands) => commands.watch());
}

function addServe(program: Command, { version, output, loadHost, end }: ServerCommandPorts): void {
  program
    .command('serve')
    .description('run without a window, with a page on a local port')
    .option('--host <address>', 'listen there; any but this machine lets others in who have the token', '127.0.0.1')
    .addOption(
      new Option('--port <n>', 'listen there; 0 takes a free one')
        .default(Number(defaultPort))
        .argParser(values.wholeNumber('--port', 0, 65_535)),
    )
    .option('--dir <folder>', 'a folder downloads may go to, the first by default (repeatable; none: any)', collect, [])
    .option('--data <folder>', 'where list, settings and history are kept')
    .option('--token-file <file>', 'the file with the token (default: token in the data folder, made if it is not there)')
    .option('--aria2', "speak aria2's JSON-RPC at /jsonrpc, with the token as its secret")
    .option('--allow-origin <origin>', 'let pages of this origin call (repeatable)', collect, [])
    .action(async (given: ServeGiven) => {
      const { serve } = await import('./serve.ts');
      end(await serve(given, await loadHost(), version, output));
    });
}

function addAdd(program: Command, ports: ServerCommandPorts): void {
  remote(program, ports, 'add', 'add downloads to the running app or server', (commands, urls, options) =>
    commands.add(urls, options as AddGiven),
  )
    .argument('[url...]', 'addresses of files, http or https')
    .option('--curl <command>', "take the request from a 'curl …' command")
    .option('-d, --dir <folder>', 'the folder to save to')
    .option('-o, --output <name>', 'the name to save under (one address only)')
    .addOption(new Option('-x, --connections <n>', 'connections, 1-64').argParser(values.wholeNumber('--connections', 1, 64)))
    .addOption(
      new Option('-H, --header <line>', "send a header, 'Name: value' (repeatable)").argParser((text, former) => [
        ...(Array.isArray(former) ? (former as unknown[]) : []),
        values.header('--header')(text),
      ]),
    )
    .option('--user-agent <text>', 'send this user agent')
    .option('--referer <address>', 'send this referer')
    .addOption(new Option('--cookie <pairs>', "send cookies, 'a=1; b=2'").argParser(values.cookie('--cookie')))
    .addOption(new Option('--user <name:password>', 'log in').argParser(values.login('--user')))
    .option('-X, --method <name>', 'the request method')
    .option('--data-raw <text>', 'send this body')
    .addOption(new Option('--limit-rate <speed>', 'bytes per second at most').argParser(values.rate('--limit-rate')))
    .option('--checksum <sum>', 'ALGO=HEX or auto')
    .addOption(new Option('--if-exists <what>', 'if the name is taken').choices(['rename', 'overwrite', 'skip']))
    .option('--insecure', 'accept any certificate')
    .option('--paused', 'do not start it')
    .option('--first', 'before all that are queued')
    .option('--again', 'although it is there already');
}

type Work = (commands: RemoteCommands, given: readonly string[], options: Record<string, unknown>) => Promise<number>;

function remote(program: Command, { output, end }: ServerCommandPorts, name: string, description: string, work: Work): Command {
  return program
    .command(name)
    .description(description)
    .option('--data <folder>', 'the data folder of the server to drive')
    .option('--json', 'one JSON value a line')
    .action(async (...args: unknown[]) => {
      const command = args.at(-1) as Command;
      const options = command.opts<RemoteGiven & Record<string, unknown>>();
      const { connectRemote } = await import('./remote.ts');
      const { RemoteCommands } = await import('./remote-commands.ts');
      try {
        using connection = await connectRemote(options.data);
        end(await work(new RemoteCommands(connection, output, options.json === true), command.args, options));
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        output.errorLine(`sluice: ${printable(error.message)}`);
        end(exitCodes.failed);
      }
    });
}
