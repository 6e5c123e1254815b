/** The filters, with how many each would show; below them the way to settings and keys. */
import type { ReactNode } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useList, useSettings, useView } from '../../state/use-app.ts';
import type { Filter } from '../../state/view.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import classes from './shell.module.css';

const filters: readonly (readonly [Filter, IconName])[] = [
  ['all', 'all'],
  ['running', 'running'],
  ['queued', 'queued'],
  ['waiting', 'waiting'],
  ['paused', 'paused'],
  ['failed', 'failed'],
  ['done', 'done'],
];

interface SidebarProps {
  readonly isOpen: boolean;
  onChosen(): void;
}

export function Sidebar({ isOpen, onChosen }: SidebarProps) {
  const { t } = useTexts();
  const app = useApp();
  const filter = useView((view) => view.filter);
  const open = (dialog: 'settings' | 'shortcuts') => {
    app.dialogs.setState({ dialog: { type: dialog } });
    onChosen();
  };
  return (
    <nav className={classes.side} aria-label={t('page.navigation')} data-open={isOpen || undefined}>
      <div className={classes.brand}>
        <img src="./icon.svg" alt="" />
        {t('page.name')}
      </div>
      {filters.map(([id, icon]) => (
        <FilterButton
          key={id}
          icon={icon}
          isOn={filter === id}
          onClick={() => {
            app.view.setState({ filter: id });
            onChosen();
          }}
          count={<Count filter={id} />}
        >
          {t(`list.filter.${id}`)}
        </FilterButton>
      ))}
      <Categories onChosen={onChosen} />
      <div className={classes.sideFoot}>
        <FilterButton icon="settings" onClick={() => open('settings')}>
          {t('page.settings')}
        </FilterButton>
        <FilterButton icon="keyboard" onClick={() => open('shortcuts')}>
          {t('page.shortcuts')}
        </FilterButton>
      </div>
    </nav>
  );
}

function Count({ filter }: { readonly filter: Filter }) {
  const count = useList(({ totals }) => {
    if (filter !== 'all') return totals[filter];
    return totals.queued + totals.running + totals.waiting + totals.paused + totals.failed + totals.done;
  });
  return count === 0 ? null : <span className={classes.count}>{count}</span>;
}

function Categories({ onChosen }: { onChosen(): void }) {
  const { t } = useTexts();
  const app = useApp();
  const categories = useSettings((settings) => settings?.categories);
  const chosen = useView((view) => view.category);
  if (categories === undefined || categories.length === 0) return null;
  return (
    <>
      <h2 className={classes.sideTitle}>{t('list.filter.categories')}</h2>
      {categories.map(({ name }) => (
        <FilterButton
          key={name}
          icon="folder"
          isOn={chosen === name}
          onClick={() => {
            app.view.setState({ category: chosen === name ? undefined : name });
            onChosen();
          }}
        >
          {name}
        </FilterButton>
      ))}
    </>
  );
}

interface FilterButtonProps {
  readonly icon: IconName;
  readonly isOn?: boolean;
  readonly onClick: () => void;
  readonly count?: ReactNode;
  readonly children: ReactNode;
}

function FilterButton({ icon, isOn, onClick, count, children }: FilterButtonProps) {
  return (
    <button type="button" className={classes.filter} aria-pressed={isOn} onClick={onClick}>
      <Icon name={icon} size={17} />
      {children}
      {count}
    </button>
  );
}
