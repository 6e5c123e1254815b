/** What each key does. */
import { Modal } from '@mantine/core';
import { Fragment } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import classes from './dialogs.module.css';

const shortcuts = [
  [['N'], 'add'],
  [['Ctrl', 'V'], 'paste'],
  [['/'], 'search'],
  [['↑', '↓'], 'move'],
  [['Shift', '↑ ↓'], 'extend'],
  [['Ctrl', 'Space'], 'toggleOne'],
  [['Ctrl', 'A'], 'selectAll'],
  [['Space'], 'toggle'],
  [['Enter'], 'details'],
  [['Alt', '↑ ↓'], 'reorder'],
  [['Shift', 'F10'], 'menu'],
  [['Del'], 'remove'],
  [['Shift', 'Del'], 'removeFiles'],
  [['Esc'], 'clear'],
  [['Ctrl', ','], 'settings'],
  [['?'], 'help'],
] as const;

export function ShortcutsDialog({ onClose }: { onClose(): void }) {
  const { t } = useTexts();
  return (
    <Modal opened onClose={onClose} title={t('page.keys.title')} closeButtonProps={{ 'aria-label': t('page.close') }}>
      <dl className={classes.keys}>
        {shortcuts.map(([keys, name]) => (
          <Fragment key={name}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(`page.keys.${name}`)}</dd>
          </Fragment>
        ))}
      </dl>
    </Modal>
  );
}
