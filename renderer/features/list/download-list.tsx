/** The list: virtual rows under sticky heads, one grid for the screen reader. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { DownloadId } from '#shared/rows';
import { useTexts } from '../../i18n/use-texts.ts';
import { showDetails } from '../../state/actions.ts';
import { finishedRow } from '../../state/finished-row.ts';
import { finishedPlaces, type Items, indexOf, itemAt } from '../../state/items.ts';
import { choose } from '../../state/selection.ts';
import { useApp, useSelection, useSettings, useView } from '../../state/use-app.ts';
import type { Column } from '../../state/view.ts';
import { useSize } from '../../ui/use-size.ts';
import { chooseByClick } from './choosing.ts';
import { ContextMenu, type MenuPlace } from './context-menu.tsx';
import { Head } from './head.tsx';
import classes from './list.module.css';
import { LiveRow, Row, type RowEvents, type RowLook, rowElementId } from './row.tsx';
import { gridKeys } from './use-grid-keys.ts';
import { useRowDrag } from './use-row-drag.ts';

const headPx = 34;
const headingPx = 44;
const narrowBelowPx = 640;
const rowPx = { comfortable: 54, compact: 32, narrow: 96 } as const;

const columnsText = (columns: readonly Column[]): string =>
  columns.map(({ id, widthPx }) => (id === 'name' ? `minmax(${widthPx}px, 1fr)` : `${widthPx}px`)).join(' ');

function useLook(widthPx: number): RowLook {
  const columns = useView((view) => view.columns);
  const isCompact = useSettings((settings) => settings?.appearance.density === 'compact');
  const canDrag = useView(({ sort }) => sort.by === 'order');
  const isNarrow = widthPx > 0 && widthPx < narrowBelowPx;
  // A narrow row draws its bar as wide as the list; a wide one does not care how wide that is.
  const rowWidthPx = isNarrow ? widthPx : 0;
  return useMemo(
    () => ({ columns: columns.filter(({ isShown }) => isShown), isCompact, isNarrow, widthPx: rowWidthPx, canDrag }),
    [columns, isCompact, isNarrow, rowWidthPx, canDrag],
  );
}

/** The details follow the selection once it rests, so that going through the list asks for nothing on the way. */
function useFollowingDetails(isNarrow: boolean): void {
  const app = useApp();
  const chosen = useSelection(({ ids, cursor }) =>
    ids.size === 1 && cursor !== undefined && ids.has(cursor) ? cursor : undefined,
  );
  const isPanelOpen = useView((view) => view.isPanelOpen);
  useEffect(() => {
    if (chosen === undefined || !isPanelOpen || isNarrow) return;
    const timer = setTimeout(() => void app.details.open(chosen), 90);
    return () => clearTimeout(timer);
  }, [app, chosen, isPanelOpen, isNarrow]);
}

export function DownloadList({ items }: { readonly items: Items }) {
  const app = useApp();
  const { t } = useTexts();
  const { ref, width, height } = useSize<HTMLDivElement>();
  const look = useLook(width);
  const rowHeightPx = look.isNarrow ? rowPx.narrow : look.isCompact ? rowPx.compact : rowPx.comfortable;
  const headHeightPx = look.isNarrow ? 0 : headPx;
  const [menu, setMenu] = useState<MenuPlace>();
  const cursor = useSelection((state) => state.cursor);
  const drag = useRowDrag();
  useFollowingDetails(look.isNarrow);

  const headingIndex = items.hasHeading ? items.live.length : -1;
  const virtual = useVirtualizer({
    count: items.count,
    getScrollElement: () => ref.current,
    estimateSize: (index) => (index === headingIndex ? headingPx : rowHeightPx),
    overscan: 5,
    scrollPaddingStart: headHeightPx,
  });
  // Sizes are remembered by place: what is another row now has another height.
  // biome-ignore lint/correctness/useExhaustiveDependencies: these are what heights depend on.
  useEffect(() => virtual.measure(), [rowHeightPx, headingIndex, virtual]);
  const seen = virtual.getVirtualItems();
  useNeededHistory(items, seen[0]?.index ?? 0, (seen.at(-1)?.index ?? -1) + 1);

  const events = useRowEvents(items, look.isNarrow, setMenu, drag);
  const openMenuAtCursor = () => {
    const element = cursor === undefined ? null : document.getElementById(rowElementId(cursor));
    const { left, bottom } = (element ?? ref.current)?.getBoundingClientRect() ?? { left: 0, bottom: 0 };
    setMenu({ left: left + 40, top: bottom - 8 });
  };
  const onKeyDown = gridKeys({
    app,
    items,
    pageRows: Math.max(1, Math.floor((height - headHeightPx) / rowHeightPx) - 1),
    scrollTo: (index) => virtual.scrollToIndex(index),
    openMenu: openMenuAtCursor,
  });
  const closeMenu = () => {
    setMenu(undefined);
    ref.current?.focus();
  };
  const isCursorDrawn = seen.some(({ index }) => index === indexOf(items, app.history.store.getState(), cursor));
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a <table> cannot be virtual. */}
      <div
        ref={ref}
        id="downloads"
        role="grid"
        tabIndex={0}
        aria-label={t('list.grid')}
        aria-multiselectable="true"
        aria-rowcount={items.live.length + items.finished + 1}
        aria-colcount={look.isNarrow ? 1 : look.columns.length}
        aria-activedescendant={cursor !== undefined && isCursorDrawn ? rowElementId(cursor) : undefined}
        className={look.isCompact && !look.isNarrow ? `${classes.frame} ${classes.compact}` : classes.frame}
        onKeyDown={onKeyDown}
      >
        <div
          role="presentation"
          className={classes.grid}
          style={
            {
              '--columns': look.isNarrow ? 'minmax(0, 1fr)' : columnsText(look.columns),
              ...(look.isNarrow ? { width: '100%' } : {}),
            } as React.CSSProperties
          }
        >
          {!look.isNarrow && <Head columns={look.columns} />}
          <div role="presentation" className={classes.body} style={{ height: `${virtual.getTotalSize()}px` }}>
            {seen.map(({ index, start }) => (
              <Place
                key={keyOf(items, index)}
                {...{ items, index, look, events }}
                topPx={start}
                heightPx={rowHeightPx}
                target={drag.target}
              />
            ))}
          </div>
        </div>
      </div>
      {menu !== undefined && <ContextMenu place={menu} onClose={closeMenu} />}
    </>
  );
}

