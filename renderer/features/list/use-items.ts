/** What the list holds from top to bottom, and the finished ones read as they are looked for. */
import { useEffect, useMemo, useRef } from 'react';
import { useStore } from 'zustand';
import type { Sent } from '#shared/contract';
import { type Items, toItems } from '../../state/items.ts';
import { useApp, useView } from '../../state/use-app.ts';
import type { Sort } from '../../state/view.ts';

const searchRestsMs = 180;

function historyOrder({ by, isDescending }: Sort): Pick<Sent<'history.page'>, 'sort' | 'descending'> {
  if (by === 'name' || by === 'size') return { sort: by, descending: isDescending };
  if (by === 'added') return { sort: 'finishedAt', descending: isDescending };
  return { sort: 'finishedAt', descending: true };
}

export function useItems(): Items {
  const app = useApp();
  const filter = useView((view) => view.filter);
  const live = useStore(app.arranged, ({ ids }) => ids);
  const finished = useStore(app.history.store, ({ total }) => total);
  useHistoryLook();
  return useMemo(() => toItems(filter, live, finished), [filter, live, finished]);
}

/** The history is searched and sorted where it is kept. */
function useHistoryLook(): void {
  const app = useApp();
  const search = useView((view) => view.search.trim());
  const category = useView((view) => view.category);
  const sort = useView((view) => view.sort);
  const isFirst = useRef(true);
  useEffect(() => {
    const look = { ...historyOrder(sort), ...(search === '' ? {} : { search }), ...(category === undefined ? {} : { category }) };
    // Until the connection is there nothing can be asked; it is asked anyway when it comes.
    const ask = () => void app.history.look(look).catch(() => undefined);
    if (isFirst.current) {
      isFirst.current = false;
      return ask();
    }
    const timer = setTimeout(ask, searchRestsMs);
    return () => clearTimeout(timer);
  }, [app, search, category, sort]);
}
