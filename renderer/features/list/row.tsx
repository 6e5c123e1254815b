/** One row. It is drawn anew only when its download changes in more than its counters. */
import { type DragEvent, type MouseEvent, memo } from 'react';
import type { DownloadId, DownloadRow } from '#shared/rows';
import { useRow, useSelection } from '../../state/use-app.ts';
import type { Column } from '../../state/view.ts';
import { cellContent, isEndAligned, NarrowRow } from './cells.tsx';
import classes from './list.module.css';

export interface RowEvents {
  onClick(event: MouseEvent, id: DownloadId): void;
  onOpen(id: DownloadId): void;
  onMenu(event: MouseEvent, id: DownloadId): void;
  onDragStart(event: DragEvent, id: DownloadId): void;
  onDragOver(event: DragEvent, id: DownloadId): void;
  onDrop(event: DragEvent, id: DownloadId): void;
  onDragEnd(): void;
}

export interface RowLook {
  readonly columns: readonly Column[];
  readonly isCompact: boolean;
  readonly isNarrow: boolean;
  readonly widthPx: number;
  readonly canDrag: boolean;
}

interface Placed {
  /** From 1, the head counted. */
  readonly rowIndex: number;
  readonly topPx: number;
  readonly heightPx: number;
  readonly look: RowLook;
  readonly events: RowEvents;
  readonly drop: 'before' | 'after' | undefined;
}

export const rowElementId = (id: DownloadId): string => `download-${id}`;

export const LiveRow = memo(function LiveRow({ id, ...placed }: Placed & { readonly id: DownloadId }) {
  const row = useRow(id);
  return row === undefined ? null : <Row row={row} {...placed} />;
});

export const Row = memo(function Row({
  row,
  rowIndex,
  topPx,
  heightPx,
  look,
  events,
  drop,
}: Placed & { readonly row: DownloadRow }) {
  const { id } = row;
  const isSelected = useSelection(({ ids }) => ids.has(id));
  const isCursor = useSelection(({ cursor }) => cursor === id);
  const canDrag = look.canDrag && row.state !== 'done';
  return (
    // The grid around the rows takes the keys for all of them, and the focus: a row that could take it would keep the keys.
    // biome-ignore lint/a11y/useFocusableInteractive: see above.
    // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be virtual.
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keyboard's focus, a row never.
    <div
      id={rowElementId(id)}
      role="row"
      aria-rowindex={rowIndex}
      aria-selected={isSelected}
      aria-label={row.name}
      className={classes.row}
      data-cursor={isCursor || undefined}
      data-drop={drop}
      style={{ transform: `translateY(${topPx}px)`, height: `${heightPx}px` }}
      draggable={canDrag}
      onClick={(event) => events.onClick(event, id)}
      onDoubleClick={() => events.onOpen(id)}
      onContextMenu={(event) => events.onMenu(event, id)}
      onDragStart={(event) => events.onDragStart(event, id)}
      onDragOver={(event) => events.onDragOver(event, id)}
      onDrop={(event) => events.onDrop(event, id)}
      onDragEnd={events.onDragEnd}
    >
      {look.isNarrow ? (
        // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be virtual.
        // biome-ignore lint/a11y/useFocusableInteractive: the grid has the keyboard's focus.
        <div role="gridcell" aria-colindex={1} className={classes.cell} style={{ padding: 0, gridColumn: '1 / -1' }}>
          <NarrowRow row={row} widthPx={look.widthPx} isCompact={false} />
        </div>
      ) : (
        look.columns.map(({ id: column, widthPx }, index) => (
          // biome-ignore lint/a11y/useSemanticElements: a <table> cannot be virtual.
          // biome-ignore lint/a11y/useFocusableInteractive: the grid has the keyboard's focus.
          <div
            key={column}
            role="gridcell"
            aria-colindex={index + 1}
            data-end={isEndAligned(column) || undefined}
            className={column === 'name' ? `${classes.cell} ${classes.name}` : classes.cell}
          >
            {cellContent(column, { row, widthPx, isCompact: look.isCompact })}
          </div>
        ))
      )}
    </div>
  );
});