function keyOf(items: Items, index: number): string | number {
  const item = itemAt(items, index);
  return item?.type === 'live' ? item.id : item?.type === 'heading' ? 'heading' : index - items.live.length;
}

function useNeededHistory(items: Items, start: number, end: number): void {
  const app = useApp();
  const generation = useStore(app.history.store, ({ byId }) => byId);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a history that was read anew has holes again.
  useEffect(() => {
    const places = finishedPlaces(items, start, end);
    if (places.start < places.end) void app.history.need(places.start, places.end).catch(() => undefined);
  }, [app, items, start, end, generation]);
}

function useRowEvents(
  items: Items,
  isNarrow: boolean,
  setMenu: (place: MenuPlace) => void,
  { onDragStart, onDragOver, onDrop, onDragEnd }: ReturnType<typeof useRowDrag>,
): RowEvents {
  const app = useApp();
  const events: RowEvents = {
    onClick(event: MouseEvent, id: DownloadId) {
      chooseByClick(app, items, id, event);
      if (isNarrow && !event.shiftKey && !event.ctrlKey) showDetails(app, id);
    },
    onOpen: (id) => showDetails(app, id),
    onMenu(event, id) {
      event.preventDefault();
      if (!app.selection.getState().ids.has(id)) app.selection.setState(choose(id));
      setMenu({ left: event.clientX, top: event.clientY });
    },
    ...{ onDragStart, onDragOver, onDrop, onDragEnd },
  };
  // Rows compare what they are given: one object for good, that leads to the newest functions.
  const newest = useRef(events);
  newest.current = events;
  return useMemo(
    () => ({
      onClick: (event, id) => newest.current.onClick(event, id),
      onOpen: (id) => newest.current.onOpen(id),
      onMenu: (event, id) => newest.current.onMenu(event, id),
      onDragStart: (event, id) => newest.current.onDragStart(event, id),
      onDragOver: (event, id) => newest.current.onDragOver(event, id),
      onDrop: (event, id) => newest.current.onDrop(event, id),
      onDragEnd: () => newest.current.onDragEnd(),
    }),
    [],
  );
}

interface PlaceProps {
  readonly items: Items;
  readonly index: number;
  readonly look: RowLook;
  readonly events: RowEvents;
  readonly topPx: number;
  readonly heightPx: number;
  readonly target: ReturnType<typeof useRowDrag>['target'];
}

function Place({ items, index, look, events, topPx, heightPx, target }: PlaceProps) {
  const app = useApp();
  const { t } = useTexts();
  const item = itemAt(items, index);
  const place = item?.type === 'finished' ? item.place : -1;
  const history = useStore(app.history.store, ({ rows }) => rows.get(place));
  if (item === undefined) return null;
  if (item.type === 'heading') {
    const style = { transform: `translateY(${topPx}px)`, height: `${headingPx}px` };
    return (
      <div className={classes.heading} style={style} aria-hidden="true">
        {t('list.finished')} <span>{items.finished}</span>
      </div>
    );
  }
  // The head is the first row; the line before the finished ones is none.
  const rowIndex = index + 2 - (items.hasHeading && item.type === 'finished' ? 1 : 0);
  const placed = { rowIndex, topPx, heightPx, look, events };
  if (item.type === 'live') {
    return <LiveRow id={item.id} {...placed} drop={target?.id === item.id ? target.side : undefined} />;
  }
  return history === undefined ? null : <Row row={finishedRow(history)} {...placed} drop={undefined} />;
}
