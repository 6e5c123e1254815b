/** The composition root of the command `sluice`. build/build-cli.mjs makes one file of it, out/sluice.cjs. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCommand } from '#command/command-process';
import { becomeLean, becomeSmall } from '#command/lean-process';

/** Put in by the build. */
declare const SLUICE_VERSION: string | undefined;
const version = typeof SLUICE_VERSION === 'string' ? SLUICE_VERSION : 'unbuilt';

// Name look-ups and the disk share libuv's threads, 4 by default: a slow disk would hold up every new connection.
// Read when the first of them is used, so setting it here is in time.
process.env.UV_THREADPOOL_SIZE ??= '8';

// Errors are told by their message; a file that is not there yet is one, too, and noting where it arose costs more than looking.
if (process.env.SLUICE_DEBUG !== '1') Error.stackTraceLimit = 0;

/** Beside the command itself, where the build puts it; the command on the path is a link to it. */
const builtPage = (): string => join(dirname(realpathSync(process.argv[1] ?? '.')), 'page');

async function main(): Promise<void> {
  if (process.argv[2] === 'get' && !process.argv.includes('--help')) becomeLean();
  if (process.argv[2] === 'serve') becomeSmall();
  const code = await runCommand(process.argv.slice(2), version, async () => {
    const { startHost } = await import('#server/host');
    return (options) => startHost({ ...options, pageFolder: builtPage() });
  });
  // An idle keep-alive connection or a reader that never ends must not hold the process.
  process.exit(code);
}

void main();
