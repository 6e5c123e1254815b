/** The downloads that were found: take or leave each, what the server says of it, its own name and place. */
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useStore } from 'zustand';
import type { LinkLife } from '#shared/link-life';
import type { DownloadId } from '#shared/rows';
import { parseBytes } from '#shared/units';
import { hostOf, nameFromAddress } from '../../format/address.ts';
import { isFileName } from '../../format/file-name.ts';
import { sizeText } from '../../format/size.ts';
import type { Language } from '../../format/time.ts';
import { causeText } from '../../i18n/failure-text.ts';
import { linkText } from '../../i18n/link-text.ts';
import { type Translate, useTexts } from '../../i18n/use-texts.ts';
import type { Found } from '../../state/adding.ts';
import type { App } from '../../state/app.ts';
import { choose } from '../../state/selection.ts';
import { useApp, useRow, useSettings } from '../../state/use-app.ts';
import { IconButton } from '../../ui/icon-button.tsx';
import { FileIcon } from '../list/cells.tsx';
import { useFolderDialog } from '../shell/choose-folder.tsx';
import classes from './add.module.css';

/** More are added, but not drawn: nobody reads a thousand lines. */
const mostDrawn = 200;

const soonMs = 3_600_000;

const nameOf = ({ own, look, request }: Found): string =>
  own.name ?? (look.type === 'found' ? look.probe.name : nameFromAddress(request.url));

export function FoundList({ onClose }: { onClose(): void }) {
  const { t } = useTexts();
  const { adding } = useApp();
  const found = useStore(adding.store, (state) => state.found);
  const duplicates = found.filter(({ outcome }) => outcome?.type === 'duplicate').map(({ key }) => key);
  const taken = found.filter(({ isTaken }) => isTaken).length;
  const known = found.reduce(
    (sum, { isTaken, look }) => sum + (isTaken && look.type === 'found' ? (look.probe.size ?? 0) : 0),
    0,
  );
  const takeAll = (isTaken: boolean) => {
    for (const { key } of found) adding.change(key, { isTaken });
  };
  return (
    <section>
      <div className={classes.foundHead}>
        <Checkbox
          aria-label={t('add.takeAll')}
          checked={taken === found.length}
          indeterminate={taken > 0 && taken < found.length}
          onChange={(event) => takeAll(event.currentTarget.checked)}
        />
        <p className={classes.soft}>
          {t('add.found', { count: found.length })}
          {known > 0 && <span> · {sizeText(known)}</span>}
        </p>
        {duplicates.length > 1 && (
          <Button variant="default" onClick={() => void adding.sendAnyway(duplicates)}>
            {t('add.duplicateAddAll')}
          </Button>
        )}
      </div>
      <ul className={classes.list}>
        {found.slice(0, mostDrawn).map((one) => (
          <FoundItem key={one.key} one={one} onClose={onClose} />
        ))}
      </ul>
      {found.length > mostDrawn && <p className={classes.soft}>{t('add.more', { count: found.length - mostDrawn })}</p>}
    </section>
  );
}

function FoundItem({ one, onClose }: { readonly one: Found; onClose(): void }) {
  const { t, language } = useTexts();
  const { adding } = useApp();
  const [isEditing, setEditing] = useState(false);
  const name = nameOf(one);
  const { look } = one;
  const life = useLinkLife(look);
  return (
    <li className={classes.item}>
      <Checkbox
        aria-label={t('add.take', { name })}
        checked={one.isTaken}
        onChange={(event) => adding.change(one.key, { isTaken: event.currentTarget.checked })}
      />
      <FileIcon name={name} isCompact={false} />
      <div>
        <div className={classes.itemName} title={name}>
          {name}
        </div>
        <div className={classes.itemLine} data-tone={toneOf(look, life)} title={one.request.url}>
          {lookText(one, life, t, language)}
        </div>
      </div>
      <span className={classes.size}>{look.type === 'found' ? sizeText(look.probe.size) : ''}</span>
      <IconButton
        icon="edit"
        size={26}
        label={t('add.edit', { name })}
        isPressed={isEditing}
        onClick={() => setEditing(!isEditing)}
      />
      {one.outcome === undefined && one.belongsTo?.map((id) => <Offer key={id} one={one} id={id} />)}
      {one.outcome !== undefined && <Outcome one={one} outcome={one.outcome} onClose={onClose} />}
      {isEditing && <OwnFields one={one} />}
    </li>
  );
}

type Life = Pick<LinkLife, 'diesInMs' | 'needsMs'> | undefined;

/** What it needs at the least is known where a limit is set. */
function useLinkLife(look: Found['look']): Life {
  const { adding } = useApp();
  const typed = useStore(adding.store, ({ options }) => options.limit);
  const ofAll = useSettings((settings) => settings?.limitBytesPerSecond) ?? 0;
  if (look.type !== 'found' || look.probe.linkExpiresAt === undefined) return undefined;
  const { linkExpiresAt, size } = look.probe;
  const limits = [parseBytes(typed) ?? 0, ofAll].filter((limit) => limit > 0);
  const diesInMs = linkExpiresAt - Date.now();
  return size === undefined || limits.length === 0 ? { diesInMs } : { diesInMs, needsMs: (size / Math.min(...limits)) * 1000 };
}

