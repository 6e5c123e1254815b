/** The list as a table for a terminal. */
import { linkLifeOf } from '#shared/link-life';
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

/** One line of headings, then one a download; failures say why. `now` in milliseconds since 1970. */
export function listTable(rows: readonly DownloadRow[], now = Date.now()): string[] {
  if (rows.length === 0) return ['The list is empty: sluice add ADDRESS puts something in.'];
  const head = [
    'ID      ',
    fitTo('Name', nameColumns),
    fitTo('State', 8),
    fitTo('Progress', barColumns + 5),
    fitTo('Size', 9),
    'Speed',
  ];
  return [head.join('  '), ...rows.map((row) => lineOf(row, now))];
}

function lineOf(row: DownloadRow, now: number): string {
  const { id, name, state, size, counters } = row;
  const [, doneBytes, bytesPerSecond, , secondsLeft] = counters;
  const share = size === undefined || size === 0 ? undefined : doneBytes / size;
  const filled = Math.floor((share ?? 0) * barColumns);
  const bar = '█'.repeat(filled) + '░'.repeat(barColumns - filled);
  const percent = share === undefined ? '    ' : `${Math.floor(share * 100)}%`.padStart(4);
  const left = secondsLeft < 0 ? '' : `, ${formatDuration(secondsLeft * 1000)} left`;
  const speed = bytesPerSecond > 0 ? `${formatRate(bytesPerSecond)}${left}` : '';
  const last = [troubleOf(row) ?? speed, linkNote(row, now)].filter((text) => text !== '').join('; ');
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

/** Undefined where all is well. */
function troubleOf({ failure, waitingFor }: DownloadRow): string | undefined {
  if (waitingFor === 'url') return `needs a new link (sluice link ID ADDRESS): ${printable(failure?.message ?? 'it died')}`;
  return failure && printable(failure.message);
}

/** `link dies in 42 min 00 s, needs 1 h 10 min`. */
function linkNote(row: DownloadRow, now: number): string {
  const life = linkLifeOf(row, now);
  if (life === undefined || row.waitingFor === 'url') return '';
  if (life.diesInMs <= 0) return 'its link has died';
  const needs = life.needsMs === undefined ? '' : `, needs ${formatDuration(life.needsMs)}`;
  return `link dies in ${formatDuration(life.diesInMs)}${needs}`;
}
