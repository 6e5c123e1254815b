/** Where the downloads go, how they are fetched and what is sent for them: for all that are added together. */
import { NativeSelect, NumberInput, PasswordInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useStore } from 'zustand';
import { parseHeaders } from '../../format/fields.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { type Options, wrongOptions } from '../../state/order-draft.ts';
import { useApp, useSession, useSettings } from '../../state/use-app.ts';
import { useFolderDialog } from '../shell/choose-folder.tsx';
import classes from './add.module.css';

type TextOption = Exclude<keyof Options, 'beginsNow' | 'isFirst'>;

/** What a field of the dialog needs to show and change one option. */
function useOption() {
  const { adding } = useApp();
  const options = useStore(adding.store, (state) => state.options);
  const bind = (name: TextOption) => ({
    value: options[name],
    onChange: (event: { currentTarget: { value: string } }) => adding.setOptions({ [name]: event.currentTarget.value }),
  });
  return { options, adding, bind, wrong: wrongOptions(options) };
}

export function PlaceOptions() {
  const { t } = useTexts();
  const { options, adding, bind, wrong } = useOption();
  const session = useSession();
  const folderDialog = useFolderDialog();
  const connections = useSettings((settings) => settings?.connections ?? 8);
  const categories = useSettings((settings) => settings?.categories);
  const roots = session?.roots ?? [];
  return (
    <details className={classes.section} open>
      <summary>{t('add.options')}</summary>
      <div className={classes.grid}>
        <TextInput
          label={t('add.folder')}
          description={roots.length > 0 ? t('add.folderRoots', { roots: roots.join(', ') }) : t('add.folderHelp')}
          placeholder={session?.directory ?? ''}
          rightSection={folderDialog?.(options.directory, (directory) => adding.setOptions({ directory }))}
          {...bind('directory')}
        />
        <NativeSelect
          label={t('add.category')}
          description={t('add.categoryHelp')}
          data={[{ value: '', label: t('add.categoryAuto') }, ...(categories ?? []).map(({ name }) => name)]}
          {...bind('category')}
        />
        <NumberInput
          label={t('add.connections')}
          description={t('add.connectionsHelp', { count: connections })}
          min={1}
          max={64}
          allowDecimal={false}
          value={options.connections}
          onChange={(value) => adding.setOptions({ connections: String(value) })}
        />
        <TextInput
          label={t('add.limit')}
          description={t('add.limitHelp')}
          error={wrong.has('limit') ? t('add.limitWrong') : undefined}
          {...bind('limit')}
        />
        <TextInput
          label={t('add.checksum')}
          description={t('add.checksumHelp')}
          error={wrong.has('checksum') ? t('add.checksumWrong') : undefined}
          {...bind('checksum')}
        />
        <Choice
          label={t('add.begin')}
          value={options.beginsNow ? 'now' : 'later'}
          onChange={(value) => adding.setOptions({ beginsNow: value === 'now' })}
          data={[
            { value: 'now', label: t('add.beginNow') },
            { value: 'later', label: t('add.beginLater') },
          ]}
        />
        <Choice
          label={t('add.place')}
          value={options.isFirst ? 'first' : 'last'}
          onChange={(value) => adding.setOptions({ isFirst: value === 'first' })}
          data={[
            { value: 'first', label: t('add.placeFirst') },
            { value: 'last', label: t('add.placeLast') },
          ]}
        />
      </div>
    </details>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly data: { value: string; label: string }[];
  onChange(value: string): void;
}

function Choice({ label, value, data, onChange }: ChoiceProps) {
  return (
    <div className={classes.field}>
      <span className={classes.fieldName}>{label}</span>
      <SegmentedControl aria-label={label} value={value} onChange={onChange} data={data} />
    </div>
  );
}

export function RequestOptions() {
  const { t } = useTexts();
  const { options, bind, wrong } = useOption();
  return (
    <details className={classes.section}>
      <summary>{t('add.request')}</summary>
      <p className={classes.soft}>{t('add.requestHelp')}</p>
      <div className={classes.grid}>
        <TextInput label={t('add.userAgent')} {...bind('userAgent')} />
        <TextInput label={t('add.referer')} {...bind('referer')} />
        <TextInput label={t('add.username')} autoComplete="off" {...bind('username')} />
        <PasswordInput label={t('add.password')} autoComplete="new-password" {...bind('password')} />
        <TextInput
          label={t('add.proxy')}
          description={t('add.proxyHelp')}
          error={wrong.has('proxy') ? t('request.badProxy') : undefined}
          {...bind('proxy')}
        />
        <TextInput label={t('add.cookies')} description={t('add.cookiesHelp')} {...bind('cookies')} />
      </div>
      <Textarea
        mt={12}
        label={t('add.headers')}
        description={t('add.headersHelp')}
        error={wrong.has('headers') ? t('add.headersWrong', { line: parseHeaders(options.headers).rest[0] ?? '' }) : undefined}
        autosize
        minRows={2}
        maxRows={8}
        {...bind('headers')}
      />
    </details>
  );
}
