/** What is sent to certain hosts: the whole list is saved at once, the first that fits is used. */
import { Button, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Profile } from '#shared/settings';
import { parseHeaders } from '../../format/fields.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp } from '../../state/use-app.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import { type ProfileDraft, toProfile, toProfileDraft } from './profile-draft.ts';
import classes from './settings.module.css';

export function ProfileList() {
  const app = useApp();
  const { t } = useTexts();
  const [drafts, setDrafts] = useState<readonly ProfileDraft[]>([]);
  const [isChanged, setChanged] = useState(false);
  const read = (reveal: boolean) =>
    app.attempt(async () => setDrafts((await app.call('profiles.read', { reveal })).map(toProfileDraft)));
  // biome-ignore lint/correctness/useExhaustiveDependencies: read once when it is shown.
  useEffect(() => void read(false), []);
  const edit = (next: readonly ProfileDraft[]) => {
    setDrafts(next);
    setChanged(true);
  };
  const profiles = drafts.map(toProfile);
  const isWhole = profiles.every((profile): profile is Profile => profile !== undefined);
  const save = async () => {
    if (isWhole && (await app.attempt(() => app.call('profiles.write', { profiles })))) setChanged(false);
  };
  return (
    <div className={classes.entries}>
      {drafts.map((draft, index) => (
        <ProfileFields
          key={draft.key}
          draft={draft}
          onChange={(part) => edit(drafts.with(index, { ...draft, ...part }))}
          onRemove={() => edit(drafts.filter(({ key }) => key !== draft.key))}
        />
      ))}
      <div className={classes.test}>
        <Button variant="default" onClick={() => edit([...drafts, toProfileDraft({ name: '', hosts: [] })])}>
          {t('settings.profileNew')}
        </Button>
        <Button disabled={!isChanged || !isWhole} onClick={() => void save()}>
          {t('settings.profileSave')}
        </Button>
        <Button variant="default" disabled={isChanged || drafts.length === 0} onClick={() => void read(true)}>
          {t('request.reveal')}
        </Button>
      </div>
      <ProfileTest />
    </div>
  );
}

interface ProfileFieldsProps {
  readonly draft: ProfileDraft;
  onChange(part: Partial<ProfileDraft>): void;
  onRemove(): void;
}

const plainFields = [
  ['name', 'settings.profileName'],
  ['hosts', 'settings.profileHosts'],
  ['userAgent', 'settings.profileUserAgent'],
  ['cookie', 'settings.profileCookie'],
  ['username', 'settings.profileUsername'],
  ['proxy', 'settings.profileProxy'],
  ['connections', 'settings.profileConnections'],
  ['limit', 'settings.profileLimit'],
  ['trustedHosts', 'settings.profileTrustedHosts'],
] as const;

function ProfileFields({ draft, onChange, onRemove }: ProfileFieldsProps) {
  const { t } = useTexts();
  const [wrong] = parseHeaders(draft.headers).rest;
  return (
    <div className={classes.entry}>
      {plainFields.map(([name, label]) => (
        <TextInput
          key={name}
          label={t(label)}
          description={name === 'trustedHosts' ? t('settings.profileTrustedHostsHelp') : undefined}
          value={draft[name]}
          error={(name === 'name' || name === 'hosts') && draft[name].trim() === '' ? t('request.nameMissing') : undefined}
          onChange={(event) => onChange({ [name]: event.currentTarget.value })}
          autoComplete="off"
          spellCheck={false}
        />
      ))}
      <PasswordInput
        label={t('settings.profilePassword')}
        value={draft.password}
        autoComplete="new-password"
        onChange={(event) => onChange({ password: event.currentTarget.value })}
      />
      <Textarea
        label={t('settings.profileHeaders')}
        value={draft.headers}
        autosize
        minRows={1}
        maxRows={6}
        error={wrong === undefined ? undefined : t('add.headersWrong', { line: wrong })}
        onChange={(event) => onChange({ headers: event.currentTarget.value })}
      />
      <Switch
        className={classes.wide ?? ''}
        label={t('request.insecure')}
        description={t('settings.profileInsecureHelp')}
        checked={draft.insecure}
        onChange={(event) => onChange({ insecure: event.currentTarget.checked })}
      />
      <span className={classes.entryTools}>
        <IconButton icon="remove" size={26} label={t('settings.remove', { name: draft.name })} onClick={onRemove} />
      </span>
    </div>
  );
}

function ProfileTest() {
  const app = useApp();
  const { t } = useTexts();
  const [url, setUrl] = useState('');
  const [reason, setReason] = useState('');
  const test = () => app.attempt(async () => setReason((await app.call('profiles.test', { url })).reason));
  return (
    <>
      <div className={classes.test}>
        <TextInput
          label={t('settings.profileTest')}
          placeholder="https://"
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Button variant="default" size="sm" disabled={url.trim() === ''} onClick={() => void test()}>
          {t('settings.profileTestButton')}
        </Button>
      </div>
      <p className={classes.help} role="status">
        {reason}
      </p>
    </>
  );
}
