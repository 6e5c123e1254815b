/** Dragging rows to another place of the queue. */
import { type DragEvent, useState } from 'react';
import type { DownloadId } from '#shared/rows';
import { move, selectedLive } from '../../state/actions.ts';
import { choose } from '../../state/selection.ts';
import { useApp } from '../../state/use-app.ts';

/** Tells rows of this list from files and links that are dragged in. */
export const rowsType = 'application/x-sluice-rows';

interface Target {
  readonly id: DownloadId;
  readonly side: 'before' | 'after';
}

const isOurs = (event: DragEvent): boolean => event.dataTransfer.types.includes(rowsType);

function sideOf(event: DragEvent): Target['side'] {
  const { top, height } = event.currentTarget.getBoundingClientRect();
  return event.clientY < top + height / 2 ? 'before' : 'after';
}

export function useRowDrag() {
  const app = useApp();
  const [target, setTarget] = useState<Target>();

  const drop = (side: Target['side'], id: DownloadId) => {
    const ids = selectedLive(app);
    const chosen = new Set(ids);
    const order = app.arranged.getState().ids;
    const rest = order.slice(order.indexOf(id) + (side === 'after' ? 1 : 0)).filter((other) => !chosen.has(other));
    const [before] = rest;
    void move(app, ids, before === undefined ? 'last' : { before });
  };

  return {
    target,
    onDragStart(event: DragEvent, id: DownloadId) {
      if (!app.selection.getState().ids.has(id)) app.selection.setState(choose(id));
      event.dataTransfer.setData(rowsType, id);
      event.dataTransfer.effectAllowed = 'move';
    },
    onDragOver(event: DragEvent, id: DownloadId) {
      if (!isOurs(event)) return;
      event.preventDefault();
      const side = sideOf(event);
      setTarget((known) => (known?.id === id && known.side === side ? known : { id, side }));
    },
    onDrop(event: DragEvent, id: DownloadId) {
      if (!isOurs(event)) return;
      event.preventDefault();
      setTarget(undefined);
      drop(sideOf(event), id);
    },
    onDragEnd: () => setTarget(undefined),
  };
}
