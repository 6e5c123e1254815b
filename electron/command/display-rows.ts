/** What the live display shows, as data: which rows, and the text around each bar. Drawing is display.ts. */
import type { DownloadRow } from '#downloads';
import type { DownloadProgress, SegmentView } from '#shared/download';
import { formatBytes, formatRate, percentOf } from '#shared/units';
import { columnsOf, cut, fitTo } from './columns.ts';
import { labelOf, timeLeft } from './lines.ts';

/** One row of the screen. `done` of `total` fills its bar; without a total there is none. */
export interface DisplayRow {
  readonly left: string;
  readonly right: string;
  readonly done: number;
  readonly total?: number;
}

export interface Shown {
  readonly row: DownloadRow;
  readonly progress: DownloadProgress;
}

/** Each file that runs, then its connections while they fit into `height` rows; the files come first. */
export function displayRows(shown: readonly Shown[], ended: number, all: number, height: number): DisplayRow[] {
  const files = shown.slice(0, Math.max(1, height - (all > 1 ? 1 : 0)));
  let left = height - files.length - (all > 1 ? 1 : 0);
  const rows: DisplayRow[] = [];
  for (const { row, progress } of files) {
    rows.push(fileRow(row, progress));
    const segments = progress.segments.slice(0, Math.max(0, left));
    left -= segments.length;
    rows.push(...segments.map(segmentRow));
  }
  if (all > 1) rows.push(totalRow(shown, ended, all));
  return rows;
}

function fileRow(row: DownloadRow, progress: DownloadProgress): DisplayRow {
  const { size, doneBytes, bytesPerSecond, connections } = progress;
  const percent = percentOf(doneBytes, size);
  const parts = [
    percent === undefined ? '' : `${String(percent).padStart(3)} %`,
    size === undefined ? formatBytes(doneBytes) : `${formatBytes(doneBytes)} of ${formatBytes(size)}`,
    stateWord(row, progress) ?? formatRate(bytesPerSecond),
    timeLeft(progress) ?? '',
    `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
  ];
  const right = parts.filter((part) => part !== '').join('  ');
  return { left: labelOf(row), right, done: doneBytes, ...(size === undefined ? {} : { total: size }) };
}

/** What is said in place of a speed. */
function stateWord({ state }: DownloadRow, { check }: DownloadProgress): string | undefined {
  if (state === undefined || state.type === 'active') return undefined;
  if (state.type === 'waiting') return 'waiting';
  if (state.type !== 'verifying') return state.type;
  const percent = percentOf(check?.doneBytes ?? 0, check?.totalBytes || undefined);
  return percent === undefined ? 'checking' : `checking ${percent} %`;
}

function segmentRow(segment: SegmentView): DisplayRow {
  const { id, address, start, cursor, end, bytesPerSecond, state, isHedge } = segment;
  const hasRange = Number.isFinite(end) && end > start;
  const range = hasRange ? `${formatBytes(start)} to ${formatBytes(end)}` : '';
  const speed = state === 'streaming' || state === 'throttled' ? formatRate(bytesPerSecond) : '';
  return {
    left: `  ${id}  ${address ?? ''}`,
    right: [range, speed, isHedge ? `${state}, doubled` : state].filter((part) => part !== '').join('  '),
    done: cursor - start,
    ...(hasRange ? { total: end - start } : {}),
  };
}

function totalRow(shown: readonly Shown[], ended: number, all: number): DisplayRow {
  const speed = shown.reduce((total, { progress }) => total + progress.bytesPerSecond, 0);
  return { left: `${ended} of ${all} ended`, right: formatRate(speed), done: ended, total: all };
}

const widestBar = 30;
const narrowestBar = 5;

/** The row in at most `columns` columns; `bar` draws one of a given width. The name gives way first, then the bar. */
export function rowText(row: DisplayRow, columns: number, bar: (width: number) => string): string {
  const rightColumns = columnsOf(row.right);
  const free = columns - rightColumns - 2;
  if (free < 8) return cut(`${row.left}  ${row.right}`, columns);
  if (row.total === undefined) return `${fitTo(row.left, free)}  ${row.right}`;
  const barColumns = Math.min(widestBar, Math.floor(free / 3));
  if (barColumns < narrowestBar) return `${fitTo(row.left, free)}  ${row.right}`;
  return `${fitTo(row.left, free - barColumns - 2)}  ${bar(barColumns)}  ${row.right}`;
}
