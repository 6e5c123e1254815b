/** Everything that is sent for one download, to be changed at any time, and what it comes to. */
import { Button, NativeSelect, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import type { Result } from '#shared/contract';
import type { DownloadId } from '#shared/rows';
import { presetOf, type UserAgentPreset, userAgents } from '../../format/user-agents.ts';
import { causeText } from '../../i18n/failure-text.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { type DraftErrors, errorsOf, hasErrors, type RequestDraftState } from '../../state/request-draft.ts';
import { useApp, useRow } from '../../state/use-app.ts';
import { FieldTable } from './field-table.tsx';
import classes from './request.module.css';
import { type RequestEditor, useRequest } from './use-request.ts';

export function RequestTab({ id }: { readonly id: DownloadId }) {
  const app = useApp();
  const { t } = useTexts();
  const editor = useRequest(id);
  const { draft, saved } = editor;
  if (draft === undefined) return editor.refusal === undefined ? null : <p className={classes.wrong}>{editor.refusal.message}</p>;
  const errors = errorsOf(draft);
  const url = saved?.request.url ?? draft.url;
  return (
    <div className={classes.layout}>
      <form
        className={classes.form}
        aria-label={t('details.tab.request')}
        onSubmit={(event) => {
          event.preventDefault();
          if (!hasErrors(errors)) void editor.save();
        }}
      >
        <div className={classes.address}>
          <span className={classes.url} title={url}>
            {url}
          </span>
          <Button variant="default" onClick={() => app.dialogs.setState({ dialog: { type: 'newLink', id } })}>
            {t('request.newLink')}
          </Button>
        </div>
        <PlainFields draft={draft} errors={errors} change={editor.change} />
        <FieldTable
          kind="headers"
          host={hostOf(url)}
          rows={draft.headers}
          errors={errors.fields}
          onChange={(headers) => editor.change({ headers })}
        />
        <FieldTable
          kind="cookies"
          host={hostOf(url)}
          rows={draft.cookies}
          errors={errors.fields}
          onChange={(cookies) => editor.change({ cookies })}
        />
        <RareFields draft={draft} errors={errors} change={editor.change} />
        <Foot id={id} editor={editor} isWrong={hasErrors(errors)} />
      </form>
      {saved !== undefined && <Preview saved={saved} />}
    </div>
  );
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : '');

interface FieldsProps {
  readonly draft: RequestDraftState;
  readonly errors: DraftErrors;
  change(change: Partial<RequestDraftState>): void;
}

function PlainFields({ draft, errors, change }: FieldsProps) {
  const { t } = useTexts();
  const presets = ['none', ...Object.keys(userAgents), 'own'] as ('none' | 'own' | UserAgentPreset)[];
  const choosePreset = (preset: string) => {
    if (preset === 'none') change({ userAgent: '' });
    else if (preset in userAgents) change({ userAgent: userAgents[preset as UserAgentPreset] });
  };
  return (
    <div className={classes.grid}>
      <TextInput
        label={t('request.method')}
        value={draft.method}
        list="methods"
        onChange={(event) => change({ method: event.currentTarget.value.toUpperCase() })}
        error={errors.method ? t('request.badMethod') : undefined}
      />
      <datalist id="methods">
        <option value="GET" />
        <option value="POST" />
        <option value="PUT" />
      </datalist>
      <NativeSelect
        label={t('request.userAgentPreset')}
        value={presetOf(draft.userAgent)}
        onChange={(event) => choosePreset(event.currentTarget.value)}
        data={presets.map((value) => ({ value, label: t(`request.preset.${value}`) }))}
      />
      <TextInput
        label={t('request.userAgent')}
        value={draft.userAgent}
        onChange={(event) => change({ userAgent: event.currentTarget.value })}
        spellCheck={false}
      />
      <TextInput
        label={t('request.referer')}
        value={draft.referer}
        onChange={(event) => change({ referer: event.currentTarget.value })}
        spellCheck={false}
      />
    </div>
  );
}

function RareFields({ draft, errors, change }: FieldsProps) {
  const { t } = useTexts();
  const kept = (value: string | null) => (value === null ? `••• ${t('request.kept')}` : '');
  return (
    <>
      <div className={classes.grid}>
        <TextInput
          label={t('request.username')}
          value={draft.username}
          autoComplete="off"
          onChange={(event) => change({ username: event.currentTarget.value })}
        />
        <PasswordInput
          label={t('request.password')}
          value={draft.password ?? ''}
          placeholder={kept(draft.password)}
          autoComplete="new-password"
          onChange={(event) => change({ password: event.currentTarget.value })}
        />
        <TextInput
          label={t('request.proxy')}
          description={t('request.proxyHelp')}
          value={draft.proxy ?? ''}
          placeholder={kept(draft.proxy)}
          onChange={(event) => change({ proxy: event.currentTarget.value })}
          error={errors.proxy ? t('request.badProxy') : undefined}
          spellCheck={false}
        />
      </div>
      <Textarea
        label={t('request.body')}
        description={t('request.bodyHelp')}
        value={draft.body ?? ''}
        placeholder={kept(draft.body)}
        onChange={(event) => change({ body: event.currentTarget.value })}
        autosize
        minRows={1}
        maxRows={8}
        spellCheck={false}
      />
      <Switch
        label={t('request.insecure')}
        description={t('request.insecureHelp')}
        checked={draft.insecure}
        onChange={(event) => change({ insecure: event.currentTarget.checked })}
      />
    </>
  );
}

interface FootProps {
  readonly id: DownloadId;
  readonly editor: RequestEditor;
  readonly isWrong: boolean;
}

function Foot({ id, editor, isWrong }: FootProps) {
  const { t } = useTexts();
  const refused = useRow(id)?.editRefused;
  const { isChanged, isOutdated, saved, refusal, wasSaved } = editor;
  const standing = isOutdated ? 'request.outdated' : isChanged ? 'request.unsaved' : wasSaved ? 'request.saved' : undefined;
  return (
    <div className={classes.foot}>
      <Button type="submit" disabled={!isChanged || isWrong}>
        {t('request.save')}
      </Button>
      <Button variant="default" disabled={!isChanged} onClick={() => editor.discard()}>
        {t('request.discard')}
      </Button>
      {saved?.canRollBack && (
        <Button variant="default" onClick={() => void editor.rollBack()}>
          {t('request.rollBack')}
        </Button>
      )}
      <Button variant="default" disabled={isChanged} onClick={() => void editor.reveal()}>
        {t('request.reveal')}
      </Button>
      {refusal !== undefined && (
        <p className={classes.wrong} role="alert">
          {causeText(t, refusal)}
        </p>
      )}
      <span className={classes.soft} role="status">
        {refused !== undefined && !isChanged
          ? t('list.editRefused', { cause: causeText(t, refused) })
          : standing !== undefined && t(standing)}
      </span>
    </div>
  );
}

function Preview({ saved: { preview, profile } }: { readonly saved: Result<'request.read'> }) {
  const { t } = useTexts();
  return (
    <section className={classes.preview} aria-label={t('request.preview')}>
      <h3>{t('request.preview')}</h3>
      <p className={classes.soft}>
        {t('request.previewHelp')} {profile !== undefined && t('request.profile', { name: profile })}
      </p>
      <ol className={classes.lines}>
        {preview.map(({ line, from }) => (
          <li key={`${from} ${line}`}>
            {line}
            {from !== 'download' && <span className={classes.from}>{t(`request.from.${from}`)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
