/** Where the file is, and whether it is right. */
import { Button, TextInput } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { Result } from '#shared/contract';
import { linkLifeOf } from '#shared/link-life';
import type { DownloadRow } from '#shared/rows';
import { isChecksum } from '../../format/checksum.ts';
import { isFileName } from '../../format/file-name.ts';
import { sizeText, unknown } from '../../format/size.ts';
import { dateText } from '../../format/time.ts';
import { linkText } from '../../i18n/link-text.ts';
import { useTexts } from '../../i18n/use-texts.ts';
import { useApp, useDetails, useList, useSession } from '../../state/use-app.ts';
import { copyText } from '../../ui/clipboard.ts';
import { Icon } from '../../ui/icon.tsx';
import { IconButton } from '../../ui/icon-button.tsx';
import { useNow } from '../../ui/use-now.ts';
import { copyAddress } from '../list/copy-address.ts';
import { useFolderDialog } from '../shell/choose-folder.tsx';
import classes from './details.module.css';

export function FileTab({ row }: { readonly row: DownloadRow }) {
  const app = useApp();
  const { t, language } = useTexts();
  const detail = useDetails((state) => state.detail);
  const finishedPath = useStore(app.history.store, ({ byId }) => byId.get(row.id)?.path);
  const path = finishedPath ?? detail?.path;
  return (
    <>
      <dl className={classes.facts}>
        <Fact name={t('details.file.path')}>
          {path === undefined ? row.directory : <Copied text={path} label={t('details.file.copyPath')} />}
          {row.isMissing && <span className={classes.verdict}>{t('list.missing')}</span>}
        </Fact>
        <Fact name={t('details.file.size')}>
          {sizeText(row.size)} {row.resumable === false && `· ${t('list.notResumable')}`}
          {row.state !== 'done' && <FreeSpace directory={row.directory} />}
        </Fact>
        <Fact name={t('details.file.address')}>
          {row.url}
          <IconButton
            icon="copy"
            size={24}
            label={t('list.menu.copyAddress')}
            onClick={() => void copyAddress(app, row.id, row.url)}
          />
        </Fact>
        {detail?.finalUrl !== undefined && detail.finalUrl !== row.url && (
          <Fact name={t('details.file.finalAddress')}>{detail.finalUrl}</Fact>
        )}
        <Fact name={t('details.file.added')}>{dateText(row.addedAt, language)}</Fact>
        {row.finishedAt !== undefined && <Fact name={t('details.file.finished')}>{dateText(row.finishedAt, language)}</Fact>}
        {row.linkExpiresAt !== undefined && (
          <Fact name={t('details.file.linkDies')}>
            {dateText(row.linkExpiresAt, language)} <LinkLeft row={row} />
          </Fact>
        )}
        <Fact name={t('add.checksum')}>
          <StandingVerdict checksum={row.checksum} />
        </Fact>
      </dl>
      <FileCommands row={row} />
      {row.state !== 'done' && <FileEditor row={row} />}
    </>
  );
}

function LinkLeft({ row }: { readonly row: DownloadRow }) {
  const { t, language } = useTexts();
  const now = useNow(true);
  const counters = useList((list) => list.counters.get(row.id)) ?? row.counters;
  const life = linkLifeOf({ ...row, counters }, now);
  if (life === undefined) return null;
  return (
    <span className={classes.verdict} data-tone={life.isTooShort ? 'wrong' : undefined}>
      {linkText(life, t, language)}
    </span>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Copied({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <>
      {text}
      <IconButton icon="copy" size={24} label={label} onClick={() => void copyText(text)} />
    </>
  );
}

function FreeSpace({ directory }: { readonly directory: string }) {
  const app = useApp();
  const { t } = useTexts();
  const [freeBytes, setFreeBytes] = useState<number>();
  useEffect(() => {
    app
      .call('disk.space', { directory })
      .then((space) => setFreeBytes(space.freeBytes))
      .catch(() => setFreeBytes(undefined));
  }, [app, directory]);
  return freeBytes === undefined ? null : (
    <span className={classes.soft}>· {t('page.freeSpace', { size: sizeText(freeBytes) })}</span>
  );
}

function StandingVerdict({ checksum }: Pick<DownloadRow, 'checksum'>) {
  const { t } = useTexts();
  if (checksum === 'none') return t('details.file.verdictNone') || unknown;
  if (checksum === 'expected') return t('details.file.verdictExpected');
  return (
    <span className={classes.verdict} data-tone="right">
      <Icon name="shield" size={16} /> {t('details.file.verdictRight')}
    </span>
  );
}

function FileCommands({ row: { id, state } }: { readonly row: DownloadRow }) {
  const app = useApp();
  const { t } = useTexts();
  const session = useSession();
  const [verdict, setVerdict] = useState<Result<'file.verify'> | 'reading'>();
  const verify = async () => {
    setVerdict('reading');
    const isRead = await app.attempt(async () => setVerdict(await app.call('file.verify', { id })));
    if (!isRead) setVerdict(undefined);
  };
  if (state !== 'done') return null;
  const found = verdict === 'reading' ? undefined : verdict;
  return (
    <div className={classes.buttons}>
      {session?.canOpenFiles && (
        <>
          <Button onClick={() => void app.attempt(() => app.call('file.open', { id }))}>{t('details.file.open')}</Button>
          <Button variant="default" onClick={() => void app.attempt(() => app.call('file.show', { id }))}>
            {t('details.file.show')}
          </Button>
        </>
      )}
      <Button variant="default" onClick={() => void verify()} loading={verdict === 'reading'}>
        {t('details.file.verify')}
      </Button>
      {found !== undefined && (
        <span className={classes.verdict} data-tone={found.isRight ? 'right' : 'wrong'} role="status">
          {t(found.isRight ? 'details.file.right' : 'details.file.wrong', { algorithm: found.algorithm, hex: found.hex })}
        </span>
      )}
    </div>
  );
}

/** Name and folder until there is a part, the checksum at any time. */
function FileEditor({ row }: { readonly row: DownloadRow }) {
  const app = useApp();
  const { t } = useTexts();
  const [name, setName] = useState(row.name);
  const [directory, setDirectory] = useState(row.directory);
  const folderDialog = useFolderDialog();
  const [checksum, setChecksum] = useState('');
  const isChecksumWrong = checksum !== '' && !isChecksum(checksum);
  const change = {
    ...(name !== row.name && name !== '' ? { name } : {}),
    ...(directory !== row.directory && directory !== '' ? { directory } : {}),
    ...(checksum !== '' && !isChecksumWrong ? { checksum } : {}),
  };
  const save = () => app.attempt(() => app.call('downloads.edit', { id: row.id, ...change }));
  return (
    <div className={classes.editRow}>
      <TextInput
        label={t('details.file.name')}
        error={isFileName(name) ? undefined : t('add.nameWrong')}
        description={t('details.file.editHelp')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label={t('details.file.folder')}
        description={t('details.file.editHelp')}
        rightSection={folderDialog?.(directory, setDirectory)}
        value={directory}
        onChange={(event) => setDirectory(event.currentTarget.value)}
      />
      <TextInput
        label={t('details.file.checksum')}
        description={t('details.file.checksumHelp')}
        value={checksum}
        onChange={(event) => setChecksum(event.currentTarget.value)}
        error={isChecksumWrong ? t('add.checksumWrong') : undefined}
      />
      <div className={classes.besideFields}>
        <Button size="sm" onClick={() => void save()} disabled={Object.keys(change).length === 0}>
          {t('details.file.save')}
        </Button>
      </div>
    </div>
  );
}
