/** Progress as lines: a line when something changes, and every few seconds one on how far it is. */

import type { DownloadRow, Downloads, DownloadsEvent } from '#downloads';
import type { DownloadProgress, DownloadState } from '#shared/download';
import { formatBytes, formatRate } from '#shared/units';
import { identifiedText, labelOf, outcomeText, progressText, stateText } from './lines.ts';
import type { Output } from './output.ts';
import { printable } from './printable.ts';

const progressEveryMs = 5000;

/** Says `event` in a line, unless it needs none. The live display uses it for what is to stay. */
export function sayEvent(event: DownloadsEvent, output: Output): void {
  if (event.type === 'told' && event.event.type === 'identified') say(event.row, identifiedText(event.event), output);
  if (event.type === 'told' && event.event.type === 'noted') say(event.row, printable(event.event.message), output);
  if (event.type === 'told' && event.event.type === 'state') sayState(event.row, event.event.state, output);
  if (event.type === 'ended') {
    const text = outcomeText(event.outcome);
    if (text !== undefined) say(event.row, output.paint('green', text), output);
  }
}

function sayState(row: DownloadRow, state: DownloadState, output: Output): void {
  const text = stateText(state, performance.now());
  if (text !== undefined) say(row, output.paint('yellow', text), output);
}

const say = (row: DownloadRow, text: string, output: Output): void => output.line(`${labelOf(row)}: ${text}`);

/** Starts telling; returns what ends it. */
export function tellPlainly(downloads: Downloads, output: Output): () => void {
  const unsubscribe = downloads.subscribe((event) => sayEvent(event, output));
  const timer = setInterval(() => {
    const text = overviewText(downloads);
    if (text !== undefined) output.line(text);
  }, progressEveryMs);
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}

/** One line however many run. Undefined where no byte has come yet. */
function overviewText(downloads: Downloads): string | undefined {
  const rows = downloads.rows();
  const running: { row: DownloadRow; progress: DownloadProgress }[] = [];
  for (const row of rows) {
    const progress = downloads.progress(row.id);
    if (progress && progress.doneBytes > 0) running.push({ row, progress });
  }
  const [first] = running;
  if (first === undefined) return undefined;
  if (running.length === 1) return `${labelOf(first.row)}: ${progressText(first.progress)}`;
  const sum = (read: (progress: DownloadProgress) => number): number =>
    running.reduce((total, { progress }) => total + read(progress), 0);
  const ended = rows.filter(({ outcome }) => outcome !== undefined).length;
  const amount = formatBytes(sum(({ doneBytes }) => doneBytes));
  return `${running.length} running, ${ended} of ${rows.length} ended: ${amount}, ${formatRate(sum(({ bytesPerSecond }) => bytesPerSecond))}`;
}
