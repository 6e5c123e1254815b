/** The process of a command: its output, its end, and what nobody foresaw. */
import { exitCodes } from './exit-codes.ts';
import { Output } from './output.ts';
import { run } from './program.ts';
import type { ServerCommandPorts } from './server-commands.ts';

/** One line, never a stack trace unless it is asked for. */
function endInternally(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  const stack = process.env.SLUICE_DEBUG === '1' && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`sluice: this is a mistake in Sluice, please report it: ${reason.replaceAll('\n', ' ')}${stack}\n`);
  process.exit(exitCodes.internal);
}

/** @returns the exit code, once all output has left the process. */
export async function runCommand(
  words: readonly string[],
  version: string,
  loadHost: ServerCommandPorts['loadHost'],
): Promise<number> {
  process.on('uncaughtException', endInternally);
  process.on('unhandledRejection', endInternally);
  const output = new Output(process.stdout, process.stderr);
  const code = await run(words, version, output, loadHost);
  await output.flush();
  return code;
}
