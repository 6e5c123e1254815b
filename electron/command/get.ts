/** `sluice get`: downloads here and now, says how it goes, and ends with a code that tells whether all went well. */
import { mkdir } from 'node:fs/promises';
import { createDownloads, type Downloads, type DownloadsEvent } from '#downloads';
import { exitCodes, type StopSignal } from './exit-codes.ts';
import { failureLine } from './failure-line.ts';
import type { GivenOptions } from './get-options.ts';
import type { GetPlan } from './get-plan.ts';
import { tellAsJson } from './json.ts';
import { labelOf } from './lines.ts';
import type { Output } from './output.ts';
import { tellPlainly } from './plain.ts';
import { printable } from './printable.ts';
import { onStopSignal } from './stop-signals.ts';

type Manner = Pick<GivenOptions, 'quiet' | 'json'>;

/** @returns the exit code. */
export async function get(plan: GetPlan, manner: Manner, output: Output): Promise<number> {
  const downloads = createDownloads(plan.downloads, plan.engine);
  let stoppedBy: StopSignal | undefined;
  const forgetSignals = onStopSignal((signal) => {
    stoppedBy = signal;
    void downloads.stop();
  });
  downloads.subscribe((event) => sayTrouble(event, output));
  const endTelling = await startTelling(downloads, manner, output);
  for (const note of plan.notes) output.errorLine(`sluice: ${printable(note)}`);
  await makeFolders(plan);
  for (const order of plan.orders) downloads.add(order);
  await downloads.drained();
  endTelling();
  await downloads.close();
  forgetSignals();
  return endCode(downloads, stoppedBy, output);
}

/** A folder that cannot be made is left to the engine, which says why for each file. */
async function makeFolders({ orders }: GetPlan): Promise<void> {
  const directories = new Set(orders.map(({ target }) => target.directory));
  for (const directory of directories) await mkdir(directory, { recursive: true }).catch(() => undefined);
}

async function startTelling(downloads: Downloads, { quiet, json }: Manner, output: Output): Promise<() => void> {
  if (json) return tellAsJson(downloads, output, !quiet);
  if (quiet) return () => undefined;
  if (!output.canRedraw) return tellPlainly(downloads, output);
  // Only here: a script does not pay for what draws.
  const { drawLive } = await import('./display.ts');
  return drawLive(downloads, output);
}

/** What goes to stderr whatever the manner: failures, and that earlier bytes were given up. */
function sayTrouble(event: DownloadsEvent, output: Output): void {
  if (event.type === 'ended' && event.outcome.type === 'failed') {
    output.errorLine(failureLine(labelOf(event.row), event.outcome.failure));
  }
  if (event.type === 'told' && event.event.type === 'restarted') {
    output.errorLine(
      `sluice: ${labelOf(event.row)}: ${printable(event.event.failure.message)}; starting again from the beginning`,
    );
  }
  if (event.type === 'forgetful') {
    output.errorLine(
      `sluice: finished files cannot be remembered, so a second run fetches them again (${printable(event.reason)})`,
    );
  }
}

function endCode(downloads: Downloads, stoppedBy: StopSignal | undefined, output: Output): number {
  const ends = new Set(downloads.rows().map(({ outcome }) => outcome?.type));
  if (stoppedBy !== undefined && ends.has('stopped')) {
    output.errorLine('sluice: stopped; run the same command again to go on');
    return exitCodes[stoppedBy];
  }
  return ends.has('failed') || ends.has('stopped') ? exitCodes.failed : exitCodes.done;
}
