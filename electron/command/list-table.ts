/** The list as a table for a terminal. */
import type { DownloadRow } from '#shared/rows';
import { formatBytes, formatDuration, formatRate } from '#shared/units';
import { fitTo } from './columns.ts';
import { printable } from './printable.ts';

const nameColumns = 32;
const barColumns = 12;
const words: Readonly<Record<DownloadRow['state'], string>> = {
  queued: 'Queued',
  running: 'Running',
  waiting: 'Waiting',
  paused: 'Paused',
  done: 'Done',
  failed: 'Failed',
};

/** One line of headings, then one a download; failures say why. */
export function listTable(rows: readonly DownloadRow[]): string[] {
  if (rows.length === 0) return ['The list is empty: sluice add ADDRESS puts something in.'];
  const head = [
    'ID      ',
    fitTo('Name', nameColumns),
    fitTo('State', 8),
    fitTo('Progress', barColumns + 5),
    fitTo('Size', 9),
    'Speed',
  ];
  return [head.join('  '), ...rows.map(lineOf)];
}

function lineOf({ id, name, state, size, failure, counters }: DownloadRow): string {
  const [, doneBytes, bytesPerSecond, , secondsLeft] = counters;
  const share = size === undefined || size === 0 ? undefined : doneBytes / size;
  const filled = Math.floor((share ?? 0) * barColumns);
  const bar = '█'.repeat(filled) + '░'.repeat(barColumns - filled);
  const percent = share === undefined ? '    ' : `${Math.floor(share * 100)}%`.padStart(4);
  const left = secondsLeft < 0 ? '' : `, ${formatDuration(secondsLeft * 1000)} left`;
  const last = failure ? printable(failure.message) : bytesPerSecond > 0 ? `${formatRate(bytesPerSecond)}${left}` : '';
  const columns = [
    id.slice(0, 8),
    fitTo(printable(name), nameColumns),
    fitTo(words[state], 8),
    `${bar} ${percent}`,
    fitTo(size === undefined ? formatBytes(doneBytes) : formatBytes(size), 9),
    last,
  ];
  return columns.join('  ').trimEnd();
}
