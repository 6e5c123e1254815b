/** One cell for each column. Those that change many times a second are components of their own, so that only they are drawn. */
import type { ReactNode } from 'react';
import type { Counters, DownloadRow } from '#shared/rows';
import { percentOf } from '#shared/units';
import { fileTypeOf } from '../../format/file-type.ts';
import { sizeText, speedText, unknown } from '../../format/size.ts';
import { dateText, spanText, whenText } from '../../format/time.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useList } from '../../state/use-app.ts';
import type { ColumnId } from '../../state/view.ts';
import { Icon } from '../../ui/icon.tsx';
import classes from './list.module.css';
import { ProgressBar } from './progress-bar.tsx';
import { RowNote } from './row-note.tsx';

interface CellProps {
  readonly row: DownloadRow;
  readonly widthPx: number;
  readonly isCompact: boolean;
}

/** Of a finished download the row's own, which do not change any more. */
const useCounters = (row: DownloadRow): Counters => useList(({ counters }) => counters.get(row.id)) ?? row.counters;

export function FileIcon({ name, isCompact }: { readonly name: string; readonly isCompact: boolean }) {
  const type = fileTypeOf(name);
  return (
    <span className={classes.fileIcon} data-type={type}>
      <Icon name={type} size={isCompact ? 16 : 19} />
    </span>
  );
}

function NameCell({ row, isCompact }: CellProps) {
  const counters = useCounters(row);
  return (
    <>
      <FileIcon name={row.name} isCompact={isCompact} />
      <span className={classes.titles}>
        <span className={classes.title} title={row.name}>
          {row.name}
        </span>
        <RowNote row={row} counters={counters} isBrief={isCompact} />
      </span>
    </>
  );
}

export function StatusText({ row }: { readonly row: DownloadRow }) {
  const { t } = useTexts();
  return (
    <span className={classes.status} data-state={row.state}>
      {t(`list.state.${row.state}`)}
    </span>
  );
}

const percentWidthPx = 46;
const paddingPx = 24;

function ProgressCell({ row, widthPx }: CellProps) {
  const { t } = useTexts();
  const counters = useCounters(row);
  const percent = row.state === 'done' ? 100 : percentOf(counters[1], row.size);
  // An empty bar says nothing, and many of them hide those that say something.
  if (counters[1] === 0 && row.state !== 'running' && row.state !== 'done') return null;
  return (
    <span className={classes.progress}>
      <ProgressBar state={row.state} counters={counters} width={Math.max(24, widthPx - percentWidthPx - paddingPx)} height={8} />
      <span className={classes.percent}>{percent === undefined ? '' : t('list.percent', { percent })}</span>
    </span>
  );
}

function SpeedCell({ row }: CellProps) {
  const [, , bytesPerSecond] = useCounters(row);
  return <span className={classes.strong}>{row.state === 'running' ? speedText(bytesPerSecond) : ''}</span>;
}

function LeftCell({ row }: CellProps) {
  const { language } = useTexts();
  const [, , , , secondsLeft] = useCounters(row);
  return <>{row.state === 'running' ? spanText(secondsLeft, language) || unknown : ''}</>;
}

function AddedCell({ row }: CellProps) {
  const { language } = useTexts();
  const at = row.finishedAt ?? row.addedAt;
  return (
    <span className={classes.clip} title={dateText(at, language)}>
      {whenText(at, Date.now(), language)}
    </span>
  );
}

const Clip = ({ text }: { readonly text: string }) => (
  <span className={classes.clip} title={text}>
    {text}
  </span>
);

/** Numbers end at the same edge, so that they can be compared at a glance. */
export const isEndAligned = (id: ColumnId): boolean => id === 'size' || id === 'speed' || id === 'left' || id === 'connections';

export function cellContent(id: ColumnId, props: CellProps): ReactNode {
  switch (id) {
    case 'name':
      return <NameCell {...props} />;
    case 'status':
      return <StatusText row={props.row} />;
    case 'progress':
      return <ProgressCell {...props} />;
    case 'size':
      return sizeText(props.row.size);
    case 'speed':
      return <SpeedCell {...props} />;
    case 'left':
      return <LeftCell {...props} />;
    case 'host':
      return <Clip text={props.row.host} />;
    case 'added':
      return <AddedCell {...props} />;
    case 'category':
      return <Clip text={props.row.category} />;
    case 'connections':
      return props.row.connections > 0 ? props.row.connections : '';
  }
}

/** A row of a small screen: the same in two lines. */
export function NarrowRow({ row, widthPx }: CellProps) {
  const counters = useCounters(row);
  const { language } = useTexts();
  const facts = row.state === 'running' ? [speedText(counters[2]), spanText(counters[4], language)] : [sizeText(row.size)];
  const percent = percentOf(counters[1], row.size);
  return (
    <span className={classes.narrow}>
      <span className={classes.narrowTop}>
        <FileIcon name={row.name} isCompact={false} />
        <span className={classes.titles}>
          <span className={classes.title}>{row.name}</span>
          <RowNote row={row} counters={counters} isBrief={false} />
        </span>
      </span>
      {row.state !== 'done' && (row.state === 'running' || counters[1] > 0) && (
        <ProgressBar state={row.state} counters={counters} width={Math.max(40, widthPx - 28)} height={6} />
      )}
      <span className={classes.narrowFacts}>
        <StatusText row={row} />
        <span className={classes.push}>
          {[...facts, percent === undefined ? '' : `${percent} %`].filter(Boolean).join(' · ')}
        </span>
      </span>
    </span>
  );
}
