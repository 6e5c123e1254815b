/** The results as a person reads them; also the Markdown of docs/performance.md. */
import type { Result, Spread, Summary, Verdict } from './summary.ts';

const seconds = (ms: number): string => (ms / 1000).toFixed(ms < 995 ? 3 : 2);
const spread = ({ median, least, most }: Spread): string => `${seconds(median)} (${seconds(least)}-${seconds(most)})`;
const ratio = (value: number | undefined): string => (value === undefined ? '' : `${value.toFixed(2)} ×`);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

const columns: readonly (readonly [head: string, cell: (summary: Summary) => string | undefined])[] = [
  ['wall s (spread)', ({ wallMs }) => spread(wallMs)],
  ['÷ Sluice', ({ wallRatio }) => ratio(wallRatio)],
  ['CPU s (spread)', ({ cpuMs }) => spread(cpuMs)],
  ['÷ Sluice', ({ cpuRatio }) => ratio(cpuRatio)],
  ['peak MB', ({ peakBytes }) => megabytes(peakBytes.most)],
  ['connections', ({ connections }) => connections && `${connections.median}`],
  ['÷ ideal', ({ idealRatio }) => ratio(idealRatio)],
  ['sent', ({ sentShare }) => sentShare && `${(sentShare.median * 100).toFixed(1)} %`],
];

/** Only where syncing costs. A tool that syncs by itself, as Sluice does within its wall time, leaves nothing for after. */
const syncColumns: typeof columns = [
  ['own sync s', ({ ownSyncMs }) => ownSyncMs && seconds(ownSyncMs.median)],
  ['sync after s', ({ syncAfterMs }) => syncAfterMs && seconds(syncAfterMs.median)],
  ['wall + sync s', ({ wallMs, syncAfterMs }) => syncAfterMs && seconds(wallMs.median + syncAfterMs.median)],
];

function verdictText({ target, isMet, value }: Verdict): string {
  if (isMet === undefined) return `target: ${target}: nothing to compare with`;
  return `target: ${target}: ${value}, ${isMet ? 'met' : 'missed'}`;
}

/** Padded, so that it reads as text and as Markdown. */
export function tableOf({ scenario, title, entrants, verdicts }: Result): string {
  const hasSync = entrants.some(({ syncAfterMs }) => syncAfterMs !== undefined);
  const shown = [...columns, ...(hasSync ? syncColumns : [])];
  const cells = [
    ['', ...shown.map(([head]) => head)],
    ...entrants.map((summary) => [summary.name, ...shown.map(([, cell]) => cell(summary) ?? '')]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column === 0 ? '-' : ':'}`).join('|')}|`;
  const [head = [], ...rows] = cells;
  const verdictLines = verdicts.length === 0 ? [] : ['', ...verdicts.map((verdict) => `- ${verdictText(verdict)}`)];
  return [`### ${scenario}: ${title}`, '', line(head), rule, ...rows.map(line), ...verdictLines].join('\n');
}