/** A link that dies within the hour, or before its download is through, is worth a second look. */
function toneOf(look: Found['look'], life: Life): 'failed' | undefined {
  if (look.type === 'failed') return 'failed';
  return life !== undefined && life.diesInMs < Math.max(soonMs, life.needsMs ?? 0) ? 'failed' : undefined;
}

function lookText({ look, request }: Found, life: Life, t: Translate, language: Language): string {
  const host = hostOf(request.url);
  if (look.type === 'asking') return `${host} · ${t('add.checking')}`;
  if (look.type === 'failed') return `${causeText(t, look)} · ${t('add.checkFailed')}`;
  if (look.type === 'none') return request.url;
  const { resumable, contentType, finalUrl, directory } = look.probe;
  const parts = [
    life && linkText(life, t, language),
    hostOf(finalUrl) === host ? host : t('add.goesOn', { address: finalUrl }),
    resumable === undefined ? undefined : t(resumable ? 'add.resumable' : 'add.notResumable'),
    contentType,
    directory,
  ];
  return parts.filter(Boolean).join(' · ');
}

/** With all that came with it: a command brings headers and cookies too. */
async function takeAsNewLink(app: App, { key, request }: Found, id: DownloadId): Promise<void> {
  if (await app.attempt(() => app.call('link.replace', { id, url: request.url, request }))) app.adding.drop(key);
}

/** It may be the new link of a download that waits for one. */
function Offer({ one, id }: { readonly one: Found; readonly id: DownloadId }) {
  const { t } = useTexts();
  const app = useApp();
  const row = useRow(id);
  if (row === undefined) return null;
  return (
    <div className={classes.below}>
      <div className={classes.itemLine}>{t('add.mayBelong', { name: row.name })}</div>
      <div className={classes.choices}>
        <Button variant="light" onClick={() => void takeAsNewLink(app, one, id)}>
          {t('add.takeAsLink')}
        </Button>
      </div>
    </div>
  );
}

interface OutcomeProps {
  readonly one: Found;
  readonly outcome: NonNullable<Found['outcome']>;
  onClose(): void;
}

function Outcome({ one, outcome, onClose }: OutcomeProps) {
  const { t } = useTexts();
  const app = useApp();
  if (outcome.type === 'refused') {
    return (
      <div className={classes.below} role="alert">
        <div className={classes.itemLine} data-tone="failed">
          {t('add.refused')}: {causeText(t, outcome.failure)}
        </div>
      </div>
    );
  }
  const { of, id } = outcome;
  const show = () => {
    if (id === undefined) return;
    app.view.setState({ filter: 'all', category: undefined, search: '' });
    app.selection.setState(choose(id));
    onClose();
  };
  const takeAsLink = () => (id === undefined ? undefined : takeAsNewLink(app, one, id));
  return (
    <div className={classes.below}>
      <div className={classes.itemLine} data-tone="failed">
        {t('add.duplicates')}:{' '}
        {t(of === 'url' ? 'add.duplicateUrl' : of === 'target' ? 'add.duplicateTarget' : 'add.duplicateFile')}
      </div>
      <div className={classes.choices}>
        <Button variant="light" onClick={() => void app.attempt(() => app.adding.sendAnyway([one.key]))}>
          {t('add.duplicateAdd')}
        </Button>
        {id !== undefined && (
          <>
            <Button variant="default" onClick={show}>
              {t('add.duplicateShow')}
            </Button>
            <Button variant="default" onClick={() => void takeAsLink()}>
              {t('add.duplicateLink')}
            </Button>
          </>
        )}
        <Button variant="default" onClick={() => app.adding.drop(one.key)}>
          {t('add.duplicateSkip')}
        </Button>
      </div>
    </div>
  );
}

function OwnFields({ one: { key, own, look } }: { readonly one: Found }) {
  const { t } = useTexts();
  const { adding } = useApp();
  const folderDialog = useFolderDialog();
  const set = (field: 'name' | 'directory' | 'category', value: string) => {
    const { [field]: _, ...rest } = own;
    adding.change(key, { own: value === '' ? rest : { ...rest, [field]: value } });
  };
  const probe = look.type === 'found' ? look.probe : undefined;
  return (
    <div className={`${classes.below} ${classes.own}`}>
      <TextInput
        label={t('add.nameOf')}
        error={isFileName(own.name ?? '') ? undefined : t('add.nameWrong')}
        placeholder={probe?.name ?? ''}
        value={own.name ?? ''}
        onChange={(event) => set('name', event.currentTarget.value)}
      />
      <TextInput
        label={t('add.folder')}
        placeholder={probe?.directory ?? ''}
        rightSection={folderDialog?.(own.directory ?? '', (directory) => set('directory', directory))}
        value={own.directory ?? ''}
        onChange={(event) => set('directory', event.currentTarget.value)}
      />
      <TextInput
        label={t('add.category')}
        placeholder={probe?.category ?? ''}
        value={own.category ?? ''}
        onChange={(event) => set('category', event.currentTarget.value)}
      />
    </div>
  );
}
