/** Settings of folders, connections and limits. */
import { parseBytes } from '#shared/units';
import { limitText } from '../../format/size.ts';
import { CategoryList } from './category-list.tsx';
import { NumberSetting, SelectSetting, SwitchSetting, TextSetting } from './controls.tsx';
import { shownDefaults } from './defaults.ts';
import type { Entry, Making } from './entry.ts';

export function folderEntries({ t, settings, directory, write }: Making): Entry[] {
  const section = 'folders';
  const ifExists = [
    ['rename', t('settings.ifExistsRename')],
    ['overwrite', t('settings.ifExistsOverwrite')],
    ['skip', t('settings.ifExistsSkip')],
  ] as const;
  const duplicates = [
    ['ask', t('settings.duplicatesAsk')],
    ['skip', t('settings.duplicatesSkip')],
    ['add', t('settings.duplicatesAdd')],
  ] as const;
  const labels = {
    directory: t('settings.directory'),
    staging: t('settings.stagingDirectory'),
    ifExists: t('settings.ifExists'),
    duplicates: t('settings.duplicates'),
  };
  return [
    {
      ...{ section, label: labels.directory, help: t('settings.directoryHelp', { folder: directory }) },
      control: (
        <TextSetting
          label={labels.directory}
          value={settings.directory}
          isFolder
          placeholder={directory}
          onWrite={(value) => write({ directory: value })}
        />
      ),
    },
    {
      ...{ section, label: labels.staging, help: t('settings.stagingDirectoryHelp') },
      control: (
        <TextSetting
          label={labels.staging}
          value={settings.stagingDirectory}
          isFolder
          onWrite={(value) => write({ stagingDirectory: value })}
        />
      ),
    },
    {
      ...{ section, label: labels.ifExists, help: t('settings.ifExistsHelp'), byDefault: t('settings.ifExistsRename') },
      control: (
        <SelectSetting
          label={labels.ifExists}
          value={settings.ifExists}
          choices={ifExists}
          onWrite={(value) => write({ ifExists: value })}
        />
      ),
    },
    {
      ...{ section, label: labels.duplicates, help: t('settings.duplicatesHelp'), byDefault: t('settings.duplicatesAsk') },
      control: (
        <SelectSetting
          label={labels.duplicates}
          value={settings.duplicates}
          choices={duplicates}
          onWrite={(value) => write({ duplicates: value })}
        />
      ),
    },
    {
      ...{ section, label: t('settings.categories'), help: t('settings.categoriesHelp'), isWide: true },
      control: <CategoryList categories={settings.categories} onChange={(categories) => write({ categories })} />,
    },
  ];
}

const numbers = [
  ['connections', 64],
  ['activeDownloads', 100],
  ['connectionsPerHost', 256],
] as const;

export function transferEntries({ t, settings, write }: Making): Entry[] {
  const section = 'transfer';
  const limitLabel = t('settings.limit');
  const soonestLabel = t('settings.soonestDyingFirst');
  const retriesLabel = t('settings.retries');
  return [
    ...numbers.map(
      ([name, max]): Entry => ({
        ...{ section, label: t(`settings.${name}`), help: t(`settings.${name}Help`), byDefault: String(shownDefaults[name]) },
        control: (
          <NumberSetting
            label={t(`settings.${name}`)}
            value={settings[name]}
            min={1}
            max={max}
            onWrite={(value) => write({ [name]: value })}
          />
        ),
      }),
    ),
    {
      ...{ section, label: limitLabel, help: t('settings.limitHelp'), byDefault: t('settings.none') },
      control: (
        <TextSetting
          label={limitLabel}
          value={limitText(settings.limitBytesPerSecond)}
          check={(text) => (text.trim() !== '' && parseBytes(text) === undefined ? t('add.limitWrong') : undefined)}
          onWrite={(text) => write({ limitBytesPerSecond: parseBytes(text) ?? 0 })}
        />
      ),
    },
    {
      ...{ section, label: retriesLabel, help: t('settings.retriesHelp'), byDefault: String(shownDefaults.retries) },
      control: (
        <NumberSetting
          label={retriesLabel}
          value={settings.retries}
          min={0}
          max={1000}
          onWrite={(value) => write({ retries: value })}
        />
      ),
    },
    {
      ...{ section, label: soonestLabel, help: t('settings.soonestDyingFirstHelp') },
      control: (
        <SwitchSetting
          label={soonestLabel}
          value={settings.soonestDyingFirst}
          onWrite={(value) => write({ soonestDyingFirst: value })}
        />
      ),
    },
  ];
}
