/** The command tree. What a command needs is loaded when it runs, so that help, version and mistakes cost nothing. */
import { Command, CommanderError } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { addGetOptions, type GivenOptions } from './get-options.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';
import { addServerCommands, type ServerCommandPorts } from './server-commands.ts';
import { UsageError } from './usage-error.ts';

/** Runs the command line. @returns the exit code; throws only what is a mistake in Sluice. */
export async function run(
  argv: readonly string[],
  version: string,
  output: Output,
  loadHost: ServerCommandPorts['loadHost'],
): Promise<number> {
  let code: number = exitCodes.done;
  const program = new Command('sluice')
    .description('Downloads files over many connections, and never a wrong byte.')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.line(text.trimEnd()), writeErr: () => undefined });
  addGetOptions(program.command('get').description('download files now, in this process')).action(
    async (urls: string[], given: GivenOptions) => {
      if (!given.color) output.dropColors();
      const { planGet } = await import('./get-plan.ts');
      const plan = await planGet(urls, given, readStdin, process.env);
      const { get } = await import('./get.ts');
      code = await get(plan, given, output);
    },
  );
  addServerCommands(program, {
    version,
    output,
    loadHost,
    end: (ended) => {
      code = ended;
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    return endOf(error, argv, program, output);
  }
  return code;
}

/** What commander throws to end a run: help and version are fine, all else is a usage error told in one line. */
function endOf(error: unknown, argv: readonly string[], program: Command, output: Output): number {
  const given = program.commands.find((command) => command.name() === argv[0])?.name() ?? 'get';
  const refuse = (message: string): number => {
    output.errorLine(`sluice: ${printable(message)}; sluice ${given} --help lists the options`);
    return exitCodes.usage;
  };
  if (error instanceof UsageError) return refuse(error.message);
  if (!(error instanceof CommanderError)) throw error;
  if (error.exitCode === 0) return exitCodes.done;
  if (error.code === 'commander.help') {
    output.errorLine(program.helpInformation().trimEnd());
    return exitCodes.usage;
  }
  if (error.code === 'commander.unknownCommand' && /^https?:/i.test(argv[0] ?? '')) {
    return refuse('to download an address, say sluice get and the address');
  }
  return refuse(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
}

async function readStdin(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const piece of process.stdin) text += piece;
  return text;
}
