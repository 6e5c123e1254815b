/** The live display on a terminal: a row for each file and each of its connections, drawn over several times a second. */
import cliProgress from 'cli-progress';
import type { Downloads } from '#downloads';
import { type DisplayRow, displayRows, rowText, type Shown } from './display-rows.ts';
import type { Output } from './output.ts';
import { sayEvent } from './plain.ts';

const refreshMs = 200;
/** Of a terminal that does not tell. */
const usualRows = 24;
/** Left free at the end of a row: the terminal echoes ^C there, and a line break by it would shift all rows. */
const echoColumns = 3;
const clearBelow = '\u001b[0J';

/** Starts drawing; returns what ends it and leaves only the lines that are to stay. */
export function drawLive(downloads: Downloads, output: Output): () => void {
  const bars = new cliProgress.MultiBar({
    stream: output.stdout,
    fps: 1000 / refreshMs,
    format: (options, { progress, maxWidth }, payload: { row: DisplayRow }) =>
      rowText(payload.row, maxWidth - echoColumns, (width) =>
        cliProgress.Format.BarFormat(progress, { ...options, barsize: width }),
      ),
    barCompleteChar: '━',
    barIncompleteChar: '─',
    clearOnComplete: true,
    // Rows move when one ends or a line is put above, so an unchanged text still has to be drawn again.
    forceRedraw: true,
    // Rows are cut to the screen above. Nothing of the terminal is changed that a killed process would leave changed.
    linewrap: true,
    gracefulExit: false,
  });
  const drawn: cliProgress.SingleBar[] = [];

  const refresh = (): void => {
    const rows = currentRows(downloads, (output.stdout.rows ?? usualRows) - 1);
    for (const bar of drawn.splice(rows.length)) bars.remove(bar);
    for (const [index, row] of rows.entries()) {
      const bar = drawn[index];
      const total = row.total ?? 0;
      if (bar === undefined) drawn.push(bars.create(total, row.done, { row }));
      else {
        bar.setTotal(total);
        bar.update(row.done, { row });
      }
    }
  };
  // The line that is to stay is written over the topmost row, so what is below goes first.
  output.drawBelow((text) => {
    bars.log(`${clearBelow}${text}\n`);
    if (drawn.length === 0) bars.update();
  });
  const unsubscribe = downloads.subscribe((event) => sayEvent(event, output));
  const timer = setInterval(refresh, refreshMs);
  return () => {
    clearInterval(timer);
    unsubscribe();
    bars.update();
    bars.stop();
    output.drawBelow(undefined);
  };
}

function currentRows(downloads: Downloads, height: number): DisplayRow[] {
  const rows = downloads.rows();
  const shown: Shown[] = [];
  for (const row of rows) {
    const progress = downloads.progress(row.id);
    if (progress) shown.push({ row, progress });
  }
  if (shown.length === 0) return [];
  return displayRows(shown, rows.filter(({ outcome }) => outcome !== undefined).length, rows.length, height);
}
