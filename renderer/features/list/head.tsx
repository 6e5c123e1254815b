/** The heads of the columns: click to sort, drag the edge to size. */
import type { KeyboardEvent, PointerEvent } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useView } from '../../state/use-app.ts';
import {
  type Column,
  type ColumnId,
  clampWidth,
  narrowestColumnPx,
  nextSort,
  widestColumnPx,
  withColumn,
} from '../../state/view.ts';
import { Icon } from '../../ui/icon.tsx';
import { isEndAligned } from './cells.tsx';
import classes from './list.module.css';

export function Head({ columns }: { readonly columns: readonly Column[] }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be virtual.
    // biome-ignore lint/a11y/useFocusableInteractive: its buttons are focused, the row is not.
    <div role="row" aria-rowindex={1} className={classes.head}>
      {columns.map((column, index) => (
        <HeadCell key={column.id} column={column} index={index} />
      ))}
    </div>
  );
}

function HeadCell({ column: { id, widthPx }, index }: { readonly column: Column; readonly index: number }) {
  const { t } = useTexts();
  const app = useApp();
  const sort = useView((view) => view.sort);
  const isSorted = sort.by === id;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be virtual.
    // biome-ignore lint/a11y/useFocusableInteractive: its button is focused.
    <div
      role="columnheader"
      aria-colindex={index + 1}
      className={classes.headCell}
      data-end={isEndAligned(id) || undefined}
      {...(isSorted ? { 'aria-sort': sort.isDescending ? 'descending' : 'ascending' } : {})}
    >
      <button type="button" className={classes.headButton} onClick={() => app.view.setState({ sort: nextSort(sort, id) })}>
        <span className={classes.clip}>{t(`list.column.${id}`)}</span>
        {isSorted && <Icon name={sort.isDescending ? 'down' : 'up'} size={13} />}
      </button>
      <Resizer id={id} widthPx={widthPx} label={t('list.resizeColumn', { column: t(`list.column.${id}`) })} />
    </div>
  );
}

const keyStepPx = 16;

function Resizer({ id, widthPx, label }: { readonly id: ColumnId; readonly widthPx: number; readonly label: string }) {
  const { view } = useApp();
  const resize = (next: number) =>
    view.setState(({ columns }) => ({ columns: withColumn(columns, id, { widthPx: clampWidth(next) }) }));
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    const grip = event.currentTarget;
    // What is seen may be wider than what was set: the name takes what the others leave.
    const seen = grip.parentElement?.getBoundingClientRect().width ?? widthPx;
    const from = event.clientX;
    grip.setPointerCapture(event.pointerId);
    grip.onpointermove = (moved) => resize(seen + moved.clientX - from);
    grip.onpointerup = () => {
      grip.onpointermove = null;
    };
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const way = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (way === 0) return;
    event.preventDefault();
    event.stopPropagation();
    resize(widthPx + way * keyStepPx);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be moved.
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={widthPx}
      aria-valuemin={narrowestColumnPx}
      aria-valuemax={widestColumnPx}
      className={classes.resizer}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
