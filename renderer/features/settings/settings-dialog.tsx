/** All settings, by section or by search. What is changed is kept at once. */
import { Modal, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { Fragment, useState } from 'react';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useSession, useSettings } from '../../state/use-app.ts';
import { Icon } from '../../ui/icon.tsx';
import { type Entry, fits, type Making, type Section, sections } from './entry.ts';
import { networkEntries, profileEntries, scheduleEntries } from './network-entries.tsx';
import { appearanceEntries, notificationEntries, serverEntries } from './page-entries.tsx';
import classes from './settings.module.css';
import { folderEntries, transferEntries } from './transfer-entries.tsx';

const makers = [
  folderEntries,
  transferEntries,
  scheduleEntries,
  networkEntries,
  profileEntries,
  appearanceEntries,
  notificationEntries,
  serverEntries,
] as const;

function useEntries(): readonly Entry[] {
  const app = useApp();
  const { t } = useTexts();
  const settings = useSettings((all) => all);
  const directory = useSession()?.directory ?? '';
  if (settings === undefined) return [];
  const write: Making['write'] = (change) => void app.attempt(() => app.settings.write(change));
  const making: Making = { t, settings, directory, write };
  return makers.flatMap((make) => make(making));
}

interface SettingsDialogProps {
  readonly section: string | undefined;
  onClose(): void;
}

export function SettingsDialog({ section, onClose }: SettingsDialogProps) {
  const { t } = useTexts();
  const isNarrow = useMediaQuery('(max-width: 720px)', false);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('settings.title')}
      size={1000}
      fullScreen={isNarrow}
      closeButtonProps={{ 'aria-label': t('page.close') }}
    >
      <SettingsBody first={sections.find((known) => known === section) ?? 'folders'} />
    </Modal>
  );
}

function SettingsBody({ first }: { readonly first: Section }) {
  const { t } = useTexts();
  const [chosen, setChosen] = useState<Section>(first);
  const [search, setSearch] = useState('');
  const isSearching = search.trim() !== '';
  const entries = useEntries();
  const shown = entries.filter((entry) => (isSearching ? fits(entry, search.trim()) : entry.section === chosen));
  return (
    <div className={classes.layout}>
      <nav aria-label={t('settings.title')}>
        <TextInput
          className={classes.search ?? ''}
          type="search"
          aria-label={t('settings.search')}
          placeholder={t('settings.search')}
          leftSection={<Icon name="search" size={15} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          data-autofocus
        />
        <div className={classes.sectionList}>
          {sections.map((section) => (
            <button
              key={section}
              type="button"
              className={classes.section}
              aria-current={!isSearching && section === chosen}
              onClick={() => {
                setChosen(section);
                setSearch('');
              }}
            >
              {t(`settings.section.${section}`)}
            </button>
          ))}
        </div>
      </nav>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard. */}
      <section className={classes.body} tabIndex={0} aria-label={t('settings.title')}>
        {shown.length === 0 && <p className={classes.help}>{t('settings.nothing')}</p>}
        {sections.map((section) => (
          <SectionEntries key={section} section={section} entries={shown.filter((entry) => entry.section === section)} />
        ))}
      </section>
    </div>
  );
}

function SectionEntries({ section, entries }: { readonly section: Section; readonly entries: readonly Entry[] }) {
  const { t } = useTexts();
  if (entries.length === 0) return null;
  return (
    <>
      <h3>{t(`settings.section.${section}`)}</h3>
      {entries.map((entry) => (
        <Fragment key={entry.label}>
          <SettingRow entry={entry} />
        </Fragment>
      ))}
    </>
  );
}

function SettingRow({ entry: { section, label, help, byDefault, isWide, control } }: { readonly entry: Entry }) {
  const { t } = useTexts();
  return (
    <div className={classes.row} data-wide={isWide || undefined}>
      <div>
        {label !== t(`settings.section.${section}`) && <div className={classes.label}>{label}</div>}
        <p className={classes.help}>
          {help} {byDefault !== undefined && t('settings.default', { value: byDefault })}
        </p>
      </div>
      <div className={classes.control}>{control}</div>
    </div>
  );
}
