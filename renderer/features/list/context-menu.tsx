/** What can be done with the selection, where the pointer is. */
import { Menu } from '@mantine/core';
import type { ReactNode } from 'react';
import type { DownloadId, DownloadRow } from '#shared/rows';
import { useTexts } from '../../i18n/use-texts.ts';
import { applyCure, force, move, moveBy, pause, redo, resume, selectedLive, showDetails } from '../../state/actions.ts';
import { curesFor } from '../../state/cure.ts';
import { useApp, useSession } from '../../state/use-app.ts';
import { copyText } from '../../ui/clipboard.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import { copyAddress } from './copy-address.ts';
import classes from './list.module.css';

export interface MenuPlace {
  readonly left: number;
  readonly top: number;
}

interface ContextMenuProps {
  readonly place: MenuPlace;
  onClose(): void;
}

export function ContextMenu({ place, onClose }: ContextMenuProps) {
  const { t } = useTexts();
  return (
    <Menu opened onClose={onClose} position="bottom-start" offset={0} withinPortal width={280}>
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          aria-label={t('list.menu.label')}
          className={classes.menuTarget}
          style={{ left: `${place.left}px`, top: `${place.top}px` }}
        />
      </Menu.Target>
      <Menu.Dropdown aria-label={t('list.menu.label')}>
        <Commands />
      </Menu.Dropdown>
    </Menu>
  );
}

interface CommandProps {
  readonly icon?: IconName;
  readonly onClick: () => unknown;
  readonly isOff?: boolean;
  readonly color?: string;
  readonly children: ReactNode;
}

function Command({ icon, onClick, isOff = false, color, children }: CommandProps) {
  return (
    <Menu.Item
      leftSection={icon === undefined ? <span style={{ width: '16px' }} /> : <Icon name={icon} size={16} />}
      onClick={() => void onClick()}
      disabled={isOff}
      {...(color === undefined ? {} : { color })}
    >
      {children}
    </Menu.Item>
  );
}

function Commands() {
  const app = useApp();
  const { t } = useTexts();
  const { ids, cursor } = app.selection.getState();
  const live = selectedLive(app);
  const rows = live.flatMap((id) => app.list.store.getState().rows.get(id) ?? []);
  const one = ids.size === 1 ? [...ids][0] : undefined;
  const about = one ?? cursor;
  return (
    <>
      <CureCommands row={rows.length === 1 ? rows[0] : undefined} />
      <Command icon="resume" onClick={() => resume(app, live)} isOff={live.length === 0}>
        {t('list.resume')}
      </Command>
      <Command icon="pause" onClick={() => pause(app, live)} isOff={live.length === 0}>
        {t('list.pause')}
      </Command>
      <Command icon="force" onClick={() => force(app, live)} isOff={live.length === 0}>
        {t('list.menu.force')}
      </Command>
      <Command icon="restart" onClick={() => redo(app, [...ids])} isOff={ids.size === 0}>
        {t('list.menu.redo')}
      </Command>
      <Menu.Divider />
      {about !== undefined && (
        <Command icon="info" onClick={() => showDetails(app, about)}>
          {t('list.menu.details')}
        </Command>
      )}
      {one !== undefined && <FileCommands id={one} />}
      <Menu.Divider />
      <QueueCommands live={live} />
      <Menu.Divider />
      <Command
        icon="remove"
        color="red"
        onClick={() => app.dialogs.setState({ dialog: { type: 'remove', ids: [...ids], deleteFiles: false } })}
      >
        {t('list.menu.removeRow')}
      </Command>
    </>
  );
}

/** The cures of a row, for those who use no mouse, and where the row has no room for them. */
function CureCommands({ row }: { readonly row: DownloadRow | undefined }) {
  const app = useApp();
  const { t } = useTexts();
  const cures = row === undefined ? [] : curesFor(row);
  if (row === undefined || cures.length === 0) return null;
  return (
    <>
      {cures.map((cure) => (
        <Command key={cure} icon="warning" onClick={() => applyCure(app, row.id, cure)}>
          {t(`list.cure.${cure}`)}
        </Command>
      ))}
      <Menu.Divider />
    </>
  );
}

function FileCommands({ id }: { readonly id: DownloadId }) {
  const app = useApp();
  const { t } = useTexts();
  const session = useSession();
  const row = app.list.store.getState().rows.get(id);
  const finished = app.history.store.getState().byId.get(id);
  const url = row?.url ?? finished?.url;
  const copyCurl = (reveal: boolean) =>
    app.attempt(async () => copyText((await app.call('curl.export', { id, reveal })).command));
  return (
    <>
      {session?.canOpenFiles && finished !== undefined && (
        <>
          <Command icon="eye" onClick={() => app.attempt(() => app.call('file.open', { id }))}>
            {t('list.menu.open')}
          </Command>
          <Command icon="folder" onClick={() => app.attempt(() => app.call('file.show', { id }))}>
            {t('list.menu.show')}
          </Command>
        </>
      )}
      {url !== undefined && (
        <Command icon="copy" onClick={() => copyAddress(app, id, url)}>
          {t('list.menu.copyAddress')}
        </Command>
      )}
      {row !== undefined && (
        <>
          <Command icon="code" onClick={() => copyCurl(false)}>
            {t('list.menu.copyCurl')}
          </Command>
          <Command icon="code" onClick={() => copyCurl(true)}>
            {t('list.menu.copyCurlWithSecrets')}
          </Command>
          {!curesFor(row).includes('newLink') && (
            <Command icon="link" onClick={() => app.dialogs.setState({ dialog: { type: 'newLink', id } })}>
              {t('list.menu.newLink')}
            </Command>
          )}
        </>
      )}
    </>
  );
}

function QueueCommands({ live }: { readonly live: readonly DownloadId[] }) {
  const app = useApp();
  const { t } = useTexts();
  const isOff = live.length === 0;
  return (
    <>
      <Command icon="gauge" isOff={isOff} onClick={() => app.dialogs.setState({ dialog: { type: 'limits', ids: live } })}>
        {t('list.menu.limits')}
      </Command>
      <Command icon="first" isOff={isOff} onClick={() => move(app, live, 'first')}>
        {t('list.menu.first')}
      </Command>
      <Command icon="up" isOff={isOff} onClick={() => moveBy(app, live, -1)}>
        {t('list.menu.up')}
      </Command>
      <Command icon="down" isOff={isOff} onClick={() => moveBy(app, live, 1)}>
        {t('list.menu.down')}
      </Command>
      <Command icon="last" isOff={isOff} onClick={() => move(app, live, 'last')}>
        {t('list.menu.last')}
      </Command>
    </>
  );
}
