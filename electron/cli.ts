/** The composition root of the command `sluice`. build/build-cli.mjs makes one file of it, out/sluice.cjs. */
import { exitCodes } from '#command/exit-codes';
import { becomeLean } from '#command/lean-process';
import { Output } from '#command/output';
import { run } from '#command/program';

/** Put in by the build. */
declare const SLUICE_VERSION: string | undefined;
const version = typeof SLUICE_VERSION === 'string' ? SLUICE_VERSION : 'unbuilt';

// Name look-ups and the disk share libuv's threads, 4 by default: a slow disk would hold up every new connection.
// Read when the first of them is used, so setting it here is in time.
process.env.UV_THREADPOOL_SIZE ??= '16';

/** What nobody foresaw: one line, never a stack trace unless it is asked for. */
function endInternally(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  const stack = process.env.SLUICE_DEBUG === '1' && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`sluice: this is a mistake in Sluice, please report it: ${reason.replaceAll('\n', ' ')}${stack}\n`);
  process.exit(exitCodes.internal);
}

process.on('uncaughtException', endInternally);
process.on('unhandledRejection', endInternally);

async function main(): Promise<void> {
  if (process.argv[2] === 'get' && !process.argv.includes('--help')) becomeLean();
  const output = new Output(process.stdout, process.stderr);
  const code = await run(process.argv.slice(2), version, output);
  await output.flush();
  // An idle keep-alive connection or a reader that never ends must not hold the process.
  process.exit(code);
}

void main();
