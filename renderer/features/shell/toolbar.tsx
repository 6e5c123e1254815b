/** The commands above the list. */
import { Button, TextInput } from '@mantine/core';
import { useTexts } from '../../i18n/use-texts.ts';
import { pause, resume, selectedLive } from '../../state/actions.ts';
import { useApp, useList, useSelection, useView } from '../../state/use-app.ts';
import { Icon } from '../../ui/icon.tsx';
import { IconButton } from '../../ui/icon-button.tsx';
import { ColumnsMenu } from './columns-menu.tsx';
import { MoreMenu } from './more-menu.tsx';
import classes from './shell.module.css';

export const searchId = 'search';

export function Toolbar({ onOpenFilters }: { onOpenFilters(): void }) {
  const { t } = useTexts();
  const app = useApp();
  return (
    <header className={classes.top}>
      <span className={classes.onlyNarrow}>
        <IconButton icon="menu" label={t('page.openFilters')} onClick={onOpenFilters} />
      </span>
      <Button
        size="sm"
        leftSection={<Icon name="add" size={17} />}
        onClick={() => app.dialogs.setState({ dialog: { type: 'add' } })}
      >
        {t('list.add')}
      </Button>
      <span className={classes.separator} />
      <SelectionCommands />
      <MoreMenu />
      <Search />
      <span className={classes.onlyWide}>
        <ColumnsMenu />
      </span>
    </header>
  );
}

/** Without a selection they would have nothing to act on, and are off. */
function SelectionCommands() {
  const { t } = useTexts();
  const app = useApp();
  const ids = useSelection((state) => state.ids);
  const can = useList(({ rows, shape }) => {
    // The shape is what tells that a row's state changed: the map itself stays the same.
    if (shape < 0) return '';
    const states = new Set<string>();
    for (const id of ids) states.add(rows.get(id)?.state ?? 'done');
    return [...states].sort().join(' ');
  }).split(' ');
  const canResume = ['paused', 'failed', 'waiting'].some((state) => can.includes(state));
  const canPause = ['queued', 'running', 'waiting'].some((state) => can.includes(state));
  return (
    <>
      <IconButton
        icon="resume"
        label={t('list.resume')}
        isDisabled={!canResume}
        onClick={() => void resume(app, selectedLive(app))}
      />
      <IconButton
        icon="pause"
        label={t('list.pause')}
        isDisabled={!canPause}
        onClick={() => void pause(app, selectedLive(app))}
      />
      <IconButton
        icon="remove"
        label={t('list.remove')}
        isDisabled={ids.size === 0}
        onClick={() => app.dialogs.setState({ dialog: { type: 'remove', ids: [...ids], deleteFiles: false } })}
      />
    </>
  );
}

function Search() {
  const { t } = useTexts();
  const app = useApp();
  const search = useView((view) => view.search);
  const clear = () => app.view.setState({ search: '' });
  return (
    <TextInput
      id={searchId}
      type="search"
      className={classes.search ?? ''}
      aria-label={t('list.search')}
      placeholder={t('list.search')}
      leftSection={<Icon name="search" size={16} />}
      value={search}
      onChange={(event) => app.view.setState({ search: event.currentTarget.value })}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        clear();
        event.currentTarget.blur();
      }}
    />
  );
}
